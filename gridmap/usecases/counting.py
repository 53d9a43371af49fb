"""Figures inside: exact counts of incidents, and points for rasters, for those who may read figures. No rows.

A role that reads figures reads them of its whole area, whatever single rows it may see: a planner none, a supervisor
the late ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from sqlalchemy import Connection

from gridmap.errors import Forbidden
from gridmap.people.roles import can
from gridmap.store import accounts, features, figures, read, single, versions
from gridmap.store.figures import Points
from gridmap.usecases.closing import next_month
from gridmap.usecases.context import Context
from gridmap.view import AllOf, Audience, Drawing, Grant, InArea, Kind, Nothing, Scope, View

#: the counts of cases that a cell may carry
CASES = ("open_incidents", "overdue")


def figures_view(conn: Connection, view: View) -> View:
    """The View for figures: the caller's whole area. Forbidden for roles that read none."""
    return figures_within(view, None if view.actor is None else accounts.area_path(conn, view.actor.area_id))


def figures_within(view: View, path: str | None) -> View:
    """As `figures_view`, where the path of the caller's area is known already."""
    if view.actor is None:
        return view.for_use(Audience.FIGURES)
    decision = can(view.actor, view.scope, "figures.read")
    if not decision:
        raise Forbidden(decision.reason)
    grant: Grant = Nothing() if path is None else InArea(path)
    scope = Scope({**view.scope.grants, Kind.INCIDENT: grant})
    return replace(view, scope=scope, audience=Audience.FIGURES)


def reads_figures(view: View) -> bool:
    """Whether this View's actor may read figures at all."""
    return view.actor is None or bool(can(view.actor, view.scope, "figures.read"))


def counts(
    ctx: Context,
    view: View,
    by: Sequence[str],
    filters: Mapping[str, Any],
    *,
    area: str | None = None,
    drawing: Drawing = Drawing.NOW,
    as_of: date | None = None,
) -> pd.DataFrame:
    """Exact counts of the incidents of the caller's area (and of `area` within it); see `store.figures.counts`.

    As drawn now each incident counts in a cell of the day `as_of` (default: the View's), as drawn then in the one it
    was reported in, also where a redraw has abolished that since. The sum over all cells is the same.
    """
    with read(ctx.engine) as conn:
        seen = replace(figures_view(conn, view), drawing=drawing, as_of=as_of or view.as_of)
        if area is not None:
            within = AllOf((seen.scope.grant(Kind.INCIDENT), InArea(single.area(conn, area)["path"])))
            seen = replace(seen, scope=Scope({**seen.scope.grants, Kind.INCIDENT: within}))
        locate = ctx.grounds.on(conn, seen.as_of).cell_ids
        return figures.counts(conn, seen, by, filters, locate=locate, now=ctx.clock(), zone=ctx.zone, summed=True)


def cells_with_loads(ctx: Context, view: View, filters: Mapping[str, Any]) -> pd.DataFrame:
    """The cells of the View's day with their `households`, `open_incidents`, `overdue` and `workers` (primary ones).

    Everything counts in the cells of that day, wherever it lay before or lies since. As drawn then, open cases count
    in the cell they were reported in; those of cells that are no more stand behind the day's own. Cases are counted in
    the area whose figures the caller reads; elsewhere, and for roles that read none, both counts are missing.
    """
    with read(ctx.engine) as conn:
        cells = features.page(conn, view, "cells", filters=filters, limit=features.MAX_LIMIT).rows
        if reads_figures(view):
            seen = figures_view(conn, view)
            path = accounts.area_path(conn, view.actor.area_id) if view.actor else "/"
        else:
            seen, path = view.for_use(Audience.FIGURES), None
        ground = ctx.grounds.on(conn, view.as_of)
        loads = features.cell_loads(conn, seen, locate=ground.cell_ids, now=ctx.clock())
        gone = [] if filters or not path else loads.loc[~loads["id"].isin(ground.ids), "id"].tolist()
        if gone:
            cells = pd.concat([cells, features.cells_of(conn, view, gone)], ignore_index=True)
    inside = ground.cells["area_path"].str.startswith(path) if path else np.zeros(len(ground.ids), dtype=bool)
    counted = [*ground.ids[np.asarray(inside)].tolist(), *gone]  # a cell that is no more stands here for its cases
    loads = loads.astype(dict.fromkeys(CASES, "Int64"))
    loads.loc[~loads["id"].isin(counted), list(CASES)] = pd.NA
    named = ["id", "households", *CASES, "workers"]
    return cells.merge(loads[named], on="id", how="left", validate="one_to_one")


@dataclass(frozen=True, slots=True)
class HeatGround:
    """What cases are set against: all households (lon, lat), the enterprises asked for, and the area to clip to."""

    households: Points
    sources: npt.NDArray[np.object_]
    area: shapely.Geometry


@dataclass(frozen=True, slots=True)
class HeatInput(HeatGround):
    """The same with the places of incidents."""

    incidents: Points


def heat_input(ctx: Context, view: View, filters: Mapping[str, Any], near: Sequence[str] = ()) -> HeatInput:
    """Incidents of the caller's area, all households, and the enterprises of these kinds."""
    with read(ctx.engine) as conn:
        seen = figures_view(conn, view)
        reported = figures.incident_points(conn, seen, filters, now=ctx.clock(), zone=ctx.zone)
        ground = _ground(ctx, conn, seen, near)
    return HeatInput(ground.households, ground.sources, ground.area, reported)


