"""SQL for workers' phones: what they seal their entries to, and whose they are."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Integer, Row, Select, bindparam, func, insert, or_, select, true

from gridmap.store import tables as t
from gridmap.store.scope import IN_FORCE, clause, is_open
from gridmap.view import Kind, View


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


# --- what has moved since a pack was made ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Moved:
    """What no version follows. `homes`, of the households' visits and consents, and `messages`, of hand-overs and
    unread messages, say how many and how new; `key`: the newest sealing key's id."""

    homes: tuple[int | None, ...]
    messages: tuple[int | None, ...]
    #: the worker's hand-overs, and the account's unread messages
    sheets: int
    letters: int
    key: int | None


def _moved() -> Select[Any]:
    """Built once: a phone asks this each time, and mostly nothing else."""
    homes = t.households.c.cell_id.in_(bindparam("cells", expanding=True))
    v, c, h, m = t.visits.c, t.consents.c, t.handovers.c, t.messages.c
    worker, account = bindparam("worker", type_=Integer), bindparam("account", type_=Integer)
    visits = select(func.count(), func.max(v.id)).select_from(t.visits.join(t.households)).where(homes)
    consents = select(func.count(), func.count(c.withdrawn_at), func.max(c.id)).where(c.purpose == "contact", homes)
    consents = consents.select_from(t.consents.join(t.households))
    sheets = select(func.count(), func.count(h.given_at), func.count(h.taken_at), func.max(h.id))
    sheets = sheets.where(or_(h.from_worker_id == worker, h.to_worker_id == worker))
    letters = select(func.count(), func.max(m.id)).where(m.account_id == account, m.read_at.is_(None))
    parts = [part.subquery(name) for name, part in zip("vchm", (visits, consents, sheets, letters), strict=True)]
    joined: Any = parts[0]
    for part in parts[1:]:
        joined = joined.join(part, true())
    key = select(func.max(t.sealing_keys.c.id)).scalar_subquery()
    return select(*(column for part in parts for column in part.c), key).select_from(joined)


_MOVED = _moved()


def moved(conn: Connection, cell_ids: Collection[int], worker_id: int, account_id: int) -> Moved:
    """A mark that changes with whatever a worker's pack shows and no version follows; one statement."""
    given = {"cells": sorted(cell_ids), "worker": worker_id, "account": account_id}
    row = tuple(conn.execute(_MOVED, given).one())
    return Moved(row[:5], row[5:-1], row[5], row[9], row[-1])


def own_cases(conn: Connection, view: View, cell_ids: Collection[int]) -> frozenset[int]:
    """The open incidents that the View admits, and those of households in these cells: all that a pack depends on."""
    i, h = t.incidents.c, t.households.c
    mine = select(i.id).where(clause(view, Kind.INCIDENT, still_open=True), is_open())
    theirs = select(i.id).join(t.households, h.id == i.household_id).where(h.cell_id.in_(sorted(cell_ids)), is_open())
    return frozenset(conn.execute(mine.union(theirs)).scalars())


def open_cases(conn: Connection, view: View, limit: int) -> list[dict[str, Any]]:
    """The open incidents that the View admits, newest first: what a phone shows of them, and `subject_id` for more.

    `cell` is the code of the cell responsible.
    """
    i, r = t.incidents, t.responsibilities
    query = (
        select(
            i.c.id, i.c.number.label("code"), i.c.status, i.c.due_at, i.c.yellow_at, i.c.red_at, i.c.very_late_at,
            i.c.paused_until, i.c.subject_id, t.categories.c.code.label("category"), t.cells.c.code.label("cell"),
            func.ST_X(i.c.geom).label("lon"), func.ST_Y(i.c.geom).label("lat"),
        )
        .select_from(
            i.join(t.categories, t.categories.c.id == i.c.category_id)
            .outerjoin(r, IN_FORCE)
            .outerjoin(t.cells, t.cells.c.id == r.c.cell_id)
        )
        .where(clause(view, Kind.INCIDENT, still_open=True), is_open())
        .order_by(i.c.id.desc())
        .limit(limit)
    )  # fmt: skip
    return [dict(row) for row in conn.execute(query).mappings()]


def contact_subjects(conn: Connection, cell_ids: Collection[int], today: date) -> dict[int, int]:
    """The subjects of the households in these cells that agree to be contacted on a day, by household."""
    h, c = t.households.c, t.consents.c
    query = select(h.id, h.subject_id).join(t.consents, c.household_id == h.id)
    query = query.where(
        h.cell_id.in_(sorted(cell_ids)), h.subject_id.is_not(None), c.purpose == "contact", c.withdrawn_at.is_(None),
        c.until.is_(None) | (c.until > today),
    )  # fmt: skip
    return {row[0]: row[1] for row in conn.execute(query)}
