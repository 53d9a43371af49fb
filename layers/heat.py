"""Heat: incidents per 100 households, smoothed, in seven classes.

The rate at a place is a ratio of two kernel sums (Kelsall and Diggle 1995): incidents around it over households around
it, both weighted by a Gaussian of the same bandwidth, so that a crowded town does not look hot because it is crowded.
Where the weighted households are fewer than `LEAST_HOUSEHOLDS` there is no colour: a rate of few is noise.

For what leaves the house the heat is drawn from released counts of areas (`released`), never from points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.ndimage import gaussian_filter

from gridmap.errors import InvalidInput
from gridmap.view import Audience, Kind
from layers import style
from layers.layer import COARSE, EVERYONE, Field, Lang, Layer, LegendItem, Param, Words
from layers.plane import Floats, Geometries, Plane, filled

BANDWIDTH_M: Final = 900.0
#: grid squares to a bandwidth: the kernel sums are then within 0.2 % of the exact peak
SQUARES: Final = 5
#: households, each weighted 1 at the place itself and less with distance, below which no rate is drawn
LEAST_HOUSEHOLDS: Final = 25.0
#: a county is tens of kilometres; more squares than this mean a wrong county or a wrong bandwidth
MOST_SQUARES: Final = 25_000_000
NEAR_KINDS: Final = ("mine", "quarry", "factory")


@dataclass(frozen=True, slots=True)
class _Raster:
    """Counts in squares of `step` metres; the centre of [0, 0] is at (x0, y0), rows go north."""

    plane: Plane
    x0: float
    y0: float
    step: float
    shape: tuple[int, int]

    def smoothed(self, x: Floats, y: Floats, bandwidth_m: float) -> Floats:
        """Kernel sums at the squares' centres: each point weighs 1 at distance 0, exp(-d²/2b²) at distance d."""
        counts = self._counted((x - self.x0) / self.step, (y - self.y0) / self.step)
        sigma = bandwidth_m / self.step
        # spreading a point over four centres widens the kernel by a sixth of a square a side: take it off again
        sums: Floats = gaussian_filter(counts, np.sqrt(sigma**2 - 1 / 6), mode="constant", truncate=5.0)
        return sums * (2 * np.pi * sigma**2)

    def _counted(self, x: Floats, y: Floats) -> Floats:
        """Points, each shared out among the four centres around it by nearness; the margin holds them all."""
        column, row = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
        east, north = x - column, y - row
        counts = np.zeros(self.shape[0] * self.shape[1])
        for below, right in ((0, 0), (0, 1), (1, 0), (1, 1)):
            weight = (north if below else 1 - north) * (east if right else 1 - east)
            cells = (row + below) * self.shape[1] + column + right
            counts += np.bincount(cells, weights=weight, minlength=len(counts))
        return counts.reshape(self.shape)

    def filled(self, values: Floats, low: float, high: float) -> Geometries:
        """The part of the plane with low <= value < high, as an array of polygons in metres."""
        x: Floats = self.x0 + self.step * np.arange(self.shape[1], dtype=np.float64)
        y: Floats = self.y0 + self.step * np.arange(self.shape[0], dtype=np.float64)
        return filled(x, y, values, low, high)


def surface(
    incidents: tuple[Floats, Floats],
    households: tuple[Floats, Floats],
    county: shapely.Geometry,
    *,
    mean: float | None = None,
    bandwidth_m: float = BANDWIDTH_M,
    least_households: float = LEAST_HOUSEHOLDS,
) -> pd.DataFrame:
    """The heat of a county: a row a class that occurs, with `class` (0 to 6), `low`, `high` and `geom`.

    incidents, households: (lon, lat) float64 arrays in degrees (EPSG:4326), already filtered by the caller (category,
    days, near an enterprise); those outside the county or not finite are left out, so that both stand for the same
    people. county: the polygon to clip to (EPSG:4326).
    mean: the rate per 100 households that the classes are set around; by default that of the arrays (give the county's
    where the arrays hold a part of it, so that two maps can be compared).
    Geometries are MultiPolygons in EPSG:4326. `attrs` hold `mean` (per 100 households over the county; NaN without
    households), `breaks`, `incidents` and `households` (counts). Neighbouring classes share their borders exactly.
    """
    if bandwidth_m <= 0:
        raise InvalidInput(f"the bandwidth must be above 0 metres, but is {bandwidth_m:g}")
    if shapely.is_empty(county):
        raise InvalidInput("heat needs the county's border: import areas first")
    cases, homes = _inside(county, *incidents), _inside(county, *households)
    if mean is None:
        mean = 100 * len(cases[0]) / len(homes[0]) if len(homes[0]) else float("nan")
    breaks = breaks_around(mean)
    raster, clip = _raster_over(county, bandwidth_m)
    home_sums = raster.smoothed(*raster.plane.metres(*homes), bandwidth_m)
    rates = 100 * raster.smoothed(*raster.plane.metres(*cases), bandwidth_m) / np.maximum(home_sums, 1e-9)
    enough = shapely.union_all(raster.filled(home_sums, least_households, np.inf)).intersection(clip)
    frame = _classes(raster, rates, breaks, enough)
    frame.attrs = {"mean": mean, "breaks": breaks, "incidents": len(cases[0]), "households": len(homes[0])}
    return frame


