"""The compiled loops of the pixel grid. Importing this module imports numba, and makes all of it ready.

Every loop has its types given, so it is compiled (or read from numba's cache) when this module is imported and never
later; it holds no lock of Python's, so that threads of ours can share the work. numba's cache looks at the file of a
loop and at no other: whoever changes `turn.py` must touch this file too.

Words used here, and what they are:

- `frame`: x of the grid's western side, pixels per unit of x, the same two of y; and the count of columns and rows.
- A label is a row position plus 1; 0 is no cell. `sides` of an edge: the labels on its left and right, seen upwards.
- `ends` of an edge: ax, ay, bx, by with a below b, or west of it on a level edge.
- A sum stands for the cells that hold a place: for each of them 2**32 plus its label. Of one cell it tells which; of
  two and more only that they overlap there. Crossing an edge takes its one side from the sum and adds the other.
- A spot is a pixel with edges: its sum at the south-western corner, and where its edges stand in the list.
- Corners and rays are moved by something smaller than any number: west by d and north by e, e much smaller than d. So
  no ray meets a vertex and no corner lies on an edge; the comparisons below are strict or not just as that asks for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba as nb
import numpy as np

from gridmap.ground.pixels.turn import helper, turn

#: in a grid: two cells or more may hold these places, ask the tree; others below -1 are spots
ASK = -2
#: edges of a spot beyond which a tree is faster
CROWDED = 1_000
#: coordinates nearer to 0 than this, and not 0, would lose bits in products
TINY = 2.0**-200
_BLOCK = 4096
_ONE = 1 << 32
_LOW = _ONE - 1
#: bits for the count of edges in a spot's record
_COUNT = 20
#: pixels that a computed crossing may be off: far more than rounding, see `_columns`
_MARGIN = 1e-3


def _type(dtype: Any, ndim: int, layout: str = "C", written: bool = False) -> Any:
    return nb.types.Array(dtype, ndim, layout, readonly=not written)


_F, _I, _L = nb.float64, nb.int32, nb.int64
_FRAME = (_F, _F, _F, _F, _L, _L)
#: west sides, south sides, grid, spots, list, ends, sides, ranks
_GRID = (_type(_F, 1), _type(_F, 1), _type(_I, 1), _type(_L, 2), _type(_I, 1), _type(_F, 2), _type(_I, 2), _type(_I, 1))


def compiled(*types: Any) -> Callable[[Any], Any]:
    """Compile now, or take it from numba's cache; where there is no folder for one, only into memory."""

    def decorate(function: Any) -> Any:
        try:
            return nb.njit(types, nogil=True, error_model="numpy", cache=True)(function)
        except Exception:  # no writable folder, a full disk, a spoilt entry: whatever ails the cache, the code is sound
            return nb.njit(types, nogil=True, error_model="numpy")(function)

    return decorate


@helper
def _beside(ax, ay, bx, by, x, y):
    """`turn` for a place whose y is one of the edge's; cheap where its x is none of the edge's."""
    if x > max(ax, bx):
        return -1
    if x < min(ax, bx):
        return 1
    return turn(ax, ay, bx, by, x, y)


@helper
def _above(ax, ay, bx, by, x, y):
    """Whether (x - d, y + e) is above an edge that has x - d among its own."""
    if y < ay:
        return False
    if y > by:
        return True
    at = turn(ax, ay, bx, by, x, y)
    return at >= 0 if ax < bx else at < 0


@helper
def _value(label):
    return _ONE + label if label > 0 else 0


@helper
def _eastward(ax, ay, bx, by, gain, x, y, west):
    """What the sum gains on the way from (west - d, y + e) to (x - d, y + e): `gain` where that crosses the edge."""
    if y < ay or y >= by or _beside(ax, ay, bx, by, x, y) >= 0:
        return 0
    if min(ax, bx) < west and _beside(ax, ay, bx, by, west, y) < 0:
        return 0
    return gain


@helper
def _northward(ax, ay, bx, by, gain, x, south, y):
    """What the sum gains on the way from (x - d, south + e) to (x - d, y + e); `gain` is that from left to right."""
    if min(ax, bx) >= x or max(ax, bx) < x:
        return 0
    if not _above(ax, ay, bx, by, x, y) or _above(ax, ay, bx, by, x, south):
        return 0
    return -gain if ax < bx else gain


@helper
def _touches(ax, ay, bx, by, x, y):
    """Whether a place is on an edge."""
    if y < ay or y > by or x < min(ax, bx) or x > max(ax, bx):
        return False
    return turn(ax, ay, bx, by, x, y) == 0


