"""Moran's I: whether cells that are neighbours are alike, over the whole map."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.stats import norm

from gridmap.errors import InvalidInput
from gridmap.stats.neighbours import Floats, Neighbours

#: permutations when nobody says how many: one test needs no more
PERMUTATIONS = 999
#: permuted values held at once
_NUMBERS = 4_000_000


@dataclass(frozen=True, slots=True)
class Moran:
    """Moran's I, its mean without any pattern, and two-sided p: by the normal distribution, and by permutations."""

    i: float
    expected: float
    z_norm: float
    p_norm: float
    p_sim: float
    permutations: int


def global_moran(
    values: Floats, neighbours: Neighbours, rng: np.random.Generator, permutations: int | None = None
) -> Moran:
    """Moran's I with row-standardised weights.

    Cliff and Ord 1981, Spatial processes: models and applications, chapter 2; `p_norm` under normality. `p_sim` is
    twice the share of permutations (the observed order counted in) on the rarer side. Islands have no neighbours and so
    no part in the sums, as in PySAL. InvalidInput when all values are equal or no cell has a neighbour.
    """
    n = len(values)
    z = values - values.mean()
    spread = float(z @ z)
    weights = _row_standardised(neighbours)
    s0 = float(weights.sum())
    if s0 == 0.0:
        raise InvalidInput("no cell has a neighbour, so no pattern can be looked for", code="no_neighbours")
    if spread == 0.0:
        raise InvalidInput("all values are equal, so there is no pattern to look for", code="constant_values")
    scale = n / s0 / spread
    i = scale * float(z @ (weights @ z))
    expected = -1.0 / (n - 1)
    z_norm = (i - expected) / np.sqrt(_variance(weights, n, s0, expected))
    rows = permutations or PERMUTATIONS
    above = below = 0
    slack = 1e-12 * abs(i)  # a permutation that changes nothing is a tie, whatever the order of summing
    for done in range(0, rows, max(1, _NUMBERS // n)):
        count = min(max(1, _NUMBERS // n), rows - done)
        dealt = rng.permuted(np.broadcast_to(z, (count, n)), axis=1)
        others = scale * np.einsum("ij,ij->i", dealt, (weights @ dealt.T).T)
        above += int((others >= i - slack).sum())
        below += int((others <= i + slack).sum())
    p_sim = min(1.0, 2.0 * (min(above, below) + 1) / (rows + 1))
    return Moran(i, expected, float(z_norm), float(2.0 * norm.sf(abs(z_norm))), p_sim, rows)


def _row_standardised(neighbours: Neighbours) -> sparse.csr_matrix:
    return sparse.diags(1.0 / np.maximum(neighbours.counts, 1)) @ neighbours.matrix


def _variance(weights: sparse.csr_matrix, n: int, s0: float, expected: float) -> float:
    both = weights + weights.T
    s1 = float(both.multiply(both).sum()) / 2.0
    s2 = float(np.square(np.asarray(both.sum(axis=0))).sum())
    return (n**2 * s1 - n * s2 + 3.0 * s0**2) / ((n**2 - 1) * s0**2) - expected**2
