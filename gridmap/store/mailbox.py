"""SQL of the mailboxes: an account's in-app messages, as far as its View still admits the cases they speak of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, false, func, or_, select, update

from gridmap.store import tables as t
from gridmap.store.messages import told_of_tables, with_tables
from gridmap.store.scope import clause
from gridmap.view import Kind, Role, View


def page(conn: Connection, view: View, *, unread: bool, after: int | None, limit: int, now: datetime) -> Sequence[Any]:
    """Messages, newest first: id, kind, urgent, created_at, read_at, `served` (whether the case is the caller's), and
    of the case incident_id, number, due_at and the names of its category and of the cell responsible now; of others
    what `store.messages.told_of_tables` names."""
    m, i, r = t.messages, t.incidents, t.responsibilities
    query = select(
        m.c.id, m.c.kind, m.c.urgent, m.c.created_at, m.c.read_at, clause(view, Kind.INCIDENT, now=now).label("served"),
        m.c.incident_id, i.c.number, i.c.due_at, t.categories.c.code.label("category"),
        t.categories.c.name.label("category_name"), t.categories.c.name_en.label("category_name_en"),
        t.cells.c.code.label("cell"), t.cells.c.name.label("cell_name"), t.cells.c.name_en.label("cell_name_en"),
        *told_of_tables(),
    )  # fmt: skip
    query = (
        _joined(query)
        .outerjoin(t.categories, t.categories.c.id == i.c.category_id)
        .outerjoin(r, and_(r.c.incident_id == m.c.incident_id, r.c.valid_to.is_(None)))
        .outerjoin(t.cells, t.cells.c.id == r.c.cell_id)
        .where(_shown(view, now))
        .order_by(m.c.id.desc())
        .limit(limit)
    )
    if unread:
        query = query.where(m.c.read_at.is_(None))
    if after is not None:
        query = query.where(m.c.id < after)
    return conn.execute(query).all()


def unread_count(conn: Connection, view: View, now: datetime) -> int:
    """How many messages the account has not read."""
    counted = _joined(select(func.count())).where(_shown(view, now), t.messages.c.read_at.is_(None))
    return int(conn.execute(counted).scalar_one())


def mark_read(conn: Connection, view: View, message_id: int, now: datetime) -> bool:
    """Say that a message was read, once; whether there is such a message for this account."""
    m = t.messages.c
    found = conn.execute(_joined(select(m.id)).where(_shown(view, now), m.id == message_id)).first()
    if found is None:
        return False
    conn.execute(update(t.messages).where(m.id == message_id, m.read_at.is_(None)).values(read_at=now))
    return True


def _joined(query: Select[Any]) -> Select[Any]:
    m = t.messages
    joined = m.join(t.outbox, t.outbox.c.id == m.c.outbox_id)
    joined = joined.outerjoin(t.incidents, t.incidents.c.id == m.c.incident_id)
    return with_tables(query.select_from(joined))


def _shown(view: View, now: datetime) -> ColumnElement[bool]:
    """The account's own messages: of cases and meetings in its scope, of enterprises, and those told to its worker
    about a neighbour's case, and its weekly digests. An official is told of no case."""
    actor = view.actor
    assert actor is not None
    told = t.outbox.c.worker_id == actor.worker_id if actor.worker_id is not None else false()
    neighbours = and_(t.messages.c.kind == "border", told)
    mine = t.messages.c.account_id == actor.account_id
    cases = false() if actor.role is Role.OFFICIAL else or_(clause(view, Kind.INCIDENT, now=now), neighbours)
    about = or_(t.outbox.c.enterprise_id.is_not(None), t.outbox.c.told.is_not(None))
    tables = and_(t.messages.c.incident_id.is_(None), or_(about, clause(view, Kind.MEETING)))
    return and_(mine, or_(and_(t.messages.c.incident_id.is_not(None), cases), tables))
