"""Borders in metres: how far a place is from them, and how much of an uncertain place lies in each cell.

An uncertain place is a circular normal distribution. Its mass inside a polygon is a sum over the polygon's edges: seen
from the centre, the triangle to an edge at distance h holds (angle / 2 pi) - (T(h, tan b) - T(h, tan a)), where T is
Owen's function (D. B. Owen, Tables for computing bivariate normal probabilities, 1956) and a, b are the angles of the
edge's ends from the perpendicular. The angles sum to whether the centre is inside. No sampling, so no noise, and an
edge farther than `REACH` standard deviations adds less than exp(-REACH^2 / 2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from gridmap.ground.arrays import Floats
from gridmap.ground.crs import transformer
from gridmap.ground.measure import Geometries, distance_m, metric_crs, project

Ints = NDArray[np.int64]

#: standard deviations beyond which a border no longer matters: what lies outside is below 4.1e-5
REACH = 4.5
#: mass below this is noise of that truncation
NOISE = 1e-4
#: farther from all cells than this (metres) there is no nearest cell worth naming
NEAREST_LIMIT_M = 1_000_000.0
#: the centre is moved by this part of a standard deviation, so that it never stands exactly on a vertex, where the
#: angles are undefined; masses change by less than this
_NUDGE = (1.3e-5, 0.7e-5)
_ARC_SEGMENTS = 16
_POINTS_AT_ONCE = 4_000
_PAIRS_AT_ONCE = 50_000
_SHORTEST_SIGMA_M = 1e-3
_EARTH_RADIUS_M = 6_371_000.0


@dataclass(frozen=True, slots=True)
class Shares:
    """Mass of uncertain points by cell: entry k says that `mass[k]` of point `point[k]` lies in cell `cell[k]`.

    Cells whose borders are all beyond `REACH` are not listed.
    """

    point: Ints
    cell: Ints
    mass: Floats


@dataclass(frozen=True, slots=True)
class _Arcs:
    """Borders cut into pieces of at most `_ARC_SEGMENTS` segments, for the tree; segments in arrays."""

    tree: shapely.STRtree
    cell: Ints
    first: Ints
    count: Ints
    start: Floats
    end: Floats


class Borders:
    """Cells of one area in a local metric CRS; immutable, safe to share between threads.

    `cells`: WGS84 polygons, at least one of them with coordinates. A cell is named by its position; where two are
    equally near or likely the lower position has it.
    """

    __slots__ = ("_back", "_box", "_forth", "_made", "_rings", "_tree", "crs")

    def __init__(self, cells: Geometries) -> None:
        coords = shapely.get_coordinates(cells)
        self.crs: CRS = metric_crs(coords[:, 0], coords[:, 1])
        self._forth = transformer("EPSG:4326", self.crs)
        self._back = transformer(self.crs, "EPSG:4326")
        flat = shapely.orient_polygons(project(cells, self.crs), exterior_cw=False)
        self._tree = shapely.STRtree(flat)
        self._box = self._back.transform_bounds(*shapely.total_bounds(flat))
        self._rings: Geometries = shapely.boundary(flat)
        self._made: _Arcs | None = None

    @property
    def _arcs(self) -> _Arcs:
        """Cut when a first place is uncertain: distances need none of it."""
        if self._made is None:
            self._made = _cut(self._rings)
        return self._made

    def distance_m(self, lon: Floats, lat: Floats, cell: NDArray[np.integer]) -> Floats:
        """Metres from each point to the border of its cell (a position), at the point's own scale."""
        points, scale = self._points(lon, lat)
        return np.asarray(shapely.distance(self._rings[cell], points) / scale, dtype=np.float64)

    def nearest(self, lon: Floats, lat: Floats) -> tuple[Ints, Floats]:
        """The cell nearest to each point, and the geodesic metres to it; (-1, NaN) beyond `NEAREST_LIMIT_M`."""
        cell, metres = np.full(len(lon), -1, dtype=np.int64), np.full(len(lon), np.nan)
        near = np.flatnonzero(self._within_limit(lon, lat)) if len(lon) else np.empty(0, dtype=np.int64)
        if not len(near):
            return cell, metres
        points, _ = self._points(lon[near], lat[near])
        who, which = self._tree.query_nearest(points, all_matches=True)
        lowest = np.full(len(near), len(self._rings), dtype=np.int64)
        np.minimum.at(lowest, who, which)
        ends = shapely.get_coordinates(shapely.shortest_line(self._tree.geometries[lowest], points))[::2]
        lon_end, lat_end = self._back.transform(ends[:, 0], ends[:, 1])
        cell[near], metres[near] = lowest, distance_m(lon[near], lat[near], lon_end, lat_end)
        return cell, metres

    def _within_limit(self, lon: Floats, lat: Floats) -> NDArray[np.bool_]:
        west, south, east, north = self._box
        box_x, box_y = np.clip(lon, west, east), np.clip(lat, south, north)
        on_earth = (np.abs(lon) <= 180.0) & (np.abs(lat) <= 90.0)
        return on_earth & (distance_m(lon, np.clip(lat, -90.0, 90.0), box_x, box_y) < NEAREST_LIMIT_M)

    def shares(self, lon: Floats, lat: Floats, sigma_m: Floats, inside: NDArray[np.integer]) -> Shares:
        """How much of each uncertain point lies in each cell whose border is near.

        `sigma_m`: standard deviation in metres along each axis. `inside`: the cell each point is in, -1 for none.
        For a true coverage the masses of a point sum to at most 1; where cells overlap each is counted whole.
        """
        if not len(lon):
            return Shares(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0))
        parts = [
            self._shares(lon[at], lat[at], sigma_m[at], inside[at], at.start)
            for at in (slice(i, i + _POINTS_AT_ONCE) for i in range(0, len(lon), _POINTS_AT_ONCE))
        ]
        return Shares(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("point", "cell", "mass")))

    def _shares(self, lon: Floats, lat: Floats, sigma_m: Floats, inside: NDArray[np.integer], offset: int) -> Shares:
        points, scale = self._points(lon, lat)
        sigma = np.maximum(sigma_m, _SHORTEST_SIGMA_M) * scale
        point, arc = self._arcs.tree.query(points, predicate="dwithin", distance=REACH * sigma)
        centre = shapely.get_coordinates(points) + sigma[:, None] * _NUDGE
        missing = np.empty(len(point))
        for i in range(0, len(point), _PAIRS_AT_ONCE):
            at = slice(i, i + _PAIRS_AT_ONCE)
            missing[at] = _missing(self._arcs, arc[at], centre[point[at]], sigma[point[at]])
        keys, group = np.unique(point * len(self._rings) + self._arcs.cell[arc], return_inverse=True)
        who, which = np.divmod(keys, len(self._rings))
        mass = (inside[who] == which) - np.bincount(group, weights=missing, minlength=len(keys))
        return Shares(who + offset, which, _settle(mass))

    def _points(self, lon: Floats, lat: Floats) -> tuple[Geometries, Floats]:
        """Projected points, and the projection's scale there (transverse Mercator: the same in every direction)."""
        x, y = self._forth.transform(lon, lat)
        return shapely.points(x, y), np.cosh(np.asarray(x) / _EARTH_RADIUS_M)


