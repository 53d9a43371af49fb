"""Rasters behind the heat tiles, kept for each View and brought up to date by what changed since.

Two states stand in the application's `rasters`: the ground (households, area, enterprises asked for), made anew when
one of its layers has a new version, and the cases upon it, changed by the incidents that were touched since. Both are
keyed by the View, since they stand outside SQL's scope: an official of one town gets no points of another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import shapely

from api import layering
from api.answers import view_key
from api.cache import StateCache
from gridmap.ground import area_m2, convert
from gridmap.privacy.release import LEAST
from gridmap.usecases import counting
from gridmap.usecases.context import Context
from gridmap.usecases.counting import HeatCases
from gridmap.view import View
from layers import heat
from layers.tiles import Measure, Points, Raster, Shape, Surface, zoom_for
from layers.tiles.surface import breaks_of_density

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
#: what a tile may be drawn in: as stored, or to lie on a base map in GCJ-02
Crs = Literal["wgs84", "gcj02"]

#: layers whose new version makes the ground anew; enterprises count where `near` asks for them
GROUND = ("areas", "cells", "households")
_EMPTY = Raster(0)


@dataclass(frozen=True, slots=True)
class HeatAsked:
    """What heat is asked for. `start` is the first day, `end` the first no longer included."""

    category: str | None = None
    start: date | None = None
    end: date | None = None
    near: tuple[str, ...] = ()
    within_m: float = layering.NEAR_M
    bandwidth_m: float = heat.BANDWIDTH_M
    measure: Measure = Measure.RATE
    crs: Crs = "wgs84"

    def filters(self) -> dict[str, Any]:
        """For the store: those given, by name."""
        given = {"category": self.category, "from": self.start, "to": self.end}
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Heat:
    """A surface with its figures. `surface` is None where nothing is drawn: of a lone case it would show the house."""

    surface: Surface | None
    incidents: int
    households: int
    mean: float
    breaks: tuple[float, ...]
    bounds: tuple[float, float, float, float] | None


def heat_of(ctx: Context, rasters: StateCache, view: View, asked: HeatAsked) -> Heat:
    """The heat that is asked for as the data stands now. `view`: as for the layer heat (`layering.find`)."""
    now = counting.data_versions(ctx)
    lat = _latitude(ctx, view)
    zoom = zoom_for(asked.bandwidth_m, lat)
    of = (view_key(view), asked.near, asked.within_m if asked.near else None, asked.crs, zoom)
    ground = rasters.get(("ground", *of), partial(_ground, ctx, view, asked, zoom, now))
    filters = asked.filters()
    key = ("cases", *of, tuple(filters.items()))
    cases = rasters.get(key, partial(_cases, ctx, view, filters, ground, now))
    households = ground.households
    if asked.measure is Measure.RATE:
        mean = 100 * cases.inside / households if households else float("nan")
        breaks = heat.breaks_around(mean)
    else:
        mean = cases.inside / ground.km2 if ground.km2 else float("nan")
        breaks = breaks_of_density(mean)
    surface = None
    if len(cases.points) >= LEAST and households >= heat.LEAST_HOUSEHOLDS:
        surface = Surface(cases.raster, ground.homes, ground.shape, asked.bandwidth_m, lat, asked.measure, breaks)
    return Heat(surface, cases.inside, households, mean, breaks, ground.bounds)


def _latitude(ctx: Context, view: View) -> float:
    """The middle of the county's cells: there metres are metres, for whoever looks, so that all see the same kernel."""
    extent = counting.county_extent(ctx, view)
    return 0.0 if extent is None else (extent[1] + extent[3]) / 2


