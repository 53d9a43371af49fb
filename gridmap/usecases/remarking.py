"""A plan as everybody may read it, before and after by places and bodies, and what residents say of it.

Borders, areas, names and bodies are no secret. How many live somewhere is not told here: it would be one more count
that the release has not weighed. Words are sealed like those of a report, and told to planners and approvers alone.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pandas as pd
import shapely
from sqlalchemy import Connection

from gridmap.errors import Conflict, InvalidInput, NotFound
from gridmap.ground.measure import area_m2
from gridmap.plan.status import SHOWN, PlanStatus
from gridmap.store import accounts, drawings, incidents, plans, read, remarks, residents, subjects, versions, write
from gridmap.store import ground as ground_store
from gridmap.usecases import proofs
from gridmap.usecases.context import Context
from gridmap.usecases.drafts import Draft
from gridmap.usecases.planning import changed, draft_of, seen
from gridmap.usecases.publishing import cell_row
from gridmap.usecases.residents import Proof
from gridmap.view import Role, View

#: characters of a remark; remarks on one plan in an hour, whoever says them
LONGEST, PER_HOUR = 1_000, 200
#: land that comes to less than this is the rounding of a cut, and no piece of its own
LEAST_M2 = 1.0
SENDER = "remark"


def reading(ctx: Context, plan_id: int) -> dict[str, Any]:
    """A plan that was submitted: title, status, day, area, cells before and after as shapes, and what changes of each.

    NotFound for drafts, withdrawn plans and no plan alike.
    """
    with read(ctx.engine) as conn:
        row = _shown(conn, plan_id)
        draft = draft_of(ctx, conn, row)
        sides = _sides(conn, draft, row)
    codes = sorted({*sides["before"], *sides["after"]})
    return {
        "id": row.id, "title": row.title, "status": row.status, "applies_on": row.applies_on,
        "area": {"code": row.area, "name": row.area_name, "name_en": row.area_name_en},
        "open": row.status == PlanStatus.SUBMITTED,
        "before": sides["before"], "after": sides["after"],
        "changes": [{"code": code, **{side: _told(sides[side].get(code)) for side in sides}} for code in codes],
        "pieces": _pieces(sides),
    }  # fmt: skip


def state(ctx: Context, plan_id: int) -> tuple[Any, ...]:
    """What `reading` follows from: while this is the same, so is that. Raises NotFound like it."""
    with read(ctx.engine) as conn:
        row, known = _shown(conn, plan_id), versions.read(conn)
    layers = (known.get(layer, 0) for layer in ("areas", "bodies", "cells"))
    return (row.id, row.version, row.status, row.title, str(row.base_day), str(row.applies_on), *layers)


def _shown(conn: Connection, plan_id: int) -> Any:
    row = plans.one(conn, plan_id)
    if row.status not in SHOWN:
        raise NotFound("there is no such plan, or none that you may see")
    return row


def _sides(conn: Connection, draft: Draft, row: Any) -> dict[str, dict[str, dict[str, Any]]]:
    """The cells that differ, by code, before and after: names, community, body, area, shape."""
    touched = changed(draft.base.drawing, draft.drawing)
    known = drawings.communities(conn, "/")
    day = row.applies_on or row.base_day
    after = {code: cell_row(draft, known, code, day) for code in sorted(touched & set(draft.drawing))}
    rows = draft.base.rows.set_index("code", drop=False)
    before = {code: dict(rows.loc[code]) for code in sorted(touched & set(draft.base.drawing))}
    for code, one in before.items():
        one["geom"] = draft.base.drawing[code].shape
    both = {"before": before, "after": after}
    cells = [one for side in both.values() for one in side.values()]
    paths, known_bodies = dict(zip(rows["area_id"], rows["path"], strict=True)), ground_store.bodies(conn)
    for one in cells:
        own: int | None = None if pd.isna(one["body_id"]) else int(one["body_id"])
        one["body_id"] = known_bodies.responsible(paths.get(one["area_id"], row.path), None, own)
    bodies = remarks.body_names(conn, {one["body_id"] for one in cells if one["body_id"] is not None})
    areas = {area_id: (name, name_en) for area_id, name, name_en in known.values()}
    for one in cells:
        one["area"] = areas.get(int(one["area_id"]), (None, None))
        one["body"] = bodies.get(one["body_id"], (None, None))
        one["area_m2"] = float(area_m2(np.array([one["geom"]], dtype=object))[0])
    return both


def _told(cell: dict[str, Any] | None) -> dict[str, Any] | None:
    """A cell on one side: places and bodies by name."""
    if cell is None:
        return None
    named = {"name": cell["name"], "name_en": cell["name_en"]}
    for what in ("area", "body"):
        named[what], named[f"{what}_en"] = cell[what]
    return {**named, "area_m2": round(cell["area_m2"])}


def _pieces(sides: dict[str, dict[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Land that goes from one cell to another: {from, to, area_m2}, the largest first."""
    old, new = (list(sides[side].items()) for side in ("before", "after"))
    found = []
    for code, cell in old:
        parts = shapely.intersection(cell["geom"], np.array([one["geom"] for _, one in new], dtype=object))
        for (other, _), part, size in zip(new, parts, area_m2(parts), strict=True):
            if other != code and not part.is_empty and size >= LEAST_M2:
                found.append({"from": code, "to": other, "area_m2": round(float(size))})
    return sorted(found, key=lambda one: -one["area_m2"])


