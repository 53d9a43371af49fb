"""Months in a row: freed of the season, and where their level changed. Too short a row is an answer, not a guess.

Season: STL, Cleveland, Cleveland, McRae and Terpenning 1990, STL: a seasonal-trend decomposition procedure based on
loess, Journal of Official Statistics 6, 3-73, as statsmodels has it, robust to single odd months.

Change points: the largest log likelihood ratio of two Poisson rates over all splits of the row, its p by dealing the
months out anew, each with its expected cases: so counts that vary more than Poisson's raise no alarm. Where nothing is
expected from elsewhere, months change places with the same months of other years only, which any season allows; an
estimated season would raise alarms by itself (a fifth of quiet rows of three years, measured with STL's). A row that is
split is looked at again on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gridmap.errors import InvalidInput
from gridmap.ground.arrays import floats
from gridmap.stats.neighbours import Floats

#: months that show a season; that may show a change; on either side of one; and cases that a row needs for one
SEASONS, FEWEST_MONTHS, SHORTEST, FEWEST_CASES = 36, 12, 3, 10
#: p up to which a change is marked
LEVEL = 0.05
#: ratios are equal when they differ by no more than rounding
_SAME = 1e-9


@dataclass(frozen=True, slots=True)
class ChangePoint:
    """From month `at` on (counted from 0) observed / expected is another: before, after, and p."""

    at: int
    before: float
    after: float
    p: float


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes in the order of time; `reason` says why a row could not be looked at."""

    points: list[ChangePoint]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Season:
    """Months freed of their season; None with a reason."""

    adjusted: Floats | None
    reason: str | None = None


def without_season(counts: ArrayLike) -> Season:
    """Counts by month (n,), freed of what recurs each year; from three whole years on."""
    seen = floats(counts, "counts")
    if len(seen) < SEASONS:
        return Season(None, "too_short")
    if seen.sum() < FEWEST_CASES:
        return Season(None, "too_few_cases")
    from statsmodels.tsa.seasonal import STL  # takes a moment to load, and most rows are too short for it

    # one season for all years (R's s.window = "periodic"): with three or four values of each month a season that may
    # drift follows chance, and a month cut short puts its gap into its namesakes
    fit = STL(seen, period=12, seasonal=10 * len(seen) + 1, seasonal_deg=0, robust=True).fit()
    return Season(seen - np.asarray(fit.seasonal, dtype=np.float64))


def change_points(
    counts: ArrayLike, expected: ArrayLike | None, rng: np.random.Generator, replications: int = 999
) -> Changes:
    """Where the level of `counts` (n,) against `expected` (n,) changed. Months that expect nothing are passed over.

    Without `expected` each month is compared with the same months of other years, from three years on.
    InvalidInput for numbers that are missing or negative.
    """
    seen = floats(counts, "counts")
    seasonal = expected is None
    hoped = _usual(seen) if expected is None else floats(expected, "expected")
    if len(seen) != len(hoped) or not (np.isfinite(seen) & np.isfinite(hoped) & (seen >= 0) & (hoped >= 0)).all():
        raise InvalidInput("give each month a count and an expected number, none missing or negative", field="counts")
    there = np.arange(len(seen)) if seasonal else np.flatnonzero(hoped > 0)
    if len(there) < (SEASONS if seasonal else FEWEST_MONTHS):
        return Changes([], "too_short")
    if seen[there].sum() < FEWEST_CASES:
        return Changes([], "too_few_cases")
    found: list[tuple[int, float]] = []
    _split(seen[there], hoped[there], 0, _Deal(rng, replications, seasonal), found)
    cuts = sorted(found)
    edges = [0, *(at for at, _ in cuts), len(there)]
    rates = [float(seen[there][a:b].sum() / hoped[there][a:b].sum()) for a, b in pairwise(edges)]
    return Changes([ChangePoint(int(there[at]), rates[i], rates[i + 1], p) for i, (at, p) in enumerate(cuts)])


def _usual(seen: Floats) -> Floats:
    """For each month the mean of its namesakes."""
    named = np.arange(len(seen)) % 12
    return np.asarray((np.bincount(named, weights=seen) / np.maximum(np.bincount(named), 1))[named], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class _Deal:
    """How months are dealt out anew: all among each other, or (seasonal) among those of one name."""

    rng: np.random.Generator
    replications: int
    seasonal: bool

    @property
    def shortest(self) -> int:
        return SEASONS if self.seasonal else 2 * SHORTEST

    def orders(self, n: int) -> NDArray[np.int64]:
        order = np.tile(np.arange(n), (self.replications, 1))
        for first in range(12 if self.seasonal else 1):
            alike = slice(first, None, 12 if self.seasonal else 1)
            order[:, alike] = self.rng.permuted(order[:, alike], axis=1)
        return order


def largest_split(seen: NDArray[np.float64], hoped: NDArray[np.float64]) -> tuple[Floats, NDArray[np.int64]]:
    """For rows of months (r, n): the largest log likelihood ratio of a split, and the first month after it."""
    a, e = (np.cumsum(one, axis=1)[:, SHORTEST - 1 : -SHORTEST] for one in (seen, hoped))
    total, whole = seen.sum(axis=1)[:, None], hoped.sum(axis=1)[:, None]
    ratios = _term(a, e) + _term(total - a, whole - e) - _term(total, whole)
    best = ratios.argmax(axis=1)
    return ratios[np.arange(len(ratios)), best], best + SHORTEST


def _term(cases: Floats, hoped: Floats) -> Floats:
    """cases x log(cases / hoped), 0 where there are none."""
    return np.asarray(
        cases * np.log(np.divide(cases, hoped, out=np.ones_like(cases), where=(cases > 0) & (hoped > 0))),
        dtype=np.float64,
    )


def _split(seen: Floats, hoped: Floats, start: int, deal: _Deal, found: list[tuple[int, float]]) -> None:
    """Add the changes of this run of months, which begins at `start`, with their p."""
    n = len(seen)
    if n < deal.shortest or seen.sum() < FEWEST_CASES:
        return
    (ratio,), (at,) = largest_split(seen[None, :], hoped[None, :])
    order = deal.orders(n)
    others, _ = largest_split(seen[order], hoped[order])
    p = float(1 + (others >= ratio - _SAME).sum()) / (deal.replications + 1)
    if p > LEVEL:
        return
    found.append((start + int(at), p))
    _split(seen[:at], hoped[:at], start, deal, found)
    _split(seen[at:], hoped[at:], start + int(at), deal, found)
