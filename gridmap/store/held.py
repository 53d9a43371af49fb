"""A whole layer at one moment, to be held in memory: its rows, what each is tied to, and an index of where they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection, func, select

from gridmap.people.lists import NONE, Ids, Things, admitted
from gridmap.store.bulk import frame
from gridmap.store.features import PERSONAL, Source, source_of
from gridmap.store.scope import on_day
from gridmap.store.spatial import Bbox, box_shape, check_bbox
from gridmap.store.ties import ties
from gridmap.view import Audience, Kind, View

#: the layers that may be held, and the versions that each one's rows and ties follow
DEPENDS: Mapping[str, tuple[str, ...]] = {
    "areas": ("areas",),
    "cells": ("cells", "areas", "bodies"),
    "households": ("households", "cells", "areas"),
    "enterprises": ("enterprises", "cells", "areas"),
    "roads": ("roads",),
    "water": ("water",),
    "places": ("places",),
}
#: layers whose rows differ from day to day
DATED = frozenset({"cells"})


@dataclass(frozen=True, slots=True)
class Held:
    """All rows of a layer in order of id, whoever may see them: rows leave only by `find`, which asks for a View.

    `rows` is a frame as of `store.features.page`, `ids` its ids, `things` what each row is tied to; `bounds`: west,
    south, east and north of each geometry, shape (n, 4); `points`: whether all geometries are points.
    """

    kind: Kind
    rows: pd.DataFrame
    ids: Ids
    things: Things
    tree: shapely.STRtree
    bounds: NDArray[np.float64]
    points: bool

    def find(self, view: View, bbox: Bbox | None = None, after: int | None = None) -> Ids:
        """Positions of the rows that the View admits and whose geometry meets the box, with ids above `after`."""
        if self.kind in PERSONAL and view.audience is not Audience.DUTY:
            return np.empty(0, dtype=np.int64)
        rows = np.arange(len(self.ids)) if bbox is None else self._meeting(check_bbox(bbox))
        if after is not None:
            rows = rows[np.searchsorted(self.ids[rows], after, side="right") :]
        return rows[admitted(view.scope.grant(self.kind), self.things, rows)]

    def _meeting(self, bbox: Bbox) -> Ids:
        """Positions of the geometries that meet the box. Only those that reach beyond it need an exact look."""
        box = box_shape(bbox)
        rows = np.sort(self.tree.query(box))
        if self.points:  # they are their own bounds, which the tree compares exactly
            return rows
        bounds, meets = self.bounds[rows], np.ones(len(rows), dtype=bool)
        beyond = (bounds[:, :2] < bbox[:2]).any(axis=1) | (bounds[:, 2:] > bbox[2:]).any(axis=1)
        meets[beyond] = shapely.intersects(self.tree.geometries[rows[beyond]], box)
        return rows[meets]


def count(conn: Connection, layer: str) -> int:
    """How many rows there are to be held, of all days."""
    table = source_of(layer, View.system(date.min)).table
    return int(conn.execute(select(func.count()).select_from(table)).scalar_one())


def hold(conn: Connection, layer: str, day: date) -> Held:
    """Read a whole layer as of a day, in one statement, so that all of it is of one moment."""
    source = source_of(layer, View.system(day))
    query = select(*source.columns).select_from(source.joined)
    if source.kind is not Kind.BASEMAP:
        tied = ties(source.kind, datetime.now(UTC)).subquery("tied")
        names = ("cell_id", "area_path", "body_id")
        query = select(*source.columns, *(tied.c[name].label(f"tied_{name}") for name in names))
        query = query.select_from(source.joined.join(tied, tied.c.id == source.table.c.id))
    if source.dated:
        query = query.where(on_day(source.table, day))
    rows = frame(conn, query.order_by(source.table.c.id))
    things = _things(source, rows)
    rows = rows.drop(columns=[name for name in rows.columns if name.startswith("tied_")])
    shapes = rows["geom"].to_numpy(dtype=object)
    ids = rows["id"].to_numpy(np.int64)
    points = bool((shapely.get_type_id(shapes) == shapely.GeometryType.POINT).all())
    return Held(source.kind, rows, ids, things, shapely.STRtree(shapes), shapely.bounds(shapes), points)


def _things(source: Source, rows: pd.DataFrame) -> Things:
    n = len(rows)
    if source.kind is Kind.BASEMAP:
        nothing = np.full(n, NONE, dtype=np.int64)
        return Things(nothing, nothing, nothing, ())
    area, paths = pd.factorize(rows["tied_area_path"].to_numpy(dtype=object))
    return Things(_ids(rows["tied_cell_id"]), _ids(rows["tied_body_id"]), area.astype(np.int64), tuple(paths))


def _ids(values: pd.Series) -> Ids:
    """Ids as int64, NONE where missing."""
    ids: Ids = pd.to_numeric(values.astype(object).where(values.notna(), NONE)).to_numpy(np.int64)
    return ids
