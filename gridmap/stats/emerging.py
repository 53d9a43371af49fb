"""Emerging hot spots: what each cell's hot and cold times, month by month, amount to.

A cube of cells and time steps. Each bin's Gi* is over the bin itself, its cell's neighbours at that time, and all of
them one step before, compared with the whole cube; a bin is hot or cold at q <= `LEVEL`. The trend of a cell's Gi* is
by Mann and Kendall. The categories are Esri's (How Emerging Hot Spot Analysis works), here for hot; for cold with the
signs turned. In this order, the first that fits:

- new: hot in the last step and never before.
- consecutive: hot in the last two steps or more, never before that run, and in less than 90 % of the steps.
- intensifying: hot in at least 90 % of the steps and in the last, Gi* rising.
- diminishing: likewise, Gi* falling.
- persistent: likewise, without a trend.
- historical: hot in at least 90 % of the steps, but not in the last.
- oscillating: hot in the last step and in less than 90 %, and cold in some step before.
- sporadic: hot in the last step and in less than 90 %, on and off, and never cold.
- none: anything else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

from gridmap.errors import InvalidInput
from gridmap.stats.hotspots import NONE, classes, getis_ord, spread_out, tested_values
from gridmap.stats.many import q_values
from gridmap.stats.neighbours import Floats, Neighbours
from gridmap.stats.permuting import extremes, most

#: q up to which a bin is hot or cold, and p up to which a trend is one
LEVEL, TREND = 0.10, 0.05
#: the share of steps that makes a spot lasting
LASTING = 0.9
#: fewer steps show no trend
FEWEST_STEPS = 10
#: permutations at most: hot bins come in runs, so none needs to stand out alone among all bins
_MOST = 999_999


@dataclass(frozen=True, slots=True)
class Emerging:
    """For n cells and their steps: Gi* and whether hot (1), cold (-1) or neither; for each cell trend and category.

    `categories`: "new hot", "historical cold" and so on, or "none".
    """

    gi_star: Floats
    states: NDArray[np.int8]
    trend_z: Floats
    trend_p: Floats
    categories: NDArray[np.str_]


def emerging(
    values: ArrayLike,
    neighbours: Neighbours,
    rng: np.random.Generator,
    population: ArrayLike | None = None,
    permutations: int | None = None,
) -> Emerging:
    """Sort cells by how their hot spots come and go. `values`: (n, steps); `population`: n, or (n, steps).

    Values and rates are taken as in `hotspots`, and refused alike; fewer than `FEWEST_STEPS` steps are refused.
    """
    table = np.asarray(values, dtype=np.float64)
    n = len(neighbours)
    if table.ndim != 2 or len(table) != n:
        raise InvalidInput(f"there must be a row of values for each of the {n} cells")
    steps = table.shape[1]
    if steps < FEWEST_STEPS:
        raise InvalidInput(
            f"there are {steps} time steps; fewer than {FEWEST_STEPS} show no trend", code="too_few_steps"
        )
    people = None if population is None else _for_all_steps(population, steps)
    tested, kept, _ = tested_values(table.T.ravel(), people, n * steps)
    cube = _cube(neighbours, steps)
    graph = cube if kept.all() else cube.among(kept)
    extreme = extremes(tested, graph, rng, permutations or min(most(len(tested)), _MOST))
    z = getis_ord(tested, graph)
    named = np.full(len(kept), NONE, dtype="<U6")
    named[kept] = classes(z, q_values(extreme.p), extreme)
    states = np.char.startswith(named, "hot").astype(np.int8) - np.char.startswith(named, "cold").astype(np.int8)
    gi_star, states = spread_out(z, kept).reshape(steps, n).T, states.reshape(steps, n).T
    trend_z, trend_p = mann_kendall(gi_star)
    categories = [category(row, z, p) for row, z, p in zip(states, trend_z, trend_p, strict=True)]
    return Emerging(gi_star, states, trend_z, trend_p, np.array(categories, dtype=np.str_))


def mann_kendall(series: Floats) -> tuple[Floats, Floats]:
    """The trend of each row of (n, steps): z with continuity correction, and two-sided p. NaN where a value is missing.

    Mann 1945, Nonparametric tests against trend, Econometrica 13, 245-259; Kendall 1975, Rank correlation methods, with
    the variance for ties.
    """
    later, earlier = np.triu_indices(series.shape[1], 1)[::-1]
    signs = np.sign(series[:, later] - series[:, earlier]).sum(axis=1)
    t = series.shape[1]
    tied = np.array([_tied(row) for row in series])
    variance = (t * (t - 1) * (2 * t + 5) - tied) / 18.0
    shifted = np.sign(signs) * np.maximum(np.abs(signs) - 1.0, 0.0)
    z = np.divide(shifted, np.sqrt(variance), out=np.zeros(len(series)), where=variance > 0)
    z[np.isnan(signs)] = np.nan
    return z, 2.0 * norm.sf(np.abs(z))


def category(states: NDArray[np.int8], trend_z: float, trend_p: float) -> str:
    """The category of one cell, by the definitions at the top of this module."""
    for sign, name in ((1, "hot"), (-1, "cold")):
        word = _word(states == sign, bool((states == -sign).any()), _trend(trend_z * sign, trend_p))
        if word is not None:
            return f"{word} {name}"
    return NONE


def _word(hot: NDArray[np.bool_], ever_cold: bool, trend: int) -> str | None:
    if not hot.any():
        return None
    run = len(hot) if hot.all() else int(np.argmin(hot[::-1]))
    lasting = hot.mean() >= LASTING
    if not hot[-1]:
        return "historical" if lasting else None
    if hot.sum() == 1:
        return "new"
    if lasting:
        return {1: "intensifying", -1: "diminishing", 0: "persistent"}[trend]
    if hot.sum() == run:
        return "consecutive"
    return "oscillating" if ever_cold else "sporadic"


def _trend(z: float, p: float) -> int:
    return 0 if not p <= TREND else 1 if z > 0 else -1


def _tied(row: Floats) -> float:
    counts = np.unique(row, return_counts=True)[1].astype(np.float64)
    return float((counts * (counts - 1.0) * (2.0 * counts + 5.0)).sum())


def _for_all_steps(population: ArrayLike, steps: int) -> Floats:
    """Population (n) or (n, steps) as the cube is laid out: all cells of the first step, then of the next."""
    people = np.asarray(population, dtype=np.float64)
    return np.tile(people, steps) if people.ndim == 1 else people.T.ravel()


def _cube(neighbours: Neighbours, steps: int) -> Neighbours:
    """The graph of cells x steps: neighbours at the same step, and they and the cell itself one step before."""
    n = len(neighbours)
    cell = np.repeat(np.arange(n), neighbours.counts)
    first, second = [], []
    for step in range(steps):
        first.append(cell + step * n)
        second.append(neighbours.to + step * n)
        if step:
            first += [cell + step * n, np.arange(n) + step * n]
            second += [neighbours.to + (step - 1) * n, np.arange(n) + (step - 1) * n]
    return Neighbours.of(n * steps, np.concatenate(first), np.concatenate(second))
