"""A plan from its first edit to its approval: drawn by a planner, weighed, commented on, approved by another person.

Every change says which version of the plan it was made for. The loser of two at once is told what the other did.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection

from gridmap.errors import Conflict, Forbidden, InvalidInput, NotFound, Stale, VersionNeeded
from gridmap.people.roles import can
from gridmap.plan import Delta, Drawing, Plan, Redraw, Step, apply, from_json, rebase, to_json
from gridmap.plan.patch import patched
from gridmap.plan.status import SHOWN, PlanStatus, after
from gridmap.privacy import without_numbers
from gridmap.store import accounts, drawings, plans, read, write
from gridmap.store import ground as ground_store
from gridmap.usecases.context import Context
from gridmap.usecases.drafts import Draft, edited, inverse_of
from gridmap.view import Role, View

LONGEST_TITLE, LONGEST_TEXT = 200, 4000
#: edits in one request
MOST_EDITS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Changed:
    """What one change of a plan did: its new version, and the cells that it took or put."""

    plan_id: int
    version: int
    draft: Draft
    cells: frozenset[str]


# --- who may ----------------------------------------------------------------------------------------------------------


def may(view: View, action: str) -> None:
    """Raises Forbidden with the reason."""
    if view.actor is not None:
        decision = can(view.actor, view.scope, action)
        if not decision:
            raise Forbidden(decision.reason)


def area_of(conn: Connection, view: View) -> str | None:
    """The path of the area that somebody is tied to; None: all."""
    if view.actor is None or view.actor.area_id is None:
        return None
    return accounts.area_path(conn, view.actor.area_id)


def seen(conn: Connection, view: View, plan_id: int, *, lock: bool = False) -> Any:
    """The plan's row, if it may be seen: drafts by planners and approvers alone. Raises NotFound, Forbidden."""
    may(view, "plan.read")
    row = plans.one(conn, plan_id, lock=lock)
    path = area_of(conn, view)
    near = path is None or row.path.startswith(path) or path.startswith(row.path)
    if not near or row.status not in statuses(view):
        raise NotFound("there is no such plan, or none that you may see")
    return row


def statuses(view: View) -> frozenset[PlanStatus]:
    """Which plans somebody may see at all."""
    if view.actor is None or view.actor.role in {Role.PLANNER, Role.APPROVER}:
        return frozenset(PlanStatus)
    return SHOWN


def fits(conn: Connection, row: Any, version: int | None) -> None:
    """Refuse a change that was made for another version. Raises VersionNeeded, Stale (with what was changed)."""
    if version is None:
        raise VersionNeeded("say which version of the plan this is for: If-Match with the ETag that was read")
    if version != row.version:
        raise Stale(
            f"the plan was changed by {row.changed_by or 'the platform'} since version {version}; look at it again",
            version=row.version, by=row.changed_by, at=row.changed_at.isoformat(), status=row.status,
            changes=plans.changes_since(conn, row.id, version)[:100],
        )  # fmt: skip


# --- reading ----------------------------------------------------------------------------------------------------------


def listed(
    ctx: Context, view: View, status: str | None, after_id: int | None, limit: int
) -> tuple[list[dict[str, Any]], int | None]:
    """A page of plans, newest first, and the id after which the next one begins."""
    may(view, "plan.read")
    allowed = statuses(view) & ({PlanStatus(status)} if status else set(PlanStatus))
    with read(ctx.engine) as conn:
        rows = plans.listed(conn, area_of(conn, view), allowed, after_id, limit + 1)
    return [told(row) for row in rows[:limit]], rows[limit - 1].id if len(rows) > limit else None


def told(row: Any) -> dict[str, Any]:
    """A plan as an answer."""
    return {
        "id": row.id, "title": row.title, "status": row.status, "version": row.version,
        "area": {"code": row.area, "name": row.area_name, "name_en": row.area_name_en},
        "base_day": row.base_day, "applies_on": row.applies_on, "author": row.author, "approver": row.approver,
        "reverses_id": row.reverses_id, "edits": row.edits, "undone": row.undone, "note": row.note,
        "created_at": row.created_at, "changed_at": row.changed_at, "changed_by": row.changed_by,
    }  # fmt: skip


