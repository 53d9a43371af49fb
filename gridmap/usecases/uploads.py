"""A photo in parts: what has arrived stays, sealed, until the rest comes; whole, it is attached as any.

An upload is known by who sends it (a resident's link, a worker's account and the case) and a key that the device draws.
A part begins where the last one ended; whoever lost an answer asks how far it is. Of one case as many are on their way
as it may have photos. Parts that never become a photo are dropped after two days by the sweep.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection

from gridmap.errors import InvalidInput, KeyReused
from gridmap.parsing.photo import LIMITS
from gridmap.store import incidents, links, read, residents, write
from gridmap.usecases import photos, spots
from gridmap.usecases.context import Context
from gridmap.usecases.residents import PHOTOS, attach, own_case, sender_of
from gridmap.view import View

#: parts of photos of one case in an hour
PARTS = 600


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes of a photo of `total` bytes, from `starts` on."""

    starts: int
    total: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends a photo. `name`: whose answers are remembered; `secret`: what makes an upload theirs beside its key.

    `case` gives the case it is for, or raises for who does not see it; `attach` takes the whole photo and its key.
    """

    name: str
    secret: str
    case: Callable[[Connection], int]
    attach: Callable[[bytes, str], dict[str, Any]]


def by_link(ctx: Context, token: str) -> Sender:
    """A resident who holds the link of the report."""
    return Sender(
        sender_of(token), token, lambda conn: own_case(ctx, conn, token),
        lambda data, key: attach(ctx, token, data, key=key),
    )  # fmt: skip


def by_staff(ctx: Context, view: View, incident_id: int) -> Sender:
    """Somebody who serves the case."""
    name, case = spots.sender_of(view), partial(photos.seen_case, ctx, view, incident_id)
    whole = partial(photos.attach, ctx, view, incident_id)
    return Sender(name, f"{name} {incident_id}", case, lambda data, key: whole(data, key=key))


def arrived(ctx: Context, sender: Sender, key: str) -> dict[str, Any]:
    """How far an upload is: `{received, photo}`; `photo` is what `attach` answered, once it is attached. NotFound."""
    with read(ctx.engine) as conn:
        sender.case(conn)
        photo = _answered(conn, sender, key)
        return {"received": links.arrived(conn, _upload(sender, key)), "photo": photo}


def add(ctx: Context, sender: Sender, part: Part, *, key: str) -> dict[str, Any]:
    """Keep a part; with the last one the photo is attached. As `arrived`.

    Raises NotFound, Conflict for a part that begins elsewhere (`upload_offset`), TooMany, and as `attach`.
    """
    if not 0 < part.total <= LIMITS.input_bytes:
        said = f"a photo has 1 to {LIMITS.input_bytes} bytes"
        raise InvalidInput(said, field="Upload-Length", code="photo_too_large")
    if part.starts + len(part.data) > part.total:
        raise InvalidInput("this part goes beyond the photo's end", field="Upload-Offset")
    upload = _upload(sender, key)
    with write(ctx.engine) as conn:
        incident_id, now = sender.case(conn), ctx.clock()
        known = _answered(conn, sender, key)
        if known is not None:
            return {"received": part.total, "photo": known}
        residents.tally(conn, f"parts:{incident_id}", now, PARTS)
        row = incidents.current(conn, incident_id)
        kept = {"incident_id": incident_id, "upload": upload, "starts": part.starts, "created_at": now}
        subject_id = links.add_chunk(conn, ctx.vault, kept, row.subject_id, part.data)
        if subject_id != row.subject_id:
            incidents.set_values(conn, incident_id, subject_id=subject_id)
        if part.starts == 0:  # an upload nobody goes on with gives way: a link fills no disk
            links.drop_uploads(conn, incident_id, PHOTOS)
        received = links.arrived(conn, upload)
        whole = links.whole(conn, ctx.vault, upload) if received == part.total else None
    if whole is None:
        return {"received": received, "photo": None}
    return {"received": received, "photo": _attached(ctx, sender, upload, whole, key)}


def _attached(ctx: Context, sender: Sender, upload: str, whole: bytes, key: str) -> dict[str, Any]:
    try:
        photo = sender.attach(whole, key)
    except InvalidInput:
        with write(ctx.engine) as conn:
            links.drop_chunks(conn, upload)  # no photo will ever come of it
        raise
    with write(ctx.engine) as conn:
        links.drop_chunks(conn, upload)
    return photo


def _answered(conn: Connection, sender: Sender, key: str) -> dict[str, Any] | None:
    """The photo that was attached under this key. KeyReused where it was the key of something else."""
    told = incidents.answer_of(conn, sender.name, key)
    if told is not None and "width" not in told:
        raise KeyReused("this key was used for something else; draw another for each photo", key=key)
    return told


def _upload(sender: Sender, key: str) -> str:
    return hashlib.sha256(f"{sender.secret} {key}".encode()).hexdigest()
