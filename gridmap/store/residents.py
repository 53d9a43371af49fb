"""What is kept for residents without an account: tracking links by hash, spent challenges, and tallies by the hour."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from gridmap.case import clock
from gridmap.errors import Conflict, NotFound, TooMany
from gridmap.store import tables as t
from gridmap.store.scope import IN_FORCE


def _insert(conn: Connection, table: Any) -> Any:
    return (postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert)(table)


def add_track(conn: Connection, incident_id: int, token_hash: str, now: datetime) -> None:
    conn.execute(insert(t.tracks).values(incident_id=incident_id, token_hash=token_hash, created_at=now))


def tracked(conn: Connection, token_hash: str) -> int:
    """The case of a tracking link. NotFound."""
    found = conn.execute(select(t.tracks.c.incident_id).where(t.tracks.c.token_hash == token_hash)).scalar()
    if found is None:
        raise NotFound("there is no report under this link; check that it is whole")
    return int(found)


def answered(conn: Connection, sender: str, key: str) -> bool:
    """Whether a request was answered before, so that it asks for no proof again."""
    r = t.requests.c
    return conn.execute(select(r.key).where(r.sender == sender, r.key == key)).first() is not None


def spend(conn: Connection, challenge: str, expires_at: datetime) -> None:
    """Take a challenge (its digest), once. Conflict when it was taken before."""
    row = _insert(conn, t.spent).values(challenge=challenge, expires_at=expires_at)
    if conn.execute(row.on_conflict_do_nothing().returning(t.spent.c.challenge)).first() is None:
        raise Conflict("this challenge was answered before; ask for a new one", code="challenge_spent")


def salt_of(conn: Connection, day: date) -> str:
    """The salt of a day, drawn by whoever asks first."""
    row = _insert(conn, t.salts).values(day=day, salt=secrets.token_hex(32))
    conn.execute(row.on_conflict_do_nothing())
    return str(conn.execute(select(t.salts.c.salt).where(t.salts.c.day == day)).scalar_one())


def tally(conn: Connection, bucket: str, now: datetime, most: int) -> None:
    """Count one more in this hour. TooMany beyond `most`, with the seconds until the hour is over."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    row = _insert(conn, t.tallies).values(bucket=bucket, hour=hour, count=1)
    more = row.on_conflict_do_update(index_elements=["bucket", "hour"], set_={"count": t.tallies.c.count + 1})
    if conn.execute(more.returning(t.tallies.c.count)).scalar_one() > most:
        left = hour + timedelta(hours=1) - now
        raise TooMany("too many were sent in this hour; try later", retry_after_s=int(left.total_seconds()) + 1)


def tallied(conn: Connection, bucket: str, now: datetime) -> int:
    """How many were counted in this hour."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    c = t.tallies.c
    counted = select(func.coalesce(func.sum(c.count), 0)).where(c.bucket == bucket, c.hour == hour)
    return int(conn.execute(counted).scalar_one())


def forget(conn: Connection, now: datetime, today: date) -> int:
    """Remove spent challenges that expired, tallies of past hours, and salts of past days; how many challenges."""
    conn.execute(delete(t.tallies).where(t.tallies.c.hour < now - timedelta(hours=1)))
    conn.execute(delete(t.salts).where(t.salts.c.day < today))
    return conn.execute(delete(t.spent).where(t.spent.c.expires_at < now)).rowcount


def places(conn: Connection, wanted: str, most: int) -> Sequence[dict[str, Any]]:
    """Places of the base map whose name holds these words: names, class, lon and lat in WGS84 degrees."""
    p = t.places.c
    query = (
        select(p.name, p.name_en, p["class"], p.geom.ST_X().label("lon"), p.geom.ST_Y().label("lat"))
        .where(or_(p.name.icontains(wanted, autoescape=True), p.name_en.icontains(wanted, autoescape=True)))
        .order_by(p.name)
        .limit(most)
    )
    return [dict(row._mapping) for row in conn.execute(query)]


def standing(conn: Connection, incident_id: int, now: datetime) -> dict[str, Any]:
    """What a resident is told of a case: number, category, light, body and area. No person, no cell, no place."""
    i, r, c, b, a = t.incidents.c, t.responsibilities.c, t.categories.c, t.bodies.c, t.areas.c
    query = (
        select(
            i.number, i.status, i.received_at, i.due_at, i.closed_at, i.yellow_at, i.red_at, i.very_late_at,
            i.paused_until, c.name.label("category"), c.name_en.label("category_en"),
            b.name.label("body"), b.name_en.label("body_en"), a.name.label("area"), a.name_en.label("area_en"),
        )
        .select_from(t.incidents)
        .join(t.categories, c.id == i.category_id)
        .outerjoin(t.responsibilities, IN_FORCE)
        .outerjoin(t.bodies, b.id == r.body_id)
        .outerjoin(t.areas, a.id == r.area_id)
        .where(i.id == incident_id)
    )  # fmt: skip
    row = dict(conn.execute(query).mappings().one())
    moments = clock.Thresholds(*(row.pop(name) for name in ("yellow_at", "red_at", "very_late_at")))
    light = moments.light(now, row.pop("paused_until"))
    return {**row, "light": str(light) if row["closed_at"] is None else None}
