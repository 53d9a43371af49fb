"""SQL for the administrator's overview: accounts with what they are tied to, and on how many rosters workers are."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select

from gridmap.store import tables as t


def account_rows(conn: Connection) -> list[dict[str, Any]]:
    """All accounts by role and user name: username, name, role, disabled_at, tie and tie_en (names, or None)."""
    a, w, b, r = t.accounts.c, t.workers.c, t.bodies.c, t.areas.c
    query = (
        select(
            a.username, a.name, a.role, a.disabled_at,
            func.coalesce(w.name, b.name, r.name).label("tie"),
            func.coalesce(w.name_en, b.name_en, r.name_en).label("tie_en"),
        )
        .outerjoin(t.workers, w.id == a.worker_id)
        .outerjoin(t.bodies, b.id == a.body_id)
        .outerjoin(t.areas, r.id == a.area_id)
        .order_by(a.role, a.username)
    )  # fmt: skip
    return [dict(row) for row in conn.execute(query).mappings()]


def roster_rows(conn: Connection, day: date) -> list[dict[str, Any]]:
    """Workers in order of code: code, name, name_en, and on how many cells' rosters they are that day, by rank."""
    w, d = t.workers.c, t.duties.c
    valid = and_(d.worker_id == w.id, d.valid_from <= day, or_(d.valid_to.is_(None), d.valid_to > day))

    def held(rank: str) -> Any:
        return select(func.count(d.cell_id.distinct())).where(valid, d.rank == rank).scalar_subquery().label(rank)

    query = select(w.code, w.name, w.name_en, held("primary"), held("backup")).order_by(w.code)
    return [dict(row) for row in conn.execute(query).mappings()]
