"""How extreme each cell's sum over its neighbours is among conditional permutations, for all cells at once.

A conditional permutation keeps a cell's own value and deals all other values out at random among the other cells
(Anselin 1995, Local indicators of spatial association, Geographical Analysis 27, 93-115). For one cell only what its k
neighbours get matters: a sample of k of the other n - 1 values. All cells share one table of samples: row r holds
distinct cells in random order, and a cell's sample is the first k of the row, itself passed over. So sums are added up
once for each number of neighbours and counted between the cells' own sums in one pass; only where a cell stands in its
own sample is it exchanged for the next in the row. Sharing the table makes the chance errors of the cells go together;
with `FIRST` rows and more they are small.

By how many rows is a question of how many cells there are: for a cell to be significant at q after Benjamini and
Hochberg, its p must come down to about q / n. So cells whose p is settled early leave (as in Besag and Clifford 1991,
Sequential Monte Carlo p-values, Biometrika 78, 301-304), and the others go on to `most(n)` rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridmap.stats.neighbours import Floats, Neighbours, Rows

#: rows that every cell is looked up in, when nobody says how many
FIRST = 9_999
#: a cell whose sum is reached this often on its own side needs no more rows: its p is known to a tenth
ENOUGH = 100
#: the level that the rarest single cell must be able to reach after the correction for many cells
FINEST_Q = 0.01
#: rows drawn at once, and numbers drawn at once
_ROWS, _NUMBERS = 65_536, 4_000_000


@dataclass(frozen=True, slots=True)
class Extremes:
    """For each cell: in how many of `drawn` permutations the sum was at least (`above`), at most (`below`) its own."""

    above: Rows
    below: Rows
    drawn: Rows

    @property
    def p(self) -> Floats:
        """Two-sided: twice the rarer side, with the observed one counted in; NaN where nothing was drawn."""
        p: Floats = np.full(len(self.drawn), np.nan)
        made = self.drawn > 0
        rarer = np.minimum(self.above[made], self.below[made])
        p[made] = np.minimum(2.0 * (rarer + 1) / (self.drawn[made] + 1), 1.0)
        return p


def most(n: int) -> int:
    """How many permutations n cells ask for: with so many, one single cell can have q = `FINEST_Q`."""
    return max(FIRST, int(np.ceil(2.0 * n / FINEST_Q)))


def extremes(
    values: Floats, neighbours: Neighbours, rng: np.random.Generator, permutations: int | None = None
) -> Extremes:
    """Look each cell's sum over its neighbours up among conditional permutations.

    `permutations`: exactly so many for every cell; None: as many as the cells ask for. Cells without neighbours have
    `drawn` 0. Ties are ties: see `_on_a_grid`.
    """
    grid = _on_a_grid(values, int(neighbours.counts.max(initial=0)))
    search = _Search(grid, neighbours)
    first = FIRST if permutations is None else permutations
    for table in _tables(rng, len(values), first, search.longest):
        search.look_up(table)
    if permutations is None:
        for table in _tables(rng, len(values), most(len(values)) - first, search.longest):
            if not search.go_on(table):
                break
    return Extremes(search.above, search.below, search.drawn)


def _on_a_grid(values: Floats, neighbours: int) -> Floats:
    """The values in whole steps, so fine that nothing is lost but rounding, so coarse that sums are exact in float64.

    Sums of the same values are then equal in whatever order they are added up. Sums of different values that should be
    equal (0.3 and 0.1 + 0.2) differ by at most half a step for each, which `_Search` allows for.
    """
    largest = float(np.abs(values).max(initial=0.0))
    if largest == 0.0:
        return np.zeros_like(values)
    spare = int(np.ceil(np.log2(neighbours + 2)))
    return np.asarray(np.round(np.ldexp(values, 52 - spare - int(np.frexp(largest)[1]))), dtype=np.float64)


def _tables(rng: np.random.Generator, n: int, rows: int, size: int) -> Iterator[NDArray[np.int32]]:
    """Permutations of n cells, of each the first `size`, `rows` in all, in handy parts."""
    from gridmap.stats.compiled import draw

    at_once = max(1, min(_ROWS, _NUMBERS // size))
    for done in range(0, rows, at_once):
        yield draw(rng.random((min(at_once, rows - done), size)), n)


class _Search:
    """The sums of all cells, and how often each was reached so far."""

    def __init__(self, values: Floats, neighbours: Neighbours) -> None:
        self._values = values
        self._degree = neighbours.counts
        own, slack = neighbours.matrix @ values, self._degree + 1.0
        self._least, self._most = own - slack, own + slack
        n = len(values)
        self.above, self.below = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
        self.drawn = np.zeros(n, dtype=np.int64)
        #: one more than the most neighbours, for the exchange
        self.longest = int(self._degree.max(initial=0)) + 1
        #: cells with neighbours, by how many they have and by their sum
        by_sum = np.argsort(own)
        by_degree = by_sum[np.argsort(self._degree[by_sum], kind="stable")]
        self._running = by_degree[int((self._degree == 0).sum()) :]

    def look_up(self, table: NDArray[np.int32]) -> None:
        """Count both sides for the cells in the running."""
        from gridmap.stats.compiled import sums_along

        sums = sums_along(table, self._values)
        degree = self._degree[self._running]
        ends = np.flatnonzero(np.diff(degree, append=-1)) + 1
        for start, end in zip((0, *ends[:-1]), ends, strict=True):
            self._count(self._running[start:end], sums[degree[start] - 1])
        self._exchange(table, sums)
        self.drawn[self._running] += len(table)

    def go_on(self, table: NDArray[np.int32]) -> bool:
        """Look up the cells that still need it; False when none does."""
        rarer = np.minimum(self.above[self._running], self.below[self._running])
        self._running = self._running[rarer < ENOUGH]
        if len(self._running):
            self.look_up(table)
        return len(self._running) > 0

    def _count(self, cells: Rows, drawn: Floats) -> None:
        """Add up how many drawn sums reach each cell's own, on either side. The cells come by their sum."""
        reached = np.searchsorted(self._least[cells], drawn, side="right")
        self.above[cells] += len(drawn) - np.cumsum(np.bincount(reached, minlength=len(cells) + 1))[:-1]
        passed = np.searchsorted(self._most[cells], drawn, side="left")
        self.below[cells] += np.cumsum(np.bincount(passed, minlength=len(cells) + 1))[:-1]

    def _exchange(self, table: NDArray[np.int32], sums: Floats) -> None:
        """Correct the counts of cells that stand in their own sample: there the next of the row takes their place."""
        from gridmap.stats.compiled import exchange

        samples = np.zeros(len(self._degree), dtype=np.int64)
        samples[self._running] = self._degree[self._running]
        exchange(table, sums, samples, self._values, self._least, self._most, self.above, self.below)
