"""What is done to an incident once it stands: correct its pin, close it. The whole case flow grows from here."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

import shapely
from sqlalchemy import Connection

from gridmap.case.events import canonical_moment
from gridmap.errors import Conflict, Forbidden, NotFound
from gridmap.people.roles import admits, can
from gridmap.store import chain, incidents, versions, write
from gridmap.store.scope import thing_of
from gridmap.usecases.assigning import Places, respond
from gridmap.usecases.context import Context
from gridmap.usecases.spots import Pin, Spot, act_on_pin, assign, neighbour, where
from gridmap.view import Kind, View


def _load(conn: Connection, view: View, incident_id: int, action: str, now: datetime) -> Any:
    """The incident's row (`incidents.current`), if this actor may do this to it.

    One outside the scope answers like one that is not there.
    """
    row = incidents.current(conn, incident_id)
    thing = thing_of(conn, Kind.INCIDENT, incident_id, now=now)
    if thing is None or not admits(view.scope.grant(Kind.INCIDENT), thing):
        raise NotFound("there is no such incident")
    if view.actor is not None:
        decision = can(view.actor, view.scope, action, thing)
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


def _move(
    ctx: Context, view: View, incident_id: int, conn: Connection, spot: Spot, places: Places, now: datetime
) -> dict[str, Any]:
    row = _load(conn, view, incident_id, "incident.move", now)
    if row.status == "closed":
        raise Conflict("a closed incident keeps its place", code="closed")
    answer = {"id": row.id, "number": row.number, "due_at": canonical_moment(row.due_at)}
    here = (row.lon, row.lat) == (spot.lon, spot.lat)
    if here and (row.cell_id is not None or places.cell_id[0] is None):
        named = incidents.names(conn, cell_id=row.cell_id, worker_id=row.worker_id, body_id=row.body_id)
        return {**answer, "status": row.status, "moved": False, **named}
    now = incidents.after(row, now)
    responses = respond(conn, places, [row.department], [now], [None], ctx.zone, but=row.id)
    status = "unplaced" if places.cell_id[0] is None else "assigned"
    values = {name: column[0] for name, column in places.columns().items()}
    point = shapely.Point(spot.lon, spot.lat)
    incidents.relocate(conn, row.id, point, {**values, **spot.columns(), "status": status})
    actor_id = view.actor.account_id if view.actor else None
    moved = {"from_cell_id": row.cell_id, "to_cell_id": places.cell_id[0]}
    chain.append_event(conn, row.id, "moved", now, actor_id, moved)
    if row.responsibility_id is not None:
        incidents.end_responsibility(conn, row.responsibility_id, now)
    assign(conn, row.id, places, responses, now, actor_id)
    versions.bump_rows(conn, "incidents", [row.id])
    named = incidents.names(
        conn, cell_id=places.cell_id[0], worker_id=responses.worker_id[0], body_id=responses.body_id[0]
    )
    return {
        **answer,
        "status": status,
        "moved": True,
        **named,
        **where(conn, places, responses, neighbour(ctx, conn, places, now)),
    }


def close(ctx: Context, view: View, incident_id: int) -> dict[str, Any]:
    """Close an incident: its clock stops and its worker's count goes down. Closing a closed one has no effect."""
    with write(ctx.engine) as conn:
        now = ctx.clock()
        row = _load(conn, view, incident_id, "incident.close", now)
        closed_at = row.closed_at
        if closed_at is None:
            closed_at = incidents.after(row, now)
            incidents.set_values(conn, row.id, status="closed", closed_at=closed_at)
            chain.append_event(conn, row.id, "closed", closed_at, view.actor.account_id if view.actor else None, {})
            versions.bump_rows(conn, "incidents", [row.id])
        return {"id": row.id, "number": row.number, "status": "closed", "closed_at": canonical_moment(closed_at)}
