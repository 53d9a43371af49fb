"""Reading the ground: cells of a day, areas, bodies, rosters, as the core's own types."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import geopandas as gpd
from sqlalchemy import BindParameter, Connection, Dialect, Select, and_, bindparam, case, func, or_, select

from gridmap.people.bodies import Bodies, Body
from gridmap.people.rosters import Duty, Leave, Roster
from gridmap.store import tables as t
from gridmap.store.bulk import frame
from gridmap.store.scope import in_hand
from gridmap.store.worded import Worded, word


def cells_on(conn: Connection, day: date) -> gpd.GeoDataFrame:
    """The cells valid on a day, by code: id, code, name, name_en, area_id, area_path, town_id, body_id, geometry
    (WGS84)."""
    c, a = t.cells.c, t.areas.c
    town = case((a.level == "town", a.id), (a.level == "community", a.parent_id)).label("town_id")
    query = (
        select(c.id, c.code, c.name, c.name_en, c.area_id, a.path.label("area_path"), town, c.body_id, c.geom)
        .join(t.areas, c.area_id == a.id)
        .where(c.valid_from <= day, or_(c.valid_to.is_(None), c.valid_to > day))
        .order_by(c.code)
    )
    cells = frame(conn, query)
    return gpd.GeoDataFrame(cells.drop(columns="geom"), geometry=cells["geom"].to_numpy(), crs="EPSG:4326")


@dataclass(frozen=True, slots=True)
class Area:
    """One area as the rules see it."""

    id: int
    code: str
    level: str
    path: str


def areas_by_code(conn: Connection) -> dict[str, Area]:
    """All areas by their code."""
    a = t.areas.c
    rows = conn.execute(select(a.id, a.code, a.level, a.path))
    return {row.code: Area(row.id, row.code, row.level, row.path) for row in rows}


def county(conn: Connection) -> Area | None:
    """The county; None in an empty database. With several, the one of the lowest code."""
    a = t.areas.c
    row = conn.execute(
        select(a.id, a.code, a.level, a.path).where(a.level == "county").order_by(a.code).limit(1)
    ).first()
    return None if row is None else Area(row.id, row.code, row.level, row.path)


def level_of(conn: Connection, area_id: int | None) -> str | None:
    """The level of an area; None without one."""
    return conn.execute(select(t.areas.c.level).where(t.areas.c.id == area_id)).scalar_one_or_none()


def county_names(conn: Connection) -> tuple[str, str]:
    """The county's names in Chinese and English; empty where there is none."""
    a = t.areas.c
    row = conn.execute(select(a.name, a.name_en).where(a.level == "county").order_by(a.code).limit(1)).first()
    return ("", "") if row is None else (row[0], row[1] or "")


def bodies(conn: Connection) -> Bodies:
    """All bodies, ready to answer which one is responsible."""
    b = t.bodies.c
    rows = conn.execute(select(b.id, b.kind, b.department, t.areas.c.path).join(t.areas, b.area_id == t.areas.c.id))
    return Bodies(Body(row.id, row.kind, row.department, row.path) for row in rows)


def body_names(conn: Connection) -> dict[int, dict[str, Any]]:
    """{code, name, name_en} of each body by its id."""
    b = t.bodies.c
    rows = conn.execute(select(b.id, b.code, b.name, b.name_en))
    return {row.id: {"code": row.code, "name": row.name, "name_en": row.name_en} for row in rows}


def roster(conn: Connection, cell_ids: Collection[int] | None = None) -> Roster:
    """The roster of these cells (None: of all), past and future duties and leaves included."""
    duties, leaves = _rostered(cell_ids is not None)
    of = {} if cell_ids is None else {"cells": list(cell_ids)}
    return Roster((Duty(*row) for row in conn.execute(duties, of)), (Leave(*row) for row in conn.execute(leaves, of)))


