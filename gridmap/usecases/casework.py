"""What is done to a case once it stands: its pin is corrected, and every action of the flow's table is carried out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

import shapely
from sqlalchemy import Connection

from gridmap.case.actions import RULES
from gridmap.case.events import canonical_moment
from gridmap.case.flow import SYSTEM, Asker, decide
from gridmap.case.terms import Level, Status
from gridmap.errors import Conflict, Forbidden, NotFound
from gridmap.people.roles import admits, can
from gridmap.store import cases, incidents, read, subjects, versions, write
from gridmap.store import ground as ground_store
from gridmap.store.cases import Case
from gridmap.store.subjects import note_field
from gridmap.store.ties import thing_of
from gridmap.usecases.assigning import Places, Responses, respond
from gridmap.usecases.context import Context
from gridmap.usecases.effects import Deed, checked, follow
from gridmap.usecases.routing import WAITS, Routing, of_row, sent_on
from gridmap.usecases.splitting import begin_parts
from gridmap.usecases.spots import Pin, Placed, act_on_pin, charge, named, neighbour, send, sender_of, where
from gridmap.view import Kind, View


def _seen(conn: Connection, view: View, incident_id: int, now: datetime) -> Any:
    """The incident's row (`incidents.current`). One outside the scope answers like one that is not there."""
    row = incidents.current(conn, incident_id)
    thing = thing_of(conn, Kind.INCIDENT, incident_id, now=now)
    if thing is None or not admits(view.scope.grant(Kind.INCIDENT), thing):
        raise NotFound("there is no such incident")
    return row


def _load(conn: Connection, view: View, incident_id: int, action: str, now: datetime) -> Any:
    """The incident's row, if this actor may do this to it."""
    row = _seen(conn, view, incident_id, now)
    if view.actor is not None:
        decision = can(view.actor, view.scope, action)
        if not decision:
            raise Forbidden(decision.reason)
    return row


def move(
    ctx: Context,
    view: View,
    incident_id: int,
    lon: float,
    lat: float,
    *,
    crs: str = "wgs84",
    accuracy_m: float | None = None,
    confirmed: bool = False,
    key: str | None = None,
) -> dict[str, Any]:
    """Correct an incident's pin: place it in today's drawing and assign it again, once, with one event.

    Moving it to where it already stands has no effect, and the same sender with the same key gets the first answer
    again, even where the incident has left her cells since. Raises Conflict for a closed incident, NotFound, Forbidden,
    InvalidInput, KeyReused.
    """
    said = ctx.vault.digest(repr(("move", incident_id, lon, lat, crs, accuracy_m)))
    pin = Pin(lon, lat, crs, accuracy_m, confirmed)
    return act_on_pin(ctx, view, pin, partial(_move, ctx, view, incident_id), key=key, said=said)


def _move(ctx: Context, view: View, incident_id: int, conn: Connection, found: Placed, now: datetime) -> dict[str, Any]:
    spot, places = found.spot, found.places
    row = _load(conn, view, incident_id, "incident.move", now)
    case = cases.load(conn, row.id, ctx.zone)
    if case.state.ended:
        raise Conflict("a closed incident keeps its place", code="closed")
    answer = {"id": row.id, "number": row.number, "due_at": canonical_moment(row.due_at)}
    here = (row.lon, row.lat) == (spot.lon, spot.lat)
    if here and (row.cell_id is not None or places.cell_id[0] is None):
        stays = incidents.names(conn, cell_id=row.cell_id, worker_id=row.worker_id, body_id=row.body_id)
        return {**answer, "status": row.status, "moved": False, **stays}
    now = incidents.after(row, now)
    moved = {"from_cell_id": row.cell_id, "to_cell_id": places.cell_id[0]}
    planned = decide(case.state, case.process, "move", asker_of(conn, view), moved, now)
    category = incidents.category(conn, case.state.category or "")
    routing = of_row(ctx, conn, row.id, category, places.area_path[0])
    responses = _respond(ctx, conn, case, row, places, now, routing)
    values = {name: column[0] for name, column in places.columns().items()}
    point = shapely.Point(spot.lon, spot.lat)
    incidents.relocate(conn, row.id, point, {**values, **spot.columns()})
    actor_id = view.actor.account_id if view.actor else None
    case.write(conn, planned.kind, now, actor_id, planned.data)
    if row.responsibility_id is not None:
        incidents.end_responsibility(conn, row.responsibility_id, now)
    responses = send(conn, case, places, responses, routing, now, actor_id)
    charge(conn, case.id, places, responses, now)
    cases.remember(conn, case, now)
    versions.bump_rows(conn, "incidents", [row.id])
    return {
        **answer,
        "status": str(case.state.status),
        "moved": True,
        **named(conn, found, responses),
        **where(conn, found, responses, neighbour(ctx, conn, places, now)),
    }


def _respond(
    ctx: Context, conn: Connection, case: Case, row: Any, places: Places, now: datetime, routing: Routing
) -> Responses:
    """Who answers at the right place: the roster and the rules, unless somebody took the case, who then keeps it."""
    chosen = respond(
        conn, places, [row.department], [now], [None], ctx.zone, but=row.id, targets=[routing.target]
    )  # fmt: skip
    goes = routing.straight(case.process, chosen.body_id[0]) and sent_on(conn, case, chosen.body_id[0])
    if case.state.status in WAITS or goes:
        return chosen
    holder = case.state.holder
    return replace(chosen, worker_id=[holder.worker_id], body_id=[holder.body_id], reason=[row.reason])


# --- every other action ---------------------------------------------------------------------------------------------

