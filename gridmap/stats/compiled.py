"""Loops that numpy has no words for, compiled by numba and kept on disk. Import this inside functions: it is slow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

_Function = TypeVar("_Function", bound=Callable[..., Any])


def compiled(function: _Function) -> _Function:
    """The function in machine code, which lets other threads run meanwhile."""
    return cast(_Function, numba.njit(cache=True, nogil=True)(function))


@compiled
def draw(uniform: NDArray[np.float64], n: int) -> NDArray[np.int32]:
    """Ordered samples without replacement from n things, one a row, from uniform numbers of the same shape.

    The first k of a row are a sample of size k (Fisher and Yates; the permutation is carried on from row to row, which
    leaves each row uniform).
    """
    rows, size = uniform.shape
    order = np.arange(n, dtype=np.int32)
    out = np.empty((rows, size), dtype=np.int32)
    for row in range(rows):
        for at in range(size):
            other = at + int(uniform[row, at] * (n - at))
            taken = order[other]
            order[other] = order[at]
            order[at] = taken
            out[row, at] = taken
    return out


@compiled
def sums_along(table: NDArray[np.int32], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums of the values of the first 1, 2 ... things of each row of `table`, (things, rows)."""
    rows, size = table.shape
    out = np.empty((size, rows))
    for row in range(rows):
        total = 0.0
        for place in range(size):
            total += values[table[row, place]]
            out[place, row] = total
    return out


@compiled
def exchange(
    table: NDArray[np.int32],
    sums: NDArray[np.float64],
    samples: NDArray[np.int64],
    values: NDArray[np.float64],
    least: NDArray[np.float64],
    most: NDArray[np.float64],
    above: NDArray[np.int64],
    below: NDArray[np.int64],
) -> None:
    """Where a cell stands in its own sample, the first `samples` of a row: count the sum with the next in its stead.

    `sums`: as of `sums_along`. `above` counts sums from `least` on, `below` those up to `most`.
    """
    for row in range(table.shape[0]):
        for place in range(table.shape[1]):
            cell = table[row, place]
            size = samples[cell]
            if place < size:
                was, now = sums[size - 1, row], sums[size, row] - values[cell]
                above[cell] += int(now >= least[cell]) - int(was >= least[cell])
                below[cell] += int(now <= most[cell]) - int(was <= most[cell])


@compiled
def log_ratio(cases: float, expected: float, total: float, people: float) -> float:
    """Kulldorff's log likelihood ratio of a window with more cases than expected; 0 where it has not.

    `total`: cases in all; `people`: cases and others in all for the Bernoulli model, 0 for the Poisson model.
    """
    if cases <= expected or expected <= 0.0:
        return 0.0
    ratio: float = cases * np.log(cases / expected)
    if total > cases:
        ratio += (total - cases) * np.log((total - cases) / (total - expected))
    if people > 0.0:
        inside = expected * people / total
        outside = people - inside
        if inside > cases:
            ratio += (inside - cases) * np.log((inside - cases) / (inside - expected))
        if outside > total - cases:
            ratio += (outside - total + cases) * np.log((outside - total + cases) / (outside - total + expected))
    return ratio


#: steps of the table of thresholds over the root of the expected share
_STEPS = 4096


@compiled
def thresholds(level: float, total: float, people: float) -> NDArray[np.int32]:
    """The fewest cases whose log ratio can exceed `level`, by expected cases.

    Entry k is for all windows with floor(sqrt(expected / total) * _STEPS) = k: a window with fewer cases is passed over
    without a logarithm. More expected cases ask for more cases, so the lower end of each step decides.
    """
    out = np.ones(_STEPS + 1, dtype=np.int32)
    least = 1
    for k in range(1, _STEPS + 1):
        expected = total * (k / _STEPS) ** 2 * (1.0 - 1e-9)
        least = max(least, int(expected))
        while least < total and log_ratio(float(least), expected, total, people) <= level:
            least += 1
        out[k] = least
    return out


#: replications that are added up at once; a constant, so that the loops over them become vector instructions
LANES = 64


@compiled
def _raise(
    counts: NDArray[np.int32], least: int, expected: float, total: float, people: float, best: NDArray[np.float64]
) -> None:
    """Raise `best` where a replication's log ratio exceeds it; counts below `least` cannot."""
    for lane in range(LANES):
        if counts[lane] >= least:
            best[lane] = max(best[lane], log_ratio(float(counts[lane]), expected, total, people))