def one(ctx: Context, view: View, plan_id: int) -> dict[str, Any]:
    """A plan with its edits in short: {kind, undone, by, at}."""
    with read(ctx.engine) as conn:
        row = seen(conn, view, plan_id)
        return {**told(row), "steps": plans.changes_since(conn, plan_id, 0)}


def draft_of(ctx: Context, conn: Connection, row: Any) -> Draft:
    """The plan's drawing and what stands upon it."""
    return ctx.drafts.draft(conn, row, lambda: plans.edits(conn, row.id), ctx.clock())


# --- changing ---------------------------------------------------------------------------------------------------------


def create(ctx: Context, view: View, title: str, base_day: date | None = None) -> dict[str, Any]:
    """A new draft of the newest drawing (of the one in force on `base_day`, where given). Raises Forbidden."""
    may(view, "plan.edit")
    _check_text(title, LONGEST_TITLE, "title")
    with write(ctx.engine) as conn:
        plan_id = begin(ctx, view, conn, title, base_day)
        return told(plans.one(conn, plan_id))


def begin(
    ctx: Context, view: View, conn: Connection, title: str, base_day: date | None = None, reverses: int | None = None
) -> int:
    """Write a new draft without edits; its id."""
    now, account_id = ctx.clock(), actor_id(view)
    known = [day for day in drawings.days(conn) if base_day is None or day <= base_day]
    if not known:
        raise NotFound("there are no cells on that day to begin with", field="base_day")
    base = ctx.drafts.base(conn, known[-1])
    county = ground_store.county(conn)
    area_id = view.actor.area_id if view.actor and view.actor.area_id is not None else county.id if county else None
    values = {
        "title": title.strip(), "area_id": area_id, "status": PlanStatus.DRAFT, "version": 1, "base_day": base.day,
        "base_version": base.digest, "author_id": account_id, "changed_by_id": account_id, "reverses_id": reverses,
        "created_at": now, "changed_at": now,
    }  # fmt: skip
    plan_id = plans.add(conn, values)
    accounts.audit(conn, now, account_id, "plan.created", f"plan/{plan_id}", {"base_day": str(base.day)})
    return plan_id


def actor_id(view: View) -> int | None:
    return view.actor.account_id if view.actor else None


def _check_text(text: str, longest: int, field: str) -> None:
    if not text.strip() or len(text) > longest:
        raise InvalidInput(f"{field} must be said in 1 to {longest} characters", field=field)


def edit(ctx: Context, view: View, plan_id: int, version: int | None, deltas: Sequence[Mapping[str, Any]]) -> Changed:
    """Make edits, all or none. Raises InvalidInput and Conflict as `gridmap.plan.apply`, and as `fits`."""
    if not 1 <= len(deltas) <= MOST_EDITS:
        raise InvalidInput(f"give 1 to {MOST_EDITS} edits at once", field="edits")
    wanted = [from_json(one) for one in deltas]
    return do(ctx, view, plan_id, version, wanted)


def do(ctx: Context, view: View, plan_id: int, version: int | None, wanted: Sequence[Delta]) -> Changed:
    """As `edit`, of deltas that are values already."""

    def work(conn: Connection, row: Any, draft: Draft, now: datetime) -> tuple[Draft, set[str]]:
        rows, touched = [], set()
        for delta in wanted:
            drawing, back = apply(draft.drawing, delta)
            _own_cells(row, draft, back)
            touched |= {cell.code for cell in (*back.take, *back.put)}
            rows.append(_stored(view, delta, back, now, row.version + 1))
            draft = edited(draft, row.version + 1, drawing, back)
        plans.add_edits(conn, row.id, rows)
        return draft, touched

    return _change(ctx, view, plan_id, version, "plan.edited", work, {"edits": len(wanted)})


def undo(ctx: Context, view: View, plan_id: int, version: int | None) -> Changed:
    """Take the last edit back, bit for bit. Raises Conflict when there is none."""

    def work(conn: Connection, row: Any, draft: Draft, _: datetime) -> tuple[Draft, set[str]]:
        done = [one for one in plans.edits(conn, row.id) if not one.undone]
        if not done:
            raise Conflict("there is nothing to undo", code="nothing_to_undo")
        last = done[-1]
        back = inverse_of(last)
        plans.set_undone(conn, last.id, True, row.version + 1, last.inverse)
        after_it = patched(draft.drawing, back)
        return edited(draft, row.version + 1, after_it, back.inverse()), _codes(back)

    return _change(ctx, view, plan_id, version, "plan.undone", work)