@helper
def _lower(one, other, ranks):
    """The label of the lower code; 0 is none."""
    if one == 0 or (other != 0 and ranks[other - 1] < ranks[one - 1]):
        return other
    return one


@helper
def _told(total):
    """The label that a sum tells: 0 for none, -1 where there are several."""
    count = total >> 32
    if count == 1:
        return total & _LOW
    return 0 if count == 0 else -1


@helper
def _resolve(x, y, west, south, base, first, last, entries, ends, sides, ranks):
    """What a grid would hold for a place in a spot: its row, -1 or `ASK`."""
    if (x != 0.0 and abs(x) < TINY) or (y != 0.0 and abs(y) < TINY):
        return ASK
    total, touched = base, 0
    for k in range(first, last):
        e = entries[k]
        ax, ay, bx, by = ends[e, 0], ends[e, 1], ends[e, 2], ends[e, 3]
        left, right = sides[e, 0], sides[e, 1]
        gain = _value(right) - _value(left)
        total += _northward(ax, ay, bx, by, gain, west, south, y)
        if _touches(ax, ay, bx, by, x, y):
            touched = _lower(_lower(touched, left, ranks), right, ranks)
        else:
            total += _eastward(ax, ay, bx, by, gain, x, y, west)
    label = _told(total)
    if label < 0:
        return ASK
    return _lower(label, touched, ranks) - 1


@helper
def _pixel(x, y, frame):
    """The number of the pixel that has a place. What is beyond the grid, or no number, is in an empty one."""
    u, v = (x - frame[0]) * frame[1], (y - frame[2]) * frame[3]
    if u >= 0.0 and v >= 0.0 and u < frame[4] and v < frame[5]:
        return int(v) * frame[4] + int(u)
    return 0


@compiled(_F, _F, nb.types.Tuple(_FRAME), *_GRID)
def find_one(x, y, frame, wests, souths, grid, spots, entries, ends, sides, ranks):
    """The row of the cell that has a place, -1 for none, `ASK` where the tree must be asked."""
    pixel = _pixel(x, y, frame)
    held = grid[pixel]
    if held >= -1:
        return held
    row = pixel // frame[4]
    spot = -2 - held
    first = spots[spot, 1] >> _COUNT
    last = first + (spots[spot, 1] & ((1 << _COUNT) - 1))
    return _resolve(x, y, wests[pixel - row * frame[4]], souths[row], spots[spot, 0], first, last, entries, ends, sides, ranks)


@helper
def _look_up(x, y, frame, grid, pixels, out, unsure):
    """The pixels of some points and what they hold; the points in spots are put in `unsure`, their count returned."""
    for k in range(len(x)):
        pixels[k] = _pixel(x[k], y[k], frame)
    for k in range(len(x)):
        out[k] = grid[pixels[k]]
    many = 0
    for k in range(len(x)):
        unsure[many] = k
        many += out[k] < -1
    return many


@helper
def _fetch(many, out, unsure, spots, entries, ends, sides, place, seen):
    """Bring what points in spots need into the processor's caches: their spots, their first and last edges.

    One pass for each kind of memory and no branches in them, so that many loads are on their way at once.
    """
    for m in range(many):
        place[m] = spots[-2 - out[unsure[m]], 1]
    for m in range(many):
        first = place[m] >> _COUNT
        last = first + max(place[m] & ((1 << _COUNT) - 1), 1) - 1
        seen[m] = entries[first] + entries[last]
    for m in range(many):
        first = place[m] >> _COUNT
        one, two = entries[first], entries[first + max(place[m] & ((1 << _COUNT) - 1), 1) - 1]
        seen[m] = ends[one, 0] + ends[one, 3] + ends[two, 0] + ends[two, 3] + sides[one, 0] + sides[two, 0]


@compiled(_type(_F, 1, "A"), _type(_F, 1, "A"), _L, _L, _type(_I, 1, written=True), nb.types.Tuple(_FRAME), *_GRID)
def find_all(x, y, start, stop, out, frame, wests, souths, grid, spots, entries, ends, sides, ranks):
    """`find_one` for the points from `start` up to `stop`, into `out`; returns how many are `ASK`."""
    pixels, unsure = np.empty(_BLOCK, np.int32), np.empty(_BLOCK, np.int32)
    place, seen = np.empty(_BLOCK, np.int64), np.empty(_BLOCK)
    asked = 0
    for at in range(start, stop, _BLOCK):
        some = slice(at, min(at + _BLOCK, stop))
        xs, ys, found = x[some], y[some], out[some]
        many = _look_up(xs, ys, frame, grid, pixels, found, unsure)
        _fetch(many, found, unsure, spots, entries, ends, sides, place, seen)
        for m in range(many):
            k = unsure[m]
            row = pixels[k] // frame[4]
            first = place[m] >> _COUNT
            last = first + (place[m] & ((1 << _COUNT) - 1))
            west, south, base = wests[pixels[k] - row * frame[4]], souths[row], spots[-2 - found[k], 0]
            found[k] = _resolve(xs[k], ys[k], west, south, base, first, last, entries, ends, sides, ranks)
            asked += found[k] == ASK
    return asked


