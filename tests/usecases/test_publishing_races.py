"""Publishing and the first day in two processes at once and under kills: before or after, each once, never between."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from gridmap.plan.deltas import Merge
from gridmap.store import tables as t
from gridmap.usecases.publishing import apply_due
from tests.county import CELL, SmallCounty
from tests.firstday import astray, contents, counted, differing, killed, left_between, run
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
    after = contents(small_county)
    assert apply_due(small_county.ctx) == 0
    assert contents(small_county) == after


@pytest.mark.parametrize(
    ("place", "status"),
    [
        ("between the writes of publishing", "approved"),
        ("at the commit of publishing", "approved"),
        ("between the writes of the first day", "published"),
        ("at the commit of the first day", "published"),
    ],
)
def test_a_kill_leaves_all_or_nothing_and_the_rest_is_made_up(
    small_county: SmallCounty, twin: SmallCounty, place: str, status: str
) -> None:
    published, done, _ = counted(twin, approved(twin))
    plan_id = approved(small_county)
    before, after = contents(small_county), contents(twin)
    in_publishing, in_first_day = published // 2, (published + done) // 2
    at = {"approved": (in_publishing, published), "published": (in_first_day, done)}[status][place.startswith("at")]
    assert killed(small_county, plan_id, at) == place
    assert small_county.one(select(t.plans.c.status).where(t.plans.c.id == plan_id)) == status
    assert left_between(small_county, status, before, after) == []
    if status == "approved":
        publish(small_county, plan_id, small_county.ctx.today())
    else:
        assert apply_due(small_county.ctx) == 1
    assert differing(contents(small_county), after) == []
    assert astray(small_county) == []
