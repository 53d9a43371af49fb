"""How the message queue does, who worked on it last, and what the clocks say: for `/metrics` and `doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, literal_column, select
from sqlalchemy.dialects import postgresql, sqlite

from gridmap.store import tables as t
from gridmap.store.engine import is_sqlite


@dataclass(frozen=True, slots=True)
class Queue:
    """`waiting` and `dead` by channel; `oldest`: since when the longest-waiting message could have gone."""

    waiting: dict[str, int]
    dead: dict[str, int]
    unsent: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class Beat:
    """Who did a job last, when by their clock, and how far it was off another's, in seconds."""

    owner: str
    at: datetime
    drift_s: float | None
    drift_by: str | None


def queue(conn: Connection, now: datetime) -> Queue:
    """The queue as it stands. Messages held for quiet hours or a limit are not late."""
    m, o = t.messages.c, t.outbox.c
    waiting, dead = _counted(conn, "waiting"), _counted(conn, "dead")
    ready = select(func.min(m.ready_at)).where(literal_column("messages.status = 'waiting'"), m.ready_at <= now)
    unsent, first = conn.execute(select(func.count(), func.min(o.created_at)).where(o.sent_at.is_(None))).one()
    moments = [moment for moment in (conn.execute(ready).scalar(), first) if moment is not None]
    return Queue(waiting, dead, unsent, min(moments, default=None))


def _counted(conn: Connection, status: str) -> dict[str, int]:
    m = t.messages.c
    # the status written out, so that the partial index is used
    those = select(m.channel, func.count()).where(literal_column(f"messages.status = '{status}'"))
    return {row[0]: row[1] for row in conn.execute(those.group_by(m.channel))}


def take(conn: Connection, job: str, owner: str, now: datetime, faded: datetime) -> bool:
    """Take a job's lease or renew one's own; False where another's last beat is younger than `faded`."""
    make = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    b = t.beats.c
    row = make(t.beats).values(job=job, owner=owner, at=now)
    taken = row.on_conflict_do_update(
        index_elements=["job"], set_={"owner": owner, "at": now}, where=(b.owner == owner) | (b.at <= faded)
    )
    return conn.execute(taken.returning(b.job)).first() is not None


def beat(conn: Connection, job: str, owner: str, at: datetime, drift: tuple[float, str] | None) -> None:
    """Write down that a job was done. Without a `drift` the last one seen stays."""
    make = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    drift_s, drift_by = drift or (None, None)
    values = {"owner": owner, "at": at} | ({} if drift is None else {"drift_s": drift_s, "drift_by": drift_by})
    row = make(t.beats).values(job=job, **values)
    conn.execute(row.on_conflict_do_update(index_elements=["job"], set_=values))


def last_beat(conn: Connection, job: str) -> Beat | None:
    """Who did this job last; None when nobody ever did."""
    b = t.beats.c
    row = conn.execute(select(b.owner, b.at, b.drift_s, b.drift_by).where(b.job == job)).one_or_none()
    return None if row is None else Beat(*row)


def database_clock(conn: Connection) -> datetime | None:
    """The database server's own clock; None on SpatiaLite, which has none but ours."""
    if is_sqlite(conn):
        return None
    moment: datetime = conn.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
    return moment


def newest_moment(conn: Connection) -> datetime | None:
    """When the newest message was written: a clock that stands before it was put back."""
    moments = [
        conn.execute(select(column).order_by(table.c.id.desc()).limit(1)).scalar()
        for table, column in ((t.outbox, t.outbox.c.created_at), (t.messages, t.messages.c.created_at))
    ]
    return max((moment for moment in moments if moment is not None), default=None)
