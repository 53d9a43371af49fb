"""Building blocks: the small areas that a balanced drawing is put together from, and which lie side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from gridmap.errors import InvalidInput
from gridmap.ground.arrangement import edges

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
Geometries = NDArray[np.object_]

#: a border this near to a barrier, in metres, runs along it
_ALONG_M = 2.0
#: and two blocks are parted when this share of their border does
_PARTED = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """n blocks that tile the chosen cells.

    `shapes`: polygons in a metric CRS, sharing their edges bit for bit; `cell`: the row of the cell that each lies in
    today; `load`: what is to be even (households, hours, cases); `households`: what must not be moved more than needed.
    `pair` (m, 2): blocks side by side, each pair once; `border_m` (m); `open` (m): False where a barrier runs along it.
    """

    shapes: Geometries
    cell: Rows
    load: Floats
    households: Floats
    area_m2: Floats
    perimeter_m: Floats
    pair: Rows
    border_m: Floats
    open: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.shapes)


def blocks_of(
    shapes: ArrayLike,
    cell: ArrayLike,
    load: ArrayLike,
    households: ArrayLike,
    barriers: Sequence[shapely.Geometry] = (),
) -> Blocks:
    """Blocks from areas that are there already: census areas, villages, or the cells of a finer drawing.

    `shapes`: n valid polygons in a metric CRS without overlaps, edges shared; `cell`: n row numbers from 0; `load` and
    `households`: n numbers, 0 or more. `barriers`: lines (rivers, main roads) that no cell should reach across.
    Refuses loads or households that are negative or not finite, and lists of different lengths.
    """
    polygons = np.asarray(shapes, dtype=object)
    of_cell = np.asarray(cell, dtype=np.int64)
    loads, homes = _counted(load, "load", len(polygons)), _counted(households, "households", len(polygons))
    if len(of_cell) != len(polygons):
        raise InvalidInput(f"{len(polygons)} blocks, but {len(of_cell)} cells.", code="lengths_differ")
    pair, border, along = borders_of(polygons, np.asarray(barriers, dtype=object))
    return Blocks(
        polygons, of_cell, loads, homes, shapely.area(polygons), shapely.length(polygons),
        pair, border, along < _PARTED * border,
    )  # fmt: skip


def _counted(values: ArrayLike, what: str, n: int) -> Floats:
    numbers = np.asarray(values, dtype=np.float64)
    if len(numbers) != n:
        raise InvalidInput(f"{n} blocks, but {len(numbers)} values of {what}.", code="lengths_differ")
    wrong = np.flatnonzero(~(np.isfinite(numbers) & (numbers >= 0)))
    if len(wrong):
        raise InvalidInput(
            f"The {what} of block {wrong[0] + 1} is {numbers[wrong[0]]}: it must be 0 or more.",
            code="bad_load", row=int(wrong[0]), field=what,
        )  # fmt: skip
    return numbers


def borders_of(shapes: Geometries, barriers: Geometries) -> tuple[Rows, Floats, Floats]:
    """Pairs of shapes side by side, how long their border is, and how much of it runs along a barrier, in metres."""
    found = edges(shapes)
    key = found.key()
    order = np.argsort(key, kind="stable")
    twin = np.flatnonzero(key[order][1:] == key[order][:-1])
    one, two = order[twin], order[twin + 1]
    length = np.hypot(*(found.end_xy[one] - found.start_xy[one]).T)
    low, high = np.minimum(found.owner[one], found.owner[two]), np.maximum(found.owner[one], found.owner[two])
    unique, back = np.unique(low * max(len(shapes), 1) + high, return_inverse=True)
    along = np.zeros(len(one))
    if len(barriers) and len(one):
        middle = shapely.points((found.start_xy[one] + found.end_xy[one]) / 2)
        near, _ = shapely.STRtree(barriers).query(middle, predicate="dwithin", distance=_ALONG_M)
        along[near] = length[near]
    pair = np.column_stack([unique // max(len(shapes), 1), unique % max(len(shapes), 1)])
    border: Floats = np.bincount(back, weights=length, minlength=len(unique)).astype(np.float64)
    parted: Floats = np.bincount(back, weights=along, minlength=len(unique)).astype(np.float64)
    return pair, border, parted
