"""Each enterprise against the ground around it: observed and expected, rings, tests, and what cannot be told apart.

The expected cases follow from the households near by and the county's own rate in each month (so season is in it), only
for the months in which the enterprise was there. The tests compare near with far within `REACH_M`, given the cases in
all: a town that reports more as a whole raises nobody. The first `SCREEN` replications sort out; whoever stays gets as
many as the number of enterprises asks for, drawn anew, so that a true one is not lost among a thousand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from gridmap.stats.many import q_values
from gridmap.stats.neighbours import Floats
from gridmap.stats.sources import FEWEST, Pair, Source, distances, near_sources, pairs

#: how far around an enterprise is compared, and the borders of the rings told of (metres)
REACH_M = 4_000.0
RINGS_M = (500.0, 1_000.0, 1_500.0, 2_000.0, 3_000.0, 4_000.0)
#: nearer than this all are exposed alike: a works is hundreds of metres wide, and a square stands for its homes
NEAREST_M = 500.0
#: squares this much farther away than others are told apart from them; nearer ones are tested as one belt
BELT_M = 100.0
SCREEN, _STAYS = 999, 0.05
#: replications for those that stay: at least this, and this many for each enterprise
_LEAST, _FOR_EACH = 9_999, 200
#: q up to which an enterprise is raised, and clearly so
RAISED, CLEARLY = 0.05, 0.01
#: z of an enterprise beside another from which it is raised by itself (one-sided 5 %)
_STANDS_OUT = 1.645


@dataclass(frozen=True, slots=True)
class Ground:
    """Blocks of households in a plane: `x`, `y` (n,) metres; `households` (n,); `cases` (n, months); `rate` (months,):
    the county's cases for each household."""

    x: Floats
    y: Floats
    households: Floats
    cases: Floats
    rate: Floats


@dataclass(frozen=True, slots=True)
class Ring:
    """Between two distances: households, cases, expected cases, and the 95 % interval of observed / expected."""

    inner_m: float
    outer_m: float
    households: int
    observed: int
    expected: float
    ratio: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Focus:
    """What stands about one enterprise. `near`: all within `near_m`; `months`: observed and expected there by month;
    `verdict`: clear, raised, inseparable, not_raised, too_few; `p`, `q`: of the deciding test (Lawson and Waller's);
    `rivals`: places in the list of those it cannot be told from."""

    near: Ring
    rings: list[Ring]
    observed_by_month: list[int]
    expected_by_month: list[float]
    tests: Source | None
    p: float | None
    q: float | None
    verdict: str
    rivals: list[int] = field(default_factory=list)


def _silent(_share: float) -> None:
    """Nobody listens."""


def focus(
    ground: Ground, sources: Sequence[Any], since: Sequence[int], near_m: float, rng: np.random.Generator,
    step: Callable[[float], None] = _silent,
) -> list[Focus]:  # fmt: skip
    """Look at each source: shapely points or polygons in the ground's plane, there from month `since` on (0: always;
    as many as there are months: not yet).

    `step` is called with the share that is done. The order of the sources does not change what is found of each but
    for chance.
    """
    apart = [distances(ground.x, ground.y, one) for one in sources]
    tested: list[Source | None] = []
    for i, distance in enumerate(apart):
        tested.append(_tests(ground, distance, since[i], rng, SCREEN))
        step(0.6 * (i + 1) / len(apart))
    again = max(_LEAST, _FOR_EACH * len(apart))
    for i, distance in enumerate(apart):
        p = _p(tested[i])
        if p is not None and p <= _STAYS:
            tested[i] = _tests(ground, distance, since[i], rng, again)
        step(0.6 + 0.4 * (i + 1) / len(apart))
    p_all = np.array([_p(one) for one in tested], dtype=np.float64)
    q_all = q_values(p_all)
    rivals = _rivals(ground, apart, since, q_all, near_m)
    return [
        _told(ground, distance, since[i], near_m, tested[i], q_all[i], rivals.get(i, []))
        for i, distance in enumerate(apart)
    ]


def interval(observed: float, expected: float) -> tuple[float, float]:
    """The exact 95 % interval of observed / expected (Garwood 1936, Biometrika 28, 437-442)."""
    low = chi2.ppf(0.025, 2 * observed) / 2 if observed else 0.0
    return float(low / expected), float(chi2.ppf(0.975, 2 * observed + 2) / 2 / expected)


