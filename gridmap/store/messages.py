"""SQL of the message queue: the outbox taken apart, leases, outcomes, what waits and what failed.

A message is taken by a lease: `claim` writes who holds it until when, and nobody else takes it before that. Claims take
turns (the write lock on SpatiaLite, a lock of the transaction on PostGIS), so that the limit per person is exact; rows
that another transaction holds are skipped. Nothing is decided here about when a message may go: `hold` says.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, func, insert, literal_column, or_, select, update

from gridmap.store import tables as t
from gridmap.store.engine import is_sqlite

#: any number, the same in every process: who holds it claims
_CLAIM_LOCK = 7_304_116

#: (channel, urgent, when others were last tried for the recipient there) -> until when it waits
Hold = Callable[[str, bool, Sequence[datetime]], datetime | None]


# --- the outbox -----------------------------------------------------------------------------------------------------


def unsent(conn: Connection, limit: int) -> Sequence[Any]:
    """Outbox rows without messages yet, oldest first: id, incident_id, kind, worker_id, body_id, created_at, process,
    the case's rung, and of the responsibility in force its reason and area path, and whether it is of the worker and
    body named; of what is about no case, meeting_id, account_id, household_id, and the area path of the meeting or of
    the enterprise's cell. Those that another transaction holds are skipped."""
    o, i, r = t.outbox, t.incidents, t.responsibilities
    held_area, met_area, near_area = (t.areas.alias(name) for name in ("held_area", "met_area", "near_area"))
    held = and_(r.c.incident_id == o.c.incident_id, r.c.valid_to.is_(None))
    query = (
        select(
            o.c.id, o.c.incident_id, o.c.kind, o.c.worker_id, o.c.body_id, o.c.created_at,
            func.coalesce(i.c.process, t.categories.c.process).label("process"),
            r.c.reason, i.c.level, o.c.meeting_id, o.c.account_id, o.c.household_id,
            func.coalesce(held_area.c.path, met_area.c.path, near_area.c.path).label("path"),
            and_(
                o.c.worker_id.is_not_distinct_from(r.c.worker_id), o.c.body_id.is_not_distinct_from(r.c.body_id)
            ).label("to_holder"),
        )
        .outerjoin(i, i.c.id == o.c.incident_id)
        .outerjoin(t.categories, t.categories.c.id == i.c.category_id)
        .outerjoin(r, held)
        .outerjoin(held_area, held_area.c.id == r.c.area_id)
        .outerjoin(t.meetings, t.meetings.c.id == o.c.meeting_id)
        .outerjoin(met_area, met_area.c.id == t.meetings.c.area_id)
        .outerjoin(t.enterprises, t.enterprises.c.id == o.c.enterprise_id)
        .outerjoin(t.cells, t.cells.c.id == t.enterprises.c.cell_id)
        .outerjoin(near_area, near_area.c.id == t.cells.c.area_id)
        .where(o.c.sent_at.is_(None))
        .order_by(o.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=o)
    )  # fmt: skip
    return conn.execute(query).all()


def any_unsent(conn: Connection) -> bool:
    """Whether the outbox holds anything: a look that takes no lock."""
    return conn.execute(select(t.outbox.c.id).where(t.outbox.c.sent_at.is_(None)).limit(1)).first() is not None


def mailboxes(conn: Connection) -> Sequence[Any]:
    """The accounts that may be told of cases, and officials, who lead meetings: id, role, worker_id, body_id, and
    the path of their area."""
    a = t.accounts.c
    query = (
        select(a.id, a.role, a.worker_id, a.body_id, t.areas.c.path)
        .outerjoin(t.areas, t.areas.c.id == a.area_id)
        .where(a.disabled_at.is_(None), a.role.in_(("worker", "handler", "dispatcher", "supervisor", "official")))
        .order_by(a.id)
    )
    return conn.execute(query).all()


def with_phone(conn: Connection, worker_ids: Collection[int]) -> set[int]:
    """Which of these workers have a sealed telephone number."""
    s = t.sealed.c
    query = (
        select(t.workers.c.id)
        .join(t.sealed, s.subject_id == t.workers.c.subject_id)
        .where(t.workers.c.id.in_(worker_ids), s.field == "contact_phone")
    )
    return set(conn.execute(query).scalars())


