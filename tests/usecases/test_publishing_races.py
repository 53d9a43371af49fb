"""Publishing and the first day in two processes at once and under kills: before or after, each once, never between."""

from __future__ import annotations

import signal
from datetime import timedelta

from sqlalchemy import func, select

from gridmap.plan.deltas import Merge
from gridmap.store import tables as t
from gridmap.usecases.publishing import apply_due
from tests.county import CELL, SmallCounty
from tests.firstday import astray, run, start, state
from tests.redraw import approve, publish, submitted


def approved(county: SmallCounty, letters: str = "AB") -> int:
    """A plan that waits to be published: the first cell takes the second's land."""
    keep, gone = (CELL[letter] for letter in letters)
    plan_id, version = submitted(county, [Merge((keep, gone), keep)])
    approve(county, plan_id, version)
    return plan_id


def test_of_two_plans_published_at_once_one_is_in_force(small_county: SmallCounty) -> None:
    plans = [approved(small_county, "AB"), approved(small_county, "EF")]
    said = run(small_county, "publish", plans)
    assert said.count("done") == 1
    assert set(said) <= {"done", "base_changed"}
    assert small_county.one(select(func.count()).where(t.drawings.c.plan_id.is_not(None))) == 1
    assert small_county.one(select(func.count()).where(t.drawings.c.valid_to.is_(None))) == 1
    assert astray(small_county) == []


def test_one_plan_published_by_two_at_once_is_published_once(small_county: SmallCounty) -> None:
    said = run(small_county, "publish", [approved(small_county)] * 2)
    assert said.count("done") == 1
    assert small_county.one(select(func.count()).where(t.audit.c.action == "plan.published")) == 1
    assert astray(small_county) == []


def test_the_first_day_in_three_processes_at_once_comes_once(small_county: SmallCounty) -> None:
    plan_id = approved(small_county)
    publish(small_county, plan_id, small_county.ctx.today() + timedelta(days=2))
    small_county.clock.forward(days=2)
    assert sorted(run(small_county, "apply", [plan_id] * 3)) == [0, 0, 1]
    assert astray(small_county) == []
    after = state(small_county)
    assert apply_due(small_county.ctx) == 0
    assert state(small_county) == after


def test_a_kill_while_publishing_leaves_the_plan_approved(small_county: SmallCounty) -> None:
    plan_id = approved(small_county)
    before = state(small_county)
    (child,), begin, _ = start(small_county, "publish", [plan_id], at=5)
    begin()
    child.join(120)
    assert child.exitcode == -signal.SIGKILL
    assert state(small_county) == before
    publish(small_county, plan_id, small_county.ctx.today())
    assert astray(small_county) == []
