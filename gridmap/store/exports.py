"""Rows of a kind as `gridmap export` writes them: every field that `import` knows, codes for references, page by page.

Columns are named as the kind's fields (`files.kinds`), with `id`, `geom` (WGS84) where there is one, and `subject_id`
where sealed fields belong to the row. The View's scope decides which rows there are, as everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Connection, FromClause, Integer, cast, func, select

from gridmap.store import tables as t
from gridmap.store.behind import in_time
from gridmap.store.bulk import frame
from gridmap.store.features import lights
from gridmap.store.scope import clause, on_day
from gridmap.view import Kind, View

#: the kind of row whose scope each import kind's rows are in; categories, like the base map, are nobody's
KIND_OF: Mapping[str, Kind] = {
    "areas": Kind.AREA,
    "bodies": Kind.BODY,
    "cells": Kind.CELL,
    "workers": Kind.WORKER,
    "duties": Kind.DUTY,
    "leaves": Kind.WORKER,
    "categories": Kind.BASEMAP,
    "households": Kind.HOUSEHOLD,
    "enterprises": Kind.ENTERPRISE,
    "incidents": Kind.INCIDENT,
    "blasts": Kind.ENTERPRISE,
    "permits": Kind.ENTERPRISE,
    "roads": Kind.BASEMAP,
    "water": Kind.BASEMAP,
    "places": Kind.BASEMAP,
}
#: kinds whose rows are in force from a day to another
DATED = frozenset({"cells", "duties"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows: of dated kinds those in force on `day` (None: of all days), of incidents those received from
    `first` up to, not including, `end`."""

    day: date | None = None
    first: datetime | None = None
    end: datetime | None = None


def count(conn: Connection, view: View, kind: str, wanted: Wanted, now: datetime) -> int:
    """How many rows `pages` gives."""
    source = _SOURCES[kind]()
    query = select(func.count()).select_from(source.joined).where(*_conditions(source, view, kind, wanted, now))
    return int(conn.execute(query).scalar_one())


def pages(
    conn: Connection, view: View, kind: str, wanted: Wanted, now: datetime, size: int = 5_000
) -> Iterator[pd.DataFrame]:
    """The rows by id, `size` at a time; the first page may be empty. `now`: for `Overdue` and lights."""
    source = _SOURCES[kind]()
    key = source.table.c.id
    query = (
        select(*source.columns)
        .select_from(source.joined)
        .where(*_conditions(source, view, kind, wanted, now))
        .order_by(key)
        .limit(size)
    )
    page = frame(conn, query)
    yield _lit(page, kind, now)
    while len(page) == size:
        page = frame(conn, query.where(key > int(page["id"].iloc[-1])))
        if len(page):
            yield _lit(page, kind, now)


def _lit(page: pd.DataFrame, kind: str, now: datetime) -> pd.DataFrame:
    """Cases with the light that they show at the moment of the export, as lists and maps show it."""
    return page.assign(light=lights(page, now)) if kind == "incidents" else page


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a kind's rows come from; every join finds at most one row."""

    table: Any
    columns: tuple[ColumnElement[Any], ...]
    joined: FromClause


def _conditions(source: _Source, view: View, kind: str, wanted: Wanted, now: datetime) -> Iterator[ColumnElement[bool]]:
    admitted = clause(view, KIND_OF[kind], now=now)
    match kind:
        case "leaves":  # as visible as its worker
            yield t.leaves.c.worker_id.in_(select(t.workers.c.id).where(admitted))
        case "blasts" | "permits":  # as visible as its enterprise
            yield source.table.c.enterprise_id.in_(select(t.enterprises.c.id).where(admitted))
        case _:
            yield admitted
    if kind in DATED and wanted.day is not None:
        yield on_day(source.table, wanted.day)
    if kind == "incidents" and wanted.first is not None:
        yield t.incidents.c.received_at >= wanted.first
    if kind == "incidents" and wanted.end is not None:
        yield t.incidents.c.received_at < wanted.end


def _own(table: Any, *names: str) -> tuple[ColumnElement[Any], ...]:
    return tuple(table.c[name] for name in ("id", *names))


def _code(table: Any, name: str) -> ColumnElement[Any]:
    label: ColumnElement[Any] = table.c.code.label(name)
    return label


_NAMES = ("code", "name", "name_en")
_CAME = ("crs_in", "x_in", "y_in")


def _areas() -> _Source:
    a, above = t.areas, t.areas.alias("above")
    columns = (*_own(a, *_NAMES, "level"), _code(above, "parent"), a.c.geom)
    return _Source(a, columns, a.outerjoin(above, above.c.id == a.c.parent_id))


