"""SQL of help buttons: devices, their calls, and which calls wait for the next to be asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gridmap.store import tables as t


def add(conn: Connection, code: str, household_id: int, subject_id: int, now: datetime) -> int:
    """Write a device down; its id."""
    row = {"code": code, "household_id": household_id, "subject_id": subject_id, "installed_at": now}
    return int(conn.execute(insert(t.devices).values(**row).returning(t.devices.c.id)).scalar_one())


def household_of(conn: Connection, code: str) -> int | None:
    """The household of this code."""
    return conn.execute(select(t.households.c.id).where(t.households.c.code == code)).scalar_one_or_none()


def device(conn: Connection, code: str) -> Any:
    """A device in use, with its household's place and address; None when there is none."""
    return conn.execute(_device(), {"code": code}).one_or_none()


@lru_cache(1)
def _device() -> Select[Any]:
    d, h = t.devices.c, t.households.c
    return (
        select(
            d.id, d.code, d.household_id, d.subject_id, h.address, h.cell_id,
            func.ST_X(h.geom).label("lon"), func.ST_Y(h.geom).label("lat"),
        )
        .join(t.households, h.id == d.household_id)
        .where(d.code == bindparam("code"), d.retired_at.is_(None))
    )  # fmt: skip


def retire(conn: Connection, code: str, now: datetime) -> int:
    """Take a device out of use; how many there were."""
    d = t.devices
    return conn.execute(update(d).where(d.c.code == code, d.c.retired_at.is_(None)).values(retired_at=now)).rowcount


def heard(conn: Connection, device_id: int, now: datetime, *, test: bool) -> None:
    """Remember that a device was heard."""
    values = {"heard_at": now, **({"tested_at": now} if test else {})}
    conn.execute(update(t.devices).where(t.devices.c.id == device_id).values(**values))


def claim(conn: Connection, device_id: int, counter: int, kind: str, incident_id: int | None, sent: datetime,
          now: datetime, next_at: datetime | None) -> bool:  # fmt: skip
    """Write a call down; False where this counter of this device is there already."""
    make = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    row = {
        "device_id": device_id, "counter": counter, "kind": kind, "incident_id": incident_id, "sent_at": sent,
        "received_at": now, "paged": 0 if next_at is None else 1, "next_at": next_at,
    }  # fmt: skip
    taken = make(t.calls).values(row).on_conflict_do_nothing().returning(t.calls.c.id)
    return conn.execute(taken).first() is not None


def lock(conn: Connection, device_id: int) -> None:
    """Let calls of one device take turns, so that of two with the same counter the second sees the first."""
    conn.execute(select(t.devices.c.id).where(t.devices.c.id == device_id).with_for_update())


def call(conn: Connection, device_id: int, counter: int) -> Any:
    """A call that is there already: kind, received_at, incident_id and the incident's number; None without one."""
    return conn.execute(_call(), {"device": device_id, "counter": counter}).one_or_none()


@lru_cache(1)
def _call() -> Select[Any]:
    c, i = t.calls.c, t.incidents.c
    return (
        select(c.kind, c.received_at, c.incident_id, i.number)
        .outerjoin(t.incidents, i.id == c.incident_id)
        .where(c.device_id == bindparam("device"), c.counter == bindparam("counter"))
    )


def due(conn: Connection, now: datetime, limit: int) -> Sequence[Any]:
    """Calls that go on to the next: id, incident_id, paged, status, and the home's lon, lat. Locked for the transaction
    where the database can; those that another one holds are skipped."""
    c, i, d, h = t.calls.c, t.incidents.c, t.devices.c, t.households.c
    query = (
        select(
            c.id, c.incident_id, c.paged, i.status, func.ST_X(h.geom).label("lon"), func.ST_Y(h.geom).label("lat")
        )
        .join(t.incidents, i.id == c.incident_id)
        .join(t.devices, d.id == c.device_id)
        .join(t.households, h.id == d.household_id)
        .where(c.next_at.is_not(None), c.next_at <= now)
        .order_by(c.next_at, c.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=t.calls)
    )  # fmt: skip
    return conn.execute(query).all()


def any_due(conn: Connection, now: datetime) -> bool:
    """Whether a call waits: a look that takes no lock."""
    c = t.calls.c
    return conn.execute(select(c.id).where(c.next_at.is_not(None), c.next_at <= now).limit(1)).first() is not None


def went_on(conn: Connection, call_id: int, paged: int, next_at: datetime | None) -> None:
    conn.execute(update(t.calls).where(t.calls.c.id == call_id).values(paged=paged, next_at=next_at))


def asked(conn: Connection, incident_id: int) -> set[int]:
    """The workers who had a case before, or have it now."""
    return set(conn.execute(_asked(), {"incident": incident_id}).scalars())


@lru_cache(1)
def _asked() -> Select[Any]:
    r = t.responsibilities.c
    return select(r.worker_id).where(r.incident_id == bindparam("incident"), r.worker_id.is_not(None))


def unheard(conn: Connection, before: datetime, tested_before: datetime, path: str | None) -> list[dict[str, Any]]:
    """Devices in use not heard, or not tested, since these moments, below an area (None: everywhere): code, cell,
    heard_at, tested_at, installed_at. No address and no name."""
    d, h, c, a = t.devices.c, t.households.c, t.cells.c, t.areas.c
    query = (
        select(d.code, c.code.label("cell"), d.heard_at, d.tested_at, d.installed_at)
        .join(t.households, h.id == d.household_id)
        .outerjoin(t.cells, c.id == h.cell_id)
        .outerjoin(t.areas, a.id == c.area_id)
        .where(
            d.retired_at.is_(None),
            or_(
                func.coalesce(d.heard_at, d.installed_at) < before,
                func.coalesce(d.tested_at, d.installed_at) < tested_before,
            ),
        )
        .order_by(d.code)
    )
    if path is not None:
        query = query.where(a.path.startswith(path, autoescape=True))
    return [dict(row) for row in conn.execute(query).mappings()]