# From here on: how a grid is made. Each loop works on a range of its own, so threads can share it.


@compiled(_type(_F, 2), _type(_L, 1), _type(_I, 1), _L, _L, _type(_I, 1, written=True))
def inner_sides(corners, firsts, holes, start, stop, inner):
    """For each valid ring: 1 where its cell is on the left of its corners' direction, else -1."""
    for ring in range(start, stop):
        first, last = firsts[ring], firsts[ring + 1] - 1  # the last corner is the first one again
        top = first
        for k in range(first, last):
            if (corners[k, 1], corners[k, 0]) > (corners[top, 1], corners[top, 0]):
                top = k
        x, y = corners[top]
        before = after = top
        while corners[before, 0] == x and corners[before, 1] == y:
            before = before - 1 if before > first else last - 1
        while corners[after, 0] == x and corners[after, 1] == y:
            after = after + 1 if after < last - 1 else first
        corner = turn(corners[before, 0], corners[before, 1], x, y, corners[after, 0], corners[after, 1])
        inner[ring] = corner * (1 - 2 * holes[ring])


@compiled(_type(_F, 2), _type(_L, 1), nb.types.Tuple(_FRAME), _L, _L, _type(_L, 1, written=True))
def count_sides(corners, firsts, frame, start, stop, counts):
    """How many sides of rings begin, seen upwards, in each row of pixels."""
    for ring in range(start, stop):
        for k in range(firsts[ring], firsts[ring + 1] - 1):
            if corners[k, 0] != corners[k + 1, 0] or corners[k, 1] != corners[k + 1, 1]:
                counts[int((min(corners[k, 1], corners[k + 1, 1]) - frame[2]) * frame[3])] += 1


@compiled(
    _type(_F, 2), _type(_L, 1), _type(_I, 1), _type(_I, 1), nb.types.Tuple(_FRAME), _L, _L,
    _type(_L, 1, written=True), _type(_F, 2, written=True), _type(_I, 2, written=True),
)  # fmt: skip
def fill_sides(corners, firsts, labels, inner, frame, start, stop, places, ends, sides):
    """Sides of rings, each from its own row's place on, with the cell on one side and none on the other."""
    for ring in range(start, stop):
        for k in range(firsts[ring], firsts[ring + 1] - 1):
            a, b, left = k, k + 1, inner[ring] > 0
            if corners[a, 0] == corners[b, 0] and corners[a, 1] == corners[b, 1]:
                continue
            if (corners[b, 1], corners[b, 0]) < (corners[a, 1], corners[a, 0]):
                a, b, left = b, a, not left
            row = int((corners[a, 1] - frame[2]) * frame[3])
            place = places[row]
            places[row] += 1
            ends[place, 0], ends[place, 1] = corners[a, 0], corners[a, 1]
            ends[place, 2], ends[place, 3] = corners[b, 0], corners[b, 1]
            sides[place, 0], sides[place, 1] = (labels[ring], 0) if left else (0, labels[ring])


@helper
def _hash(bits, k):
    mixed = np.uint64(0)
    for i in range(4):
        mixed = (mixed ^ np.uint64(bits[k, i])) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    return mixed


@helper
def _joined(one, other, bits, sides):
    """Whether two sides of rings were one edge's both sides; then `one` is that edge."""
    for i in range(4):
        if bits[one, i] != bits[other, i]:
            return False
    for i in range(2):
        if sides[other, i] != 0 and sides[one, i] == 0:
            sides[one, i] = sides[other, i]
            return True
    return False


@compiled(
    _type(_L, 1), _L, _L, _type(_L, 2, written=True), _type(_I, 2, written=True), _type(_L, 1, written=True)
)  # fmt: skip
def join_sides(firsts, start, stop, bits, sides, kept):
    """Join what neighbours share, row by row: edges move to the front of their row, `kept` says how many there are.

    `bits`: the ends' bits, by which equal numbers are found.
    """
    for row in range(start, stop):
        first, last = firsts[row], firsts[row + 1]
        size = 8
        while size < 2 * (last - first):
            size *= 2
        table = np.full(size, -1, np.int64)
        n = first
        for k in range(first, last):
            slot = np.int64(_hash(bits, k) & np.uint64(size - 1))
            while table[slot] >= 0 and not _joined(table[slot], k, bits, sides):
                slot = (slot + 1) & (size - 1)
            if table[slot] < 0:
                table[slot] = n
                bits[n], sides[n] = bits[k], sides[k]
                n += 1
        kept[row] = n - first


