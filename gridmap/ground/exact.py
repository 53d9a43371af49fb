"""Which cells hold places, by GEOS and a tree of the cells: slower than pixels, and right whatever the cells are."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from gridmap.ground.arrays import Floats
from gridmap.ground.measure import Geometries

_POINTS_AT_ONCE = 200_000


class Tree:
    """Cells that can be asked which of them has a place. Immutable, safe to share between threads.

    `cells`: polygons and multipolygons in the order of their codes, which are prepared here and stay it.
    """

    __slots__ = ("_cells", "_tree")

    def __init__(self, cells: Geometries) -> None:
        self._cells = cells
        self._tree = shapely.STRtree(cells)
        _make_ready(cells)

    def locate(self, x: Floats, y: Floats) -> NDArray[np.int32]:
        """The lowest position among the cells that cover each point, -1 for none and where a number is not finite."""
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


def _make_ready(cells: Geometries) -> None:
    """Prepare the polygons and ask each once: GEOS builds its index at the first question, which is not thread-safe."""
    shapely.prepare(cells)
    corners, owner = shapely.get_coordinates(cells, return_index=True)
    owners, first = np.unique(owner, return_index=True)
    shapely.intersects_xy(cells[owners], corners[first, 0], corners[first, 1])