def with_consent(conn: Connection, household_ids: Collection[int], today: date) -> dict[int, int]:
    """Those of these households that agree on a day to be called, with the subject under whom the number is sealed."""
    h, c, s = t.households.c, t.consents.c, t.sealed.c
    query = (
        select(h.id, h.subject_id)
        .join(t.consents, c.household_id == h.id)
        .join(t.sealed, s.subject_id == h.subject_id)
        .where(
            h.id.in_(household_ids), c.purpose == "contact", c.withdrawn_at.is_(None),
            or_(c.until.is_(None), c.until > today), s.field == "contact_phone",
        )
    )  # fmt: skip
    return {row[0]: row[1] for row in conn.execute(query)}


def with_email(conn: Connection, body_ids: Collection[int]) -> set[int]:
    """Which of these bodies have a mailbox."""
    b = t.bodies.c
    return set(conn.execute(select(b.id).where(b.id.in_(body_ids), b.email.is_not(None))).scalars())


def add(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert messages; each row names the same columns."""
    if rows:
        conn.execute(insert(t.messages), list(rows))


def mark_sent(conn: Connection, outbox_ids: Collection[int], now: datetime) -> None:
    """Say that the messages of these outbox rows are written."""
    conn.execute(update(t.outbox).where(t.outbox.c.id.in_(outbox_ids)).values(sent_at=now))


# --- leases ---------------------------------------------------------------------------------------------------------


def _due(now: datetime, channels: Collection[str]) -> Any:
    m = t.messages.c
    free = or_(m.lease_until.is_(None), m.lease_until <= now)
    # the status written out, so that the partial index is used
    return and_(literal_column("messages.status = 'waiting'"), m.next_at <= now, m.channel.in_(channels), free)


def any_due(conn: Connection, now: datetime, channels: Collection[str]) -> bool:
    """Whether a message could be claimed: a look that takes no lock."""
    return conn.execute(select(t.messages.c.id).where(_due(now, channels)).limit(1)).first() is not None


def claim(
    conn: Connection,
    owner: str,
    channels: Collection[str],
    now: datetime,
    until: datetime,
    *,
    since: datetime,
    hold: Hold,
    limit: int,
) -> list[int]:
    """Lease up to `limit` due messages, emergencies first: their ids in that order.

    Those that `hold` keeps back wait until the moment that it names. `since`: how far back it must know of others.
    """
    if not is_sqlite(conn):
        conn.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_CLAIM_LOCK})")
    m = t.messages.c
    query = (
        select(m.id, m.channel, m.recipient, m.urgent)
        .where(_due(now, channels))
        .order_by(m.urgent.desc(), m.next_at, m.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = conn.execute(query).all()
    tried = _tried(conn, {row.recipient for row in rows}, {row.id for row in rows}, since)
    taken = []
    for row in rows:
        others = tried.setdefault((row.channel, row.recipient), [])
        held_until = hold(row.channel, bool(row.urgent), others)
        if held_until is None:
            others.append(now)
            taken.append(row.id)
        else:
            conn.execute(update(t.messages).where(m.id == row.id).values(next_at=held_until, ready_at=held_until))
    leased = {"lease_owner": owner, "lease_until": until, "tried_at": now, "attempts": m.attempts + 1}
    conn.execute(update(t.messages).where(m.id.in_(taken)).values(**leased))
    return taken


def _tried(
    conn: Connection, recipients: Collection[str], but: Collection[int], since: datetime
) -> dict[tuple[str, str], list[datetime]]:
    """By channel and recipient, when messages other than these were tried since a moment."""
    m = t.messages.c
    query = select(m.id, m.channel, m.recipient, m.tried_at).where(m.recipient.in_(recipients), m.tried_at > since)
    found: dict[tuple[str, str], list[datetime]] = {}
    for row in conn.execute(query):
        if row.id not in but:
            found.setdefault((row.channel, row.recipient), []).append(row.tried_at)
    return found


def renew(conn: Connection, owner: str, ids: Collection[int], until: datetime) -> set[int]:
    """A heartbeat: those of these messages that are still this owner's, now until later."""
    m = t.messages.c
    mine = update(t.messages).where(m.id.in_(ids), m.lease_owner == owner, m.status == "waiting")
    return set(conn.execute(mine.values(lease_until=until).returning(m.id)).scalars())


def release(conn: Connection, owner: str, ids: Collection[int]) -> None:
    """Give back messages that were not tried after all; the attempt is not counted."""
    m = t.messages.c
    back = {"lease_owner": None, "lease_until": None, "attempts": m.attempts - 1, "tried_at": None}
    conn.execute(update(t.messages).where(m.id.in_(ids), m.lease_owner == owner).values(**back))


# --- what goes out, and what became of it ---------------------------------------------------------------------------


def details(conn: Connection, ids: Collection[int]) -> dict[int, Any]:
    """By id, what is needed to write a message: the case's number, names of category and cell, due_at; the body, and
    the subjects of a worker and of the case, under which the telephone numbers are sealed, and the household that is
    invited. Of what is about no case instead what `told_of_tables` names."""
    m, i, o, r = t.messages, t.incidents, t.outbox, t.responsibilities
    held = and_(r.c.incident_id == m.c.incident_id, r.c.valid_to.is_(None))
    query = (
        select(
            m.c.id, m.c.kind, m.c.channel, m.c.recipient, m.c.key, m.c.attempts, m.c.urgent, m.c.created_at,
            i.c.number, i.c.due_at, t.categories.c.code.label("category"), t.categories.c.name.label("category_name"),
            t.categories.c.name_en.label("category_name_en"), t.cells.c.code.label("cell"),
            t.cells.c.name.label("cell_name"), t.cells.c.name_en.label("cell_name_en"), t.bodies.c.code.label("body"),
            t.bodies.c.email, t.workers.c.subject_id, m.c.outbox_id, i.c.subject_id.label("case_subject_id"),
            o.c.household_id, *told_of_tables(),
        )
        .join(o, o.c.id == m.c.outbox_id)
        .outerjoin(i, i.c.id == m.c.incident_id)
        .outerjoin(t.categories, t.categories.c.id == i.c.category_id)
        .outerjoin(r, held)
        .outerjoin(t.cells, t.cells.c.id == r.c.cell_id)
        .outerjoin(t.bodies, t.bodies.c.id == o.c.body_id)
        .outerjoin(t.workers, t.workers.c.id == o.c.worker_id)
        .where(m.c.id.in_(ids))
    )  # fmt: skip
    return {row.id: row for row in conn.execute(with_tables(query))}


_OWNERS, _ABOUT = t.enterprises.alias("owners"), t.enterprises.alias("about")
_OWNER_BODIES = t.bodies.alias("owner_bodies")


def told_of_tables() -> list[Any]:
    """What is told of meetings, promises and enterprises; `with_tables` joins what these columns stand in."""
    o, e, p, b, w = t.outbox.c, _ABOUT.c, t.promises.c, _OWNER_BODIES.c, _OWNERS.c
    return [
        t.meetings.c.id.label("meeting_id"), t.meetings.c.number.label("meeting"), t.meetings.c.meets_at,
        t.meetings.c.venue, o.enterprise_id, e.name.label("about_name"), e.name_en.label("about_name_en"),
        p.due_at.label("promise_due_at"), func.coalesce(b.name, w.name).label("owner_name"),
        func.coalesce(b.name_en, w.name_en).label("owner_name_en"), o.told,
    ]  # fmt: skip


def with_tables(query: Select[Any]) -> Select[Any]:
    """A query of the outbox with the meeting, promise and enterprise that a row is about."""
    o, m, p = t.outbox, t.meetings, t.promises
    return (
        query.outerjoin(m, m.c.id == o.c.meeting_id)
        .outerjoin(p, p.c.id == o.c.promise_id)
        .outerjoin(_ABOUT, _ABOUT.c.id == func.coalesce(o.c.enterprise_id, m.c.enterprise_id))
        .outerjoin(_OWNER_BODIES, _OWNER_BODIES.c.id == p.c.body_id)
        .outerjoin(_OWNERS, _OWNERS.c.id == p.c.enterprise_id)
    )


def settle_sent(conn: Connection, message_id: int, now: datetime) -> None:
    """It was taken. Written even where the lease has gone to another meanwhile: one repeat less."""
    m = t.messages.c
    done = {"status": "sent", "settled_at": now, "lease_owner": None, "lease_until": None, "error": None}
    conn.execute(update(t.messages).where(m.id == message_id, m.status == "waiting").values(**done))


def settle_later(conn: Connection, owner: str, message_id: int, next_at: datetime, error: str) -> None:
    """It was not taken this time; only whoever holds it may say so."""
    later = {"next_at": next_at, "error": error, "lease_owner": None, "lease_until": None}
    conn.execute(_held(owner, message_id).values(**later))


def settle_dead(conn: Connection, owner: str, message_id: int, now: datetime, error: str) -> None:
    """It is given up; only whoever holds it may say so. It stays on the list of the dead until it is revived."""
    dead = {"status": "dead", "settled_at": now, "error": error, "lease_owner": None, "lease_until": None}
    conn.execute(_held(owner, message_id).values(**dead))


def _held(owner: str, message_id: int) -> Any:
    m = t.messages.c
    return update(t.messages).where(m.id == message_id, m.lease_owner == owner, m.status == "waiting")


# --- the dead -------------------------------------------------------------------------------------------------------


def dead(conn: Connection, limit: int, after: int | None = None) -> Sequence[Any]:
    """The messages that were given up, latest first: id, kind, channel, recipient, key, attempts, error, settled_at,
    the number of the case or meeting, and the names of the body and the worker that it is for. `after`: the id of the
    last one of the page before."""
    m, b, w = t.messages.c, t.bodies.c, t.workers.c
    number = func.coalesce(t.incidents.c.number, t.meetings.c.number).label("number")
    names = (b.name.label("body"), b.name_en.label("body_en"), w.name.label("worker"), w.name_en.label("worker_en"))
    query = (
        select(m.id, number, m.kind, m.channel, m.recipient, m.key, m.attempts, m.error, m.settled_at, *names)
        .join(t.outbox, t.outbox.c.id == m.outbox_id)
        .outerjoin(t.incidents, t.incidents.c.id == m.incident_id)
        .outerjoin(t.meetings, t.meetings.c.id == t.outbox.c.meeting_id)
        .outerjoin(t.bodies, b.id == t.outbox.c.body_id)
        .outerjoin(t.workers, w.id == t.outbox.c.worker_id)
        .where(literal_column("messages.status = 'dead'"))
        .order_by(m.settled_at.desc(), m.id.desc())
        .limit(limit)
    )
    if after is not None:
        last = t.messages.alias("last")
        since = select(last.c.settled_at).where(last.c.id == after).scalar_subquery()
        query = query.where(or_(m.settled_at < since, and_(m.settled_at == since, m.id < after)))
    return conn.execute(query).all()


def count_dead(conn: Connection) -> int:
    """How many messages were given up and not sent again."""
    query = select(func.count()).select_from(t.messages).where(literal_column("messages.status = 'dead'"))
    return int(conn.execute(query).scalar_one())


def revive(conn: Connection, ids: Collection[int] | None, now: datetime) -> int:
    """Put dead messages back into the queue, under the same keys, with their attempts begun anew; None: all."""
    m = t.messages.c
    anew = {"status": "waiting", "settled_at": None, "attempts": 0, "next_at": now, "ready_at": now, "error": None}
    which = update(t.messages).where(m.status == "dead")
    return conn.execute((which if ids is None else which.where(m.id.in_(ids))).values(**anew)).rowcount


def forget(conn: Connection, before: datetime) -> int:
    """Remove messages that were sent or given up before a moment; how many there were."""
    m = t.messages.c
    return conn.execute(t.messages.delete().where(m.settled_at < before)).rowcount