#: the actions of the table that `act` carries out; a pin is moved by `move`, photos and meetings are not kept yet
ACTS = tuple(action for action in RULES if action not in ("move", "attach", "meet"))


def asker_of(conn: Connection, view: View) -> Asker:
    """Who acts, as the flow sees it; the platform where nobody looks."""
    if view.actor is None:
        return SYSTEM
    level = ground_store.level_of(conn, view.actor.area_id)
    return Asker.of(view.actor, None if level in (None, Level.COUNTY) else Level(level))


def act(
    ctx: Context, view: View, incident_id: int, action: str, given: Mapping[str, Any], *, key: str | None = None
) -> dict[str, Any]:
    """Do something to a case: one event, with everything that follows from it, in one transaction.

    `given`: what the action asks for (`following.actions` tells). The same sender with the same key has one effect.
    Raises NotFound for a case outside the scope, Forbidden or Conflict with the flow's reason, InvalidInput, KeyReused.
    """
    if action not in ACTS:
        raise NotFound(f"there is no action {action!r}; GET .../actions lists them")
    return _once(ctx, view, key, [incident_id, action, given], partial(_act, ctx, view, incident_id, action, given))


def _once(
    ctx: Context, view: View, key: str | None, said: list[Any], work: Callable[[Connection, datetime], dict[str, Any]]
) -> dict[str, Any]:
    """Do this in one transaction. The same sender with the same key has one effect, and is told the same again."""
    digest = ctx.vault.digest(json.dumps(["act", *said], sort_keys=True, default=str))
    with write(ctx.engine) as conn:
        now = ctx.clock()
        known = None if key is None else incidents.claim_request(conn, sender_of(view), key, digest, now)
        if known is not None:
            return known
        answer = work(conn, now)
        if key is not None:
            incidents.answer_request(conn, sender_of(view), key, answer)
        return answer


def was_answered(ctx: Context, view: View, key: str) -> bool:
    """Whether this sender's request with this key was carried out."""
    with read(ctx.engine) as conn:
        return incidents.answer_of(conn, sender_of(view), key) is not None


def _act(
    ctx: Context, view: View, incident_id: int, action: str, given: Mapping[str, Any], conn: Connection, now: datetime
) -> dict[str, Any]:
    return carry_out(ctx, view, conn, _seen(conn, view, incident_id, now), asker_of(conn, view), action, given, now)


def carry_out(
    ctx: Context,
    view: View,
    conn: Connection,
    row: Any,
    asker: Asker,
    action: str,
    given: Mapping[str, Any],
    now: datetime,
) -> dict[str, Any]:
    """Carry out an action on a case that the caller has found this asker to see. `row`: `incidents.current`."""
    now = incidents.after(row, now)
    case = cases.load(conn, row.id, ctx.zone)
    before = case.state.holder
    # what must be entered is judged first, so that nothing is told of other things to whoever may not act
    planned = decide(case.state, case.process, action, asker, given, now)
    deed = Deed(ctx, view, conn, case, row, planned.data, now)
    data = {**planned.data, **checked(deed, action)}
    parts = begin_parts(
        deed, planned.parts, lambda part, to: carry_out(ctx, view, conn, part, asker, "dispatch", {"body_id": to}, now)
    )
    if parts:
        data["child_ids"] = sorted({*data["child_ids"], *(part["id"] for part in parts)})
    if planned.note is not None:
        field = note_field(case.state.seq + 1)
        subject_id, box = subjects.seal_more(conn, ctx.vault, row.subject_id, field, planned.note, now)
        incidents.set_values(conn, row.id, subject_id=subject_id)
        data["note_id"] = box
    seq = case.write(conn, planned.kind, now, deed.account_id, data)
    follow(deed, planned.kind, before)
    cases.remember(conn, case, now)
    versions.bump_rows(conn, "incidents", {row.id, *deed.touched})
    return {**_told(conn, case, row, seq, planned.kind, now), "parts": parts}


def _told(conn: Connection, case: Case, row: Any, seq: int, kind: str, now: datetime) -> dict[str, Any]:
    clocks, holder = case.clocks(now), case.state.holder
    light = clocks.light(now)
    ended = case.state.closed_at
    named = incidents.names(conn, cell_id=row.responsible_cell_id, worker_id=holder.worker_id, body_id=holder.body_id)
    return {
        "id": row.id, "number": row.number, "status": str(case.state.status), "level": str(case.state.level),
        "event": seq, "kind": kind, "at": canonical_moment(now), "due_at": canonical_moment(clocks.whole.due_at),
        "closed_at": canonical_moment(ended) if ended else None, "light": str(light) if light else None, **named,
    }  # fmt: skip


def close(
    ctx: Context, view: View, incident_id: int, note: str | None = None, *, key: str | None = None
) -> dict[str, Any]:
    """Close a case whose process is at its end: its clock stops. Closing a closed one has no effect.

    The same sender with the same key has one effect. Raises Conflict where the process asks for more first: that the
    case is resolved, and verified by somebody else.
    """
    given = {} if note is None else {"note": note}
    return _once(ctx, view, key, [incident_id, "close", given], partial(_close, ctx, view, incident_id, given))


def _close(
    ctx: Context, view: View, incident_id: int, given: Mapping[str, Any], conn: Connection, now: datetime
) -> dict[str, Any]:
    row = _seen(conn, view, incident_id, now)
    if row.status == Status.CLOSED:
        done = {"status": row.status, "closed_at": canonical_moment(row.closed_at)}
    else:
        done = _act(ctx, view, incident_id, "close", given, conn, now)
    return {"id": row.id, "number": row.number, "status": done["status"], "closed_at": done["closed_at"]}
