"""SQL of the county's limits for cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from gridmap.plan.limits import Limits
from gridmap.store import tables as t

_NAMES = tuple(field.name for field in fields(Limits))


def current(conn: Connection) -> Limits:
    """The limits in force: those set last, else those that ship."""
    c = t.cell_limits.c
    row = conn.execute(select(*(c[name] for name in _NAMES)).order_by(c.id.desc()).limit(1)).first()
    return Limits() if row is None else Limits(**row._mapping)


def add(conn: Connection, limits: Limits, now: datetime, account_id: int | None) -> None:
    """Put limits in force from now on; the ones before stay in the table."""
    conn.execute(insert(t.cell_limits).values(**asdict(limits), account_id=account_id, said_at=now))


def listed(conn: Connection, most: int) -> Sequence[Any]:
    """What was set, newest first: the limits' fields, said_at, by (who set them)."""
    c, a = t.cell_limits.c, t.accounts.c
    query = select(*(c[name] for name in _NAMES), c.said_at, a.name.label("by"))
    return conn.execute(query.outerjoin(t.accounts, a.id == c.account_id).order_by(c.id.desc()).limit(most)).all()
