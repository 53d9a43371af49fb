"""SQL of the analyses: asked once, taken under a lease, settled by whoever still holds it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gridmap.store import tables as t
from gridmap.store.engine import is_sqlite
from gridmap.store.studied import DISPUTE

_SHOWN = (
    "id", "kind", "parameters", "data_version", "status", "progress", "result", "error", "attempts", "created_at",
    "settled_at",
)  # fmt: skip
#: an analysis that took its process down so often is not tried again
MOST_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Analysis:
    """A row as it stands; `parameters` and `result` are JSON texts."""

    id: int
    kind: str
    parameters: str
    data_version: str
    status: str
    progress: float
    result: str | None
    error: str | None
    attempts: int
    created_at: datetime
    settled_at: datetime | None


def ask(conn: Connection, key: str, kind: str, parameters: str, data_version: str, now: datetime) -> None:
    """See to it that there is an analysis of this key. One that was cancelled is put back in the line."""
    a = t.analyses
    make = sqlite.insert if is_sqlite(conn) else postgresql.insert
    row = make(a).values(
        key=key, kind=kind, parameters=parameters, data_version=data_version, status="waiting", created_at=now
    )
    again = {"status": "waiting", "progress": 0.0, "cancelling": 0, "settled_at": None, "attempts": 0}
    conn.execute(row.on_conflict_do_update(index_elements=["key"], set_=again, where=a.c.status == "cancelled"))


def by_key(conn: Connection, key: str) -> Analysis | None:
    """The analysis of a key; None where nobody asked for it."""
    return _one(conn, t.analyses.c.key == key)


def newest(conn: Connection, kind: str, parameters: str) -> Analysis | None:
    """The newest analysis of a question, whatever state of the data it is of."""
    c = t.analyses.c
    same = select(c.id).where(c.kind == kind, c.parameters == parameters).order_by(c.id.desc()).limit(1)
    return _one(conn, c.id == same.scalar_subquery())


def touched_between(
    conn: Connection, span: tuple[int, int], last: int, times: tuple[datetime, datetime], categories: Collection[str]
) -> bool:
    """Whether a report received in these times was changed or came in after version span[0] up to span[1].

    Of those that came in (their id is above `last`) only the categories count, or all disputes where none is named; of
    those that were there before all, since they may have been of another category. True where it is not known.
    """
    h, i = t.changes.c, t.incidents
    here = and_(h.layer == "incidents", h.version > span[0], h.version <= span[1])
    known = conn.execute(select(func.count(h.version.distinct())).where(here)).scalar_one()
    if known != span[1] - span[0]:
        return True
    c, top = t.categories, t.categories.alias("top")
    named = c.c.process == DISPUTE
    if categories:
        named = or_(c.c.code.in_(categories), top.c.code.in_(categories))
    joined = i.join(t.changes, and_(here, i.c.id >= h.first_id, i.c.id <= h.last_id)).join(c, c.c.id == i.c.category_id)
    query = (
        select(i.c.id)
        .select_from(joined.join(top, top.c.id == func.coalesce(c.c.parent_id, c.c.id)))
        .where(i.c.received_at >= times[0], i.c.received_at < times[1], or_(i.c.id <= last, named))
        .limit(1)
    )
    return conn.execute(query).first() is not None


def by_id(conn: Connection, analysis_id: int) -> Analysis | None:
    """The analysis of an id; None where there is none."""
    return _one(conn, t.analyses.c.id == analysis_id)


def take(conn: Connection, owner: str, until: datetime, now: datetime) -> Analysis | None:
    """The oldest one that waits, or whose holder fell silent, held by `owner` from now on; None when there is none."""
    c = t.analyses.c
    free = or_(c.status == "waiting", and_(c.status == "running", c.lease_until < now))
    first = select(c.id).where(free).order_by(c.id).limit(1).scalar_subquery()
    taken = {
        "status": "running", "lease_owner": owner, "lease_until": until, "progress": 0.0,
        "attempts": c.attempts + 1,
    }  # fmt: skip
    # `free` again: whoever waited for another's update must not take what that one took
    found = conn.execute(update(t.analyses).where(c.id == first, free).values(taken).returning(c.id)).scalar()
    return None if found is None else by_id(conn, found)


def beat(conn: Connection, analysis_id: int, owner: str, until: datetime, progress: float | None = None) -> bool:
    """Move the lease on and say how far it is; False when it is no longer ours, or was cancelled."""
    values: dict[str, Any] = {"lease_until": until} | ({} if progress is None else {"progress": progress})
    mine = and_(_held(analysis_id, owner), t.analyses.c.cancelling == 0)
    return conn.execute(update(t.analyses).where(mine).values(values)).rowcount == 1


def settle(
    conn: Connection, analysis_id: int, owner: str, status: str, now: datetime, *, result: str | None = None,
    error: str | None = None,
) -> bool:  # fmt: skip
    """Write down how it ended; False when another holds it, whose word counts then."""
    values = {
        "status": status, "settled_at": now, "lease_owner": None, "lease_until": None, "cancelling": 0,
        "result": result, "error": error,
    }  # fmt: skip
    if status == "done":
        values["progress"] = 1.0
    return conn.execute(update(t.analyses).where(_held(analysis_id, owner)).values(values)).rowcount == 1


def cancel(conn: Connection, analysis_id: int, now: datetime) -> None:
    """A waiting one ends here; who computes a running one is told at its next beat. A settled one stays as it is."""
    c = t.analyses.c
    ended = {"status": "cancelled", "settled_at": now}
    conn.execute(update(t.analyses).where(c.id == analysis_id, c.status == "waiting").values(ended))
    conn.execute(update(t.analyses).where(c.id == analysis_id, c.status == "running").values(cancelling=1))


def forget(conn: Connection, before: datetime) -> int:
    """Remove what was settled before a moment; how many."""
    return conn.execute(delete(t.analyses).where(t.analyses.c.settled_at < before)).rowcount


def _held(analysis_id: int, owner: str) -> ColumnElement[bool]:
    c = t.analyses.c
    return and_(c.id == analysis_id, c.status == "running", c.lease_owner == owner)


def _one(conn: Connection, where: ColumnElement[bool]) -> Analysis | None:
    row = conn.execute(select(*(t.analyses.c[name] for name in _SHOWN)).where(where)).one_or_none()
    return None if row is None else Analysis(*row)
