"""SQL of the sweep: which cases it must look at, which it may take, and the duties that were done already."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from gridmap.store import tables as t
from gridmap.store.scope import in_hand, is_open

#: where a reading of `due` goes on: the last row's look_at and id
After = tuple[datetime, int]


def due(conn: Connection, now: datetime, after: After | None, limit: int) -> Sequence[Any]:
    """The cases to be looked at by now, the longest waiting first: rows of id and look_at, from `after` on."""
    i = t.incidents.c
    query = select(i.id, i.look_at).where(i.look_at.is_not(None), i.look_at <= now)
    if after is not None:
        query = query.where(or_(i.look_at > after[0], and_(i.look_at == after[0], i.id > after[1])))
    return conn.execute(query.order_by(i.look_at, i.id).limit(limit)).all()


def take(conn: Connection, incident_id: int, now: datetime) -> bool:
    """Lock a case that must still be looked at; False where another sweep did, or has it in hand just now."""
    i = t.incidents.c
    query = select(i.id).where(i.id == incident_id, i.look_at <= now).with_for_update(skip_locked=True)
    return conn.execute(query).first() is not None


def claim(conn: Connection, duty: str, now: datetime, recipient: str | None = None) -> bool:
    """Whether this duty is ours to do: the first to claim it does it, in the transaction that it is done in."""
    make = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    row = make(t.sweep_duties).values(duty=duty, recipient=recipient, at=now)
    done = conn.execute(row.on_conflict_do_nothing().returning(t.sweep_duties.c.id))
    return done.first() is not None


def claimed(conn: Connection, duty: str) -> bool:
    """Whether a duty was done: a look that takes no lock."""
    return conn.execute(select(t.sweep_duties.c.id).where(t.sweep_duties.c.duty == duty)).first() is not None


def told_since(conn: Connection, recipient: str, since: datetime) -> int:
    """How many duties spoke to somebody in person since a moment."""
    d = t.sweep_duties.c
    query = select(func.count()).select_from(t.sweep_duties).where(d.recipient == recipient, d.at >= since)
    return int(conn.execute(query).scalar_one())


def held_on_leave(conn: Connection, day: date, after: int, limit: int) -> list[int]:
    """Open cases with an id above `after` that lie with a worker who is on leave on a day, in order of id."""
    r, leave = t.responsibilities.c, t.leaves.c
    away = select(leave.worker_id).where(leave.starts_on <= day, leave.ends_on > day)
    query = (
        select(r.incident_id)
        .where(in_hand(r), r.worker_id.in_(away), r.incident_id > after)
        .order_by(r.incident_id)
        .limit(limit)
    )
    return list(conn.execute(query).scalars())


def on_leave(conn: Connection, worker_id: int, day: date) -> bool:
    """Whether a worker is on leave on a day."""
    leave = t.leaves.c
    query = select(leave.id).where(leave.worker_id == worker_id, leave.starts_on <= day, leave.ends_on > day)
    return conn.execute(query.limit(1)).first() is not None


def of_other_calendars(conn: Connection, calendar: str, after: int, limit: int) -> list[int]:
    """Open cases with an id above `after` whose events name another calendar than this one, in order of id."""
    i, c = t.incidents.c, t.calendars.c
    others = list(conn.execute(select(c.version).where(c.version != calendar)).scalars())
    query = select(i.id).where(i.calendar.in_(others), is_open(), i.id > after)
    return list(conn.execute(query.order_by(i.id).limit(limit)).scalars())


def count_of_other_calendars(conn: Connection, calendar: str) -> int:
    """How many open cases still count by another calendar."""
    i, c = t.incidents.c, t.calendars.c
    others = select(c.version).where(c.version != calendar)
    query = select(func.count()).select_from(t.incidents).where(i.calendar.in_(others), is_open())
    return int(conn.execute(query).scalar_one())


def forget(conn: Connection, before: datetime) -> int:
    """Remove the marks of duties done before a moment; how many. The events keep what was done."""
    return conn.execute(t.sweep_duties.delete().where(t.sweep_duties.c.at < before)).rowcount


def superior(conn: Connection, body_id: int) -> int | None:
    """The nearest committee or centre over a body; None at the top."""
    b, a, own = t.bodies, t.areas, t.areas.alias("own")
    path = select(own.c.path).join(b, b.c.area_id == own.c.id).where(b.c.id == body_id).scalar_subquery()
    query = (
        select(b.c.id)
        .join(a, a.c.id == b.c.area_id)
        .where(
            b.c.id != body_id,
            b.c.kind.in_(("committee", "centre")),
            func.substr(path, 1, func.length(a.c.path)) == a.c.path,
        )
        .order_by(func.length(a.c.path).desc(), b.c.id)
        .limit(1)
    )
    return conn.execute(query).scalar_one_or_none()