def _settle(mass: Floats) -> Floats:
    """Masses between 0 and 1. On a border "inside" may name the other side: then the sum is off by a whole one."""
    mass = np.where(mass < -NOISE, mass + 1.0, np.where(mass > 1.0 + NOISE, mass - 1.0, mass))
    return np.clip(mass, 0.0, 1.0)


def _cut(rings: Geometries) -> _Arcs:
    lines, line_cell = shapely.get_parts(rings, return_index=True)
    coords, line = shapely.get_coordinates(lines, return_index=True)
    same = np.flatnonzero(line[1:] == line[:-1])
    start, end, line = coords[same], coords[same + 1], line[same]
    place = np.arange(len(line)) - np.searchsorted(line, line)  # of a segment in its line
    first = np.flatnonzero(place % _ARC_SEGMENTS == 0)
    count = np.diff(np.r_[first, len(line)])
    arc = np.repeat(np.arange(len(first)), count + 1)
    vertices = np.insert(start, first + count, end[first + count - 1], axis=0)
    return _Arcs(
        tree=shapely.STRtree(shapely.linestrings(vertices, indices=arc)),
        cell=line_cell[line[first]].astype(np.int64),
        first=first,
        count=count,
        start=start,
        end=end,
    )


def _missing(arcs: _Arcs, arc: Ints, centre: Floats, sigma: Floats) -> Floats:
    """For pairs of an arc and a centre: the sum of T(h, tan b) - T(h, tan a) over the arc's segments, signed."""
    from scipy.special import owens_t  # here: it costs a command half a second, and few places are uncertain

    count = arcs.count[arc]
    pair = np.repeat(np.arange(len(arc)), count)
    segment = np.arange(len(pair)) - np.repeat(np.cumsum(count) - count, count) + arcs.first[arc][pair]
    a = (arcs.start[segment] - centre[pair]) / sigma[pair, None]
    b = (arcs.end[segment] - centre[pair]) / sigma[pair, None]
    along = b - a
    length = np.hypot(along[:, 0], along[:, 1])
    along /= np.where(length > 0.0, length, 1.0)[:, None]
    t_a, t_b = (a * along).sum(axis=1), (b * along).sum(axis=1)
    h = a[:, 0] * along[:, 1] - a[:, 1] * along[:, 0]
    beyond = np.maximum(np.maximum(t_a, -t_b), 0.0)
    near = (length > 0.0) & (h * h + beyond * beyond <= REACH * REACH)
    h, t_a, t_b, pair = h[near], t_a[near], t_b[near], pair[near]
    depth = np.maximum(np.abs(h), 1e-300)
    held = np.copysign(owens_t(depth, t_b / depth) - owens_t(depth, t_a / depth), h)
    return np.bincount(pair, weights=held, minlength=len(arc)).astype(np.float64)  # of nothing it counts whole numbers