def redo(ctx: Context, view: View, plan_id: int, version: int | None) -> Changed:
    """Do again what was undone last. Raises Conflict when there is nothing."""

    def work(conn: Connection, row: Any, draft: Draft, _: datetime) -> tuple[Draft, set[str]]:
        undone = [one for one in plans.edits(conn, row.id) if one.undone]
        if not undone:
            raise Conflict("there is nothing to do again", code="nothing_to_redo")
        drawing, back = apply(draft.drawing, from_json(undone[0].delta))
        plans.set_undone(conn, undone[0].id, False, row.version + 1, to_json(back))
        return edited(draft, row.version + 1, drawing, back), _codes(back)

    return _change(ctx, view, plan_id, version, "plan.redone", work)


def _change(
    ctx: Context,
    view: View,
    plan_id: int,
    version: int | None,
    action: str,
    work: Callable[[Connection, Any, Draft, datetime], tuple[Draft, set[str]]],
    more: Mapping[str, Any] | None = None,
) -> Changed:
    """One change of a draft's drawing in one transaction; it is held in memory once it is committed."""
    may(view, "plan.edit")
    if not ctx.drafts.holds(plan_id, version):  # what takes long is made before others are kept waiting
        with read(ctx.engine) as conn:
            draft_of(ctx, conn, seen(conn, view, plan_id))
    with write(ctx.engine) as conn:
        row = _drafted(conn, view, plan_id, version)
        now = ctx.clock()
        draft, touched = work(conn, row, draft_of(ctx, conn, row), now)
        plans.change(conn, plan_id, row.version, actor_id(view), now)
        data = {"version": draft.version, "cells": sorted(touched)[:200], **(more or {})}
        accounts.audit(conn, now, actor_id(view), action, f"plan/{plan_id}", data)
    ctx.drafts.hold(plan_id, draft)
    return Changed(plan_id, draft.version, draft, frozenset(touched))


def _drafted(conn: Connection, view: View, plan_id: int, version: int | None) -> Any:
    """The plan's row, locked, where it is a draft at this version."""
    row = seen(conn, view, plan_id, lock=True)
    fits(conn, row, version)
    if row.status != PlanStatus.DRAFT:
        raise Conflict(f"a plan that is {row.status} is not edited; it must be returned first", code="plan_status")
    return row


def _own_cells(row: Any, draft: Draft, back: Redraw) -> None:
    """A planner redraws the cells of the plan's own area."""
    strange = [c.code for c in back.put if not draft.base.paths.get(c.code, row.path).startswith(row.path)]
    if strange:
        raise InvalidInput(f"cell {strange[0]} lies outside the plan's area", code="outside_area", cells=strange)


def _codes(redraw: Redraw) -> set[str]:
    return {cell.code for cell in (*redraw.take, *redraw.put)}


def _stored(view: View, delta: Delta, back: Redraw, now: datetime, version: int) -> dict[str, Any]:
    return {
        "delta": to_json(delta), "inverse": to_json(back), "account_id": actor_id(view), "at": now, "version": version,
    }  # fmt: skip


# --- its way ----------------------------------------------------------------------------------------------------------


def step(
    ctx: Context, view: View, plan_id: int, version: int | None, name: str, note: str | None = None
) -> dict[str, Any]:
    """Submit, approve, return or withdraw a plan.

    Only another person than the author approves, and a plan with blockers is not submitted (`weighing.refuse_blocked`
    is asked before). Raises Forbidden, NotFound, Stale, Conflict for a step that may not follow.
    """
    may(view, "plan.approve" if name == "approve" else "plan.edit" if name in {"submit", "withdraw"} else "plan.read")
    with write(ctx.engine) as conn:
        row = seen(conn, view, plan_id, lock=True)
        fits(conn, row, version)
        now, account_id = ctx.clock(), actor_id(view)
        values: dict[str, Any] = {"status": after(PlanStatus(row.status), name)}
        if name == "approve":
            if row.author_id == account_id:
                raise Forbidden("a plan is approved by another person than who drew it")
            values["approver_id"] = account_id
        if name == "return":
            _may_return(view)
            values |= {"approver_id": None, "note": without_numbers((note or "").strip()[:LONGEST_TEXT]) or None}
        if name == "submit":
            values["note"] = None
        plans.change(conn, plan_id, row.version, account_id, now, **values)
        accounts.audit(conn, now, account_id, f"plan.{name}", f"plan/{plan_id}", {"version": row.version + 1})
        return told(plans.one(conn, plan_id))


