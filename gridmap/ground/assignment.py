"""Which cell a place is in, how near its border is, and how sure that is.

Every place in the area is in exactly one cell. A border belongs to the cells on both sides, as GEOS `covered_by` has
it; the one with the lowest code, compared as text, gets the place. The same holds where cells overlap.
"""

from __future__ import annotations

import importlib
import math
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from gridmap.errors import InvalidInput
from gridmap.ground.arrays import Floats, columns, floats, paired
from gridmap.ground.borders import NOISE, REACH, Borders, Shares
from gridmap.ground.cells import code_texts, refuse, wgs84_polygons
from gridmap.ground.exact import Tree
from gridmap.ground.measure import Geometries

if TYPE_CHECKING:
    from gridmap.ground.pixels.grid import PixelGrid

Rows = NDArray[np.int32]

#: a GPS radius is read as the circle that holds this share of a circular normal error
RADIUS_SHARE = 0.68
#: below this confidence the runner-up is named
SURE = 0.9
#: what making a grid costs, in points that a tree finds in that time (it finds 0.6 million a second): importing numba
#: with the compiled loops, starting, and each vertex. So a cold run over 1,000 points stays with the tree.
_POINTS_FOR_NUMBA, _POINTS_AT_LEAST, _POINTS_A_VERTEX = 500_000, 20_000, 0.4
#: what a call for one point costs, in points of a batch
_POINTS_A_CALL = 10
#: looked up once: finding these names takes a tenth of a single look-up
_empty, _INT32 = np.empty, np.dtype(np.int32)


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


class Method(NamedTuple):
    """How an index finds cells now."""

    name: Literal["pixels", "tree"]
    #: what sends points to the tree although there is work enough for pixels, in words; "" for nothing
    why_tree: str


