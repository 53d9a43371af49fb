"""Photos of a case: attached once each, as one event; seen by those who see the case, each look written down."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from gridmap.case.flow import Asker, decide
from gridmap.errors import Conflict, Forbidden, NotFound
from gridmap.files.photos import Photo, make_photo
from gridmap.people.roles import admits
from gridmap.store import cases, incidents, photos, write
from gridmap.store.ties import thing_of
from gridmap.usecases.casework import asker_of, carry_out
from gridmap.usecases.context import Context
from gridmap.usecases.spots import sender_of
from gridmap.view import Audience, Kind, View

#: of one case, by everybody together
MOST = 12


def fingerprint(ctx: Context, incident_id: int, data: bytes) -> str:
    """What tells a repeated upload from another one under the same key."""
    return ctx.vault.digest(f"photo {incident_id} {hashlib.sha256(data).hexdigest()}")


def attach(ctx: Context, view: View, incident_id: int, data: bytes, *, key: str | None = None) -> dict[str, Any]:
    """Attach a photo to a case: `{id, width, height}`. The same sender with the same key has one effect.

    Raises NotFound for a case outside the scope, Forbidden, Conflict when there are too many, InvalidInput for the
    picture, KeyReused.
    """
    _serves(view)
    with write(ctx.engine) as conn:
        asker = asker_of(conn, view)
        _may_attach(ctx, view, conn, incident_id, asker, ctx.clock())
    photo = make_photo(data)
    with write(ctx.engine) as conn:
        now = ctx.clock()
        sender = sender_of(view)
        if key is not None:
            known = incidents.claim_request(conn, sender, key, fingerprint(ctx, incident_id, data), now)
            if known is not None:
                return known
        _may_attach(ctx, view, conn, incident_id, asker, now)
        answer = put(ctx, view, conn, incident_id, asker, photo, now)
        if key is not None:
            incidents.answer_request(conn, sender, key, answer)
        return answer


def _serves(view: View) -> None:
    if view.audience is not Audience.DUTY:
        raise Forbidden("photos are attached by those who serve the case")


def seen_case(ctx: Context, view: View, incident_id: int, conn: Connection) -> int:
    """The case itself, for those who serve it. NotFound outside the scope, Forbidden."""
    _serves(view)
    thing = thing_of(conn, Kind.INCIDENT, incident_id, now=ctx.clock())
    if thing is None or not admits(view.scope.grant(Kind.INCIDENT), thing):
        raise NotFound("there is no such incident, or none that you serve")
    return incident_id


def _may_attach(ctx: Context, view: View, conn: Connection, incident_id: int, asker: Asker, now: datetime) -> None:
    """Refuse before a picture is decoded: what is out of sight, and whoever may not."""
    seen_case(ctx, view, incident_id, conn)
    case = cases.load(conn, incident_id, ctx.zone)
    decide(case.state, case.process, "attach", asker, {"photo_id": 1}, now)


def put(
    ctx: Context,
    view: View,
    conn: Connection,
    incident_id: int,
    asker: Asker,
    photo: Photo,
    now: datetime,
    most: int = MOST,
) -> dict[str, Any]:
    """Write a photo and its event, within the transaction. The caller has found that this asker may."""
    row = incidents.current(conn, incident_id)
    if photos.count(conn, incident_id) >= most:
        raise Conflict(f"the case has {most} photos already, the most there may be", code="photos_full")
    columns = {"account_id": asker.account_id, "width": photo.width, "height": photo.height}
    photo_id, subject_id = photos.add(
        conn, ctx.vault, incident_id, row.subject_id, columns, photo.full, photo.thumb, now
    )
    if subject_id != row.subject_id:
        incidents.set_values(conn, incident_id, subject_id=subject_id)
    carry_out(ctx, view, conn, row, asker, "attach", {"photo_id": photo_id}, now)
    return {"id": photo_id, "width": photo.width, "height": photo.height}
