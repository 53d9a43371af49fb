"""What statistics are computed from: incidents with place, time and category, households, enterprises. No names.

Exact places, for computing inside the house; what becomes of them are counts and tests.
"""

from __future__ import annotations

from datetime import datetime, tzinfo

import pandas as pd
import shapely
from sqlalchemy import ColumnElement, Connection, case, func, select

from gridmap.store import tables as t
from gridmap.store.bulk import frame
from gridmap.store.figures import seen
from gridmap.store.filters import Asked, Filters, held, incident_cell
from gridmap.store.scope import is_open
from gridmap.view import View

#: what a study may be about when no category is named: those whose way is that of a dispute
DISPUTE = "dispute"


def incidents(
    conn: Connection, view: View, filters: Filters, categories: tuple[str, ...], *, now: datetime, zone: tzinfo
) -> pd.DataFrame:
    """Incidents that the View admits: received_at, category, top (codes), cell_id (as drawn, by the View), open, red
    (0 or 1), lon, lat. `categories`: codes, of which a top one holds its own; none: all disputes."""
    c, top, i = t.categories, t.categories.alias("top"), t.incidents
    asked = Asked(view, now, zone)
    joined = held().join(c, c.c.id == i.c.category_id).join(top, top.c.id == func.coalesce(c.c.parent_id, c.c.id))
    named: ColumnElement[bool] = c.c.process == DISPUTE
    if categories:
        named = c.c.code.in_(categories) | top.c.code.in_(categories)
    query = (
        select(
            i.c.received_at, c.c.code.label("category"), top.c.code.label("top"),
            incident_cell(view).label("cell_id"), case((is_open(), 1), else_=0).label("open"),
            case((is_open() & (i.c.red_at < now), 1), else_=0).label("red"), i.c.geom,
        )
        .select_from(joined)
        .where(*seen(filters, asked), named)
        .order_by(i.c.id)
    )  # fmt: skip
    found = frame(conn, query)
    shapes = found["geom"].to_numpy()
    plain = pd.DataFrame(found.drop(columns="geom"))
    return plain.assign(lon=shapely.get_x(shapes), lat=shapely.get_y(shapes))


def enterprises(conn: Connection) -> pd.DataFrame:
    """All enterprises by id: id, code, name, name_en, kind, status, opened_on, cell, geom (point or polygon, WGS84)."""
    e = t.enterprises.c
    query = (
        select(
            e.id, e.code, e.name, e.name_en, e.kind, e.status, e.opened_on, e.cell_id,
            t.cells.c.code.label("cell"), e.geom,
        )
        .select_from(t.enterprises.outerjoin(t.cells, t.cells.c.id == t.enterprises.c.cell_id))
        .order_by(e.id)
    )  # fmt: skip
    return pd.DataFrame(frame(conn, query))


def categories(conn: Connection) -> pd.DataFrame:
    """All categories by code: code, name, name_en, top (code), process."""
    c, top = t.categories, t.categories.alias("top")
    joined = c.join(top, top.c.id == func.coalesce(c.c.parent_id, c.c.id))
    query = select(c.c.code, c.c.name, c.c.name_en, top.c.code.label("top"), c.c.process)
    return pd.DataFrame(frame(conn, query.select_from(joined).order_by(c.c.code)))
