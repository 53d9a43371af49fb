"""SQL for filling the demo county's files: which households there are, and who serves them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, func, select

from gridmap.store import tables as t
from gridmap.store.bulk import bulk_insert
from gridmap.store.scope import on_day


def households(conn: Connection) -> list[int]:
    """The ids of all households."""
    return list(conn.execute(select(t.households.c.id).order_by(t.households.c.id)).scalars())


def served_by(conn: Connection, day: date) -> dict[int, int]:
    """The primary worker of each household's cell on a day."""
    h, d = t.households.c, t.duties.c
    query = (
        select(h.id, func.min(d.worker_id))
        .join(t.duties, d.cell_id == h.cell_id)
        .where(d.rank == "primary", on_day(t.duties, day))
        .group_by(h.id)
        .order_by(h.id)
    )
    return {row[0]: row[1] for row in conn.execute(query)}


def add(conn: Connection, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
    """Insert rows of `consents` or `visits`."""
    if len(next(iter(columns.values()))):
        bulk_insert(conn, t.metadata.tables[table], columns)


def is_filled(conn: Connection) -> bool:
    """Whether there are visits already; consents come with the households."""
    return conn.execute(select(t.visits.c.id).limit(1)).first() is not None
