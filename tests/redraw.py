"""A redraw of the tiny county on its whole way: drawn, submitted, approved by another person, published."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from gridmap.plan import to_json
from gridmap.plan.deltas import Merge
from gridmap.store import read
from gridmap.usecases import planning, publishing
from gridmap.usecases.reading import view_for
from gridmap.view import View
from tests.county import CELL, SmallCounty


def seat(county: SmallCounty, user: str) -> View:
    """What somebody sees today."""
    account = county.account(user)
    with read(county.ctx.engine) as conn:
        return view_for(conn, account, county.ctx.today())


def submitted(county: SmallCounty, deltas: Sequence[Any], title: str = "试") -> tuple[int, int]:
    """The id and the version of a plan with these edits, which waits for its approval."""
    planner = seat(county, "planner")
    plan_id = int(planning.create(county.ctx, planner, title)["id"])
    version = planning.edit(county.ctx, planner, plan_id, 1, [to_json(one) for one in deltas]).version
    return plan_id, int(planning.step(county.ctx, planner, plan_id, version, "submit")["version"])


def approve(county: SmallCounty, plan_id: int, version: int) -> int:
    """Its version once it is approved."""
    return int(planning.step(county.ctx, seat(county, "approver"), plan_id, version, "approve")["version"])


def publish(county: SmallCounty, plan_id: int, day: date) -> dict[str, Any]:
    """Put an approved plan in force from a day on."""
    approver = seat(county, "approver")
    version = planning.one(county.ctx, approver, plan_id)["version"]
    return publishing.publish(county.ctx, approver, plan_id, version, day)


def redrawn(county: SmallCounty, deltas: Sequence[Any], day: date) -> int:
    """Publish these edits from a day on; the plan's id."""
    plan_id, version = submitted(county, deltas)
    approve(county, plan_id, version)
    publish(county, plan_id, day)
    return plan_id


def without_b(county: SmallCounty, day: date) -> int:
    """From a day on cell B is no more: A has its land."""
    return redrawn(county, [Merge((CELL["A"], CELL["B"]), CELL["A"])], day)
