"""Knox: whether incidents that are near in space are also near in time more often than by chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial import cKDTree
from scipy.stats import poisson

from gridmap.errors import InvalidInput
from gridmap.ground.arrays import floats
from gridmap.stats.neighbours import Floats

#: what is at the limit is within it, also where 0.5 - 0.2 is a little more than 0.3
_INCLUSIVE = 1.0 + 1e-9


@dataclass(frozen=True, slots=True)
class Knox:
    """Pairs near in both, how many are expected, and one-sided p: by the Poisson distribution, and by permuting times.

    `near_space`, `near_time`: pairs near in space, in time, each without regard to the other.
    """

    pairs: int
    expected: float
    p_poisson: float
    p_sim: float
    near_space: int
    near_time: int
    permutations: int


def knox(
    x: ArrayLike,
    y: ArrayLike,
    t: ArrayLike,
    distance: float,
    time: float,
    rng: np.random.Generator,
    permutations: int = 999,
) -> Knox:
    """Knox's test. Pairs are near at up to `distance` and `time`, both inclusive, in the units of x, y and of t.

    Knox 1964, The detection of space-time interactions, Applied Statistics 13, 25-29; permutations of the times as in
    Mantel 1967, Cancer Research 27, 209-220. `p_sim` is the one to rely on: of as many pairs and more, by permutation.
    `p_poisson` is of more pairs than there are, as R's surveillance and PySAL publish it, by a distribution for
    independent pairs, which they are not. InvalidInput for fewer than two incidents, or what is no number.
    """
    places = np.column_stack([floats(x, "x"), floats(y, "y")])
    times = floats(t, "t")
    if len(times) != len(places) or len(times) < 2:
        raise InvalidInput(f"there are {len(places)} places and {len(times)} times; it takes two incidents and more")
    bad = np.flatnonzero(~(np.isfinite(places).all(axis=1) & np.isfinite(times)))
    if len(bad):
        raise InvalidInput(f"place or time is missing in {len(bad)} rows", rows=bad.tolist())
    if not (distance >= 0 and time >= 0):
        raise InvalidInput("distance and time must be 0 or more")
    distance, time = distance * _INCLUSIVE, time * _INCLUSIVE
    near = cKDTree(places).query_pairs(distance, output_type="ndarray")
    first, second = near[:, 0], near[:, 1]
    near_time = _pairs_within(times, time)
    n = len(times)
    expected = len(near) * near_time / (n * (n - 1) / 2)

    def both(order: Floats) -> int:
        return int((np.abs(order[first] - order[second]) <= time).sum())

    pairs = both(times)
    as_many = sum(both(rng.permutation(times)) >= pairs for _ in range(permutations))
    return Knox(
        pairs=pairs,
        expected=float(expected),
        p_poisson=float(poisson.sf(pairs, expected)),
        p_sim=(1 + as_many) / (permutations + 1),
        near_space=len(near),
        near_time=near_time,
        permutations=permutations,
    )


def _pairs_within(times: Floats, most: float) -> int:
    """Pairs of times at most `most` apart."""
    order = np.sort(times)
    reach = np.searchsorted(order, order + most, side="right")
    return int((reach - np.arange(1, len(order) + 1)).sum())
