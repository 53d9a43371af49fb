"""Rows of a layer, page by page: scoped by the View, narrowed by the spatial index, with codes and names joined.

Only the columns listed here leave; sealed fields and what came in (`crs_in`, `x_in`, `y_in`) never do.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import Any

import pandas as pd
from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    false,
    func,
    select,
)

from gridmap.case import clock
from gridmap.errors import InvalidInput, NotFound
from gridmap.store import tables as t
from gridmap.store.behind import in_time
from gridmap.store.bulk import frame
from gridmap.store.drawn import Counted, Locate, by_cell
from gridmap.store.filters import Asked, Filters, conditions, incident_cell
from gridmap.store.ordered import asks_open, branches, first, order_of
from gridmap.store.scope import IN_FORCE, clause, is_open, on_day
from gridmap.store.scope import overdue as is_overdue
from gridmap.store.spatial import Bbox, intersects_bbox
from gridmap.view import Audience, Drawing, Kind, View

MAX_LIMIT = 10_000

#: kinds whose single rows are for those who serve them alone
PERSONAL = frozenset({Kind.HOUSEHOLD, Kind.INCIDENT})


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of a layer, `geom` a column of shapely geometries (WGS84) where the layer has one; `next`: what to pass as
    `after` for the following page, None when this is the last one.
    """

    rows: pd.DataFrame
    next: int | None

    def ids(self) -> list[int]:
        """The rows' ids in order."""
        ids: list[int] = self.rows["id"].tolist()
        return ids

    def texts(self, _kind: Hashable, write: Write) -> list[bytes]:
        """Each row as `write` writes it; a page that is held in memory keeps what was written under the kind."""
        return write(self.rows)


#: writes rows as texts, one for each
Write = Callable[[pd.DataFrame], list[bytes]]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a layer's rows come from. The table must be joined as itself, everything else to it at most once a row."""

    kind: Kind
    table: Any
    columns: tuple[ColumnElement[Any], ...]
    joined: FromClause
    dated: bool = False
    #: newest first
    descending: bool = False
    code: str = "code"