# --- the ground -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Ground:
    """The area and its households. What is drawn of it (`shape`, `homes`) is near the enterprises asked for, if any.

    The mean that classes are set around is always the whole area's, so that maps near and far can be compared.
    """

    versions: tuple[int, ...]
    zoom: int
    crs: Crs
    area: shapely.Geometry
    sources: npt.NDArray[np.object_]
    within_m: float | None
    shape: Shape
    km2: float
    bounds: tuple[float, float, float, float] | None
    households: int = 0
    homes: Raster = _EMPTY

    @property
    def nbytes(self) -> int:
        # the area three times over: as it is, prepared, and as a shape
        return self.homes.nbytes + 3 * 16 * int(shapely.get_num_coordinates(self.area))

    def inside(self, lon: Floats, lat: Floats) -> npt.NDArray[np.bool_]:
        """Which places lie in the area whose mean the classes are set around."""
        return np.asarray(shapely.intersects_xy(self.area, lon, lat), dtype=np.bool_)

    def points(self, ids: Ints, lon: Floats, lat: Floats) -> Points:
        """Those of the places inside that are drawn."""
        if self.within_m is not None:
            near = heat.near(lon, lat, self.sources, self.within_m)
            ids, lon, lat = ids[near], lon[near], lat[near]
        return Points.at(self.zoom, ids, *convert(lon, lat, "wgs84", self.crs))


def _ground(
    ctx: Context, view: View, asked: HeatAsked, zoom: int, now: Mapping[str, int], held: _Ground | None
) -> _Ground:
    """The ground as it is now: the one held where none of its layers has changed."""
    versions = tuple(now.get(layer, 0) for layer in (*GROUND, *(("enterprises",) if asked.near else ())))
    if held is not None and held.versions == versions:
        return held
    given = counting.heat_ground(ctx, view, asked.near)
    within_m = asked.within_m if asked.near else None
    drawn = given.area if within_m is None else layering.around(given, within_m)
    shapely.prepare(given.area)
    some = not shapely.is_empty(drawn)
    west, south, east, north = shapely.bounds(drawn).tolist()
    ground = _Ground(
        versions=versions,
        zoom=zoom,
        crs=asked.crs,
        area=given.area,
        sources=given.sources,
        within_m=within_m,
        shape=Shape(_drawn_in(drawn, asked.crs)),
        km2=float(area_m2([given.area])[0]) / 1e6,
        bounds=(west, south, east, north) if some else None,
    )
    lon, lat = given.households
    inside = ground.inside(lon, lat)
    homes = ground.points(np.flatnonzero(inside), lon[inside], lat[inside]).raster(zoom)
    return replace(ground, households=int(inside.sum()), homes=homes)


def _drawn_in(area: shapely.Geometry, crs: Crs) -> shapely.Geometry:
    """The area's degrees in the reference system that tiles are drawn in."""
    moved: shapely.Geometry = shapely.transform(
        area, lambda xy: np.column_stack(convert(xy[:, 0], xy[:, 1], "wgs84", crs))
    )
    return moved


# --- the cases ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Cases:
    """Cases on a ground: those drawn with their raster, and the ids of all in the area, ascending."""

    ground: _Ground
    categories: int
    version: int
    ids: Ints
    points: Points
    raster: Raster

    @property
    def nbytes(self) -> int:
        return self.ids.nbytes + self.points.nbytes + self.raster.nbytes

    @property
    def inside(self) -> int:
        """How many lie in the area."""
        return len(self.ids)


def _cases(
    ctx: Context,
    view: View,
    filters: Mapping[str, Any],
    ground: _Ground,
    now: Mapping[str, int],
    held: _Cases | None,
) -> _Cases:
    """The cases as they are now: those held, changed by what was touched since, as long as they can be."""
    categories = now.get("categories", 0)
    if held is not None and (held.ground is not ground or held.categories != categories):
        held = None
    if held is not None and held.version >= now.get("incidents", 0):
        return held
    found = counting.heat_cases(ctx, view, filters, None if held is None else held.version)
    inside = ground.inside(found.lon, found.lat)
    ids = found.ids[inside]
    points = ground.points(ids, found.lon[inside], found.lat[inside])
    if held is None or found.changed is None:
        return _Cases(ground, categories, found.version, np.sort(ids), points, points.raster(ground.zoom))
    return _updated(held, found, ids, points)


def _updated(held: _Cases, found: HeatCases, ids: Ints, points: Points) -> _Cases:
    """The cases with those that changed taken out and put in again as they are now."""
    assert found.changed is not None
    kept = held.ids[~np.isin(held.ids, found.changed)]
    drawn, raster = held.points.replaced(held.raster, found.changed, points)
    return _Cases(held.ground, held.categories, found.version, np.union1d(kept, ids), drawn, raster)
