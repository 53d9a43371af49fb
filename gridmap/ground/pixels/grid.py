"""A pixel grid over cells: which cell has a place, at the speed of memory."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import shapely
from numpy.typing import NDArray

from gridmap.ground.arrays import Floats
from gridmap.ground.measure import Geometries
from gridmap.ground.pixels import finding
from gridmap.ground.pixels.compiled import bare
from gridmap.ground.pixels.make import Arrays, Frame, make, shared
from gridmap.ground.pixels.rings import Rings, without
from gridmap.ground.pixels.sums import ASK

#: points for one thread at least
_FOR_A_THREAD = 50_000
#: the largest number that a grid is made of; products of larger ones might overflow
_LARGEST = 1e100


class PixelGrid:
    """Rows of cells by pixel. Immutable, safe to share between threads; holds no Python objects of the cells.

    `note`: what makes it ask the tree, in words for people; "" where nothing is known to.
    """

    __slots__ = ("_where", "arrays", "find_one", "frame", "note", "ranks")

    def __init__(self, frame: Frame, arrays: Arrays, ranks: NDArray[np.int32], note: str) -> None:
        for array in arrays:
            array.setflags(write=False)
        self.frame, self.arrays, self.ranks, self.note = frame, arrays, ranks, note
        # addresses: they hold as long as the grid does, which has the arrays
        addresses = (array.ctypes.data for array in (*arrays, ranks))
        self._where = np.array([(*frame, *addresses)], dtype=finding.WHERE)
        #: (x, y) -> the row of the cell that has the place, -1 for none, `ASK` where the tree must be asked
        self.find_one: Callable[[float, float], int] = partial(bare(finding.find_one), self._where.ctypes.data)

    def __reduce__(self) -> tuple[type[PixelGrid], tuple[Frame, Arrays, NDArray[np.int32], str]]:
        """A copy has its arrays elsewhere."""
        return PixelGrid, (self.frame, self.arrays, self.ranks, self.note)

    def find(self, x: Floats, y: Floats) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """The row of the cell that has each place, -1 for none; and the places that the tree must be asked about."""
        out = np.empty(len(x), dtype=np.int32)
        frame, arrays, ranks = self.frame, self.arrays, self.ranks

        def work(_: int, start: int, stop: int) -> int:
            return int(finding.find_all(x, y, start, stop, out, frame, *arrays, ranks))

        if sum(shared(len(x), work, _FOR_A_THREAD)):
            return out, np.flatnonzero(out == ASK)
        return out, np.empty(0, dtype=np.int64)


def grid_of(cells: Geometries, rings: Rings, ranks: NDArray[np.int32]) -> PixelGrid | str:
    """The grid of polygons and multipolygons, or why there can be none.

    `rings`: of all the cells. `ranks`: the place of each cell in the order of codes. Cells that are not valid are left
    to the tree, with all pixels around them.
    """
    if not len(rings.corners):
        return "there are no cells"
    sizes = np.abs(rings.corners)
    if sizes.max() > _LARGEST or ((sizes > 0.0) & (sizes < finding.TINY)).any():
        return "some coordinates are too large or too small"
    loose = np.zeros(len(cells), dtype=bool)

    def judge(_: int, start: int, stop: int) -> None:
        loose[start:stop] = ~shapely.is_valid(cells[start:stop])

    shared(len(cells), judge, 1_000)
    loose &= ~(shapely.is_missing(cells) | shapely.is_empty(cells))
    sound = without(rings, loose) if loose.any() else rings
    if not len(sound.corners):
        return "no cell is a valid polygon"
    made = make(sound, rings.corners.min(axis=0), rings.corners.max(axis=0))
    if made is None:
        return "the cells are too small for their coordinates' precision, or too many long edges lie side by side"
    frame, arrays = made
    overlap = _overlap(frame, arrays, ranks)
    _loosen(frame, arrays.grid, shapely.bounds(cells[loose]))
    notes = [f"{loose.sum():,} cells are no valid polygons"] * bool(loose.any()) + ["cells overlap"] * overlap
    return PixelGrid(frame, arrays, ranks, " and ".join(notes))


def _overlap(frame: Frame, arrays: Arrays, ranks: NDArray[np.int32]) -> bool:
    """Whether cells are known to overlap: in a whole pixel, or at an end of an edge that no two cells share."""
    if (arrays.grid == ASK).any():
        return True
    ends = arrays.ends[(arrays.sides == 0).any(axis=1)].reshape(-1, 2)
    out = np.empty(len(ends), dtype=np.int32)
    return bool(finding.find_all(ends[:, 0], ends[:, 1], 0, len(ends), out, frame, *arrays, ranks))


def _loosen(frame: Frame, grid: NDArray[np.int32], boxes: Floats) -> None:
    """Leave the pixels of these boxes (west, south, east, north) to the tree."""
    west, per_x, south, per_y, columns, rows = frame
    pixels = grid.reshape(rows, columns)
    places = (boxes - [west, south, west, south]) * [per_x, per_y, per_x, per_y]
    for first, low, last, high in places.astype(np.int64):
        pixels[low : high + 1, first : last + 1] = ASK
