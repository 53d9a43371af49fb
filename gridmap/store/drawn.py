"""Rows in the cells of a day: those whose own cell belongs to another drawing count where they lie.

A cell of a row (of a household: its own; of an incident: see `filters.incident_cell`) is one of some drawing. Looked at
on a day, most rows lie in a cell that is in force on it, and are grouped by the database. The others are few after a
redraw: they are read with their places, and the caller's `Locate` says in which of the day's cells they lie.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, FromClause, and_, func, not_, or_, select

from gridmap.store import tables as t
from gridmap.store.bulk import frame
from gridmap.store.scope import on_day

#: longitudes and latitudes (WGS84) -> ids of cells, 0 where a place lies in none
Locate = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.int64]]


def of_another_day(cell: ColumnElement[Any], day: date) -> ColumnElement[bool]:
    """Rows that have a cell, which is not in force on the day."""
    return cell.in_(select(t.cells.c.id).where(not_(on_day(t.cells, day))))


def of_the_day(cell: ColumnElement[Any], day: date) -> ColumnElement[bool]:
    """The other rows: in a cell of the day, or in none."""
    return or_(cell.is_(None), not_(of_another_day(cell, day)))


def placed(rows: pd.DataFrame, locate: Locate) -> NDArray[np.int64]:
    """The ids of the cells that rows with points in `geom` lie in; 0 for none."""
    if rows.empty:
        return np.empty(0, dtype=np.int64)
    points = rows["geom"].to_numpy(dtype=object)
    return locate(shapely.get_x(points), shapely.get_y(points))


@dataclass(frozen=True, slots=True)
class Counted:
    """What is counted by cell: `source` (joined tables) where `where` holds; `cell` and `geom` are columns of it."""

    source: FromClause
    cell: ColumnElement[Any]
    geom: ColumnElement[Any]
    where: Sequence[ColumnElement[bool]] = ()


def by_cell(conn: Connection, counted: Counted, day: date, locate: Locate | None) -> pd.Series:
    """How many rows there are in each cell, by its id, int64; cells without any are left out.

    With `locate` in the cells of the day, each row in one; without, in whatever drawing's cell a row has.
    """
    cell = counted.cell
    held = (cell.is_not(None), *counted.where)
    query = select(cell.label("id"), func.count().label("n")).select_from(counted.source).group_by(cell)
    if locate is None:
        return frame(conn, query.where(*held)).set_index("id")["n"].astype("int64")
    here = frame(conn, query.where(*held, of_the_day(cell, day))).set_index("id")["n"].astype("int64")
    away = frame(conn, select(counted.geom).select_from(counted.source).where(and_(of_another_day(cell, day), *held)))
    if away.empty:
        return here
    found = pd.Series(placed(away, locate))
    return here.add(found[found > 0].value_counts(), fill_value=0).astype("int64")
