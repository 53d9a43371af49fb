"""SQL of the months that were told: written once, never changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import postgresql, sqlite

from gridmap.store import tables as t
from gridmap.store.engine import is_sqlite

#: the drawing whose cells the reports were made in
THEN = "then"


@dataclass(frozen=True, slots=True)
class Told:
    """A row: the month's first day, the drawing, the last report that is in it, and JSON of what was told."""

    month: date
    drawing: str
    last_incident_id: int
    body: str


def read_told(conn: Connection, months: Collection[date]) -> list[Told]:
    """All that was told of these months, in all drawings, in the order of telling."""
    c = t.told_months.c
    query = select(c.month, c.drawing, c.last_incident_id, c.body).where(c.month.in_(months)).order_by(c.id)
    return [Told(*row) for row in conn.execute(query)]


def tell(conn: Connection, rows: Iterable[Told], now: datetime) -> None:
    """Write down what is told; where another did so first, that one's word stays."""
    make = sqlite.insert if is_sqlite(conn) else postgresql.insert
    for row in rows:
        values = {
            "month": row.month, "drawing": row.drawing, "last_incident_id": row.last_incident_id, "body": row.body,
            "told_at": now,
        }  # fmt: skip
        conn.execute(make(t.told_months).values(values).on_conflict_do_nothing())


def last_incident(conn: Connection) -> int:
    """The greatest id of a report; 0 where there is none."""
    return int(conn.execute(select(func.coalesce(func.max(t.incidents.c.id), 0))).scalar_one())
