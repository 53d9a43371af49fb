"""What the release gate needs: communities with their shapes, and when and in which of them incidents were reported."""

from __future__ import annotations

from datetime import datetime

import geopandas as gpd
import pandas as pd
from sqlalchemy import Connection, func, select

from gridmap.store import tables as t
from gridmap.store.bulk import frame
from gridmap.store.scope import IN_FORCE


def communities(conn: Connection) -> gpd.GeoDataFrame:
    """Areas at the lowest level, those that hold cells: id, code, name, name_en, town (code), geometry (WGS84)."""
    a, above = t.areas.c, t.areas.alias("above")
    query = (
        select(a.id, a.code, a.name, a.name_en, above.c.code.label("town"), a.geom)
        .outerjoin(above, a.parent_id == above.c.id)
        .where(a.id.in_(select(t.cells.c.area_id)))
        .order_by(a.code)
    )
    rows = frame(conn, query)
    rows["town"] = rows["town"].fillna(rows["code"])
    missing = rows["geom"].isna()
    if missing.any():
        shapes = _dissolved(conn)
        rows.loc[missing, "geom"] = rows.loc[missing, "id"].map(shapes)
    return gpd.GeoDataFrame(rows.drop(columns="geom"), geometry=rows["geom"].to_numpy(), crs="EPSG:4326")


def _dissolved(conn: Connection) -> pd.Series:
    """The union of each area's cells, by area id."""
    cells = frame(conn, select(t.cells.c.area_id, t.cells.c.geom).where(t.cells.c.valid_to.is_(None)))
    shapes = gpd.GeoDataFrame(cells[["area_id"]], geometry=cells["geom"].to_numpy(), crs="EPSG:4326")
    dissolved: pd.Series = shapes.dissolve("area_id", method="coverage").geometry
    return dissolved


def reported(conn: Connection, start: datetime, end: datetime) -> pd.DataFrame:
    """id, received_at, area_id (of the cell reported in), now_id (of today's cell of whoever answers for it) and top
    category (code) of every incident placed in a cell, from start until before end. Whatever became of it later, it
    counts."""
    i, r, now = t.incidents.c, t.responsibilities, t.cells.alias("now")
    c, top = t.categories, t.categories.alias("top")
    query = (
        select(i.id, i.received_at, t.cells.c.area_id, now.c.area_id.label("now_id"), top.c.code.label("top"))
        .join(t.cells, i.cell_id == t.cells.c.id)
        .join(c, c.c.id == i.category_id)
        .join(top, top.c.id == func.coalesce(c.c.parent_id, c.c.id))
        .outerjoin(r, IN_FORCE)
        .outerjoin(now, now.c.id == r.c.cell_id)
        .where(i.received_at >= start, i.received_at < end)
    )
    return pd.DataFrame(frame(conn, query))
