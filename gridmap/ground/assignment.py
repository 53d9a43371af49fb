"""Which cell a place is in, how near its border is, and how sure that is.

Every place in the area is in exactly one cell. A border belongs to the cells on both sides, as GEOS `covered_by` has
it; the one with the lowest code, compared as text, gets the place. The same holds where cells overlap.
"""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from gridmap.errors import InvalidInput
from gridmap.ground.arrays import Floats, floats, paired
from gridmap.ground.borders import NOISE, REACH, Borders, Shares
from gridmap.ground.cells import code_texts, refuse, wgs84_polygons
from gridmap.ground.measure import Geometries

Rows = NDArray[np.int32]

#: a GPS radius is read as the circle that holds this share of a circular normal error
RADIUS_SHARE = 0.68
#: below this confidence the runner-up is named
SURE = 0.9
_POINTS_AT_ONCE = 200_000


@dataclass(frozen=True, slots=True)
class Placement:
    """Where points are: arrays of one length, an entry for each point. Cells are row positions, -1 for none."""

    #: the cell that has the point
    cell: Rows
    #: metres to that cell's border; NaN outside
    border_m: Floats
    #: probability that the true place is in `cell` (outside: that it is in no cell); NaN where no accuracy was given
    confidence: Floats
    #: the likeliest other cell, where confidence is below `SURE`
    runner_up: Rows
    #: for a point outside: the nearest cell, unless it is farther than 1,000 km
    nearest: Rows
    #: geodesic metres to `nearest`; NaN inside
    nearest_m: Floats


class AssignmentIndex:
    """Cells made ready to be asked which of them has a place. Immutable, safe to share between threads.

    `cells`: polygons or multipolygons in any CRS (without one, `locate` takes coordinates as they stand and `place`
    is refused); empty and missing geometries hold no place. The frame is not changed. `code`: the column of codes,
    read as text. Raises InvalidInput naming the row at fault.
    """

    __slots__ = ("_borders", "_cells", "_codes", "_extent", "_row", "_tree")

    def __init__(self, cells: gpd.GeoDataFrame, code: str = "code") -> None:
        texts = code_texts(cells, code)
        refuse(cells, np.array([text is None for text in texts], dtype=bool), f"has no code in {code!r}")
        codes = np.array(texts, dtype=object)
        polygons = wgs84_polygons(cells)
        # cells are kept in the order of their codes, so that the lowest position among hits is the lowest code
        order = np.argsort(codes, kind="stable")
        self._row: Rows = order.astype(np.int32)
        self._cells: Geometries = polygons[order]
        self._codes: NDArray[np.object_] = codes
        self._extent: Floats = shapely.total_bounds(polygons) if len(polygons) else np.full(4, np.nan)
        known = cells.crs is not None and bool(np.isfinite(self._extent).all())
        self._borders: Borders | None = Borders(self._cells) if known else None
        self._tree = shapely.STRtree(self._cells)
        _make_ready(self._cells)
        for array in (self._row, self._cells, self._codes, self._extent):
            array.setflags(write=False)

    def __len__(self) -> int:
        return len(self._codes)

    @property
    def codes(self) -> NDArray[np.object_]:
        """Codes as text, in the order of the rows; read-only."""
        return self._codes

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """West, south, east, north of all cells; NaN when there are none."""
        west, south, east, north = self._extent.tolist()
        return west, south, east, north

    def locate(self, lon: ArrayLike, lat: ArrayLike) -> Rows:
        """Row positions of the cells that have the points, -1 outside and for points that are not finite.

        `lon`, `lat`: WGS84 degrees, numbers or arrays of one length, also 0 and 1. Returns int32 of that length.
        """
        x, y = paired(lon, lat)
        at = self._locate(x, y)
        return np.where(at >= 0, self._row_of(at), np.int32(-1))

    def place(self, lon: ArrayLike, lat: ArrayLike, accuracy_m: ArrayLike | None = None) -> Placement:
        """`locate` with distances and confidence; see `Placement`.

        `accuracy_m`: the GPS radius in metres, read as holding `RADIUS_SHARE` of a circular normal error; one number
        for all points or one each, NaN where unknown. Raises InvalidInput for a negative or infinite radius, and when
        the cells came without a CRS, so that no distance is known.
        """
        x, y = paired(lon, lat)
        radius = _radius(accuracy_m, len(x))
        at = self._locate(x, y)
        found = self._place(x, y, radius, at)
        cell, runner_up, nearest = (
            np.where(one >= 0, self._row_of(one), np.int32(-1)) for one in (at, found.runner_up, found.nearest)
        )
        return Placement(cell, found.border_m, found.confidence, runner_up, nearest, found.nearest_m)

    def _row_of(self, at: NDArray[np.integer]) -> Rows:
        return self._row[at] if len(self._row) else np.full(len(at), -1, dtype=np.int32)

    def _locate(self, x: Floats, y: Floats) -> Rows:
        """Positions in the order of codes, -1 for none."""
        best = np.full(len(x), len(self._cells), dtype=np.int32)
        finite = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        for i in range(0, len(finite), _POINTS_AT_ONCE):
            some = finite[i : i + _POINTS_AT_ONCE]
            point, cell = self._tree.query(shapely.points(x[some], y[some]))
            by_cell = np.argsort(cell, kind="stable")  # one cell after another stays in the processor's cache
            point, cell = some[point[by_cell]], cell[by_cell]
            hit = shapely.intersects_xy(self._cells[cell], x[point], y[point])
            np.minimum.at(best, point[hit], cell[hit].astype(np.int32))
        best[best == len(self._cells)] = -1
        return best

    def _place(self, x: Floats, y: Floats, radius: Floats, at: Rows) -> Placement:
        """The placement by positions in the order of codes."""
        n = len(x)
        border, nearest_m = np.full(n, np.nan), np.full(n, np.nan)
        nearest, runner_up = np.full(n, -1, dtype=np.int32), np.full(n, -1, dtype=np.int32)
        finite = np.isfinite(x) & np.isfinite(y)
        confidence = np.where(finite, np.where(np.isnan(radius), np.nan, 1.0), np.nan)
        if self._borders is None:
            if len(self._cells) and n and np.isfinite(self._extent).all():
                raise InvalidInput("cannot measure: the cells have no coordinate reference system; say which it is")
            return Placement(at, border, confidence, runner_up, nearest, nearest_m)
        inside, outside = np.flatnonzero(at >= 0), np.flatnonzero(finite & (at < 0))
        border[inside] = self._borders.distance_m(x[inside], y[inside], at[inside])
        nearest[outside], nearest_m[outside] = self._borders.nearest(x[outside], y[outside])
        sigma = radius / np.sqrt(-2.0 * np.log(1.0 - RADIUS_SHARE))
        unsure = np.flatnonzero(np.fmin(border, nearest_m) < REACH * sigma)
        shares = self._borders.shares(x[unsure], y[unsure], sigma[unsure], at[unsure])
        confidence[unsure], runner_up[unsure] = _judge(shares, at[unsure])
        return Placement(at, border, confidence, runner_up, nearest, nearest_m)


