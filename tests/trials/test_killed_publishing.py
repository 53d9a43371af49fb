"""kill -9 while a plan is published and applied, at random moments: before or after, never between; then it goes on.

Each case draws a line through the county's cells A and B anew, or joins them again, publishes it from today on in
one child, which applies it, too; where that child is killed in between, another applies it, and is killed as well.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import shapely
from sqlalchemy import select

from gridmap.plan.deltas import MovePart
from gridmap.store import read
from gridmap.store import tables as t
from gridmap.usecases.publishing import apply_due
from tests.county import CELL, SmallCounty
from tests.firstday import astray, start, state
from tests.grids import LAT, LON, SIZE_DEG
from tests.redraw import approve, publish, submitted

KILLS = 100
#: a little longer than either takes, so that some kills come too late
LONGEST_S = 0.5


def approved(county: SmallCounty) -> int:
    """A plan by which a strip of B goes to A, or back."""
    strip = shapely.box(LON + SIZE_DEG, LAT + SIZE_DEG, LON + 1.5 * SIZE_DEG, LAT + 2 * SIZE_DEG)
    with read(county.ctx.engine) as conn:
        ground = county.ctx.grounds.on(conn, county.ctx.today())
    has_it = ground.cells["code"].iloc[int(ground.index.locate(strip.centroid.x, strip.centroid.y)[0])]
    giver, taker = (CELL["A"], CELL["B"]) if has_it == CELL["A"] else (CELL["B"], CELL["A"])
    plan_id, version = submitted(county, [MovePart(giver, taker, strip)])
    approve(county, plan_id, version)
    return plan_id


def killed(county: SmallCounty, work: str, plan_id: int, after_s: float) -> None:
    """A child that does the work and is killed after so many seconds, however far it is."""
    (child,), begin, _ = start(county, work, [plan_id])
    begin()
    time.sleep(after_s)
    os.kill(child.pid or 0, signal.SIGKILL)
    child.join()


def kill_twice(county: SmallCounty, publishing_s: float, applying_s: float) -> tuple[str, bool]:
    """What was left after each of both kills, and whether that may be."""
    plan_id = approved(county)
    status = select(t.plans.c.status).where(t.plans.c.id == plan_id)
    county.clock.forward(days=1)
    before = state(county)
    killed(county, "publish", plan_id, publishing_s)
    came = [county.one(status)]
    whole = came[0] in {"published", "applied"} or state(county) == before
    if came[0] == "approved":
        publish(county, plan_id, county.ctx.today())
    elif came[0] == "published":
        before = state(county)
        killed(county, "apply", plan_id, applying_s)
        came.append(county.one(status))
        whole = whole and (came[1] == "applied" or state(county) == before)
    apply_due(county.ctx)
    after = state(county)
    again = apply_due(county.ctx)
    wrong = astray(county)
    ok = whole and again == 0 and state(county) == after and not wrong and county.one(status) == "applied"
    return ", ".join([*came, *wrong, *(["between"] if not whole else [])]), ok


@pytest.mark.trial
def test_kills_while_a_plan_comes_into_force(small_county: SmallCounty, trial: Callable[..., Any]) -> None:
    """100 random moments on each database."""
    kind = small_county.ctx.engine.dialect.name
    moments = np.random.default_rng(20260724).uniform(0, LONGEST_S, (KILLS, 2))
    cases = {f"{n} at {a:.4f} and {b:.4f} s": (float(a), float(b)) for n, (a, b) in enumerate(moments)}
    ledger, remaining = trial(f"kill -9 while a plan comes into force, {kind}", cases)
    for case in remaining:
        ledger.record(case, *kill_twice(small_county, *cases[case]))
    assert ledger.bad == []
