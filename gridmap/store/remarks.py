"""What residents said of plans: rows that name a subject, under which the words are sealed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from gridmap.store import tables as t


def add(conn: Connection, plan_id: int, subject_id: int, cell: str | None, now: datetime) -> int:
    """A remark; its id."""
    values = {"plan_id": plan_id, "subject_id": subject_id, "cell": cell, "at": now}
    return int(conn.execute(insert(t.plan_remarks).values(**values).returning(t.plan_remarks.c.id)).scalar_one())


def of_plan(conn: Connection, plan_id: int) -> list[Any]:
    """The remarks of a plan, oldest first: id, subject_id, cell, at."""
    r = t.plan_remarks.c
    return list(conn.execute(select(r.id, r.subject_id, r.cell, r.at).where(r.plan_id == plan_id).order_by(r.id)))


def body_names(conn: Connection, ids: Collection[int]) -> dict[int, tuple[str, str | None]]:
    """Names of bodies, Chinese and English, by id."""
    b = t.bodies.c
    rows = conn.execute(select(b.id, b.name, b.name_en).where(b.id.in_(sorted(ids))))
    return {row.id: (row.name, row.name_en) for row in rows}