@helper
def _columns(edge, frame, row):
    """The first and the last column in which an edge may touch a row of pixels; never too few."""
    u0, v0 = (edge[0] - frame[0]) * frame[1], (edge[1] - frame[2]) * frame[3]
    u1, v1 = (edge[2] - frame[0]) * frame[1], (edge[3] - frame[2]) * frame[3]
    low, high = min(u0, u1), max(u0, u1)
    if v1 - v0 > _MARGIN:  # flatter ones are at the most in two rows, with all their columns
        slope = (u1 - u0) / (v1 - v0)
        one = u0 + (max(row, v0) - v0) * slope
        two = u0 + (min(row + 1, v1) - v0) * slope
        low, high = max(low, min(one, two) - _MARGIN), min(high, max(one, two) + _MARGIN)
    return int(low), int(high)


@helper
def _rows(edge, frame):
    return int((edge[1] - frame[2]) * frame[3]), int((edge[3] - frame[2]) * frame[3])


@compiled(_type(_F, 2), nb.types.Tuple(_FRAME), _L, _L, _type(_L, 1, written=True))
def count_entries(ends, frame, start, stop, counts):
    """How many pixels the edges touch in each row."""
    for e in range(start, stop):
        low, high = _rows(ends[e], frame)
        for row in range(low, high + 1):
            first, last = _columns(ends[e], frame, row)
            counts[row] += last - first + 1


@compiled(
    _type(_F, 2), nb.types.Tuple(_FRAME), _L, _L, _type(_L, 1, written=True), _type(_I, 1, written=True),
    _type(_I, 1, written=True),
)  # fmt: skip
def fill_entries(ends, frame, start, stop, places, columns, entries):
    """Each touched pixel's column and edge, from its row's place on."""
    for e in range(start, stop):
        low, high = _rows(ends[e], frame)
        for row in range(low, high + 1):
            first, last = _columns(ends[e], frame, row)
            for column in range(first, last + 1):
                columns[places[row]], entries[places[row]] = column, e
                places[row] += 1


@compiled(
    _type(_L, 1), nb.types.Tuple(_FRAME), _L, _L, _type(_I, 1, written=True), _type(_I, 1, written=True),
    _type(_L, 1, written=True),
)  # fmt: skip
def sort_entries(firsts, frame, start, stop, columns, entries, spots):
    """Sort each row by column, and count its spots."""
    for row in range(start, stop):
        first, last = firsts[row], firsts[row + 1]
        places = np.zeros(frame[4] + 1, np.int64)
        for k in range(first, last):
            places[columns[k] + 1] += 1
        for column in range(frame[4]):
            spots[row] += places[column + 1] > 0
            places[column + 1] += places[column]
        old_columns, old_entries = columns[first:last].copy(), entries[first:last].copy()
        for k in range(last - first):
            place = first + places[old_columns[k]]
            places[old_columns[k]] += 1
            columns[place], entries[place] = old_columns[k], old_entries[k]


@compiled(
    _type(_L, 1), _type(_L, 1), _type(_I, 1), nb.types.Tuple(_FRAME), _type(_F, 1), _type(_F, 1), _type(_I, 1),
    _type(_F, 2), _type(_I, 2), _L, _L, _type(_I, 1, written=True), _type(_L, 2, written=True),
)  # fmt: skip
def label_rows(firsts, spot_firsts, columns, frame, wests, souths, entries, ends, sides, start, stop, grid, spots):
    """Walk each row of pixels from the west, where no cell is, along its southern side; fill the grid and the spots."""
    for row in range(start, stop):
        total, k, spot = 0, firsts[row], spot_firsts[row]
        for column in range(frame[4]):
            pixel = row * frame[4] + column
            first = k
            base = total
            while k < firsts[row + 1] and columns[k] == column:
                e = entries[k]
                gain = _value(sides[e, 1]) - _value(sides[e, 0])
                total += _eastward(
                    ends[e, 0], ends[e, 1], ends[e, 2], ends[e, 3], gain, wests[column + 1], souths[row], wests[column]
                )
                k += 1
            if k == first:
                label = _told(total)
                grid[pixel] = label - 1 if label >= 0 else ASK
                continue
            spots[spot, 0], spots[spot, 1] = base, (first << _COUNT) + (k - first)
            grid[pixel] = -2 - spot if k - first <= CROWDED else ASK
            spot += 1