class AssignmentIndex:
    """Cells made ready to be asked which of them has a place. Safe to share between threads.

    `cells`: polygons or multipolygons in any CRS (without one, `locate` takes coordinates as they stand and `place`
    is refused); empty and missing geometries hold no place. The frame is not changed. `code`: the column of codes,
    read as text. Raises InvalidInput naming the row at fault.

    A few points are looked up in a tree. Once there are so many that it pays, or when `make_ready` is called, a grid of
    pixels is made, which is some fifty times as fast and gives the same answers.
    """

    __slots__ = (
        "_borders",
        "_cells",
        "_codes",
        "_extent",
        "_grid",
        "_known",
        "_lock",
        "_rank",
        "_row",
        "_tree",
        "_why_tree",
        "_work",
    )  # fmt: skip

    def __init__(self, cells: gpd.GeoDataFrame, code: str = "code") -> None:
        texts = code_texts(cells, code)
        refuse(cells, np.array([text is None for text in texts], dtype=bool), f"has no code in {code!r}")
        codes = np.array(texts, dtype=object)
        polygons = wgs84_polygons(cells)
        # cells are kept in the order of their codes, so that the lowest position among hits is the lowest code
        order = np.argsort(codes, kind="stable")
        self._row: Rows = order.astype(np.int32)
        self._rank: Rows = np.empty_like(self._row)
        self._rank[order] = np.arange(len(order), dtype=np.int32)
        self._cells: Geometries = polygons[order]
        self._codes: NDArray[np.object_] = codes
        self._extent: Floats = shapely.total_bounds(polygons) if len(polygons) else np.full(4, np.nan)
        self._known: bool = cells.crs is not None and bool(np.isfinite(self._extent).all())
        for array in (self._row, self._rank, self._cells, self._codes, self._extent):
            array.setflags(write=False)
        self._lock = threading.Lock()
        self._borders: Borders | None = None
        self._tree: Tree | None = None
        self._grid: PixelGrid | None = None
        self._why_tree = ""
        self._work = _worth(int(shapely.get_num_coordinates(polygons).sum()))

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

    @property
    def method(self) -> Method:
        """How cells are found now; it may change from the tree to pixels as work comes in."""
        grid = self._grid
        return Method("tree", self._why_tree) if grid is None else Method("pixels", grid.note)

    def make_ready(self, kept: Path | None = None) -> str:
        """Make the pixel grid now, so that no look-up waits for it.

        `kept`: a folder from which a grid of just these cells is mapped into memory, or into which a new one is written
        for others; one that is cut short, spoilt or of other cells is not taken. Returns why none could be written, or
        "": the index is ready then too.
        """
        trouble = ""
        with self._lock:
            if self._grid is None:
                self._work = math.inf  # one attempt is enough
                trouble = self._make(kept)
        if self._grid is None or self._grid.note:
            self._exact()
        return trouble

    def _make(self, kept: Path | None) -> str:
        from gridmap.ground.pixels.ready import ready  # numba takes a second to import: only for work that is worth it

        polygons = self._cells[self._rank] if len(self._rank) else self._cells
        made, trouble = ready(polygons, self._codes, self._rank, kept)
        if isinstance(made, str):
            self._why_tree = made
        else:
            self._grid = made
        return trouble

    def locate(self, lon: ArrayLike, lat: ArrayLike) -> Rows:
        """Row positions of the cells that have the points, -1 outside and for points that are not finite.

        `lon`, `lat`: WGS84 degrees, numbers or arrays of one length, also 0 and 1. Returns int32 of that length.
        """
        grid = self._grid
        if grid is not None and isinstance(lon, float) and isinstance(lat, float):
            row = grid.find_one(lon, lat)
            if row >= -1:
                alone = _empty(1, _INT32)
                alone[0] = row
                return alone
        x, y = paired(lon, lat)
        return self._locate(x, y)

    def locate_points(self, points: gpd.GeoSeries) -> Rows:
        """`locate` for points of any CRS (WGS84 where they say none); missing and empty ones are outside.

        Raises InvalidInput naming the first that is no point.
        """
        x, y = columns(points)
        return self._locate(x, y)

    def place(self, lon: ArrayLike, lat: ArrayLike, accuracy_m: ArrayLike | None = None) -> Placement:
        """`locate` with distances and confidence; see `Placement`.

        `accuracy_m`: the GPS radius in metres, read as holding `RADIUS_SHARE` of a circular normal error; one number
        for all points or one each, NaN where unknown. Raises InvalidInput for a negative or infinite radius, and when
        the cells came without a CRS, so that no distance is known.
        """
        x, y = paired(lon, lat)
        radius = _radius(accuracy_m, len(x))
        at = self._located(x, y)
        found = self._place(x, y, radius, at)
        cell, runner_up, nearest = (_picked(self._row, one) for one in (at, found.runner_up, found.nearest))
        return Placement(cell, found.border_m, found.confidence, runner_up, nearest, found.nearest_m)

    def _locate(self, x: Floats, y: Floats) -> Rows:
        """Rows, -1 for none."""
        grid = self._grid or self._worth_a_grid(len(x))
        if grid is None:
            return _picked(self._row, self._exact().locate(x, y))
        rows, asked = grid.find(x, y)
        if len(asked):
            rows[asked] = _picked(self._row, self._exact().locate(x[asked], y[asked]))
        return rows

    def _located(self, x: Floats, y: Floats) -> Rows:
        """Positions in the order of codes, -1 for none."""
        return _picked(self._rank, self._locate(x, y))

    def _worth_a_grid(self, points: int) -> PixelGrid | None:
        """The pixel grid, made as soon as the tree has had as much to do as making it takes."""
        self._work -= points + _POINTS_A_CALL  # two threads may count as one: it is an estimate anyway
        if self._work < 0:
            self.make_ready()
        return self._grid

    def _exact(self) -> Tree:
        with self._lock:
            if self._tree is None:
                self._tree = Tree(self._cells)
            return self._tree

    def _near(self) -> Borders | None:
        """The borders, where they can be measured."""
        if not self._known:
            return None
        with self._lock:
            if self._borders is None:
                self._borders = Borders(self._cells)
            return self._borders

    def _place(self, x: Floats, y: Floats, radius: Floats, at: Rows) -> Placement:
        """The placement by positions in the order of codes."""
        n = len(x)
        border, nearest_m = np.full(n, np.nan), np.full(n, np.nan)
        nearest, runner_up = np.full(n, -1, dtype=np.int32), np.full(n, -1, dtype=np.int32)
        finite = np.isfinite(x) & np.isfinite(y)
        confidence = np.where(finite, np.where(np.isnan(radius), np.nan, 1.0), np.nan)
        borders = self._near()
        if borders is None:
            if len(self._cells) and n and np.isfinite(self._extent).all():
                raise InvalidInput("cannot measure: the cells have no coordinate reference system; say which it is")
            return Placement(at, border, confidence, runner_up, nearest, nearest_m)
        inside, outside = np.flatnonzero(at >= 0), np.flatnonzero(finite & (at < 0))
        border[inside] = borders.distance_m(x[inside], y[inside], at[inside])
        nearest[outside], nearest_m[outside] = borders.nearest(x[outside], y[outside])
        sigma = radius / np.sqrt(-2.0 * np.log(1.0 - RADIUS_SHARE))
        unsure = np.flatnonzero(np.fmin(border, nearest_m) < REACH * sigma)
        shares = borders.shares(x[unsure], y[unsure], sigma[unsure], at[unsure])
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


def load_pixels() -> None:
    """Import what the pixel grids need: a second, and once for each machine and version the time to compile it."""
    importlib.import_module("gridmap.ground.pixels.ready")


def _picked(table: Rows, at: NDArray[np.integer]) -> Rows:
    """`table[at]`, -1 where `at` is."""
    return np.where(at >= 0, table[at], np.int32(-1)) if len(table) else np.full(len(at), -1, dtype=np.int32)


def _worth(vertices: int) -> float:
    """How many points a tree finds in the time that a pixel grid of so many vertices takes to make."""
    return _POINTS_FOR_NUMBA * ("numba" not in sys.modules) + _POINTS_AT_LEAST + _POINTS_A_VERTEX * vertices