@compiled
def best_ratios(
    order: NDArray[np.int32],
    length: NDArray[np.int64],
    usable: NDArray[np.bool_],
    expected: NDArray[np.float64],
    cases: NDArray[np.int32],
    total: float,
    people: float,
    best: NDArray[np.float64],
) -> None:
    """Raise `best` (LANES replications) to the largest log ratio over the windows of some centres.

    `order` (centres, m): the cells by distance from each centre, `length`: how many of them come in, `usable`: whether
    the window that ends there is one. `expected` (cells), `cases` (cells, LANES). All replications are added up at
    once, and only their largest count is compared with the fewest cases that could matter for any of them.
    """
    counts = np.zeros(LANES, dtype=np.int32)
    few = thresholds(best.min(), total, people)
    for centre in range(order.shape[0]):
        counts[:] = 0
        hoped = 0.0
        for at in range(length[centre]):
            cell = order[centre, at]
            row = cases[cell]
            hoped += expected[cell]
            most = np.int32(0)
            for lane in range(LANES):
                count = np.int32(counts[lane] + row[lane])
                counts[lane] = count
                most = max(most, count)
            least = few[min(int(np.sqrt(hoped / total) * _STEPS), _STEPS)]
            if most >= least and usable[centre, at]:
                _raise(counts, least, hoped, total, people, best)


@compiled
def best_ratios_in_time(
    order: NDArray[np.int32],
    length: NDArray[np.int64],
    usable: NDArray[np.bool_],
    expected: NDArray[np.float64],
    cases: NDArray[np.int32],
    longest: int,
    total: float,
    people: float,
    best: NDArray[np.float64],
) -> None:
    """As `best_ratios`, for cylinders of up to `longest` times.

    `expected` (cells, times) and `cases` (cells, times, LANES) are sums up to each time.
    """
    times = expected.shape[1]
    counts, inside = np.zeros((times + 1, LANES), dtype=np.int32), np.zeros(LANES, dtype=np.int32)
    hoped = np.zeros(times + 1)
    few = thresholds(best.min(), total, people)
    for centre in range(order.shape[0]):
        counts[:] = 0
        hoped[:] = 0.0
        for at in range(length[centre]):
            cell = order[centre, at]
            for time in range(times):
                hoped[time + 1] += expected[cell, time]
                for lane in range(LANES):
                    counts[time + 1, lane] += cases[cell, time, lane]
            if not usable[centre, at]:
                continue
            for last in range(1, times + 1):
                for first in range(max(0, last - longest), last):
                    within = hoped[last] - hoped[first]
                    most = np.int32(0)
                    for lane in range(LANES):
                        count = np.int32(counts[last, lane] - counts[first, lane])
                        inside[lane] = count
                        most = max(most, count)
                    least = few[min(int(np.sqrt(within / total) * _STEPS), _STEPS)]
                    if most >= least:
                        _raise(inside, least, within, total, people, best)


@compiled
def best_windows(
    order: NDArray[np.int32],
    length: NDArray[np.int64],
    usable: NDArray[np.bool_],
    expected: NDArray[np.float64],
    cases: NDArray[np.float64],
    longest: int,
    total: float,
    people: float,
    ratios: NDArray[np.float64],
    windows: NDArray[np.int64],
) -> None:
    """For each centre the window with the largest log ratio: `ratios`, and in `windows` its cells, first and end time.

    `expected` and `cases` (cells, times) are sums up to each time; see `best_ratios_in_time`. Of equal ratios the
    smaller window counts, then the earlier time.
    """
    times = expected.shape[1]
    counts, hoped = np.empty(times + 1), np.empty(times + 1)
    for centre in range(order.shape[0]):
        counts[:] = 0.0
        hoped[:] = 0.0
        for at in range(length[centre]):
            cell = order[centre, at]
            for time in range(times):
                hoped[time + 1] += expected[cell, time]
                counts[time + 1] += cases[cell, time]
            if not usable[centre, at]:
                continue
            for last in range(1, times + 1):
                for first in range(max(0, last - longest), last):
                    e, count = hoped[last] - hoped[first], counts[last] - counts[first]
                    ratio = log_ratio(count, e, total, people)
                    if ratio > ratios[centre]:
                        ratios[centre] = ratio
                        windows[centre, 0], windows[centre, 1], windows[centre, 2] = at + 1, first, last
