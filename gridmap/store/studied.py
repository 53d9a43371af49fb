"""What statistics are computed from: incidents with place, time and category, households, enterprises. No names.

Exact places, for computing inside the house; what becomes of them are counts and tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, tzinfo

import numpy as np
import pandas as pd
from sqlalchemy import ColumnElement, Connection, case, func, select

from gridmap.store import tables as t
from gridmap.store.bulk import frame, numbers
from gridmap.store.figures import lon_lat, month_number, seen
from gridmap.store.filters import Asked, Filters, held, incident_cell
from gridmap.store.scope import is_open
from gridmap.view import View

#: what a study may be about when no category is named: those whose way is that of a dispute
DISPUTE = "dispute"


def incidents(
    conn: Connection, view: View, filters: Filters, months: Sequence[date], categories: tuple[str, ...], *,
    now: datetime, zone: tzinfo,
) -> pd.DataFrame:  # fmt: skip
    """Incidents that the View admits, by id: month (int64, its place among `months`), category (code), cell_id (as
    drawn, by the View; NaN: none), open, red (0 or 1), lon, lat.

    `months`: first days, one after the other; the filters admit no others. `categories`: codes, of which a top one
    holds its own; none: all disputes. A million take some 200 MB.
    """
    c, top, i = t.categories, t.categories.alias("top"), t.incidents
    asked = Asked(view, now, zone)
    joined = held().join(c, c.c.id == i.c.category_id).join(top, top.c.id == func.coalesce(c.c.parent_id, c.c.id))
    named: ColumnElement[bool] = c.c.process == DISPUTE
    if categories:
        named = c.c.code.in_(categories) | top.c.code.in_(categories)
    late = case((is_open() & (i.c.red_at < now), 1), else_=0)
    flags = (case((is_open(), 1), else_=0), late)
    query = (
        select(month_number(months, asked), i.c.category_id, incident_cell(view), *flags, *lon_lat(i))
        .select_from(joined)
        .where(*seen(filters, asked), named)
        .order_by(i.c.id)
    )
    month, category, cell, is_open_, red, lon, lat = numbers(conn, query).T
    codes = frame(conn, select(c.c.id, c.c.code)).set_index("id")["code"]
    whole = {"month": month, "open": is_open_, "red": red}
    return pd.DataFrame(
        {
            "category": codes.reindex(category.astype(np.int64)).to_numpy(), "cell_id": cell, "lon": lon, "lat": lat,
            **{name: values.astype(np.int64) for name, values in whole.items()},
        }
    )  # fmt: skip


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
