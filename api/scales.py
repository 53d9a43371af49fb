"""Breaks between classes that hold for a whole series of maps: found once in the values of all of them.

Were they found in the map that is looked at, each month would have others and no two could be compared. So they come
from every map of as many months that the slider can show of closed ones, at the same places all over the caller's
area, whatever distance to enterprises is asked for. Two states stand in the application's `rasters`: the kernel sums
of each month, made anew for the months alone whose cases changed, and the breaks, found anew when any month was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

import numpy as np
import numpy.typing as npt

from api.cache import StateCache
from api.grounds import Floats, Ground, HeatAsked, ground_of
from gridmap.privacy.release import LEAST
from gridmap.usecases import counting
from gridmap.usecases.context import Context
from gridmap.usecases.counting import HeatMonths
from gridmap.view import View
from layers.classes import breaks_of
from layers.heat import LEAST_HOUSEHOLDS
from layers.mercator import metres_a_pixel, width, world
from layers.tiles import Measure, Points, Raster
from layers.tiles.kernel import kernel_sums

Singles = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
#: places that values are read at, about; of a larger area every second pixel, or third
_PLACES = 4000


def breaks_over_time(
    ctx: Context, rasters: StateCache, view: View, asked: HeatAsked, lat: float, now: Mapping[str, int]
) -> tuple[float, ...] | None:
    """The breaks for maps of as many months as are asked for; None while the closed months hold too few cases."""
    plain = replace(asked, near=(), crs="wgs84")
    ground, of = ground_of(ctx, rasters, view, plain, lat, now)
    key = (*of, asked.bandwidth_m, asked.category)
    months = rasters.get(("months", *key), partial(_months, ctx, view, plain, ground, lat, now))
    if sum(map(len, months.points)) < LEAST or not months.sums.size:
        return None
    length = _length(asked, months.months, ctx.today())
    found: _Breaks = rasters.get(
        ("breaks", *key, asked.measure, asked.classes, length), partial(_breaks, months, asked, length)
    )
    return found.breaks


def _length(asked: HeatAsked, months: tuple[date, ...], today: date) -> int:
    """How many months the map shows, of those from the first closed one to the open one."""
    first, last = (day.year * 12 + day.month for day in (months[0], today))
    start = first if asked.start is None else max(first, asked.start.year * 12 + asked.start.month)
    end = last if asked.end is None else min(last, asked.end.year * 12 + asked.end.month - 1)
    return max(end - start + 1, 1)


# --- each month -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Months:
    """The cases of each month that had closed by `day`, and their kernel sums (months, places); `homes`: those of the
    households."""

    ground: Ground
    categories: int
    version: int
    day: date
    months: tuple[date, ...]
    points: tuple[Points, ...]
    sums: Singles
    homes: Singles

    @property
    def nbytes(self) -> int:
        return sum(one.nbytes for one in self.points) + self.sums.nbytes + self.homes.nbytes


def _months(
    ctx: Context, view: View, asked: HeatAsked, ground: Ground, lat: float, now: Mapping[str, int], held: _Months | None
) -> _Months:
    """The months as they are now: those held, but for the ones in which a case changed."""
    categories = now.get("categories", 0)
    if held is not None and (held.ground is not ground or held.categories != categories):
        held = None
    if held is not None and held.version >= now.get("incidents", 0) and held.day == ctx.today():
        return held
    found = counting.heat_months(ctx, view, asked.category, None if held is None else (held.version, held.months))
    inside = ground.inside(found.lon, found.lat)
    points = tuple(
        ground.points(found.ids[there], found.lon[there], found.lat[there])
        for there in (inside & (found.month == place) for place in range(len(found.months)))
    )
    sigma = asked.bandwidth_m / metres_a_pixel(ground.zoom, lat)
    if held is None or found.changed is None:
        places = _Places.of(ground, sigma)
        sums = np.array([places.sums(one) for one in points], dtype=np.float32).reshape(len(points), places.n)
        homes = places.read(ground.homes)
        return _Months(ground, categories, found.version, ctx.today(), found.months, points, sums, homes)
    return replace(_updated(held, found, points, sigma), day=ctx.today())


def _updated(held: _Months, found: HeatMonths, points: tuple[Points, ...], sigma: float) -> _Months:
    """The months with the changed cases put in as they are now; `sums` stays the same object where none moved."""
    assert found.changed is not None
    now = tuple(old.exchanged(found.changed, new) for old, new in zip(held.points, points, strict=True))
    other = [place for place, (old, new) in enumerate(zip(held.points, now, strict=True)) if not old.same(new)]
    sums = held.sums
    if other:
        places, sums = _Places.of(held.ground, sigma), sums.copy()
        sums[other] = [places.sums(now[place]) for place in other]
    return replace(held, version=found.version, points=now, sums=sums)


@dataclass(frozen=True, slots=True)
class _Places:
    """Pixels of the ground's zoom where a tile has colour, evenly spread, in a window around the area."""

    zoom: int
    sigma: float
    window: tuple[int, int, int, int]
    rows: Ints
    columns: Ints

    @classmethod
    def of(cls, ground: Ground, sigma: float) -> _Places:
        if ground.bounds is None:
            return cls(ground.zoom, sigma, (0, 0, 1, 1), np.zeros(0, np.int64), np.zeros(0, np.int64))
        west, south, east, north = ground.bounds
        x, y = (part * width(ground.zoom) for part in world([west, east], [north, south]))
        (left, right), (top, bottom) = np.floor(x).astype(int).tolist(), np.floor(y).astype(int).tolist()
        window = (left, top, right - left + 1, bottom - top + 1)
        homes = kernel_sums(ground.homes, ground.zoom, *window, sigma)
        drawn = (homes >= LEAST_HOUSEHOLDS) & ground.shape.mask(ground.zoom, *window).view(np.bool_)
        step = max(1, int(np.ceil(np.sqrt(drawn.sum() / _PLACES))))
        rows, columns = np.nonzero(drawn[::step, ::step])
        return cls(ground.zoom, sigma, window, rows * step, columns * step)

    @property
    def n(self) -> int:
        return len(self.rows)

    def read(self, raster: Raster) -> Singles:
        """The kernel sums of a raster at the places."""
        return kernel_sums(raster, self.zoom, *self.window, self.sigma)[self.rows, self.columns]

    def sums(self, points: Points) -> Singles:
        """The same of points; of none without looking."""
        return self.read(points.raster(self.zoom)) if len(points) else np.zeros(self.n, dtype=np.float32)


# --- breaks ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Breaks:
    """What was found in sums."""

    sums: Singles
    breaks: tuple[float, ...]
    #: the sums are counted where they are kept
    nbytes: int = 200


def _breaks(months: _Months, asked: HeatAsked, length: int, held: _Breaks | None) -> _Breaks:
    if held is not None and held.sums is months.sums:
        return held
    return _Breaks(months.sums, breaks_of(_values(months, asked, length).ravel(), asked.classes))


def _values(months: _Months, asked: HeatAsked, length: int) -> Floats:
    """What each map of so many months shows at each place, (maps, places), from the first month with a case to the
    last; of fewer months one map of all."""
    some = np.flatnonzero([len(one) for one in months.points])
    sums = np.cumsum(months.sums[some[0] : some[-1] + 1], axis=0, dtype=np.float64)
    length = min(length, len(sums))
    shown = sums[length - 1 :] - np.vstack([np.zeros((1, sums.shape[1])), sums[: len(sums) - length]])
    shown = np.maximum(shown, 0.0)
    if asked.measure is Measure.RATE:
        return 100 * shown / months.homes
    per_km2: Floats = shown * (1e6 / (2 * np.pi * asked.bandwidth_m**2))
    return per_km2