# --- remarks ----------------------------------------------------------------------------------------------------------


def remark(ctx: Context, plan_id: int, text: str, cell: str | None, proof: Proof, *, key: str) -> dict[str, Any]:
    """Take what a resident says of a submitted plan: {at}. The same key again has no second effect.

    Raises NotFound, Conflict (`plan_status`: it is decided; a challenge used twice), InvalidInput, TooMany.
    """
    if not text.strip() or len(text) > LONGEST:
        raise InvalidInput(f"text must be said in 1 to {LONGEST} characters", field="text")
    kept, said = (hashlib.sha256(one.encode()).hexdigest() for one in (key, f"{plan_id}|{cell}|{text}"))
    with read(ctx.engine) as conn:
        again = residents.answered(conn, SENDER, kept)
        draft = draft_of(ctx, conn, _shown(conn, plan_id))
    if cell is not None and cell not in changed(draft.base.drawing, draft.drawing):
        raise InvalidInput(f"the plan changes no cell {cell}", field="cell")
    expires, by_sum = (ctx.clock(), False) if again else proofs.meet(ctx, proof.challenge, proof.answer, proof.address)
    if not again:
        proofs.limit(ctx, "remarks", f"plan/{plan_id}", PER_HOUR)
    with write(ctx.engine) as conn:
        now = ctx.clock()
        known = incidents.claim_request(conn, SENDER, kept, ctx.vault.digest(said), now)
        if known is not None:
            return known
        row = _shown(conn, plan_id)
        if row.status != PlanStatus.SUBMITTED:
            raise Conflict("this plan is decided: nothing is added to it any more", code="plan_status")
        proofs.count(conn, proof.challenge, expires, proof.address, now, by_sum=by_sum)
        subject_id = subjects.seal_new(conn, ctx.vault, [{"text": text.strip()}], now)[0]
        assert subject_id is not None
        identity = remarks.add(conn, plan_id, subject_id, cell, now)
        accounts.audit(conn, now, None, "plan.remarked", f"plan/{plan_id}", {"remark": identity})
        answer = {"at": now.isoformat()}
        incidents.answer_request(conn, SENDER, kept, answer)
    return answer


def heard(ctx: Context, view: View, plan_id: int) -> list[dict[str, Any]]:
    """What residents said of a plan, as comments; [] but for planners and approvers. The reading is logged."""
    if view.actor is None or view.actor.role not in {Role.PLANNER, Role.APPROVER}:
        return []
    with read(ctx.engine) as conn:
        seen(conn, view, plan_id)
        rows = remarks.of_plan(conn, plan_id)
        opened = subjects.open_many(conn, ctx.vault, [row.subject_id for row in rows])
    told = [
        {"id": row.id, "by": None, "role": None, "resident": True, "cell": row.cell, "lon": None, "lat": None,
         "text": opened[row.subject_id]["text"], "at": row.at}
        for row in rows if row.subject_id in opened
    ]  # fmt: skip
    if told:
        row_ids = "[" + ",".join(str(one["id"]) for one in told) + "]"
        line = {"at": ctx.clock(), "account_id": view.actor.account_id, "route": "/api/v1/plans/{plan_id}/comments",
                "kind": "remark", "ids": row_ids, "reason": view.reason}  # fmt: skip
        with write(ctx.engine) as conn:
            accounts.add_readings(conn, [line])
    return told