def _judge(shares: Shares, inside: Rows) -> tuple[Floats, Rows]:
    """Confidence in the cell (or in being outside), and the likeliest other cell where that is below `SURE`."""
    n = len(inside)
    own = inside[shares.point] == shares.cell
    mass_in_cells = np.bincount(shares.point, weights=shares.mass, minlength=n)
    confidence = np.where(inside >= 0, 1.0, np.clip(1.0 - mass_in_cells, 0.0, 1.0))
    confidence[shares.point[own]] = shares.mass[own]
    other = np.flatnonzero(~own & (shares.mass > NOISE))
    other = other[np.lexsort((shares.cell[other], -shares.mass[other], shares.point[other]))]
    point, first = np.unique(shares.point[other], return_index=True)
    runner_up = np.full(n, -1, dtype=np.int32)
    runner_up[point] = shares.cell[other[first]]
    runner_up[confidence >= SURE] = -1
    return confidence, runner_up


def _radius(accuracy_m: ArrayLike | None, n: int) -> Floats:
    if accuracy_m is None:
        return np.full(n, np.nan)
    radius = floats(accuracy_m, "accuracy_m")
    if len(radius) not in (1, n):
        raise InvalidInput(f"there are {n} points, but {len(radius)} values of accuracy_m", field="accuracy_m")
    bad = np.flatnonzero((radius < 0.0) | np.isinf(radius))
    if len(bad):
        raise InvalidInput(
            f"accuracy_m of point {bad[0] + 1} is {radius[bad[0]]:g}: it must be a radius in metres, 0 or more",
            field="accuracy_m",
            row=int(bad[0]) + 1,
        )
    return np.broadcast_to(radius, (n,)).astype(np.float64)


def _make_ready(cells: Geometries) -> None:
    """Prepare the polygons and ask each once: GEOS builds its index at the first question, which is not thread-safe."""
    shapely.prepare(cells)
    corners, owner = shapely.get_coordinates(cells, return_index=True)
    owners, first = np.unique(owner, return_index=True)
    shapely.intersects_xy(cells[owners], corners[first, 0], corners[first, 1])