@lru_cache(2)
def _rostered(some: bool) -> tuple[Select[Any], Select[Any]]:
    """The duties and the leaves of all, or of the cells given as `cells`."""
    d, leave = t.duties.c, t.leaves.c
    cells: BindParameter[int] = bindparam("cells", expanding=True)
    duties = select(d.worker_id, d.cell_id, d.rank, d.valid_from, d.valid_to, d.weekdays, d.starts_min, d.ends_min)
    leaves = select(leave.worker_id, leave.starts_on, leave.ends_on)
    if some:
        duties = duties.where(d.cell_id.in_(cells))
        leaves = leaves.where(leave.worker_id.in_(select(d.worker_id).where(d.cell_id.in_(cells))))
    return duties, leaves


def open_counts(conn: Connection, cell_ids: Collection[int] | None = None, but: int | None = None) -> dict[int, int]:
    """Open incidents of each worker on the roster of these cells (None: of all workers); `but` is left out."""
    r, d = t.responsibilities.c, t.duties.c
    query = select(r.worker_id, func.count()).where(in_hand(r), r.worker_id.is_not(None)).group_by(r.worker_id)
    if but is not None:
        query = query.where(r.incident_id != but)
    if cell_ids is not None:
        query = query.where(r.worker_id.in_(select(d.worker_id).where(d.cell_id.in_(cell_ids))))
    return {row[0]: row[1] for row in conn.execute(query)}


def answering(conn: Connection, cell_id: int, day: date, but: int | None = None) -> tuple[Roster, dict[int, int]]:
    """The roster of one cell as far as it matters on a day and the night before it, and the open incidents of each
    worker on it (see `open_counts`), in one statement."""
    night = day - timedelta(days=1)
    rows = _answering(conn.dialect).ask(conn, {"cell": cell_id, "day": day, "night": night, "but": but or 0})
    duties = {
        Duty(*row[:3], _day(row.valid_from), _day(row.valid_to), row.weekdays, row.starts_min, row.ends_min)
        for row in rows
    }
    leaves = {(row.worker_id, _day(row.starts_on), _day(row.ends_on)) for row in rows if row.starts_on is not None}
    counts = {row.worker_id: row.held for row in rows if row.held}
    return Roster(duties, (Leave(*leave) for leave in leaves)), counts


@lru_cache(64)
def _answering(dialect: Dialect) -> Worded:
    r, d, leave = t.responsibilities.c, t.duties.c, t.leaves.c
    day, night = (bindparam(name, None, type_=d.valid_from.type) for name in ("day", "night"))
    cell, but = bindparam("cell", None, type_=d.cell_id.type), bindparam("but", None, type_=r.incident_id.type)
    held = select(func.count()).where(in_hand(r), r.worker_id == d.worker_id, r.incident_id != but)
    away = and_(leave.worker_id == d.worker_id, leave.starts_on <= day, leave.ends_on > night)
    columns = d.worker_id, d.cell_id, d.rank, d.valid_from, d.valid_to, d.weekdays, d.starts_min, d.ends_min
    return word(
        dialect,
        select(*columns, leave.starts_on, leave.ends_on, held.scalar_subquery().label("held"))
        .join_from(t.duties, t.leaves, away, isouter=True)
        .where(d.cell_id == cell, d.valid_from <= day, or_(d.valid_to.is_(None), d.valid_to > night)),
    )


def _day(value: Any) -> Any:
    """SQLite keeps days as text."""
    return date.fromisoformat(value) if isinstance(value, str) else value


def duties_in_force(conn: Connection, day: date) -> dict[tuple[int, int], date]:
    """The first day of each duty that has not ended by a day, by (worker_id, cell_id); of two, the later."""
    d = t.duties.c
    rows = conn.execute(
        select(d.worker_id, d.cell_id, d.valid_from)
        .where(or_(d.valid_to.is_(None), d.valid_to > day))
        .order_by(d.valid_from)
    )
    return {(row[0], row[1]): row[2] for row in rows}


def drawing_days(conn: Connection) -> list[date]:
    """The first days of the drawings so far, in order: between two of them the cells do not change."""
    c = t.cells.c
    starts = conn.execute(select(c.valid_from).distinct()).scalars()
    ends = conn.execute(select(c.valid_to).where(c.valid_to.is_not(None)).distinct()).scalars()
    return sorted({*starts, *ends})