def _may_return(view: View) -> None:
    if view.actor is not None and view.actor.role not in {Role.PLANNER, Role.APPROVER}:
        raise Forbidden("a plan is returned by a planner or an approver")


def moved_to_newest(ctx: Context, view: View, plan_id: int, version: int | None) -> dict[str, Any]:
    """Put a draft on the newest drawing, edit by edit; what did not go, and what needs a second look, is named."""
    may(view, "plan.edit")
    with write(ctx.engine) as conn:
        row = _drafted(conn, view, plan_id, version)
        now = ctx.clock()
        old, new = (ctx.drafts.base(conn, day) for day in (row.base_day, drawings.days(conn)[-1]))
        done = [one for one in plans.edits(conn, plan_id) if not one.undone]
        plan = Plan(row.base_version, tuple(Step(from_json(one.delta), inverse_of(one)) for one in done))
        moved, _, trouble = rebase(plan, old.drawing, new.drawing, new.digest)
        rows = [_stored(view, one.delta, one.inverse, now, row.version + 1) for one in moved.steps]
        plans.replace_edits(conn, plan_id, rows)
        values = {"base_day": new.day, "base_version": new.digest}
        plans.change(conn, plan_id, row.version, actor_id(view), now, **values)
        accounts.audit(conn, now, actor_id(view), "plan.rebased", f"plan/{plan_id}", {"base_day": str(new.day)})
        told_of = [
            {"number": one.number, "kind": to_json(one.delta)["kind"], "blocked": one.blocked, "cells": list(one.cells),
             "why": one.why, "lon": one.lon, "lat": one.lat} for one in trouble
        ]  # fmt: skip
        return {**told(plans.one(conn, plan_id)), "trouble": told_of}


# --- comments ---------------------------------------------------------------------------------------------------------


def comments(ctx: Context, view: View, plan_id: int) -> list[dict[str, Any]]:
    """What was said of a plan, oldest first."""
    with read(ctx.engine) as conn:
        seen(conn, view, plan_id)
        return plans.comments(conn, plan_id)


def comment(ctx: Context, view: View, plan_id: int, text: str, cell: str | None, at: tuple[float, float] | None) -> int:
    """Say something of a plan; its id. A worker may of a submitted one that touches a cell she serves.

    Raises Forbidden, NotFound, InvalidInput.
    """
    _check_text(text, LONGEST_TEXT, "text")
    with write(ctx.engine) as conn:
        row = seen(conn, view, plan_id)
        draft = draft_of(ctx, conn, row)
        if view.actor is not None and view.actor.role is Role.WORKER:
            _concerned(conn, view, draft, ctx.today())
        if cell is not None and cell not in draft.drawing and cell not in draft.base.drawing:
            raise InvalidInput(f"there is no cell {cell} in this plan", field="cell")
        now = ctx.clock()
        lon, lat = at or (None, None)
        values = {"plan_id": plan_id, "account_id": actor_id(view), "cell": cell, "lon": lon, "lat": lat,
                  "text": without_numbers(text.strip()), "at": now}  # fmt: skip
        identity = plans.add_comment(conn, values)
        accounts.audit(conn, now, actor_id(view), "plan.commented", f"plan/{plan_id}", {"comment": identity})
    return identity


def _concerned(conn: Connection, view: View, draft: Draft, day: date) -> None:
    touched = changed(draft.base.drawing, draft.drawing)
    mine = view.actor.worker_id if view.actor else None
    served = drawings.cells_of_worker(conn, mine, day) if mine is not None else set()
    if not touched & served:
        raise Forbidden("a worker comments on a plan that touches a cell she serves")


def changed(old: Drawing, new: Drawing) -> frozenset[str]:
    """Codes of cells that differ between a base and a drawing made of it."""
    return frozenset(code for code in new.touched if old.get(code) != new.get(code))