def page(
    conn: Connection,
    view: View,
    layer: str,
    *,
    bbox: Bbox | None = None,
    filters: Filters | None = None,
    after: int | None = None,
    limit: int = 500,
    now: datetime | None = None,
    zone: tzinfo = UTC,
) -> Page:
    """One page of a layer's rows that the View's scope admits, by id: incidents newest first, the others oldest first;
    those of one light (yellow, red, very late) by when they came to it and those of some days by when they were
    received, the latest first.

    `bbox`: west, south, east, north (WGS84). `filters`: see `filters.FILTERS`; days begin at midnight in `zone`.
    `after`: the `next` of the page before. `now`: for lights and what is overdue (default: this moment). Cells are
    those valid on the View's day. Households and incidents are rows for Audience.DUTY only, else there are none.

    Raises InvalidInput: no such layer or filter, a bad box, a limit outside 1 to 10,000.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidInput(f"limit must be 1 to {MAX_LIMIT}", field="limit")
    asked = Asked(view, now or datetime.now(UTC), zone)
    source, given = source_of(layer, view), {name: one for name, one in (filters or {}).items() if one is not None}
    where = conditions(layer, given, asked)
    order = order_of(source.table.c.id, given, descending=source.descending)
    if after is not None:
        where.append(order.beyond(after))
    query = _query(source, asked, still_open=asks_open(given))
    if bbox is not None:
        query = query.where(*where, intersects_bbox(source.table, bbox)).order_by(*order.apart())
    else:
        some = branches(conn, asked, given, order) if source.kind is Kind.INCIDENT else []
        these = (first(conn, some, where, order, after, limit + 1),) if some else where
        query = query.where(*these).order_by(*order.columns())
    rows = frame(conn, query.limit(limit + 1))
    more = len(rows) > limit
    rows = rows.iloc[:limit]
    if layer == "incidents":
        rows = rows.assign(light=lights(rows, asked.now))
    return Page(rows, int(rows["id"].iloc[-1]) if more else None)


def cells_of(conn: Connection, view: View, ids: Sequence[int]) -> pd.DataFrame:
    """Cells of any day by their ids, those that the View admits, as `page` gives them, in order of code."""
    source = source_of("cells", view)
    query = select(*source.columns).select_from(source.joined).where(clause(view, Kind.CELL))
    return frame(conn, query.where(t.cells.c.id.in_(ids)).order_by(t.cells.c.code))


def one(
    conn: Connection, view: View, layer: str, id_or_code: int | str, *, now: datetime | None = None
) -> Mapping[str, Any]:
    """One row of a layer by its id or code (incidents: number), with the columns of `page`.

    Raises NotFound also for a row outside the View's scope.
    """
    asked = Asked(view, now or datetime.now(UTC))
    source = source_of(layer, view)
    column = source.table.c["id" if isinstance(id_or_code, int) else source.code]
    rows = frame(conn, _query(source, asked).where(column == id_or_code))
    if rows.empty:
        raise NotFound(f"there is no such row of {layer}, or none that you may see")
    if layer == "incidents":
        rows = rows.assign(light=lights(rows, asked.now))
    return {str(name): value for name, value in rows.iloc[0].items()}


def lights(incidents: pd.DataFrame, now: datetime) -> pd.Series:
    """The light of each incident by its columns, as `case.clock.lights` says; None once it has ended."""
    return clock.lights(incidents.assign(ended=incidents["closed_at"].notna()), now)


def cell_loads(
    conn: Connection, view: View, *, locate: Locate | None = None, now: datetime | None = None
) -> pd.DataFrame:
    """What each cell valid on the View's day carries, in order of code: a row a cell, no person but the workers.

    Columns: id, code, households, open_incidents, overdue, workers (primary ones on the roster that day), worker_names
    and worker_names_en (theirs, joined by "、" and ", "). Incidents are those that the View admits. As drawn now they
    count for the cell responsible, and with `locate` in the day's cells, each in one; as drawn then for the cell that
    they were reported in: cells that a redraw ended, but which have open ones still, stand behind the day's own.
    """
    day, moment = view.as_of, now or datetime.now(UTC)
    cells = select(t.cells.c.id, t.cells.c.code).where(clause(view, Kind.CELL)).order_by(t.cells.c.code)
    out = frame(conn, cells.where(on_day(t.cells, day))).set_index("id", drop=False)
    h, r, i, cell = t.households, t.responsibilities, t.incidents, incident_cell(view)
    still = (r.c.valid_to.is_(None), is_open(), clause(view, Kind.INCIDENT, now=moment, held=r, still_open=True))
    cases = Counted(r.join(i, i.c.id == r.c.incident_id), cell, i.c.geom, still)
    late = replace(cases, where=(*still, is_overdue(moment)))
    anew = locate if view.drawing is Drawing.NOW else None
    counts = {
        "households": by_cell(conn, Counted(h, h.c.cell_id, h.c.geom), day, locate),
        "open_incidents": by_cell(conn, cases, day, anew),
        "overdue": by_cell(conn, late, day, anew),
    }
    if view.drawing is Drawing.THEN:
        gone = counts["open_incidents"].index.difference(out.index).tolist()
        ended = frame(conn, cells.where(t.cells.c.id.in_(gone))).set_index("id", drop=False)
        out = pd.concat([out, ended]) if len(ended) else out
    for name, counted in counts.items():
        out[name] = counted.reindex(out.index, fill_value=0).astype("int64")
    return _with_workers(conn, out, view).reset_index(drop=True)


def _with_workers(conn: Connection, cells: pd.DataFrame, view: View) -> pd.DataFrame:
    d, w = t.duties, t.workers
    query = (
        select(d.c.cell_id, w.c.name, func.coalesce(w.c.name_en, w.c.name).label("name_en"))
        .join(w, w.c.id == d.c.worker_id)
        .where(d.c.rank == "primary", on_day(d, view.as_of))
        .distinct()
        .order_by(d.c.cell_id, w.c.name)
    )
    primary = frame(conn, query).groupby("cell_id")
    cells["workers"] = primary.size().reindex(cells.index, fill_value=0).astype("int64")
    cells["worker_names"] = primary["name"].agg("、".join).reindex(cells.index, fill_value="")
    cells["worker_names_en"] = primary["name_en"].agg(", ".join).reindex(cells.index, fill_value="")
    return cells


# --- the layers -----------------------------------------------------------------------------------------------------


def _query(source: Source, asked: Asked, *, still_open: bool = False) -> Select[Any]:
    """The rows the View admits, not yet ordered."""
    held = t.responsibilities if source.kind is Kind.INCIDENT else None
    admitted = clause(asked.view, source.kind, now=asked.now, held=held, still_open=still_open)
    query = select(*source.columns).select_from(source.joined).where(admitted)
    if source.dated:
        query = query.where(on_day(source.table, asked.view.as_of))
    if source.kind in PERSONAL and asked.view.audience is not Audience.DUTY:
        query = query.where(false())
    return query


def _own(table: Any, *names: str) -> tuple[ColumnElement[Any], ...]:
    return tuple(table.c[name] for name in ("id", *names))


def _named(table: Any, prefix: str, code: str = "code") -> tuple[ColumnElement[Any], ...]:
    """A joined table's code as PREFIX, its names as PREFIX_name and PREFIX_name_en."""
    return (
        table.c[code].label(prefix),
        table.c.name.label(f"{prefix}_name"),
        table.c.name_en.label(f"{prefix}_name_en"),
    )


