"""What is done to an incident once it stands: correct its pin, close it. The whole case flow grows from here."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import shapely
from sqlalchemy import Connection

from gridmap.case.events import canonical_moment
from gridmap.errors import Conflict, Forbidden, NotFound
from gridmap.people.roles import admits, can
from gridmap.store import chain, incidents, read, versions, write
from gridmap.store.scope import thing_of
from gridmap.usecases.assigning import respond
from gridmap.usecases.context import Context
from gridmap.usecases.spots import assign, locate_spot, placed, where
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
) -> dict[str, Any]:
    """Correct an incident's pin: place it in today's drawing and assign it again, once, with one event.

    Moving it to where it already stands has no effect, so a repeated request does nothing twice.
    Raises Conflict for a closed incident, NotFound, Forbidden, InvalidInput.
    """
    while True:
        with read(ctx.engine) as conn:
            ground = ctx.grounds.on(conn, ctx.today())
        spot = locate_spot(ground, lon, lat, crs, accuracy_m, confirmed=confirmed)
        places = placed(ground, spot)
        now = ctx.clock()
        with write(ctx.engine) as conn:
            if versions.read(conn).get("cells", 0) != ground.version:
                continue  # a drawing came into force in between: place again
            row = _load(conn, view, incident_id, "incident.move", now)
            if row.status == "closed":
                raise Conflict("a closed incident keeps its place", code="closed")
            answer = {"id": row.id, "number": row.number, "due_at": canonical_moment(row.due_at)}
            if (row.x_in, row.y_in, row.crs_in, row.accuracy_m) == (spot.x_in, spot.y_in, spot.crs_in, accuracy_m):
                named = incidents.names(conn, cell_id=row.cell_id, worker_id=row.worker_id, body_id=row.body_id)
                return {**answer, "status": row.status, "moved": False, **named}
            responses = respond(conn, places, [row.department], [now], [None], ctx.zone)
            status = "unplaced" if places.cell_id[0] is None else "assigned"
            values = {name: column[0] for name, column in places.columns(0).items()}
            point = shapely.Point(spot.lon, spot.lat)
            incidents.relocate(conn, row.id, point, {**values, **spot.columns(), "status": status})
            actor_id = view.actor.account_id if view.actor else None
            moved = {"from_cell_id": row.cell_id, "to_cell_id": places.cell_id[0]}
            chain.append_event(conn, row.id, "moved", now, actor_id, moved)
            if row.responsibility_id is not None:
                incidents.end_responsibility(conn, row.responsibility_id, now)
            assign(conn, row.id, places, responses, now, actor_id)
            versions.bump(conn, "incidents")
            named = incidents.names(
                conn, cell_id=places.cell_id[0], worker_id=responses.worker_id[0], body_id=responses.body_id[0]
            )
            return {**answer, "status": status, "moved": True, **named, **where(conn, places, responses)}


def close(ctx: Context, view: View, incident_id: int) -> dict[str, Any]:
    """Close an incident: its clock stops and its worker's count goes down. Closing a closed one has no effect."""
    now = ctx.clock()
    with write(ctx.engine) as conn:
        row = _load(conn, view, incident_id, "incident.close", now)
        if row.status != "closed":
            incidents.set_status(conn, row.id, status="closed", closed_at=now)
            chain.append_event(conn, row.id, "closed", now, view.actor.account_id if view.actor else None, {})
            versions.bump(conn, "incidents")
        closed_at = row.closed_at or now
        return {"id": row.id, "number": row.number, "status": "closed", "closed_at": canonical_moment(closed_at)}
