"""kill -9 while a plan is published and applied: before or after, never between; then it goes on to the right state.

Each case draws a line through the county's cells A and B anew, or joins them again, and publishes it from today on in
a child, which applies it, too. The child is killed a random moment after one of its steps (a statement that writes, a
COMMIT) began, half of the cases in the publishing and half in the first day. What the right state is says a twin: the
same county, where the same plans are published and nobody is killed.
"""

from __future__ import annotations

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
from tests.firstday import astray, contents, counted, differing, killed, left_between
from tests.grids import LAT, LON, SIZE_DEG
from tests.redraw import approve, publish, submitted

KILLS = 200


def approved(county: SmallCounty) -> int:
    """A plan by which a strip of B goes to A, or back; its first day, which is today, has come."""
    strip = shapely.box(LON + SIZE_DEG, LAT + SIZE_DEG, LON + 1.5 * SIZE_DEG, LAT + 2 * SIZE_DEG)
    with read(county.ctx.engine) as conn:
        ground = county.ctx.grounds.on(conn, county.ctx.today())
    has_it = ground.cells["code"].iloc[int(ground.index.locate(strip.centroid.x, strip.centroid.y)[0])]
    giver, taker = (CELL["A"], CELL["B"]) if has_it == CELL["A"] else (CELL["B"], CELL["A"])
    plan_id, version = submitted(county, [MovePart(giver, taker, strip)])
    approve(county, plan_id, version)
    county.clock.forward(days=1)
    return plan_id


def kill_once(county: SmallCounty, twin: SmallCounty, n: int, part: float, later: float) -> tuple[str, bool]:
    """Where the child was killed and what was left, and whether that may be.

    An even case is killed in the publishing, an odd one in the first day: after this part of its steps, and `later`
    times two steps after that one began.
    """
    published, done, apart_s = counted(twin, approved(twin))
    plan_id = approved(county)
    before, after = contents(county), contents(twin)
    first, last = [(1, published), (published + 1, done)][n % 2]
    place = killed(county, plan_id, first + int(part * (last - first + 1)), 2 * later * apart_s)
    status = county.one(select(t.plans.c.status).where(t.plans.c.id == plan_id))
    wrong = left_between(county, status, before, after)
    if status == "approved":
        publish(county, plan_id, county.ctx.today())
    apply_due(county.ctx)
    wrong += [f"{name} in the end" for name in differing(contents(county), after)] + astray(county)
    again = apply_due(county.ctx) or differing(contents(county), after)
    return ", ".join([f"{place}: {status}", *wrong]), not wrong and not again


@pytest.mark.trial
def test_kills_while_a_plan_comes_into_force(
    small_county: SmallCounty, twin: SmallCounty, trial: Callable[..., Any]
) -> None:
    """200 random moments on each database."""
    kind = small_county.ctx.engine.dialect.name
    parts = np.random.default_rng(20261128).uniform(0, 1, (KILLS, 2)).tolist()
    cases = {f"{n} at {part:.4f}, {later:.4f}": (n, part, later) for n, (part, later) in enumerate(parts)}
    ledger, remaining = trial(f"kill -9 while a plan comes into force, {kind}", cases)
    for case in remaining:
        ledger.record(case, *kill_once(small_county, twin, *cases[case]))
    assert ledger.bad == []
