"""Finding the cells of places in a grid. See `sums` for the words."""

# mypy: ignore-errors
# The types of these functions are numba's, given above each; those without are parts of others.

from __future__ import annotations

import numpy as np
from numba import carray

from gridmap.ground.pixels.compiled import F64, FRAME, GRID, I32, I64, array, compiled, helper, pointer
from gridmap.ground.pixels.sums import (
    ASK,
    COUNT,
    FEW,
    LOW,
    RECORD,
    eastward,
    edge,
    lower,
    northward,
    told,
    touches,
    value,
)

#: coordinates nearer to 0 than this, and not 0, would lose bits in products
TINY = 2.0**-200
_BLOCK = 4096
#: all that `find_one` needs: the frame, and the addresses of the arrays
WHERE = np.dtype(
    [(name, np.float64) for name in ("west", "per_x", "south", "per_y")]
    + [(name, np.int64) for name in ("columns", "rows")]
    + [(name, np.int64) for name in ("wests", "souths", "grid", "spots", "entries", "ends", "sides", "ranks")]
)


@helper
def _resolve(x, y, west, south, spot, spots, entries, ends, sides, ranks) -> int:
    """What a grid would hold for a place in a spot: its row, -1 or `ASK`."""
    if (x != 0.0 and abs(x) < TINY) or (y != 0.0 and abs(y) < TINY):
        return ASK
    total, edges, touched = spots[spot, 0], spots[spot, 1], 0
    first = edges >> COUNT
    for k in range(edges & FEW):
        e = edge(spots, spot, entries, first, k)
        ax, ay, bx, by = ends[e, 0], ends[e, 1], ends[e, 2], ends[e, 3]
        left, right = sides[e, 0], sides[e, 1]
        gain = value(right) - value(left)
        total += northward(ax, ay, bx, by, gain, west, south, y)
        if touches(ax, ay, bx, by, x, y):
            touched = lower(lower(touched, left, ranks), right, ranks)
        else:
            total += eastward(ax, ay, bx, by, gain, x, y, west)
    label = told(total)
    if label < 0:
        return ASK
    return lower(label, touched, ranks) - 1


@helper
def _pixel(x, y, frame) -> int:
    """The number of the pixel that has a place. What is beyond the grid, or no number, is in an empty one."""
    u, v = (x - frame[0]) * frame[1], (y - frame[2]) * frame[3]
    if u >= 0.0 and v >= 0.0 and u < frame[4] and v < frame[5]:
        return int(v) * frame[4] + int(u)
    return 0


@compiled(I64, F64, F64, nogil=False)
def find_one(address, x, y) -> int:
    """The row of the cell that has a place, -1 for none, `ASK` where the tree must be asked.

    `address`: of a `WHERE`, because each array that comes from Python costs a tenth of a microsecond. Nothing looks at
    the arrays' lengths, so 1 is said for all.
    """
    grid = carray(pointer(address), 1, WHERE)[0]
    u, v = (x - grid.west) * grid.per_x, (y - grid.south) * grid.per_y
    if not (u >= 0.0 and v >= 0.0 and u < grid.columns and v < grid.rows):
        return -1
    column, row = int(u), int(v)
    found = carray(pointer(grid.grid), 1, np.int32)[row * grid.columns + column]
    if found >= -1:
        return found
    return _resolve(
        x,
        y,
        carray(pointer(grid.wests), 1, np.float64)[column],
        carray(pointer(grid.souths), 1, np.float64)[row],
        -2 - found,
        carray(pointer(grid.spots), (1, RECORD), np.int64),
        carray(pointer(grid.entries), 1, np.int32),
        carray(pointer(grid.ends), (1, 4), np.float64),
        carray(pointer(grid.sides), (1, 2), np.int32),
        carray(pointer(grid.ranks), 1, np.int32),
    )


@helper
def _look_up(x, y, frame, grid, pixels, out, unsure) -> int:
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
def _fetch(many, out, unsure, spots, ends, sides, pair, seen) -> None:
    """Bring what points in spots need into the processor's caches: their spots, their first two edges.

    One pass for each kind of memory and no branches in them, so that many loads are on their way at once.
    """
    for m in range(many):
        pair[m] = spots[-2 - out[unsure[m]], 2]
    for m in range(many):
        one, two = pair[m] & LOW, pair[m] >> 32
        seen[m] = ends[one, 0] + ends[one, 3] + ends[two, 0] + ends[two, 3] + sides[one, 0] + sides[two, 0]


@compiled(array(F64, 1, "A"), array(F64, 1, "A"), I64, I64, array(I32, 1, written=True), FRAME, *GRID)
def find_all(x, y, start, stop, out, frame, wests, souths, grid, spots, entries, ends, sides, ranks) -> int:
    """What `find_one` says for all points from `start` up to `stop`, into `out`; returns how many are `ASK`."""
    pixels, unsure = np.empty(_BLOCK, np.int32), np.empty(_BLOCK, np.int32)
    pair, seen = np.empty(_BLOCK, np.int64), np.empty(_BLOCK)
    asked = 0
    for at in range(start, stop, _BLOCK):
        some = slice(at, min(at + _BLOCK, stop))
        xs, ys, found = x[some], y[some], out[some]
        many = _look_up(xs, ys, frame, grid, pixels, found, unsure)
        _fetch(many, found, unsure, spots, ends, sides, pair, seen)
        for m in range(many):
            k = unsure[m]
            row = pixels[k] // frame[4]
            west, south = wests[pixels[k] - row * frame[4]], souths[row]
            found[k] = _resolve(xs[k], ys[k], west, south, -2 - found[k], spots, entries, ends, sides, ranks)
            asked += found[k] == ASK
    return asked