def data_versions(ctx: Context) -> dict[str, int]:
    """The versions of the data by layer; see `store.versions`."""
    with read(ctx.engine) as conn:
        return versions.read(conn)


def county_extent(ctx: Context, view: View) -> tuple[float, float, float, float] | None:
    """West, south, east and north of all cells on the View's day, in degrees; None without cells."""
    with read(ctx.engine) as conn:
        return ctx.grounds.on(conn, view.as_of).extent


def heat_ground(ctx: Context, view: View, near: Sequence[str] = ()) -> HeatGround:
    """What cases are set against, for rasters that are kept: see `heat_cases`."""
    with read(ctx.engine) as conn:
        return _ground(ctx, conn, figures_view(conn, view), near)


@dataclass(frozen=True, slots=True)
class HeatCases:
    """Incidents with their ids and degrees, all of them or, where `changed` is given, those among these ids.

    `version` is the version of the incidents that they are at least of.
    """

    version: int
    ids: npt.NDArray[np.int64]
    lon: npt.NDArray[np.float64]
    lat: npt.NDArray[np.float64]
    changed: npt.NDArray[np.int64] | None = None


def heat_cases(ctx: Context, view: View, filters: Mapping[str, Any], since: int | None = None) -> HeatCases:
    """Incidents of the caller's area, for a raster that is kept.

    With `since`, the version that the raster is of: only those that were touched after it, and in `changed` the ids of
    all that were, also of those that do not pass the filters or the scope (any more). Where they are too many or not
    known, all incidents, with `changed` None. The version is read first; what a later one holds already is given once
    more by the next call, which does no harm.
    """
    with read(ctx.engine) as conn:
        seen = figures_view(conn, view)
        version = versions.read(conn).get("incidents", 0)
        changed = None if since is None else versions.touched_since(conn, "incidents", since, version)
        found = figures.incident_places(conn, seen, filters, among=changed, now=ctx.clock(), zone=ctx.zone)
    return HeatCases(version, *found, changed)


@dataclass(frozen=True, slots=True)
class HeatMonths(HeatCases):
    """The same of closed months: `months`, their first days up to the last one closed, and each case's place there."""

    months: tuple[date, ...] = ()
    month: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


def heat_months(
    ctx: Context, view: View, category: str | None, held: tuple[int, tuple[date, ...]] | None = None
) -> HeatMonths:
    """Incidents of the caller's area in closed months, from the first with any on.

    `held`: the version and the months of what is kept; then as `heat_cases` with `since`, unless the months are not the
    same any more.
    """
    end = ctx.today().replace(day=1)
    filters: dict[str, Any] = {"to": end, **({} if category is None else {"category": category})}
    with read(ctx.engine) as conn:
        seen = figures_view(conn, view)
        version = versions.read(conn).get("incidents", 0)
        if held is not None and held[1] and next_month(held[1][-1]) == end:
            changed = versions.touched_since(conn, "incidents", held[0], version)
            found = _by_month(ctx, conn, seen, filters, held[1], changed)
            # none may lie before the months that are kept: then all months are others
            if changed is not None and not np.isnan(found[3]).any():
                return HeatMonths(version, *found[:3], changed, held[1], found[3].astype(np.int64))
        months = figures.months_with(conn, seen, filters, now=ctx.clock(), zone=ctx.zone)
        while months and next_month(months[-1]) < end:
            months.append(next_month(months[-1]))
        anew = _by_month(ctx, conn, seen, filters, tuple(months), None)
    ids, lon, lat, month = anew
    there = np.isfinite(month)
    return HeatMonths(version, ids[there], lon[there], lat[there], None, tuple(months), month[there].astype(np.int64))


def _by_month(
    ctx: Context,
    conn: Connection,
    seen: View,
    filters: Mapping[str, Any],
    months: tuple[date, ...],
    among: npt.NDArray[np.int64] | None,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Ids, places and months of those that pass."""
    return figures.incident_months(conn, seen, filters, months, among=among, now=ctx.clock(), zone=ctx.zone)


def _ground(ctx: Context, conn: Connection, seen: View, near: Sequence[str]) -> HeatGround:
    homes = figures.household_points(conn)
    kinds = {"kind": list(near)}
    found = features.page(conn, seen, "enterprises", filters=kinds, limit=features.MAX_LIMIT) if near else None
    sources = np.empty(0, dtype=object) if found is None else found.rows["geom"].to_numpy(dtype=object)
    return HeatGround(homes, sources, _area(ctx, conn, seen))


def household_places(ctx: Context) -> Points:
    """The places of all households, for the base map's built-up land."""
    with read(ctx.engine) as conn:
        return figures.household_points(conn)


def _area(ctx: Context, conn: Connection, view: View) -> shapely.Geometry:
    """The shape of the View's area: its own border, else that of its cells together."""
    area_id = view.actor.area_id if view.actor else None
    shape = None if area_id is None else single.area_shape(conn, area_id)
    if shape is not None:
        return shape
    cells = ctx.grounds.on(conn, view.as_of).cells
    path = accounts.area_path(conn, area_id) or "/"
    inside = cells.geometry[cells["area_path"].str.startswith(path)].to_numpy()
    return shapely.coverage_union_all(inside)
