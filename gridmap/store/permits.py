"""SQL of an enterprise's permits, of whom to call there, and of how often its neighbours are asked to a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, not_, select

from gridmap.store import tables as t
from gridmap.store.scope import clause
from gridmap.view import Kind, Scope, View


def permits_of(conn: Connection, enterprise_id: int) -> Sequence[Any]:
    """An enterprise's permits, the ones that end last first: kind, number, valid_from, valid_to."""
    p = t.permits.c
    query = select(p.kind, p.number, p.valid_from, p.valid_to).where(p.enterprise_id == enterprise_id)
    return conn.execute(query.order_by(func.coalesce(p.valid_to, date(9999, 1, 1)).desc(), p.number)).all()


def not_led(conn: Connection, view: View) -> list[str]:
    """Codes of the enterprises that lie in cells of others: not where the View admits meetings."""
    e, scope = t.enterprises.c, Scope({Kind.ENTERPRISE: view.scope.grant(Kind.MEETING)})
    led = clause(replace(view, scope=scope), Kind.ENTERPRISE)
    return list(conn.execute(select(e.code).where(e.cell_id.is_not(None), not_(led))).scalars())


def keep_permit(conn: Connection, enterprise_id: int, values: dict[str, Any]) -> None:
    """Write a permit down, in place of the one with its number."""
    p = t.permits
    conn.execute(delete(p).where(p.c.enterprise_id == enterprise_id, p.c.number == values["number"]))
    conn.execute(insert(p).values(enterprise_id=enterprise_id, **values))


def contact_of(conn: Connection, enterprise_id: int) -> int | None:
    """The subject under which whom to call at an enterprise is sealed."""
    c = t.enterprise_contacts.c
    return conn.execute(select(c.subject_id).where(c.enterprise_id == enterprise_id)).scalar_one_or_none()


def say_contact(
    conn: Connection, enterprise_id: int, subject_id: int | None, account_id: int | None, now: datetime
) -> None:
    """Say whom to call, in place of what was said; None: nobody any more."""
    c = t.enterprise_contacts
    conn.execute(delete(c).where(c.c.enterprise_id == enterprise_id))
    if subject_id is not None:
        row = {"subject_id": subject_id, "account_id": account_id, "said_at": now}
        conn.execute(insert(c).values(enterprise_id=enterprise_id, **row))


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
