"""SQL of an enterprise's permits and of the rule by which its neighbours are asked regularly."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from gridmap.store import tables as t


def permits_of(conn: Connection, enterprise_id: int) -> Sequence[Any]:
    """An enterprise's permits, the ones that end last first: kind, number, valid_from, valid_to."""
    p = t.permits.c
    query = select(p.kind, p.number, p.valid_from, p.valid_to).where(p.enterprise_id == enterprise_id)
    return conn.execute(query.order_by(func.coalesce(p.valid_to, date(9999, 1, 1)).desc(), p.number)).all()


def keep_permit(conn: Connection, enterprise_id: int, values: dict[str, Any]) -> None:
    """Write a permit down, in place of the one with its number."""
    p = t.permits
    conn.execute(delete(p).where(p.c.enterprise_id == enterprise_id, p.c.number == values["number"]))
    conn.execute(insert(p).values(enterprise_id=enterprise_id, **values))


def say_regular(
    conn: Connection, enterprise_id: int, months: int | None, since: date, account_id: int | None, now: datetime
) -> None:
    """Say every how many months a meeting is due, in place of what was said; None: no more."""
    v = t.preventives
    conn.execute(delete(v).where(v.c.enterprise_id == enterprise_id))
    if months is not None:
        row = {"months": months, "since": since, "account_id": account_id, "said_at": now}
        conn.execute(insert(v).values(enterprise_id=enterprise_id, **row))


def area_of(conn: Connection, area_id: int) -> Any:
    """Code and names of an area."""
    a = t.areas.c
    return conn.execute(select(a.code, a.name, a.name_en).where(a.id == area_id)).one()