def released(areas: pd.DataFrame) -> pd.DataFrame:
    """Heat for what leaves: areas in the class of their own rate, from counts that passed the release gate.

    `areas` has `geom` (EPSG:4326), `count` (released: 0 or at least 5) and `households`; other columns are kept. Adds
    `rate` (per 100 households; NaN where households are fewer than `LEAST_HOUSEHOLDS`), `class`, `low` and `high`.
    """
    counts = areas["count"].to_numpy(dtype=np.float64)
    homes = areas["households"].to_numpy(dtype=np.float64)
    rate = np.divide(100 * counts, homes, out=np.full(len(areas), np.nan), where=homes >= LEAST_HOUSEHOLDS)
    mean = 100 * counts.sum() / homes.sum() if homes.sum() > 0 else float("nan")
    breaks = breaks_around(mean)
    edges = np.array([0.0, *breaks, np.inf])
    known = np.isfinite(rate)
    position = np.searchsorted(breaks, np.where(known, rate, 0.0), side="right")
    frame = areas.assign(
        rate=np.round(rate, 1),
        **{"class": np.where(known, position, np.nan)},
        low=np.where(known, edges[position], np.nan),
        high=np.where(known & (position < len(breaks)), edges[position + 1], np.nan),
    )
    frame.attrs = {"mean": mean, "breaks": breaks, "incidents": int(counts.sum()), "households": int(homes.sum())}
    return frame


def breaks_around(mean: float) -> tuple[float, ...]:
    """Six breaks for seven classes, with the mean in the third.

    The look's breaks (3, 4, 5, 6, 8, 10) where the mean lies from 4 to 5; otherwise the same in proportion, rounded to
    two digits. A mean that is unknown or 0 takes the look's breaks.
    """
    standard = style.HEAT_BREAKS
    if not np.isfinite(mean) or mean <= 0 or standard[1] <= mean < standard[2]:
        return standard
    scaled = np.array(standard) * mean / 4.5
    digits = 1 - np.floor(np.log10(scaled)).astype(int)
    return tuple(round(float(value), int(digit)) for value, digit in zip(scaled, digits, strict=True))


def near(lon: Floats, lat: Floats, sources: Geometries, metres: float) -> npt.NDArray[np.bool_]:
    """Which points lie within so many metres of any source (inclusive): bool (n,).

    lon, lat in degrees; sources: shapely points or polygons (EPSG:4326). No sources: nothing is near. Points that are
    not finite are not near.
    """
    close = np.zeros(len(lon), dtype=np.bool_)
    known = np.flatnonzero(np.isfinite(lon) & np.isfinite(lat))
    if not len(sources) or not len(known):
        return close
    plane = Plane.around(*(float(value) for value in shapely.total_bounds(sources)))
    points = shapely.points(*plane.metres(lon[known], lat[known]))
    tree = shapely.STRtree(plane.geometries_to_metres(sources))
    close[known[np.unique(tree.query(points, predicate="dwithin", distance=metres)[0])]] = True
    return close


