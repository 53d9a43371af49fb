"""Exact figures for officials and bodies inside: counts of incidents by what and where, and places for rasters.

No row of a person leaves: counts are aggregated in the database, and the arrays of places are for computing rasters and
statistics inside the house; what they become passes `gridmap.privacy` before it leaves. Scoped like a list, by the
View's grant for incidents.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    FromClause,
    Integer,
    Select,
    Table,
    case,
    cast,
    func,
    null,
    select,
)

from gridmap.case.terms import DROPPED
from gridmap.errors import InvalidInput
from gridmap.store import tables as t
from gridmap.store import tallies
from gridmap.store.bulk import frame, numbers
from gridmap.store.drawn import Locate, of_another_day, of_the_day, placed
from gridmap.store.filters import Asked, Filters, conditions, held, incident_cell
from gridmap.store.scope import clause, is_open, on_day
from gridmap.store.scope import overdue as is_overdue
from gridmap.view import Drawing, Kind, View

Points = tuple[NDArray[np.float64], NDArray[np.float64]]

#: what incidents can be counted by
DIMENSIONS = ("category", "top_category", "town", "community", "cell", "month")
MEASURES = ("count", "open", "overdue", "closed")
_NAMES = ("", "_name", "_name_en")


def counts(
    conn: Connection,
    view: View,
    by: str | Sequence[str] = "category",
    filters: Filters | None = None,
    *,
    locate: Locate | None = None,
    now: datetime | None = None,
    zone: tzinfo = UTC,
    summed: bool = False,
) -> pd.DataFrame:
    """Exact counts of the incidents that the View admits: a row a group that has any, sorted by its keys. What turned
    out to be no case, or another one's, counts nowhere.

    `by`: one or several of DIMENSIONS. Each gives a column of codes ("2026-07" for months, in `zone`) and, but for
    months, NAME_name and NAME_name_en; None stands for outside of all cells. Then int64 `count`, `open`, `overdue`
    (at `now`), `closed`. Where: as drawn then or now, by the View's drawing; with `locate`, which knows the cells of
    the View's day, "now" is that day's drawing: a case whose cell is of another one counts where it lies. `filters` as
    of the layer incidents. `summed`: `zone` is the county's, by whose months the scorecards' sums are kept, and what
    they hold is read there.

    Raises InvalidInput for another dimension or filter.
    """
    wanted = (by,) if isinstance(by, str) else tuple(by)
    unknown = sorted(set(wanted) - set(DIMENSIONS))
    if unknown or not wanted:
        raise InvalidInput(f"count by some of {', '.join(DIMENSIONS)}; not by {', '.join(unknown) or 'nothing'}")
    asked, given = Asked(view, now or datetime.now(UTC), zone), dict(filters or {})
    if summed and tallies.hold(conn, wanted, given, asked):
        by_key, (counted, months) = tallies.KEY, tallies.counts(conn, wanted, given, asked)
    else:
        by_key, (counted, months) = _KEY, _counted(conn, wanted, given, asked, locate)
    for name in wanted:
        counted = counted.merge(_named(conn, name, months, by_key[name]), how="left", on=by_key[name])
    columns = [name + end for name in wanted for end in _NAMES if name != "month" or not end]
    added = counted.groupby(columns, dropna=False, sort=True)[list(MEASURES)].sum().reset_index()
    return _with_none(added, columns).astype(dict.fromkeys(MEASURES, "int64"))


def _counted(
    conn: Connection, wanted: Sequence[str], given: dict[str, Any], asked: Asked, locate: Locate | None
) -> tuple[pd.DataFrame, list[date]]:
    """The rows themselves counted: a row a group with its keys and measures, and the months."""
    in_places = "cell" in given or any(_KEY[name] == "cell_id" for name in wanted)
    anew = locate if in_places and asked.view.drawing is Drawing.NOW else None
    cell = given.pop("cell", None) if anew else None
    where = seen(given, asked)
    months = _months(conn, where, asked.zone) if "month" in wanted else []
    keys = _keys(wanted, asked, months)
    if anew is None:
        return _grouped(conn, keys, asked, where), months
    return _in_the_days_cells(conn, keys, asked, where, cell, anew), months


def _grouped(
    conn: Connection, keys: Mapping[str, ColumnElement[Any]], asked: Asked, where: Sequence[ColumnElement[bool]]
) -> pd.DataFrame:
    """A row a group with its keys and measures, counted by the database."""
    closed = case((is_open(), 0), else_=1)
    measures = (
        func.count().label("count"),
        func.sum(1 - closed).label("open"),
        func.sum(case((is_overdue(asked.now), 1), else_=0)).label("overdue"),
        func.sum(closed).label("closed"),
    )
    query = select(*(column.label(name) for name, column in keys.items()), *measures).select_from(held())
    return frame(conn, query.where(*where).group_by(*keys.values()))


def _in_the_days_cells(
    conn: Connection,
    keys: Mapping[str, ColumnElement[Any]],
    asked: Asked,
    where: Sequence[ColumnElement[bool]],
    code: str | None,
    locate: Locate,
) -> pd.DataFrame:
    """As `_grouped`, each incident in a cell of the View's day; `code`: only those in the cell of this code."""
    cell, day = incident_cell(asked.view), asked.view.as_of
    wanted = select(t.cells.c.id).where(t.cells.c.code == code, on_day(t.cells, day))
    mine = (cell.in_(wanted),) if code is not None else ()
    here = _grouped(conn, keys, asked, [*where, of_the_day(cell, day), *mine])
    others = {name: column for name, column in keys.items() if name != "cell_id"}
    flags = (case((is_open(), 1), else_=0).label("open"), case((is_overdue(asked.now), 1), else_=0).label("overdue"))
    columns = (*(column.label(name) for name, column in others.items()), *flags, t.incidents.c.geom)
    rows = frame(conn, select(*columns).select_from(held()).where(*where, of_another_day(cell, day)))
    found = pd.Series(placed(rows, locate), index=rows.index)
    away = pd.DataFrame(rows.drop(columns="geom")).assign(cell_id=found.where(found > 0), count=1)
    away["closed"] = away["count"] - away["open"]
    if code is not None:
        away = away[found.isin(list(conn.execute(wanted).scalars()))]
    return pd.concat([here, away[[*keys, *MEASURES]]]) if len(away) else here


