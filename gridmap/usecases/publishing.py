"""A plan becomes the drawing in force: its cells are written with their first day, and taken back by another plan."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd
from sqlalchemy import Connection

from gridmap.errors import Conflict, InvalidInput
from gridmap.plan import Redraw
from gridmap.plan.status import PlanStatus, after
from gridmap.store import accounts, drawings, plans, read, versions, write
from gridmap.usecases.applying import apply_plan
from gridmap.usecases.context import Context
from gridmap.usecases.drafts import Base, Draft, replayed
from gridmap.usecases.planning import actor_id, begin, changed, do, draft_of, fits, may, seen, told
from gridmap.usecases.weighing import check_unblocked
from gridmap.view import View


def history(ctx: Context, view: View) -> list[dict[str, Any]]:
    """Every drawing with its days: valid_from, valid_to, plan_id, title. Two are never in force at once."""
    may(view, "plan.read")
    with read(ctx.engine) as conn:
        found = drawings.history(conn)
        first = drawings.days(conn)[:1]
    return found or [{"valid_from": day, "valid_to": None, "plan_id": None, "title": None} for day in first]


def publish(ctx: Context, view: View, plan_id: int, version: int | None, day: date) -> dict[str, Any]:
    """Put an approved plan in force from a day on, in one transaction that writes the rows that change and no others.

    From today at the earliest: what was is not rewritten. Raises Forbidden, NotFound, Stale, InvalidInput for the day,
    Conflict where a newer drawing was published since (rebase) or something stands in the way.
    """
    may(view, "plan.approve")
    with read(ctx.engine) as conn:  # what takes long is made before others are kept waiting
        draft_of(ctx, conn, seen(conn, view, plan_id))
    with write(ctx.engine) as conn:
        drawings.alone(conn)
        row = seen(conn, view, plan_id, lock=True)
        fits(conn, row, version)
        status, now = after(PlanStatus(row.status), "publish"), ctx.clock()
        draft = draft_of(ctx, conn, row)
        _check_day(ctx, conn, row, draft.base, day)
        check_unblocked(ctx, conn, row, draft)
        rows = _write(conn, row, draft, day)
        plans.change(conn, plan_id, row.version, actor_id(view), now, status=status, applies_on=day)
        data = {"from": str(day), **rows}
        accounts.audit(conn, now, actor_id(view), "plan.published", f"plan/{plan_id}", data)
    apply_due(ctx)
    with read(ctx.engine) as conn:
        return {**told(plans.one(conn, plan_id)), "rows": rows}


def _check_day(ctx: Context, conn: Connection, row: Any, base: Base, day: date) -> None:
    if day < ctx.today():
        raise InvalidInput(f"{day} is over: a drawing begins today or later", field="from")
    newest = drawings.days(conn)[-1]
    if newest != row.base_day or base.digest != row.base_version:
        raise Conflict(
            f"the plan began with the drawing of {row.base_day}, and that of {newest} is newer or was changed; have it "
            "returned and rebased", code="base_changed",
        )  # fmt: skip
    if day <= newest:
        raise InvalidInput(f"the drawing before begins on {newest}: this one begins later", field="from")


def _write(conn: Connection, row: Any, draft: Draft, day: date) -> dict[str, int]:
    """End the cells that change, add them as they are to be; how many rows of each kind."""
    base, codes = draft.base, changed(draft.base.drawing, draft.drawing)
    drawings.begin(conn, row.id, day)
    ending = [base.ids[code] for code in sorted(codes & set(base.drawing))]
    ended = drawings.end_cells(conn, ending, day)
    if ended != len(ending):
        raise Conflict("a cell of this plan has an end already", code="base_changed")
    known = drawings.communities(conn, "/")
    added = drawings.add_cells(conn, [cell_row(draft, known, code, day) for code in sorted(codes & set(draft.drawing))])
    versions.bump_rows(conn, "cells", [*ending, *added])
    return {"cells_ended": ended, "cells_added": len(added)}


def cell_row(
    draft: Draft, communities: Mapping[str, tuple[int, str, str | None]], code: str, day: date
) -> dict[str, Any]:
    """A row of `cells`: it keeps its names and, in its community, its body; a new one is named by its number."""
    cell, rows = draft.drawing[code], draft.base.rows
    area_id, area_name, area_name_en = communities[cell.community]
    same = rows[rows["code"] == code]
    beside = rows[(rows["area_id"] == area_id) & rows["body_id"].notna()]["body_id"]
    body_id = int(beside.iloc[0]) if len(beside) else None
    if len(same):
        own = same.iloc[0]
        if own["area_id"] == area_id:
            body_id = None if pd.isna(own["body_id"]) else int(own["body_id"])
        name, name_en = own["name"], own["name_en"]
    else:
        number = code[len(cell.community) :] or code
        name, name_en = f"{area_name} {number}", f"{area_name_en or area_name} {number}"
    return {
        "code": code, "name": name, "name_en": name_en, "area_id": area_id, "body_id": body_id, "valid_from": day,
        "geom": cell.shape,
    }  # fmt: skip


def reverse(ctx: Context, view: View, plan_id: int) -> dict[str, Any]:
    """A new draft that takes a published plan back, on the newest drawing. It goes the usual way; the past stays.

    Raises Forbidden, NotFound, Conflict where the plan was never published, or cells were redrawn since.
    """
    may(view, "plan.edit")
    with write(ctx.engine) as conn:
        row = seen(conn, view, plan_id)
        if row.status not in {PlanStatus.PUBLISHED, PlanStatus.APPLIED}:
            raise Conflict(
                f"a plan that is {row.status} is not in force: there is nothing to reverse", code="plan_status"
            )
        base = ctx.drafts.base(conn, row.base_day)
        after_it = replayed(base.drawing, plans.edits(conn, plan_id))
        back = _inverse(base, after_it, changed(base.drawing, after_it))
        new_id = begin(ctx, view, conn, f"{row.title} ↩"[:200], reverses=plan_id)
    do(ctx, view, new_id, 1, [back])
    with read(ctx.engine) as conn:
        return told(plans.one(conn, new_id))


def _inverse(base: Base, made: Any, codes: frozenset[str]) -> Redraw:
    """The redraw from the plan's drawing back to its base's; codes that it gave up are given again."""
    take = tuple(made[code] for code in sorted(codes & set(made)))
    put = tuple(base.drawing[code] for code in sorted(codes & set(base.drawing)))
    gone = {cell.code for cell in take} - {cell.code for cell in put}
    again = {cell.code for cell in put} - {cell.code for cell in take}
    return Redraw(take, put, tuple(sorted(gone)), tuple(sorted(again)))


def apply_due(ctx: Context) -> int:
    """Apply the published plans whose day has come; how many. Safe to run twice, also at once, and to be killed."""
    with read(ctx.engine) as conn:
        waiting = plans.due(conn, ctx.today())
    done = 0
    for plan_id in waiting:
        with write(ctx.engine) as conn:
            done += apply_plan(ctx, conn, plan_id)
    return done