def _inside(county: shapely.Geometry, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    shapely.prepare(county)
    known = shapely.intersects_xy(county, lon, lat)
    return np.asarray(lon, dtype=np.float64)[known], np.asarray(lat, dtype=np.float64)[known]


def _raster_over(county: shapely.Geometry, bandwidth_m: float) -> tuple[_Raster, shapely.Geometry]:
    """A raster over the county with a margin of three bandwidths, and the county in its metres."""
    plane = Plane.around(*county.bounds)
    clip = shapely.make_valid(plane.geometries_to_metres(np.array([county], dtype=object))[0])
    west, south, east, north = clip.bounds
    step, margin = bandwidth_m / SQUARES, 3 * bandwidth_m
    shape = (int((north - south + 2 * margin) / step) + 2, int((east - west + 2 * margin) / step) + 2)
    if shape[0] * shape[1] > MOST_SQUARES:
        raise InvalidInput(
            f"the county is {(east - west) / 1000:.0f} by {(north - south) / 1000:.0f} km, too large for heat with a "
            f"bandwidth of {bandwidth_m:g} m: check its border, or take a wider bandwidth"
        )
    return _Raster(plane, west - margin, south - margin, step, shape), clip


def _classes(raster: _Raster, rates: Floats, breaks: Sequence[float], enough: shapely.Geometry) -> pd.DataFrame:
    edges = [0.0, *breaks, np.inf]
    rows: list[tuple[int, float, float, shapely.Geometry]] = []
    for position, (low, high) in enumerate(pairwise(edges)):
        parts = raster.filled(rates, low, high)
        if not len(parts) or shapely.is_empty(enough):
            continue
        shape = shapely.union_all(parts).intersection(enough)
        drawn = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon" and part.area > 0]
        if drawn:
            rows.append((position, low, high, shapely.multipolygons(drawn)))
    frame = pd.DataFrame(rows, columns=["class", "low", "high", "geom"])
    if rows:
        frame["geom"] = raster.plane.geometries_to_degrees(frame["geom"].to_numpy())
    return frame


RATE: Final = Words("每百户件数", "Cases per 100 households")
DENSITY: Final = Words("每平方公里件数", "Cases per km²")


def legend(lang: Lang, breaks: Sequence[float], unit: Words = RATE) -> Sequence[LegendItem]:
    """The classes with the numbers between them, and what has no colour."""
    too_few = Words("住户太少，不上色", "Too few households for a colour")
    if unit is RATE:
        too_few = Words("住户太少，不算率", "Too few households for a rate")
    return (
        LegendItem("ramp", unit.of(lang), colours=style.heat_ramp(len(breaks) + 1), breaks=tuple(breaks)),
        LegendItem("fill", too_few.of(lang), style.TOO_FEW),
    )


def _legend(lang: Lang, frame: pd.DataFrame | None) -> Sequence[LegendItem]:
    return legend(lang, style.HEAT_BREAKS if frame is None else frame.attrs.get("breaks", style.HEAT_BREAKS))


#: heat for what leaves: areas with released counts, see `released`
RELEASED = Layer(
    name="released",
    title=Words("每百户件数（可公开）", "Cases per 100 households (released)"),
    kind=Kind.AREA,
    geometry="polygon",
    fields=(
        Field("name", Words("村社", "Communities"), column_en="name_en", audiences=EVERYONE),
        Field("communities", Words("村社数", "Number of communities"), audiences=EVERYONE),
        Field("households", Words("户", "Households"), audiences=EVERYONE),
        Field("count", Words("件", "Cases"), audiences=EVERYONE),
        Field("rate", Words("每百户", "Per 100"), audiences=EVERYONE),
        Field("class", Words("档", "Class"), audiences=EVERYONE),
    ),
    source="computed",
    audiences=EVERYONE,
    style={"ramp": list(style.HEAT_RAMP), "too_few": style.TOO_FEW},
    decimals=COARSE,
    draw_legend=_legend,
)

LAYER = Layer(
    name="heat",
    title=Words("每百户件数", "Incidents per 100 households"),
    kind=Kind.INCIDENT,
    geometry="polygon",
    fields=(
        Field("class", Words("档", "Class")),
        Field("low", Words("自", "From")),
        Field("high", Words("至", "To")),
    ),
    source="computed",
    params=(
        Param("category", "code", Words("类别", "Category")),
        Param("from", "date", Words("从", "From")),
        Param("to", "date", Words("到（不含）", "To (not included)")),
        Param("near", "choices", Words("企业附近", "Near"), choices=NEAR_KINDS),
        Param("within", "metres", Words("距离（米）", "Within (m)"), low=100, high=20_000),
    ),
    audiences=frozenset({Audience.FIGURES}),
    style={"ramp": list(style.HEAT_RAMP), "too_few": style.TOO_FEW},
    decimals=COARSE,
    draw_legend=_legend,
)
