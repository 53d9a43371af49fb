"""SQL for filling the demo county's joint meetings: which quarries, bodies and cases there are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from gridmap.store import tables as t
from gridmap.store.spatial import intersects_bbox


def is_filled(conn: Connection) -> bool:
    """Whether there are meetings already."""
    return conn.execute(select(t.meetings.c.id).limit(1)).first() is not None


def quarries(conn: Connection, most: int) -> Sequence[Any]:
    """The first quarries that lie in a cell and are at work: id, code."""
    e = t.enterprises.c
    query = select(e.id, e.code).where(e.kind == "quarry", e.status == "active", e.cell_id.is_not(None))
    return conn.execute(query.order_by(e.code).limit(most)).all()


def homes_about(conn: Connection, lon: float, lat: float, degrees: float) -> list[tuple[float, float]]:
    """Longitude and latitude of the households in a square about a place."""
    h = t.households.c
    box = (lon - degrees, lat - degrees, lon + degrees, lat + degrees)
    query = select(func.ST_X(h.geom), func.ST_Y(h.geom)).where(intersects_bbox(t.households, box))
    return [(row[0], row[1]) for row in conn.execute(query)]


def bodies(conn: Connection, departments: Sequence[str]) -> list[int]:
    """The county's bodies for these departments, in their order."""
    b = t.bodies.c
    return [conn.execute(select(b.id).where(b.code.like(f"%-{one}"))).scalar_one() for one in departments]


def cases_about(conn: Connection, enterprise_id: int, before: datetime, most: int) -> list[int]:
    """The newest cases that were reported in an enterprise's cell before a moment, about what such places do."""
    i, c, e = t.incidents.c, t.categories.c, t.enterprises.c
    here = select(e.cell_id).where(e.id == enterprise_id).scalar_subquery()
    query = (
        select(i.id)
        .join(t.categories, c.id == i.category_id)
        .where(i.cell_id == here, c.code.like("mining-%"), i.received_at < before)
        .order_by(i.received_at.desc())
        .limit(most)
    )
    return list(conn.execute(query).scalars())


def promises_of(conn: Connection, meeting_id: int) -> list[int]:
    """The promises of a meeting, in the order in which they were made."""
    p = t.promises.c
    return list(conn.execute(select(p.id).where(p.meeting_id == meeting_id).order_by(p.id)).scalars())