def incident_points(
    conn: Connection,
    view: View,
    filters: Filters | None = None,
    *,
    now: datetime | None = None,
    zone: tzinfo = UTC,
) -> Points:
    """Longitudes and latitudes (WGS84, float64) of the incidents that the View admits, for rasters made inside."""
    asked = Asked(view, now or datetime.now(UTC), zone)
    return _points(conn, t.incidents, held(), seen(filters, asked))


def incident_places(
    conn: Connection,
    view: View,
    filters: Filters | None = None,
    *,
    among: NDArray[np.int64] | None = None,
    now: datetime | None = None,
    zone: tzinfo = UTC,
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """As `incident_points`, with the ids first. `among`: only these ids, a few thousand at most.

    The ids are for keeping a raster up to date, and go no further.
    """
    asked = Asked(view, now or datetime.now(UTC), zone)
    i = t.incidents.c
    where = seen(filters, asked)
    if among is not None:
        where.append(i.id.in_(among.tolist()))
    found = numbers(conn, select(i.id, *lon_lat(t.incidents)).select_from(held()).where(*where))
    return found[:, 0].astype(np.int64), found[:, 1], found[:, 2]


def incident_months(
    conn: Connection,
    view: View,
    filters: Filters,
    months: Sequence[date],
    *,
    among: NDArray[np.int64] | None,
    now: datetime,
    zone: tzinfo,
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """As `incident_places`, with the place of each one's month among these (first days, ascending); NaN: before."""
    asked = Asked(view, now, zone)
    i = t.incidents.c
    where = seen(filters, asked)
    if among is not None:
        where.append(i.id.in_(among.tolist()))
    columns = (i.id, *lon_lat(t.incidents), month_number(months, asked))
    found = numbers(conn, select(*columns).select_from(held()).where(*where))
    return found[:, 0].astype(np.int64), found[:, 1], found[:, 2], found[:, 3]


def months_with(conn: Connection, view: View, filters: Filters, *, now: datetime, zone: tzinfo) -> list[date]:
    """The first days of all months from the first to the last with an incident that is counted."""
    return _months(conn, seen(filters, Asked(view, now, zone)), zone)


def household_points(conn: Connection) -> Points:
    """Longitudes and latitudes (WGS84, float64) of all households: what rates are per, for rasters made inside."""
    return _points(conn, t.households, t.households, ())


def _points(conn: Connection, table: Table, rows: FromClause, where: Sequence[ColumnElement[bool]]) -> Points:
    found = numbers(conn, select(*lon_lat(table)).select_from(rows).where(*where))
    return found[:, 0], found[:, 1]


def lon_lat(table: Table) -> list[ColumnElement[Any]]:
    """The coordinates of a table of points, WGS84, as both databases say them: the very numbers that are stored."""
    return [func.ST_X(table.c.geom, type_=Float), func.ST_Y(table.c.geom, type_=Float)]


def seen(filters: Filters | None, asked: Asked) -> list[ColumnElement[bool]]:
    """The conditions on what is counted: in scope, a case that stands, and as the filters say. Beside `held`."""
    scoped = clause(asked.view, Kind.INCIDENT, now=asked.now, held=t.responsibilities)
    counted = t.incidents.c.status.not_in([str(status) for status in DROPPED])
    return [scoped, counted, *conditions("incidents", filters or {}, asked)]


def count_where(conn: Connection, filters: Filters, asked: Asked) -> int:
    """How many incidents these filters list, whoever they lie with. For figures that the caller was told already."""
    where = conditions("incidents", filters, asked)
    return int(conn.execute(select(func.count()).select_from(held()).where(*where)).scalar_one())


# --- the dimensions -------------------------------------------------------------------------------------------------

#: the column that the database groups by; codes and names are joined to the few groups afterwards
_KEY = {
    "category": "category_id",
    "top_category": "category_id",
    "town": "cell_id",
    "community": "cell_id",
    "cell": "cell_id",
    "month": "month_no",
}


def _keys(wanted: Sequence[str], asked: Asked, months: Sequence[date]) -> dict[str, ColumnElement[Any]]:
    columns: dict[str, Callable[[], ColumnElement[Any]]] = {
        "category_id": lambda: t.incidents.c.category_id,
        "cell_id": lambda: incident_cell(asked.view),
        "month_no": lambda: month_number(months, asked),
    }
    return {key: columns[key]() for key in dict.fromkeys(_KEY[name] for name in wanted)}


def _months(conn: Connection, where: Sequence[ColumnElement[bool]], zone: tzinfo) -> list[date]:
    """The first days of the months from the first to the last incident, in the zone."""
    at = t.incidents.c.received_at
    first, last = conn.execute(select(func.min(at), func.max(at)).select_from(held()).where(*where)).one()
    if first is None:
        return []
    start, end = (moment.astimezone(zone) for moment in (first, last))
    numbers = range(start.year * 12 + start.month - 1, end.year * 12 + end.month)
    return [date(number // 12, number % 12 + 1, 1) for number in numbers]


def month_number(months: Sequence[date], asked: Asked) -> ColumnElement[Any]:
    """The position of an incident's month among these (first days, ascending). Where each begins in UTC is known here,
    so both databases count alike, summer time too."""
    at = t.incidents.c.received_at
    if not months:
        return cast(null(), Integer)
    begins = [datetime.combine(month, time(), asked.zone) for month in months]
    return case(*((at >= begin, number) for number, begin in reversed(list(enumerate(begins)))), else_=None)


def _named(conn: Connection, dimension: str, months: Sequence[date], key: str) -> pd.DataFrame:
    """The dimension's codes and names by the key that the database grouped by."""
    match dimension:
        case "month":
            codes = [f"{month:%Y-%m}" for month in months]
            return pd.DataFrame({"month_no": np.arange(len(months)), "month": np.array(codes, dtype=object)})
        case "category" | "top_category":
            c, top = t.categories, t.categories.alias("top")
            shown = c if dimension == "category" else top
            joined = c.join(top, top.c.id == func.coalesce(c.c.parent_id, c.c.id))
            query = select(c.c.id.label("category_id"), *_labelled(shown, dimension)).select_from(joined)
        case "cell":
            query = select(t.cells.c.id.label("cell_id"), *_labelled(t.cells, "cell"))
        case _:
            query = _areas(dimension, key)
    return frame(conn, query)


def _labelled(table: Any, name: str) -> list[ColumnElement[Any]]:
    columns = (table.c.code, table.c.name, table.c.name_en)
    return [column.label(name + end) for column, end in zip(columns, _NAMES, strict=True)]


def _areas(level: str, key: str) -> Select[Any]:
    """For each cell (`key`: cell_id) or area (area_id) the area of this level that it lies in."""
    a, above = t.areas, t.areas.alias("above")
    joined = a.join(above, a.c.path.startswith(above.c.path))
    if key == "cell_id":
        joined = t.cells.join(joined, a.c.id == t.cells.c.area_id)
    inner = t.cells.c.id if key == "cell_id" else a.c.id
    query = select(inner.label(key), *_labelled(above, level)).select_from(joined)
    return query.where(above.c.level == level)


def _with_none(frame_: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Missing codes and names as None."""
    plain = {name: frame_[name].astype(object) for name in columns}
    return frame_.assign(**{name: column.where(column.notna(), None) for name, column in plain.items()})
