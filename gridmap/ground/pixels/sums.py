"""What the loops of the pixel grid are made of: which side of an edge, and what crossing it does to a sum.

Words used here, and what they are:

- `frame`: x of the grid's western side, pixels per unit of x, the same two of y; and the count of columns and rows.
- A label is a row position plus 1; 0 is no cell. `sides` of an edge: the labels on its left and right, seen upwards.
- `ends` of an edge: ax, ay, bx, by with a below b, or west of it on a level edge.
- A sum stands for the cells that hold a place: for each of them 2**32 plus its label. Of one cell it tells which; of
  two and more only that they overlap there. Crossing an edge takes its one side from the sum and adds the other.
- A spot is a pixel with edges. Its record: the sum at the south-western corner; where its edges stand in the list and
  how many there are; and the first four of them once more, so that most places need not look into the list.
- Corners and rays are moved by something smaller than any number: west by d and north by e, e much smaller than d. So
  no ray meets a vertex and no corner lies on an edge; the comparisons below are strict or not just as that asks for.
"""

# mypy: ignore-errors
# The types of these functions are numba's, given above each; those without are parts of others.

from __future__ import annotations

import numpy as np

from gridmap.ground.pixels.compiled import helper

#: a spot's record has the place of its edges above these bits, and their count in them
COUNT = 20
FEW = (1 << COUNT) - 1
#: a spot's record: sum, place and count, four edges in two numbers; 32 bytes never lie across two lines of a cache
RECORD = 4
_NEAR = 4
_ONE = 1 << 32
LOW = _ONE - 1
#: Shewchuk's bound for a determinant of differences, as a part of the sum of its products
_DOUBT = (3.0 + 16.0 * 2.0**-53) * 2.0**-53
_SPLIT = 134217729.0
#: in a grid: two cells or more may hold these places, ask the tree; others below -1 are spots
ASK = -2


@helper
def _product(a, b) -> tuple[float, float]:
    """The product of two numbers as a rounded part and what was rounded off, exactly (Dekker)."""
    high = a * b
    c = _SPLIT * a
    a1 = c - (c - a)
    c = _SPLIT * b
    b1 = c - (c - b)
    a2, b2 = a - a1, b - b1
    return high, a2 * b2 - (((high - a1 * b1) - a2 * b1) - a1 * b2)


@helper
def _exact_turn(ax, ay, bx, by, px, py) -> int:
    """`turn` by the determinant's six products as an exact expansion (Shewchuk 1997, Grow-Expansion)."""
    factors = ((ax, by), (-ay, bx), (bx, py), (-by, px), (px, ay), (-py, ax))
    parts = np.zeros(12)
    n = 0
    for a, b in factors:
        for carry in _product(a, b):
            q = carry
            for i in range(n):
                total = q + parts[i]
                virtual = total - q
                parts[i] = (q - (total - virtual)) + (parts[i] - virtual)
                q = total
            parts[n] = q
            n += 1
    for i in range(11, -1, -1):
        if parts[i] != 0.0:
            return 1 if parts[i] > 0.0 else -1
    return 0


@helper
def turn(ax, ay, bx, by, px, py) -> int:
    """Where p is, seen from a to b: 1 left, -1 right, 0 on the line. Exact."""
    left = (bx - ax) * (py - ay)
    right = (by - ay) * (px - ax)
    area = left - right
    doubt = _DOUBT * (abs(left) + abs(right))
    if area > doubt:
        return 1
    if area < -doubt:
        return -1
    return _exact_turn(ax, ay, bx, by, px, py)


@helper
def beside(ax, ay, bx, by, x, y) -> int:
    """`turn` for a place whose y is one of the edge's; cheap where its x is none of the edge's."""
    if x > max(ax, bx):
        return -1
    if x < min(ax, bx):
        return 1
    return turn(ax, ay, bx, by, x, y)


@helper
def above(ax, ay, bx, by, x, y) -> bool:
    """Whether (x - d, y + e) is above an edge that has x - d among its own."""
    if y < ay:
        return False
    if y > by:
        return True
    at = turn(ax, ay, bx, by, x, y)
    return at >= 0 if ax < bx else at < 0


@helper
def value(label) -> int:
    return _ONE + label if label > 0 else 0


@helper
def eastward(ax, ay, bx, by, gain, x, y, west) -> int:
    """What the sum gains on the way from (west - d, y + e) to (x - d, y + e): `gain` where that crosses the edge."""
    if y < ay or y >= by or beside(ax, ay, bx, by, x, y) >= 0:
        return 0
    if min(ax, bx) < west and beside(ax, ay, bx, by, west, y) < 0:
        return 0
    return gain


@helper
def northward(ax, ay, bx, by, gain, x, south, y) -> int:
    """What the sum gains on the way from (x - d, south + e) to (x - d, y + e); `gain` is that from left to right."""
    if min(ax, bx) >= x or max(ax, bx) < x:
        return 0
    if not above(ax, ay, bx, by, x, y) or above(ax, ay, bx, by, x, south):
        return 0
    return -gain if ax < bx else gain


@helper
def touches(ax, ay, bx, by, x, y) -> bool:
    """Whether a place is on an edge."""
    if y < ay or y > by or x < min(ax, bx) or x > max(ax, bx):
        return False
    return turn(ax, ay, bx, by, x, y) == 0


@helper
def lower(one, other, ranks) -> int:
    """The label of the lower code; 0 is none."""
    if one == 0 or (other != 0 and ranks[other - 1] < ranks[one - 1]):
        return other
    return one


@helper
def edge(spots, spot, entries, first, k) -> int:
    """The number of the k-th edge of a spot whose edges begin at `first` in the list."""
    if k < _NEAR:
        return (spots[spot, 2 + (k >> 1)] >> ((k & 1) << 5)) & LOW
    return entries[first + k]


@helper
def note_edge(spots, spot, k, e) -> None:
    """Put the k-th edge into the record of its spot, where there is room for it."""
    if k < _NEAR:
        spots[spot, 2 + (k >> 1)] |= e << ((k & 1) << 5)


@helper
def told(total) -> int:
    """The label that a sum tells: 0 for none, -1 where there are several."""
    count = total >> 32
    if count == 1:
        return total & LOW
    return 0 if count == 0 else -1