def source_of(layer: str, view: View) -> Source:
    match layer:
        case "areas":
            above = t.areas.alias("above")
            columns = (*_own(t.areas, "code", "name", "name_en", "level"), above.c.code.label("parent"), t.areas.c.geom)
            return Source(Kind.AREA, t.areas, columns, t.areas.outerjoin(above, above.c.id == t.areas.c.parent_id))
        case "bodies":
            own = _own(t.bodies, "code", "name", "name_en", "kind", "level", "department")
            columns = (*own, *_named(t.areas, "area"))
            return Source(Kind.BODY, t.bodies, columns, t.bodies.join(t.areas, t.areas.c.id == t.bodies.c.area_id))
        case "cells":
            return _cells()
        case "workers":
            return _workers()
        case "households":
            own = _own(t.households, "code", "address", "children", "adults", "elders", "housing")
            return _placed(Kind.HOUSEHOLD, t.households, own)
        case "enterprises":
            own = _own(t.enterprises, "code", "name", "name_en", "kind", "status", "opened_on", "source")
            return _placed(Kind.ENTERPRISE, t.enterprises, own)
        case "incidents":
            return _incidents(view)
        case "roads" | "water" | "places":
            table = {"roads": t.roads, "water": t.water, "places": t.places}[layer]
            extra = ("width",) if layer == "water" else ()
            columns = _own(table, "code", "name", "name_en", "class", *extra, "geom")
            return Source(Kind.BASEMAP, table, columns, table)
        case _:
            raise InvalidInput(f"there is no layer {layer!r}", field="layer")


def _placed(kind: Kind, table: Any, own: tuple[ColumnElement[Any], ...]) -> Source:
    """A layer whose rows lie in a cell."""
    columns = (*own, *_named(t.cells, "cell"), table.c.geom)
    return Source(kind, table, columns, table.outerjoin(t.cells, t.cells.c.id == table.c.cell_id))


def _cells() -> Source:
    c = t.cells
    columns = (
        *_own(c, "code", "name", "name_en", "area_m2", "valid_from", "valid_to"),
        *_named(t.areas, "area"), *_named(t.bodies, "body"), c.c.geom,
    )  # fmt: skip
    joined = c.join(t.areas, t.areas.c.id == c.c.area_id).outerjoin(t.bodies, t.bodies.c.id == c.c.body_id)
    return Source(Kind.CELL, c, columns, joined, dated=True)


def _workers() -> Source:
    w = t.workers
    columns = (*_own(w, "code", "name", "name_en", "agent"), *_named(t.areas, "area"), *_named(t.bodies, "body"))
    joined = w.join(t.areas, t.areas.c.id == w.c.area_id).outerjoin(t.bodies, t.bodies.c.id == w.c.body_id)
    return Source(Kind.WORKER, w, columns, joined)


#: what `lights` compares with the moment
_LIGHTS = ("yellow_at", "red_at", "very_late_at", "paused_until")


def _incidents(view: View) -> Source:
    i, r, c, w = t.incidents, t.responsibilities, t.cells, t.workers
    columns = (
        *_own(i, "number", "channel", "status", "received_at", "occurred_at", "due_at", "closed_at", *_LIGHTS),
        in_time().label("in_time"),
        *_named(t.categories, "category"), *_named(c, "cell"),
        w.c.id.label("worker_id"), w.c.name.label("worker"), w.c.name_en.label("worker_name_en"),
        *_named(t.bodies, "body"), r.c.reason.label("responsible_reason"),
        i.c.place_reason, i.c.border_m, i.c.confidence, i.c.household_id, i.c.enterprise_id, i.c.geom,
    )  # fmt: skip
    joined = (
        i.join(t.categories, t.categories.c.id == i.c.category_id)
        .outerjoin(r, IN_FORCE)
        .outerjoin(c, c.c.id == incident_cell(view))
        .outerjoin(w, w.c.id == r.c.worker_id)
        .outerjoin(t.bodies, t.bodies.c.id == r.c.body_id)
    )
    return Source(Kind.INCIDENT, i, columns, joined, descending=True, code="number")
