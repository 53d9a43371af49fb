"""Which cells are neighbours: by shared borders, by number, by distance, or as a file says.

A `Neighbours` is a directed graph without weights; no cell is its own neighbour. Statistics that count the cell itself
(Gi*) add it on their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.spatial import cKDTree

from gridmap.errors import InvalidInput

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Neighbours of n cells: those of cell i are `to[start[i]:start[i + 1]]`, rising, without i and without repeats."""

    start: Rows
    to: Rows

    @classmethod
    def of(cls, n: int, cell: ArrayLike, neighbour: ArrayLike) -> Self:
        """From pairs of row numbers, in any order; pairs of a cell with itself and repeats are dropped."""
        i, j = np.asarray(cell, dtype=np.int64), np.asarray(neighbour, dtype=np.int64)
        if len(i) and (min(i.min(), j.min()) < 0 or max(i.max(), j.max()) >= n):
            raise InvalidInput(f"there are {n} cells, but a neighbour is named beyond them")
        pairs = np.unique(i[i != j] * n + j[i != j])
        start = np.zeros(n + 1, dtype=np.int64)
        np.cumsum(np.bincount(pairs // max(n, 1), minlength=n), out=start[1:])
        return cls(start, pairs % max(n, 1))

    def __len__(self) -> int:
        return len(self.start) - 1

    @cached_property
    def counts(self) -> Rows:
        """How many neighbours each cell has."""
        return np.diff(self.start)

    @property
    def islands(self) -> Rows:
        """Rows of cells without neighbours."""
        return np.flatnonzero(self.counts == 0)

    @cached_property
    def matrix(self) -> Any:
        """The graph as a scipy CSR matrix of ones, shape (n, n)."""
        n = len(self)
        return sparse.csr_matrix((np.ones(len(self.to)), self.to, self.start), shape=(n, n))

    def among(self, kept: NDArray[np.bool_]) -> Neighbours:
        """The graph of the cells where `kept` is true, renumbered in their order."""
        number = np.cumsum(kept) - 1
        owner = np.repeat(np.arange(len(self)), self.counts)
        both = kept[owner] & kept[self.to]
        return Neighbours.of(int(kept.sum()), number[owner[both]], number[self.to[both]])


def contiguous(shapes: ArrayLike, rule: str = "queen") -> Neighbours:
    """Cells that touch: in a border or a point (`queen`), or along a border (`rook`). Shapes that overlap touch too.

    `shapes`: n polygons of shapely in one reference system, whichever; rows with None have no neighbours. What is
    compared are the coordinates as they stand: cells drawn with gaps between them are islands. Rings that cross
    themselves are compared as what they enclose.
    """
    array = _mended(np.array(shapes, dtype=object))
    left, right = shapely.STRtree(array).query(array, predicate="intersects")
    if rule == "rook":
        once = left < right
        left, right = left[once], right[once]
        shapely.prepare(array)
        inner = shapely.relate_pattern(array[left], array[right], "T********")
        along = inner | shapely.relate_pattern(array[left], array[right], "****1****")
        left, right = (np.concatenate(pair) for pair in ((left[along], right[along]), (right[along], left[along])))
    elif rule != "queen":
        raise InvalidInput(f"contiguity is queen or rook, not {rule!r}")
    return Neighbours.of(len(array), left, right)


def _mended(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """The array, with its invalid shapes made valid in place."""
    broken = np.flatnonzero(~shapely.is_valid(shapes) & ~shapely.is_missing(shapes))
    if len(broken):
        shapes[broken] = shapely.make_valid(shapes[broken], method="structure", keep_collapsed=False)
    return shapes


def nearest(x: ArrayLike, y: ArrayLike, k: int) -> Neighbours:
    """The k nearest of each of n points in a plane; of equally near ones, any. InvalidInput unless 1 <= k < n."""
    points = _points(x, y)
    n = len(points)
    if not 1 <= k < n:
        raise InvalidInput(f"there are {n} cells, so the nearest may be 1 to {n - 1}, not {k}", code="bad_neighbours")
    _, found = cKDTree(points).query(points, k=k + 1)
    own = found == np.arange(n)[:, None]
    own[~own.any(axis=1), -1] = True  # more than k others at the very same place: the cell itself was not listed
    return Neighbours.of(n, np.repeat(np.arange(n), k), found[~own])


def within(x: ArrayLike, y: ArrayLike, distance: float) -> Neighbours:
    """All points at most `distance` away (inclusive), in the units of the plane. InvalidInput unless it is positive."""
    points = _points(x, y)
    if not (distance > 0 and np.isfinite(distance)):
        raise InvalidInput(f"the distance must be positive, not {distance:g}", code="bad_neighbours")
    i, j = cKDTree(points).query_pairs(distance, output_type="ndarray").T
    return Neighbours.of(len(points), np.concatenate([i, j]), np.concatenate([j, i]))


def from_gal(text: str, *ids: Sequence[str]) -> Neighbours:
    """Neighbours as a GAL file lists them (GeoDa, spdep, PySAL): a heading, then for each cell two lines.

    `ids`: columns that may be the cells' names, in the order of the rows; the first that has all the file's names is
    taken, and if none has, the file must number the cells from 1 (or 0) on. The list may be one-sided; it stays as it
    is. InvalidInput says where it cannot be read.
    """
    lines = [line.split() for line in text.splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    listed = _gal_entries(lines)
    used = {one for name, neighbours in listed for one in (name, *neighbours)}
    fitting = [list(column) for column in ids if used <= set(column)]
    names = fitting[0] if fitting else _numbered(used)
    row = {name: place for place, name in enumerate(names)}
    cells = [row[name] for name, neighbours in listed for _ in neighbours]
    return Neighbours.of(len(names), cells, [row[one] for _, neighbours in listed for one in neighbours])


def gal_key(text: str) -> str | None:
    """The column that a GAL file's heading names as its cells' ids; None when it names none."""
    heading = text.split("\n", 1)[0].split()
    return heading[3] if len(heading) >= 4 else None


def _gal_entries(lines: list[list[str]]) -> list[tuple[str, list[str]]]:
    if not lines or not any(word.isdigit() for word in lines[0]):
        raise InvalidInput("the neighbour file does not begin with the number of cells", code="bad_neighbours")
    count = int(lines[0][1] if len(lines[0]) > 1 and lines[0][1].isdigit() else lines[0][0])
    found, at = [], 1
    while at < len(lines):
        head = lines[at]
        if len(head) != 2 or not head[1].isdigit():
            raise InvalidInput(f"line {at + 1} of the neighbour file is no id and number", code="bad_neighbours")
        listed = lines[at + 1] if at + 1 < len(lines) else []
        if len(listed) != int(head[1]):
            raise InvalidInput(
                f"line {at + 2} of the neighbour file lists {len(listed)} neighbours, not {head[1]}",
                code="bad_neighbours",
            )
        found.append((head[0], listed))
        at += 2
    if len(found) != count:
        raise InvalidInput(f"the neighbour file announces {count} cells and lists {len(found)}", code="bad_neighbours")
    return found


def _numbered(used: set[str]) -> list[str]:
    for first in (1, 0):
        numbers = [str(number) for number in range(first, first + len(used))]
        if used == set(numbers):
            return numbers
    raise InvalidInput(
        f"the neighbour file names its cells by an id ({min(used)!r} and others) that no column holds for all of them: "
        "say which column does with --code",
        code="bad_neighbours",
    )


def _points(x: ArrayLike, y: ArrayLike) -> Floats:
    points = np.column_stack([np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)])
    if not np.isfinite(points).all():
        raise InvalidInput("a cell has no usable place, so its neighbours cannot be told", code="no_place")
    return points
