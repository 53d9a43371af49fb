"""Who gets which face: numbers only, no geometry.

A face is claimed by parts of cells. The rules, in this order:

1. A face with one claim stays with it; a face with several goes to the cell that comes first: the smallest as drawn,
   of equal ones the one with the lowest code. So a cell drawn inside another keeps its land, and a border between two
   is the one that the smaller was drawn with.
2. What that cuts off a part of a cell is a fragment, when it is no larger than the limit. The largest piece of a part
   is none, unless it is a mere hundredth of it.
3. Gaps up to the limit, and fragments, are loose; those side by side are one clump, which goes to the cell with which
   it has the longest border, of equal ones the first.

Nothing depends on the order of the rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridmap.ground.arrangement import Rows, Sides
from gridmap.ground.arrays import Floats

NOBODY = -1
#: what keeps less than this share of its land has lost it
SHARE_LEFT = 0.01

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Claims:
    """Pairs (face, part) sorted by face: the parts that cover each face; `cell` is the part's cell.

    Cells are numbered in the order in which they come first; a face's first claim is then that of its lowest cell.
    """

    face: Rows
    part: Rows
    cell: Rows

    @classmethod
    def of(cls, face: Rows, part: Rows, cell: Rows) -> Claims:
        """The pairs in order."""
        order = np.lexsort((part, cell, face))
        return cls(face[order], part[order], cell[order])

    def among(self, chosen: Mask) -> Claims:
        """Those on the chosen faces."""
        keep = chosen[self.face]
        return Claims(self.face[keep], self.part[keep], self.cell[keep])

    def first(self) -> Mask:
        """Which pairs are the first of their face."""
        return np.asarray(np.r_[True, self.face[1:] != self.face[:-1]][: len(self.face)])


@dataclass(frozen=True, slots=True)
class Owners:
    """The cell of each face by claims alone, and when all is placed; a loose face's clump (else NOBODY)."""

    claimed: Rows
    final: Rows
    clump: Rows


def settle(claims: Claims, part_area: Floats, area: Floats, sides: Sides, gap: Mask, limit: float) -> Owners:
    """The owner of each face. `part_area`: m2 of each part as drawn; `area`: m2 of each face; `gap`: faces to fill."""
    claimed = np.full(len(area), NOBODY, dtype=np.int64)
    part = np.full(len(area), NOBODY, dtype=np.int64)
    first = claims.first()
    claimed[claims.face[first]], part[claims.face[first]] = claims.cell[first], claims.part[first]
    loose = gap | _fragments(part, part_area, area, sides, limit)
    clump = np.where(loose, components(len(area), sides, loose), NOBODY)
    final = claimed.copy()
    goes_to = _longest(claimed, clump, sides)
    placed = loose & (goes_to[clump] != NOBODY)
    final[placed] = goes_to[clump[placed]]
    return Owners(claimed, final, np.where(placed, clump, NOBODY))


def components(count: int, sides: Sides, among: Mask, kind: Rows | None = None) -> Rows:
    """A number for each face, equal for faces that hang together among those named, and are of one kind if asked."""
    from scipy.sparse import coo_array  # here: all that reads a file would wait for them
    from scipy.sparse.csgraph import connected_components

    joined = among[sides.face] & among[sides.other]
    if kind is not None:
        joined &= kind[sides.face] == kind[sides.other]
    one, other = sides.face[joined], sides.other[joined]
    graph = coo_array((np.ones(len(one), dtype=np.int8), (one, other)), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _fragments(part: Rows, part_area: Floats, area: Floats, sides: Sides, limit: float) -> Mask:
    """Faces of pieces that were cut off the part they belong to."""
    owned = part != NOBODY
    piece = components(len(area), sides, owned, part)
    size = np.bincount(piece, weights=area, minlength=len(area))
    of = np.full(len(area), NOBODY, dtype=np.int64)
    of[piece[owned]] = part[owned]
    pieces = np.flatnonzero(of != NOBODY)
    order = pieces[np.lexsort((size[pieces], of[pieces]))]
    largest = np.r_[of[order][1:] != of[order][:-1], True][: len(order)]
    small = np.zeros(len(area), dtype=bool)
    small[order] = (~largest | (size[order] < SHARE_LEFT * part_area[of[order]])) & (size[order] <= limit)
    return np.asarray(owned & small[piece])


def _longest(claimed: Rows, clump: Rows, sides: Sides) -> Rows:
    """For each clump the cell with the longest border to it, NOBODY where it touches none."""
    goes_to = np.full(len(claimed), NOBODY, dtype=np.int64)
    open_border = (clump[sides.face] != NOBODY) & (clump[sides.other] == NOBODY) & (claimed[sides.other] != NOBODY)
    of, cell = clump[sides.face][open_border], claimed[sides.other][open_border]
    if not len(of):
        return goes_to
    pair, back = np.unique(np.stack([of, cell]), axis=1, return_inverse=True)
    length = np.zeros(pair.shape[1])
    np.add.at(length, back.ravel(), sides.length[open_border])
    order = np.lexsort((-pair[1], length, pair[0]))  # the last of each clump: the longest, of equal ones the first cell
    last = np.r_[pair[0][order][1:] != pair[0][order][:-1], True]
    goes_to[pair[0][order][last]] = pair[1][order][last]
    return goes_to
