"""Photos of cases: sealed with the key of the case's subject, in the row itself, so that both stand or neither."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from gridmap.errors import NotFound
from gridmap.privacy import Vault
from gridmap.store import subjects
from gridmap.store import tables as t
from gridmap.store.bulk import bulk_insert


def count(conn: Connection, incident_id: int) -> int:
    """How many photos of a case there are or were."""
    return conn.execute(
        select(func.count()).select_from(t.photos).where(t.photos.c.incident_id == incident_id)
    ).scalar_one()


def add(
    conn: Connection,
    vault: Vault,
    incident_id: int,
    subject_id: int | None,
    columns: dict[str, Any],
    full: bytes,
    thumb: bytes,
    now: datetime,
) -> tuple[int, int]:
    """(id, subject) of a new photo. `columns`: account_id, width, height. `full`, `thumb`: JPEG bytes."""
    subject, key = subjects.key_of(conn, vault, subject_id, now)
    made = bulk_insert(conn, t.photos, {
        "incident_id": [incident_id], "subject_id": [subject], "created_at": [now],
        "box": [vault.seal_bytes(key, subject, "photo", full)],
        "thumb": [vault.seal_bytes(key, subject, "thumb", thumb)],
        **{name: [value] for name, value in columns.items()},
    })  # fmt: skip
    return int(made[0]), subject


def listed(conn: Connection, incident_id: int) -> Sequence[dict[str, Any]]:
    """The photos of a case that were not erased, without their pixels."""
    p = t.photos.c
    rows = conn.execute(
        select(p.id, p.width, p.height, p.created_at, p.account_id.is_(None).label("by_resident"))
        .where(p.incident_id == incident_id, p.box.is_not(None))
        .order_by(p.id)
    )
    return [dict(row._mapping) | {"by_resident": bool(row.by_resident)} for row in rows]


def opened(conn: Connection, vault: Vault, incident_id: int, photo_id: int, *, thumb: bool) -> bytes:
    """A photo's JPEG bytes. NotFound for one of another case, and for one that was erased. The caller logs it."""
    p = t.photos.c
    column = p.thumb if thumb else p.box
    row = conn.execute(
        select(column, p.subject_id, t.subjects.c.wrapped_key)
        .join(t.subjects, t.subjects.c.id == p.subject_id)
        .where(p.id == photo_id, p.incident_id == incident_id)
    ).first()
    if row is None or row[0] is None or row.wrapped_key is None:
        raise NotFound("there is no such photo")
    return vault.open_bytes(vault.unwrap(row.wrapped_key), row.subject_id, "thumb" if thumb else "photo", row[0])
