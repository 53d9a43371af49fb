"""SQL for workers' phones: what they seal their entries to, and whose they are."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from gridmap.store import tables as t


def sealing_key(conn: Connection, key_id: int | None = None) -> Row[Any, Any, Any] | None:
    """A sealing key, the newest unless one is named: id, public_key, subject_id; None where there is none."""
    k = t.sealing_keys.c
    query = select(k.id, k.public_key, k.subject_id).order_by(k.id.desc()).limit(1)
    return conn.execute(query if key_id is None else query.where(k.id == key_id)).one_or_none()


def add_sealing_key(conn: Connection, public_key: str, subject_id: int, now: datetime) -> None:
    conn.execute(insert(t.sealing_keys).values(public_key=public_key, subject_id=subject_id, created_at=now))


def unit(conn: Connection, worker_id: int) -> dict[str, Any]:
    """The area that a worker belongs to: code, name, name_en."""
    w, a = t.workers.c, t.areas.c
    query = select(a.code, a.name, a.name_en).join(t.workers, w.area_id == a.id).where(w.id == worker_id)
    return dict(conn.execute(query).mappings().one())
