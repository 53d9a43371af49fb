"""Drawings in the tables: what a plan begins with, what stands upon it, and the writing of another one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import shapely
from sqlalchemy import Connection, func, insert, or_, select, update

from gridmap.ground.measure import area_m2
from gridmap.store import tables as t
from gridmap.store.bulk import among, bulk_insert, frame
from gridmap.store.scope import is_open, on_day
from gridmap.store.spatial import Bbox, intersects_bbox


def days(conn: Connection) -> list[date]:
    """The first days of all drawings there were, are or will be, ascending."""
    return sorted(conn.execute(select(t.cells.c.valid_from).distinct()).scalars())


def cells(conn: Connection, day: date) -> pd.DataFrame:
    """The cells of a day by code: id, code, name, name_en, area_id, body_id, community and path (of its area), geom."""
    c, a = t.cells.c, t.areas.c
    query = (
        select(
            c.id, c.code, c.name, c.name_en, c.area_id, c.body_id,
            a.code.label("community"), a.path, c.geom,
        )
        .join(t.areas, c.area_id == a.id)
        .where(on_day(t.cells, day))
        .order_by(c.code)
    )  # fmt: skip
    return frame(conn, query)


def former_codes(conn: Connection, day: date) -> set[str]:
    """Codes of cells that are no more on a day."""
    c = t.cells.c
    return set(conn.execute(select(c.code).where(c.valid_to <= day).distinct()).scalars())


def history(conn: Connection) -> list[dict[str, Any]]:
    """Drawings that plans made, and the one before them: valid_from, valid_to, plan_id, title."""
    d, p = t.drawings.c, t.plans.c
    query = select(d.valid_from, d.valid_to, d.plan_id, p.title).outerjoin(t.plans, p.id == d.plan_id)
    return [dict(row._mapping) for row in conn.execute(query.order_by(d.valid_from))]


def communities(conn: Connection, path: str) -> dict[str, tuple[int, str, str | None]]:
    """Communities at or below a path by their code: id, name, name_en. Areas that have cells count as such."""
    a = t.areas.c
    used = select(t.cells.c.area_id).distinct()
    query = select(a.code, a.id, a.name, a.name_en).where(
        a.path.startswith(path, autoescape=True), or_(a.level == "community", a.id.in_(used))
    )
    return {row.code: (row.id, row.name, row.name_en) for row in conn.execute(query)}


def barriers(conn: Connection) -> np.ndarray[Any, np.dtype[np.object_]]:
    """Rivers and main roads as WGS84 lines."""
    found = [
        frame(conn, select(table.c.geom).where(table.c["class"] == kind))["geom"].to_numpy(dtype=object)
        for table, kind in ((t.roads, "main"), (t.water, "river"))
    ]
    shapes = np.concatenate(found)
    return np.asarray(shapes[shapely.get_dimensions(shapes) == 1], dtype=object)


def roads(conn: Connection, box: Bbox) -> np.ndarray[Any, np.dtype[np.object_]]:
    """All roads that come near a box, as WGS84 lines."""
    found = frame(conn, select(t.roads.c.geom).where(intersects_bbox(t.roads, box)))["geom"].to_numpy(dtype=object)
    return np.asarray(found[shapely.get_dimensions(found) == 1], dtype=object)


# --- what stands upon it --------------------------------------------------------------------------------------------


def households(conn: Connection, ids: Collection[int] | None = None) -> pd.DataFrame:
    """Places of all households, or of these, by id: id, lon, lat. Nothing of who lives there."""
    h = t.households.c
    query = select(h.id, h.geom).order_by(h.id)
    return _placed(frame(conn, query if ids is None else query.where(among(conn, h.id, ids))))


def open_cases(conn: Connection) -> pd.DataFrame:
    """Places of open cases with the moments of their lights: id, lon, lat, yellow_at, red_at."""
    i = t.incidents.c
    return _placed(frame(conn, select(i.id, i.yellow_at, i.red_at, i.geom).where(is_open())))


def enterprises(conn: Connection) -> pd.DataFrame:
    """Enterprises not closed: id, lon, lat (a place inside), kind, geom."""
    e = t.enterprises.c
    rows = frame(conn, select(e.id, e.kind, e.geom).where(e.status.in_(("active", "suspended", "planned"))))
    inside = shapely.get_coordinates(shapely.point_on_surface(rows["geom"].to_numpy(dtype=object)))
    return pd.DataFrame(rows).assign(lon=inside[:, 0], lat=inside[:, 1])


def _placed(rows: pd.DataFrame) -> pd.DataFrame:
    xy = shapely.get_coordinates(rows["geom"].to_numpy(dtype=object))
    return pd.DataFrame(rows.drop(columns="geom")).assign(lon=xy[:, 0], lat=xy[:, 1])


def workers(conn: Connection, day: date) -> dict[int, int]:
    """Who serves each cell on a day, by its id: the primary of the lowest id, else the backup."""
    d = t.duties.c
    query = select(d.cell_id, d.worker_id).where(on_day(t.duties, day))
    # the last row of a cell is the one that stays: "primary" comes after "backup", the lowest id last
    return dict(conn.execute(query.order_by(d.rank, d.worker_id.desc())).all())


def cells_of_worker(conn: Connection, worker_id: int, day: date) -> set[str]:
    """Codes of the cells that a worker is on the roster of on a day."""
    d, c = t.duties.c, t.cells.c
    query = select(c.code).join(t.duties, d.cell_id == c.id).where(d.worker_id == worker_id, on_day(t.duties, day))
    return set(conn.execute(query).scalars())


def worker_names(conn: Connection, ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """{id, code, name, name_en} by id."""
    w = t.workers.c
    rows = conn.execute(select(w.id, w.code, w.name, w.name_en).where(w.id.in_(sorted(ids))))
    return {row.id: dict(row._mapping) for row in rows}


# --- writing --------------------------------------------------------------------------------------------------------


def alone(conn: Connection) -> None:
    """Wait for whoever puts a drawing in force just now: the check that comes next sees theirs. Readers go on."""
    if conn.dialect.name == "postgresql":  # on SQLite, who writes is alone
        conn.exec_driver_sql("LOCK TABLE drawings IN SHARE ROW EXCLUSIVE MODE")


def begin(conn: Connection, plan_id: int, day: date) -> None:
    """Put a plan's drawing in force from a day on; the one before ends. Raises Conflict by the database's own rule."""
    d, c = t.drawings, t.cells.c
    if conn.execute(select(d.c.id).limit(1)).first() is None:
        first = conn.execute(select(func.min(c.valid_from))).scalar_one()
        conn.execute(insert(d).values(plan_id=None, valid_from=first))
    conn.execute(update(d).where(d.c.valid_to.is_(None)).values(valid_to=day))
    conn.execute(insert(d).values(plan_id=plan_id, valid_from=day))


def end_cells(conn: Connection, ids: Sequence[int], day: date) -> int:
    """End cells: `day` is the first on which they are no longer valid. How many rows that were."""
    c = t.cells
    return conn.execute(update(c).where(c.c.id.in_(ids), c.c.valid_to.is_(None)).values(valid_to=day)).rowcount


def add_cells(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """New cells (code, name, name_en, area_id, body_id, valid_from, geom); their ids."""
    if not rows:
        return []
    shapes = np.array([_multi(row["geom"]) for row in rows], dtype=object)
    columns: dict[str, Any] = {name: [row[name] for row in rows] for name in rows[0] if name != "geom"}
    columns |= {"valid_to": [None] * len(rows), "area_m2": area_m2(shapes), "geom": shapes}
    return [int(one) for one in bulk_insert(conn, t.cells, columns)]


def _multi(shape: Any) -> shapely.MultiPolygon:
    return shape if shape.geom_type == "MultiPolygon" else shapely.MultiPolygon([shape])
