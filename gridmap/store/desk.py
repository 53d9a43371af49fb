"""SQL of what belongs to one account alone (saved lists, cases filed for residents), and of a search in texts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from gridmap.store import subjects
from gridmap.store import tables as t
from gridmap.store.scope import IN_FORCE, clause
from gridmap.view import Kind, View

# --- saved lists ----------------------------------------------------------------------------------------------------


def saved(conn: Connection, account_id: int) -> Sequence[Any]:
    """An account's saved lists by name: id, name, query."""
    v = t.saved_views.c
    return conn.execute(select(v.id, v.name, v.query).where(v.account_id == account_id).order_by(v.name)).all()


def save(conn: Connection, account_id: int, name: str, query: str, now: datetime) -> int:
    """Keep a list under a name, in place of one that has it; its id."""
    v = t.saved_views
    mine = (v.c.account_id == account_id, v.c.name == name)
    known = conn.execute(update(v).where(*mine).values(query=query).returning(v.c.id)).scalar()
    if known is not None:
        return int(known)
    values = {"account_id": account_id, "name": name, "query": query, "created_at": now}
    return int(conn.execute(insert(v).values(values).returning(v.c.id)).scalar_one())


def forget(conn: Connection, account_id: int, view_id: int) -> bool:
    """Remove one of an account's lists; whether there was one."""
    v = t.saved_views
    return conn.execute(delete(v).where(v.c.account_id == account_id, v.c.id == view_id)).rowcount > 0


# --- cases filed for residents --------------------------------------------------------------------------------------


def keep_behalf(conn: Connection, owner: str, subject_id: int, ends_at: datetime) -> None:
    """Keep that an account (`owner`: a keyed digest) filed the case that is sealed under a subject."""
    conn.execute(insert(t.behalves).values(owner=owner, subject_id=subject_id, ends_at=ends_at))


def behalves(conn: Connection, owner: str, now: datetime, most: int) -> Sequence[Any]:
    """The newest links of an account that have not ended: subject_id, ends_at."""
    b = t.behalves.c
    query = select(b.subject_id, b.ends_at).where(b.owner == owner, b.ends_at > now).order_by(b.id.desc()).limit(most)
    return conn.execute(query).all()


def end_behalves(conn: Connection, now: datetime) -> int:
    """Remove the links whose time is over, with the keys of what they sealed; how many there were."""
    b = t.behalves
    ended = conn.execute(select(b.c.id, b.c.subject_id).where(b.c.ends_at <= now)).all()
    for row in ended:
        conn.execute(delete(b).where(b.c.id == row.id))
        conn.execute(delete(t.behalf_tracks).where(t.behalf_tracks.c.subject_id == row.subject_id))
        subjects.erase(conn, row.subject_id, now)
    return len(ended)


def progress(conn: Connection, incident_ids: Sequence[int]) -> dict[int, Any]:
    """How far cases are, by id: number, status, received_at, due_at, closed_at, and names of category and body."""
    i, c, b, r = t.incidents, t.categories, t.bodies, t.responsibilities
    joined = i.join(c, c.c.id == i.c.category_id).outerjoin(r, IN_FORCE).outerjoin(b, b.c.id == r.c.body_id)
    query = select(
        i.c.id, i.c.number, i.c.status, i.c.received_at, i.c.due_at, i.c.closed_at,
        c.c.code.label("category"), c.c.name.label("category_name"), c.c.name_en.label("category_name_en"),
        b.c.code.label("body"), b.c.name.label("body_name"), b.c.name_en.label("body_name_en"),
    ).select_from(joined)  # fmt: skip
    return {row.id: row for row in conn.execute(query.where(i.c.id.in_(list(incident_ids))))}


# --- texts ----------------------------------------------------------------------------------------------------------


def with_texts(conn: Connection, view: View, after: int | None, limit: int, now: datetime) -> Sequence[Any]:
    """The newest cases in the View's scope of which something is sealed: id, subject_id."""
    i = t.incidents.c
    query = select(i.id, i.subject_id).where(i.subject_id.is_not(None), clause(view, Kind.INCIDENT, now=now))
    if after is not None:
        query = query.where(i.id < after)
    return conn.execute(query.order_by(i.id.desc()).limit(limit)).all()


def count_texts(conn: Connection, view: View, now: datetime) -> int:
    """How many cases in the View's scope have something sealed."""
    i = t.incidents.c
    where = (i.subject_id.is_not(None), clause(view, Kind.INCIDENT, now=now))
    return int(conn.execute(select(func.count()).select_from(t.incidents).where(*where)).scalar_one())