def _bodies() -> _Source:
    b = t.bodies
    columns = (*_own(b, *_NAMES, "kind", "level", "department", "email"), _code(t.areas, "area"))
    return _Source(b, columns, b.join(t.areas, t.areas.c.id == b.c.area_id))


def _belonging(table: Any, *columns: ColumnElement[Any]) -> _Source:
    """Rows with an area and, maybe, a body."""
    joined = table.join(t.areas, t.areas.c.id == table.c.area_id).outerjoin(t.bodies, t.bodies.c.id == table.c.body_id)
    return _Source(table, (*columns, _code(t.areas, "area"), _code(t.bodies, "body")), joined)


def _cells() -> _Source:
    return _belonging(t.cells, *_own(t.cells, *_NAMES, "valid_from", "valid_to", "geom"))


def _workers() -> _Source:
    return _belonging(t.workers, *_own(t.workers, *_NAMES, "agent", "subject_id"))


def _duties() -> _Source:
    d = t.duties
    own = _own(d, "rank", "valid_from", "valid_to", "weekdays", "starts_min", "ends_min")
    joined = d.join(t.workers, t.workers.c.id == d.c.worker_id).join(t.cells, t.cells.c.id == d.c.cell_id)
    return _Source(d, (*own, _code(t.workers, "worker"), _code(t.cells, "cell")), joined)


def _leaves() -> _Source:
    own = _own(t.leaves, "starts_on", "ends_on")
    joined = t.leaves.join(t.workers, t.workers.c.id == t.leaves.c.worker_id)
    return _Source(t.leaves, (*own, _code(t.workers, "worker")), joined)


def _categories() -> _Source:
    c, above = t.categories, t.categories.alias("above")
    own = _own(c, *_NAMES, "process", "limit_hours", "department")
    return _Source(c, (*own, _code(above, "parent")), c.outerjoin(above, above.c.id == c.c.parent_id))


def _in_cells(table: Any, *names: str) -> _Source:
    """Rows that lie in a cell, or in none."""
    columns = (*_own(table, *names, *_CAME, "geom"), _code(t.cells, "cell"))
    return _Source(table, columns, table.outerjoin(t.cells, t.cells.c.id == table.c.cell_id))


def _households() -> _Source:
    return _in_cells(t.households, "code", "address", "children", "adults", "elders", "housing", "subject_id")


def _enterprises() -> _Source:
    return _in_cells(t.enterprises, *_NAMES, "kind", "status", "opened_on", "source")


def _incidents() -> _Source:
    i, h, e = t.incidents, t.households, t.enterprises
    own = _own(
        i, "number", "source_ref", "channel", "status", "received_at", "occurred_at", "closed_at", "due_at",
        "yellow_at", "red_at", "very_late_at", "paused_until", "accuracy_m", "subject_id", *_CAME, "geom",
    )  # fmt: skip
    codes = (
        cast(in_time(), Integer).label("in_time"),
        _code(t.categories, "category"),
        _code(h, "household"),
        _code(e, "enterprise"),
        _code(t.cells, "cell"),
    )
    joined = (
        i.join(t.categories, t.categories.c.id == i.c.category_id)
        .outerjoin(h, h.c.id == i.c.household_id)
        .outerjoin(e, e.c.id == i.c.enterprise_id)
        .outerjoin(t.cells, t.cells.c.id == i.c.cell_id)
    )
    return _Source(i, (*own, *codes), joined)


def _blasts() -> _Source:
    b, e = t.blasts, t.enterprises
    own = _own(b, "code", "at", "charge_kg", "frequency_hz", "crs_in", "x_in", "y_in", "geom")
    return _Source(b, (*own, _code(e, "enterprise")), b.join(e, e.c.id == b.c.enterprise_id))


def _permits() -> _Source:
    p, e = t.permits, t.enterprises
    own = _own(p, "number", "kind", "valid_from", "valid_to")
    return _Source(p, (*own, _code(e, "enterprise")), p.join(e, e.c.id == p.c.enterprise_id))


def _plain(table: Any, *more: str) -> _Source:
    return _Source(table, _own(table, *_NAMES, "class", *more, "geom"), table)


_SOURCES: Mapping[str, Any] = {
    "areas": _areas,
    "bodies": _bodies,
    "cells": _cells,
    "workers": _workers,
    "duties": _duties,
    "leaves": _leaves,
    "categories": _categories,
    "households": _households,
    "enterprises": _enterprises,
    "incidents": _incidents,
    "blasts": _blasts,
    "permits": _permits,
    "roads": lambda: _plain(t.roads),
    "water": lambda: _plain(t.water, "width"),
    "places": lambda: _plain(t.places),
}