def _tests(ground: Ground, distance: Floats, since: int, rng: np.random.Generator, replications: int) -> Source | None:
    inside = (distance <= REACH_M) & (ground.households > 0)
    cases = ground.cases[inside][:, since:].sum(axis=1)
    expected = ground.households[inside] * ground.rate[since:].sum()
    if cases.sum() < FEWEST or expected.sum() == 0:
        return None
    belt = np.floor(distance[inside] / BELT_M).astype(np.int64)
    cases, hoped = np.bincount(belt, weights=cases), np.bincount(belt, weights=expected)
    middle = np.bincount(belt, weights=expected * distance[inside])
    lived = hoped > 0
    apart = middle[lived] / hoped[lived]
    return near_sources(cases[lived], hoped[lived], [apart], rng, replications=replications, least=NEAREST_M)[0]


def _p(tested: Source | None) -> float | None:
    return None if tested is None else tested.lawson_waller.p_sim


def _rivals(
    ground: Ground, apart: Sequence[Floats], since: Sequence[int], q: Floats, near_m: float
) -> dict[int, list[int]]:
    """Raised ones that cannot be told apart, each with the others.

    Of two near each other, one is not told by itself when nothing of its excess is left beside the other, or when most
    of the households near it are near the other too and the other stands out more: how fast an influence falls off is
    not known well enough to deal such households out. Where neither stands out beside the other, both are not.
    """
    raised = np.flatnonzero(q <= RAISED).tolist()
    found: dict[int, list[int]] = {}
    for place, i in enumerate(raised):
        for j in raised[place + 1 :]:
            pair = _pair(ground, apart[i], apart[j], max(since[i], since[j]))
            if pair is None:
                continue
            shared = float(ground.households[(apart[i] <= near_m) & (apart[j] <= near_m)].sum())
            for one, other, z, beside in ((i, j, pair.z_first, pair.z_second), (j, i, pair.z_second, pair.z_first)):
                own = float(ground.households[apart[one] <= near_m].sum())
                weaker = z < beside and shared >= 0.5 * own
                if pair.inseparable or z <= _STANDS_OUT or weaker:
                    found.setdefault(one, []).append(other)
    return found


def _pair(ground: Ground, first: Floats, second: Floats, since: int) -> Pair | None:
    """Compared over the months in which both were there."""
    inside = (np.minimum(first, second) <= REACH_M) & (ground.households > 0)
    cases = ground.cases[inside][:, since:].sum(axis=1)
    expected = ground.households[inside] * ground.rate[since:].sum()
    found = pairs(cases, expected, [first[inside], second[inside]], least=NEAREST_M)
    return found[0] if found else None


def _told(
    ground: Ground, distance: Floats, since: int, near_m: float, tested: Source | None, q: float, rivals: list[int]
) -> Focus:
    inside = distance <= near_m
    rate = np.where(np.arange(len(ground.rate)) >= since, ground.rate, 0.0)
    expected = ground.households[inside].sum() * rate
    near = _ring(ground, distance, since, -1.0, near_m)
    p = _p(tested)
    if near.expected == 0 or near.observed + near.expected < FEWEST or tested is None or p is None:
        verdict = "too_few"
    elif not q <= RAISED:
        verdict = "not_raised"
    elif rivals:
        verdict = "inseparable"
    else:
        verdict = "clear" if q <= CLEARLY else "raised"
    edges = (-1.0, *RINGS_M)
    return Focus(
        near=near,
        rings=[_ring(ground, distance, since, a, b) for a, b in zip(edges, RINGS_M, strict=False)],
        observed_by_month=[int(value) for value in ground.cases[inside].sum(axis=0)],
        expected_by_month=[float(value) for value in expected],
        tests=tested, p=p, q=None if p is None else float(q), verdict=verdict, rivals=rivals,
    )  # fmt: skip


def _ring(ground: Ground, distance: Floats, since: int, inner: float, outer: float) -> Ring:
    """Blocks farther than `inner` and at most `outer` away."""
    inside: NDArray[np.bool_] = (distance > inner) & (distance <= outer)
    households = float(ground.households[inside].sum())
    observed = float(ground.cases[inside][:, since:].sum())
    expected = float(households * ground.rate[since:].sum())
    low, high = interval(observed, expected) if expected > 0 else (None, None)
    ratio = observed / expected if expected > 0 else None
    return Ring(max(inner, 0.0), outer, round(households), round(observed), expected, ratio, low, high)
