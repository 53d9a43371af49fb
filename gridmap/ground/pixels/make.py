"""Making a pixel grid of cells."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from gridmap.ground.arrays import Floats
from gridmap.ground.pixels import making
from gridmap.ground.pixels.rings import Rings
from gridmap.ground.pixels.sums import RECORD

Answer = TypeVar("Answer")
Ints = NDArray[np.int64]
Shorts = NDArray[np.int32]
#: (x of the western side, pixels per unit, y of the southern side, pixels per unit, columns, rows)
Frame = tuple[float, float, float, float, int, int]

#: pixels for each edge: more make fewer points ask for edges, but miss the processor's caches
_PIXELS_PER_EDGE = 24
_FEWEST, _MOST = 32, 4096
#: a pixel's side holds this many numbers at least, so that rounding is far below the margin the edges are drawn with
_NUMBERS_PER_PIXEL = 2.0**20
#: touched pixels above which the grid is made coarser: long edges touch many
_ENTRIES = 60_000_000


class Arrays(NamedTuple):
    """All that a grid is, in the order that the loops take it."""

    wests: Floats
    souths: Floats
    grid: Shorts
    spots: Ints
    entries: Shorts
    ends: Floats
    sides: Shorts


def cores() -> int:
    """How many threads can work at once."""
    return len(os.sched_getaffinity(0))


def shared(count: int, work: Callable[[int, int, int], Answer], least: int = 1) -> list[Answer]:
    """`work(number, start, stop)` on all of `count` things, divided among threads; its answers.

    Threads are made for the occasion: they cost a tenth of a millisecond, and none is left to survive a fork.
    """
    threads = max(1, min(cores(), count // max(least, 1)))
    bounds = [count * part // threads for part in range(threads + 1)]
    if threads == 1:
        return [work(0, 0, count)]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, range(threads), bounds[:-1], bounds[1:]))


def make(rings: Rings, low: Floats, high: Floats) -> tuple[Frame, Arrays] | None:
    """A grid of the rings of valid cells from the place `low` to `high`; None where no grid would be fine enough."""
    for side in _sizes(rings):
        frame = _frame(low, high, side)
        if frame is None:
            return None
        ends, sides = _edges(rings, frame)
        counts = _touched(frame, ends)
        if counts.sum() <= _ENTRIES:
            return frame, _grid(frame, ends, sides, counts)
    return None


def _touched(frame: Frame, ends: Floats) -> Ints:
    """How many pixels the edges touch, by part and row."""
    counts = np.zeros((cores(), frame[5]), dtype=np.int64)
    shared(len(ends), lambda part, start, stop: making.count_entries(ends, frame, start, stop, counts[part]))
    return counts


def _sizes(rings: Rings) -> Iterator[int]:
    """Pixels along a side, coarser and coarser."""
    edges = len(rings.corners) / 2.0
    side = int(min(_MOST, max(_FEWEST, np.sqrt(edges * _PIXELS_PER_EDGE))))
    while side >= _FEWEST:
        yield side
        side //= 2


def _frame(low: Floats, high: Floats, side: int) -> Frame | None:
    west, south = low.tolist()
    width, height = ((high - low) / side).tolist()
    coarse = np.spacing(max(np.abs(low).max(), np.abs(high).max())) * _NUMBERS_PER_PIXEL
    if not (width > coarse and height > coarse):
        return None
    # more than a pixel on every side: the first row and column hold no cell, which is what far places are told
    west, south = west - 1.5 * width, south - 1.5 * height
    return west, 1.0 / width, south, 1.0 / height, side + 3, side + 3


def _edges(rings: Rings, frame: Frame) -> tuple[Floats, Shorts]:
    """The ends and sides of the edges, those that two cells share joined, from south to north."""
    corners, firsts, labels, holes = rings.corners, rings.firsts, rings.labels, rings.holes
    inner, counts = np.empty(len(holes), dtype=np.int32), np.zeros((cores(), frame[5]), dtype=np.int64)

    def count(part: int, start: int, stop: int) -> None:
        making.inner_sides(corners, firsts, holes, start, stop, inner)
        making.count_sides(corners, firsts, frame, start, stop, counts[part])

    shared(len(holes), count)
    first, places = _places(counts)
    ends, sides = np.empty((first[-1], 4)), np.empty((first[-1], 2), dtype=np.int32)

    def fill(part: int, start: int, stop: int) -> None:
        making.fill_sides(corners, firsts, labels, inner, frame, start, stop, places[part], ends, sides)

    shared(len(holes), fill)
    kept = np.zeros(frame[5], dtype=np.int64)
    bits = ends.view(np.int64)
    shared(frame[5], lambda _, start, stop: making.join_sides(first, start, stop, bits, sides, kept))
    row = np.repeat(np.arange(frame[5]), np.diff(first))
    front = np.arange(first[-1]) - first[row] < kept[row]
    return ends[front], sides[front]


def _places(counts: Ints) -> tuple[Ints, Ints]:
    """From counts by part and row: where each row begins (and the last ends), and where each part begins in it."""
    first = np.concatenate([[0], np.cumsum(counts.sum(axis=0))])
    return first, first[:-1] + np.cumsum(counts, axis=0) - counts


def _grid(frame: Frame, ends: Floats, sides: Shorts, counts: Ints) -> Arrays:
    columns, rows = frame[4:]
    first, places = _places(counts)
    touched, entries = np.empty(first[-1], dtype=np.int32), np.empty(first[-1], dtype=np.int32)

    def fill(part: int, start: int, stop: int) -> None:
        making.fill_entries(ends, frame, start, stop, places[part], touched, entries)

    shared(len(ends), fill)
    many = np.zeros(rows, dtype=np.int64)
    shared(rows, lambda _, start, stop: making.sort_entries(first, frame, start, stop, touched, entries, many))
    # spot 0 stands for all places that the tree is asked about: in two cells, on no edge
    spot_first = 1 + np.cumsum(many) - many
    grid, spots = np.empty(columns * rows, dtype=np.int32), np.zeros((1 + many.sum(), RECORD), dtype=np.int64)
    spots[0, 0] = 2 << 32
    wests, souths = _lines(frame[0], frame[1], columns), _lines(frame[2], frame[3], rows)

    def label(_: int, start: int, stop: int) -> None:
        making.label_rows(
            first, spot_first, touched, frame, wests, souths, entries, ends, sides, start, stop, grid, spots
        )

    shared(rows, label)
    return Arrays(wests, souths, grid, spots, entries, ends, sides)


def _lines(origin: float, scale: float, count: int) -> Floats:
    """The smallest number in each pixel, by the loops' own rounding; one more than there are pixels."""
    wanted = np.arange(count + 1, dtype=np.float64)
    guess = origin + wanted / scale
    low, high = (_ordered(guess + step / scale) for step in (-1.0, 1.0))
    while (low + 1 < high).any():
        middle = (low & high) + ((low ^ high) >> 1)  # half of the sum, which might overflow
        reached = (_number(middle) - origin) * scale >= wanted
        low, high = np.where(reached, low, middle), np.where(reached, middle, high)
    return _number(high)


def _ordered(numbers: Floats) -> Ints:
    """Whole numbers in the order of the floats, neighbours next to one another."""
    bits = numbers.view(np.int64)
    return np.where(bits >= 0, bits, np.iinfo(np.int64).min - bits)


def _number(ordered: Ints) -> Floats:
    """The floats of `_ordered`."""
    return np.where(ordered >= 0, ordered, np.iinfo(np.int64).min - ordered).view(np.float64)
