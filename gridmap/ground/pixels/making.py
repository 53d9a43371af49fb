"""Making a grid: each loop works on a range of its own, so that threads can share it. See `sums` for the words."""

# mypy: ignore-errors
# The types of these functions are numba's, given above each; those without are parts of others.

from __future__ import annotations

import numpy as np

from gridmap.ground.pixels.compiled import F64, FRAME, I32, I64, array, compiled, helper
from gridmap.ground.pixels.sums import ASK, COUNT, eastward, note_edge, told, turn, value

#: edges of a spot beyond which a tree is faster
CROWDED = 1_000
#: pixels that a computed crossing may be off: far more than rounding, see `_columns`
_MARGIN = 1e-3


@compiled(array(F64, 2), array(I64, 1), array(I32, 1), I64, I64, array(I32, 1, written=True))
def inner_sides(corners, firsts, holes, start, stop, inner) -> None:
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


@compiled(array(F64, 2), array(I64, 1), FRAME, I64, I64, array(I64, 1, written=True))
def count_sides(corners, firsts, frame, start, stop, counts) -> None:
    """How many sides of rings begin, seen upwards, in each row of pixels."""
    for ring in range(start, stop):
        for k in range(firsts[ring], firsts[ring + 1] - 1):
            if corners[k, 0] != corners[k + 1, 0] or corners[k, 1] != corners[k + 1, 1]:
                counts[int((min(corners[k, 1], corners[k + 1, 1]) - frame[2]) * frame[3])] += 1


@compiled(
    array(F64, 2), array(I64, 1), array(I32, 1), array(I32, 1), FRAME, I64, I64,
    array(I64, 1, written=True), array(F64, 2, written=True), array(I32, 2, written=True),
)  # fmt: skip
def fill_sides(corners, firsts, labels, inner, frame, start, stop, places, ends, sides) -> None:
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
def _hash(bits, k) -> int:
    mixed = np.uint64(0)
    for i in range(4):
        mixed = (mixed ^ np.uint64(bits[k, i])) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    return mixed


@helper
def _joined(one, other, bits, sides) -> bool:
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
    array(I64, 1), I64, I64, array(I64, 2, written=True), array(I32, 2, written=True), array(I64, 1, written=True)
)  # fmt: skip
def join_sides(firsts, start, stop, bits, sides, kept) -> None:
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
def _columns(edge, frame, row) -> tuple[int, int]:
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
def _rows(edge, frame) -> tuple[int, int]:
    return int((edge[1] - frame[2]) * frame[3]), int((edge[3] - frame[2]) * frame[3])


@compiled(array(F64, 2), FRAME, I64, I64, array(I64, 1, written=True))
def count_entries(ends, frame, start, stop, counts) -> None:
    """How many pixels the edges touch in each row."""
    for e in range(start, stop):
        low, high = _rows(ends[e], frame)
        for row in range(low, high + 1):
            first, last = _columns(ends[e], frame, row)
            counts[row] += last - first + 1


@compiled(
    array(F64, 2), FRAME, I64, I64, array(I64, 1, written=True), array(I32, 1, written=True),
    array(I32, 1, written=True),
)  # fmt: skip
def fill_entries(ends, frame, start, stop, places, columns, entries) -> None:
    """Each touched pixel's column and edge, from its row's place on."""
    for e in range(start, stop):
        low, high = _rows(ends[e], frame)
        for row in range(low, high + 1):
            first, last = _columns(ends[e], frame, row)
            for column in range(first, last + 1):
                columns[places[row]], entries[places[row]] = column, e
                places[row] += 1


@compiled(
    array(I64, 1), FRAME, I64, I64, array(I32, 1, written=True), array(I32, 1, written=True),
    array(I64, 1, written=True),
)  # fmt: skip
def sort_entries(firsts, frame, start, stop, columns, entries, spots) -> None:
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
    array(I64, 1), array(I64, 1), array(I32, 1), FRAME, array(F64, 1), array(F64, 1), array(I32, 1),
    array(F64, 2), array(I32, 2), I64, I64, array(I32, 1, written=True), array(I64, 2, written=True),
)  # fmt: skip
def label_rows(
    firsts, spot_firsts, columns, frame, wests, souths, entries, ends, sides, start, stop, grid, spots
) -> None:
    """Walk each row of pixels from the west, where no cell is, along its southern side; fill the grid and the spots.

    `spots` is zeros before.
    """
    for row in range(start, stop):
        total, k, spot = 0, firsts[row], spot_firsts[row]
        for column in range(frame[4]):
            pixel = row * frame[4] + column
            first = k
            base = total
            while k < firsts[row + 1] and columns[k] == column:
                e = entries[k]
                note_edge(spots, spot, k - first, e)
                gain = value(sides[e, 1]) - value(sides[e, 0])
                total += eastward(
                    ends[e, 0], ends[e, 1], ends[e, 2], ends[e, 3], gain, wests[column + 1], souths[row], wests[column]
                )
                k += 1
            if k == first:
                label = told(total)
                grid[pixel] = label - 1 if label >= 0 else ASK
                continue
            spots[spot, 0], spots[spot, 1] = base, (first << COUNT) + (k - first)
            grid[pixel] = -2 - spot if k - first <= CROWDED else ASK
            spot += 1
