"""The ground of heat: what is asked for, the area and its households, kept for each View until a layer changes."""

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
from gridmap.usecases import counting
from gridmap.usecases.context import Context
from gridmap.view import View
from layers import heat
from layers.classes import Classes
from layers.tiles import Measure, Points, Raster, Shape, zoom_for

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
    classes: Classes = Classes.MEAN
    crs: Crs = "wgs84"

    def filters(self) -> dict[str, Any]:
        """For the store: those given, by name."""
        given = {"category": self.category, "from": self.start, "to": self.end}
        return {name: value for name, value in given.items() if value is not None}


def latitude(ctx: Context, view: View) -> float:
    """The middle of the county's cells: there metres are metres, for whoever looks, so that all see the same kernel."""
    extent = counting.county_extent(ctx, view)
    return 0.0 if extent is None else (extent[1] + extent[3]) / 2


@dataclass(frozen=True, slots=True)
class Ground:
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


def ground_of(
    ctx: Context, rasters: StateCache, view: View, asked: HeatAsked, lat: float, now: Mapping[str, int]
) -> tuple[Ground, tuple[object, ...]]:
    """The ground as it is now, and the key that it stands under; `lat` as `latitude` gives it."""
    zoom = zoom_for(asked.bandwidth_m, lat)
    key = (view_key(view), asked.near, asked.within_m if asked.near else None, asked.crs, zoom)
    return rasters.get(("ground", *key), partial(_ground, ctx, view, asked, zoom, now)), key


def _ground(
    ctx: Context, view: View, asked: HeatAsked, zoom: int, now: Mapping[str, int], held: Ground | None
) -> Ground:
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
    ground = Ground(
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
