"""SQL of what is told about meetings, promises and enterprises: into the outbox, once each, whoever finds it first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, func, literal_column, select
from sqlalchemy.dialects import postgresql, sqlite

from gridmap.enterprise import MeetingStatus, Party, PromiseStatus
from gridmap.store import tables as t
from gridmap.store.bulk import frame
from gridmap.store.spatial import Bbox, intersects_bbox

#: rows of one statement; SQLite counts its parameters
_AT_ONCE = 500
_COLUMNS = ("meeting_id", "promise_id", "enterprise_id", "body_id", "household_id", "account_id", "told")


def put(conn: Connection, rows: Sequence[dict[str, Any]], now: datetime) -> int:
    """Write news with `kind`, `mark` and what it is about; what was told under its mark before stays so. How many."""
    make = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    whole = [{**dict.fromkeys(_COLUMNS), **row, "created_at": now} for row in rows]
    done = 0
    for start in range(0, len(whole), _AT_ONCE):
        some = make(t.outbox).values(whole[start : start + _AT_ONCE])
        done += len(conn.execute(some.on_conflict_do_nothing(index_elements=["mark"]).returning(t.outbox.c.id)).all())
    return done


def bodies_at(conn: Connection, meeting_id: int) -> list[int]:
    """The bodies that have a seat."""
    s = t.seats.c
    query = select(s.body_id).where(s.meeting_id == meeting_id, s.party == Party.GOVERNMENT).order_by(s.id)
    return list(conn.execute(query).scalars())


def reachable(conn: Connection, box: Bbox, today: date) -> pd.DataFrame:
    """Households in a box that agreed to be called, as a frame of id and geom."""
    h, c = t.households, t.consents.c
    agreed = select(c.household_id).where(
        c.purpose == "contact", c.withdrawn_at.is_(None), c.until.is_(None) | (c.until > today)
    )
    return frame(conn, select(h.c.id, h.c.geom).where(intersects_bbox(h, box), h.c.id.in_(agreed)))


def invited_to(conn: Connection, meeting_id: int) -> list[int]:
    """The households that were invited. For calling it off again; nobody reads this."""
    o = t.outbox.c
    query = select(o.household_id).where(o.meeting_id == meeting_id, o.household_id.is_not(None))
    return sorted(set(conn.execute(query).scalars()))


def count_invited(conn: Connection, meeting_ids: Collection[int]) -> dict[int, int]:
    """How many households were invited to each of these meetings."""
    o = t.outbox.c
    query = select(o.meeting_id, func.count()).where(o.kind == "meeting_invite", o.meeting_id.in_(meeting_ids))
    return {row[0]: row[1] for row in conn.execute(query.group_by(o.meeting_id))}


def promises_due(conn: Connection, before: datetime) -> Sequence[Any]:
    """Open promises that fall due before a moment: id, meeting_id, body_id, made_at, due_at, and who called the
    meeting."""
    p, m = t.promises.c, t.meetings.c
    query = (
        select(p.id, p.meeting_id, p.body_id, p.made_at, p.due_at, m.account_id)
        .join(t.meetings, m.id == p.meeting_id)
        .where(literal_column("promises.settled_at IS NULL"), p.status == PromiseStatus.OPEN, p.due_at < before)
        .order_by(p.id)
    )
    return conn.execute(query).all()


def preventives(conn: Connection, enterprise_id: int | None = None) -> Sequence[Any]:
    """The rules of regular meetings: enterprise_id, months, since, `held_at` (the last one held there, or None) and
    `called_at` (the next one called)."""
    v, m = t.preventives.c, t.meetings.c

    def of(status: MeetingStatus, moment: Any) -> Any:
        found = select(moment).where(m.enterprise_id == v.enterprise_id, m.status == status)
        return found.correlate(t.preventives).scalar_subquery()

    held, called = of(MeetingStatus.HELD, func.max(m.meets_at)), of(MeetingStatus.CALLED, func.min(m.meets_at))
    query = select(v.enterprise_id, v.months, v.since, held.label("held_at"), called.label("called_at"))
    if enterprise_id is not None:
        query = query.where(v.enterprise_id == enterprise_id)
    return conn.execute(query.order_by(v.enterprise_id)).all()
