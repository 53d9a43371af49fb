"""Rasters behind the heat tiles, kept for each View and brought up to date by what changed since.

Two states stand in the application's `rasters`: the ground (`api.grounds`), and the cases upon it, changed by the
incidents that were touched since. Both are keyed by the View, since they stand outside SQL's scope: an official of one
town gets no points of another. Where breaks are found in the data, `api.scales` keeps a third.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from api.cache import StateCache
from api.grounds import Ground, HeatAsked, ground_of, latitude
from api.scales import breaks_over_time
from gridmap.privacy.release import LEAST
from gridmap.usecases import counting
from gridmap.usecases.context import Context
from gridmap.usecases.counting import HeatCases
from gridmap.view import View
from layers import heat
from layers.classes import Classes
from layers.tiles import Measure, Points, Raster, Surface
from layers.tiles.surface import breaks_of_density

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Heat:
    """A surface with its figures. `surface` is None where nothing is drawn: of a lone case it would show the house."""

    surface: Surface | None
    incidents: int
    households: int
    mean: float
    #: which these are: around the mean while no month with cases has closed, whatever was asked for
    classes: Classes
    breaks: tuple[float, ...]
    bounds: tuple[float, float, float, float] | None


def heat_of(ctx: Context, rasters: StateCache, view: View, asked: HeatAsked) -> Heat:
    """The heat that is asked for as the data stands now. `view`: as for the layer heat (`layering.find`)."""
    now = counting.data_versions(ctx)
    lat = latitude(ctx, view)
    ground, of = ground_of(ctx, rasters, view, asked, lat, now)
    filters = asked.filters()
    key = ("cases", *of, tuple(filters.items()))
    cases = rasters.get(key, partial(_cases, ctx, view, filters, ground, now))
    mean, classes, breaks = _around_the_mean(asked, ground, cases.inside)
    if asked.classes is not Classes.MEAN:
        found = breaks_over_time(ctx, rasters, view, asked, lat, now)
        classes, breaks = (classes, breaks) if found is None else (asked.classes, found)
    surface = None
    if len(cases.points) >= LEAST and ground.households >= heat.LEAST_HOUSEHOLDS:
        surface = Surface(cases.raster, ground.homes, ground.shape, asked.bandwidth_m, lat, asked.measure, breaks)
    return Heat(surface, cases.inside, ground.households, mean, classes, breaks, ground.bounds)


def _around_the_mean(asked: HeatAsked, ground: Ground, cases: int) -> tuple[float, Classes, tuple[float, ...]]:
    """The whole area's mean and the breaks set around it."""
    if asked.measure is Measure.RATE:
        mean = 100 * cases / ground.households if ground.households else float("nan")
        return mean, Classes.MEAN, heat.breaks_around(mean)
    mean = cases / ground.km2 if ground.km2 else float("nan")
    return mean, Classes.MEAN, breaks_of_density(mean)


# --- the cases ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Cases:
    """Cases on a ground: those drawn with their raster, and the ids of all in the area, ascending."""

    ground: Ground
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
    ground: Ground,
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
