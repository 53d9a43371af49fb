"""Each enterprise against the ground around it: observed and expected, rings, tests, and what cannot be told apart.

The expected cases follow from the households near by and the county's own rate in each month (so season is in it), only
for the months in which the enterprise was there. The tests compare near with far within `REACH_M`, given the cases in
all: a town that reports more as a whole raises nobody. The first `SCREEN` replications sort out; whoever stays gets
more in rounds, drawn anew, as many as the number of enterprises asks for, so that a true one is not lost among a
thousand. A round goes on only with those that can still be among the discoveries, so the work grows with the
enterprises, not with their square.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from gridmap.stats.diggle import Diggle
from gridmap.stats.many import q_values
from gridmap.stats.nearby import Ground, Nearby, Spot
from gridmap.stats.neighbours import Floats
from gridmap.stats.odds import odds_near
from gridmap.stats.sources import FEWEST, Pair, Source, near_sources, pairs

#: how far around an enterprise is compared, and the borders of the rings told of (metres)
REACH_M = 4_000.0
RINGS_M = (500.0, 1_000.0, 1_500.0, 2_000.0, 3_000.0, 4_000.0)
#: nearer than this all are exposed alike: a works is hundreds of metres wide, and a square stands for its homes
NEAREST_M = 500.0
#: squares this much farther away than others are told apart from them; nearer ones are tested as one belt
BELT_M = 100.0
SCREEN, _STAYS = 999, 0.05
#: replications for those that stay: at least this, and this many for each enterprise over all that stay
_LEAST, _FOR_EACH = 9_999, 200
#: the second round has at most so many, and each further one at most this many times the one before
_SECOND, _GROWS = 20_000, 10
#: who is this much above the largest p that can be a discovery may be so by chance of the draw, and stays
_SLACK = 1.5
#: q up to which an enterprise is raised, and clearly so
RAISED, CLEARLY = 0.05, 0.01
#: z of an enterprise beside another from which it is raised by itself (one-sided 5 %)
_STANDS_OUT = 1.645


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
    `odds`: Diggle's conditional model, which stands beside; `rivals`: places in the list of those
    it cannot be told from."""

    near: Ring
    rings: list[Ring]
    observed_by_month: list[int]
    expected_by_month: list[float]
    tests: Source | None
    odds: Diggle
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
    near = Nearby(ground.x, ground.y)
    spots = [near.around(one, max(REACH_M, near_m)) for one in sources]
    tested = _in_rounds([(ground.take(spot.rows), spot.apart, since[i]) for i, spot in enumerate(spots)], rng, step)
    p_all = np.array([_p(one) for one in tested], dtype=np.float64)
    q_all = q_values(p_all)
    rivals = _rivals(_Places(ground, near, sources, spots, since), q_all, near_m)
    return [
        _told(ground.take(spot.rows), spot.apart, since[i], near_m, tested[i], q_all[i], rivals.get(i, []), rng)
        for i, spot in enumerate(spots)
    ]


def _in_rounds(
    places: Sequence[tuple[Ground, Floats, int]], rng: np.random.Generator, step: Callable[[float], None]
) -> list[Source | None]:
    """The tests of each place (its blocks, their distances, since when), with more replications for who stands out.

    Of K that stay among n, none whose p exceeds 0.05 K / n can be a discovery at q 0.05 (Benjamini and Hochberg's own
    bound), so none of these is drawn again; and 200 n / K replications tell all K at q 0.005. Drawn anew in each
    round, a p is never chosen for being small.
    """
    tested: list[Source | None] = []
    for i, (ground, apart, since) in enumerate(places):
        tested.append(_tests(ground, apart, since, rng, SCREEN))
        step(0.6 * (i + 1) / len(places))
    stay = [i for i in range(len(places)) if _stays(tested[i], _STAYS)]
    replications, told = min(max(_LEAST, _FOR_EACH * len(places)), _SECOND), 0.6
    while stay:
        for done, i in enumerate(stay):
            ground, apart, since = places[i]
            tested[i] = _tests(ground, apart, since, rng, replications)
            step(told + (1.0 - told) / 2 * (done + 1) / len(stay))
        told = (1.0 + told) / 2  # how many rounds there will be is not known: each takes half of what is left
        bar = _SLACK * RAISED * len(stay) / len(places)
        stay = [i for i in stay if _stays(tested[i], bar)]
        enough = _FOR_EACH * len(places) // max(len(stay), 1)
        if replications >= enough:
            break
        replications = min(enough, _GROWS * replications)
    step(1.0)
    return tested


def _stays(tested: Source | None, bar: float) -> bool:
    p = _p(tested)
    return p is not None and p <= bar


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


@dataclass(frozen=True, slots=True)
class _Places:
    """All sources with the blocks near each."""

    ground: Ground
    near: Nearby
    sources: Sequence[Any]
    spots: Sequence[Spot]
    since: Sequence[int]

    def homes(self, rows: NDArray[np.int64]) -> float:
        return float(self.ground.households[rows].sum())

    def pair(self, i: int, j: int) -> Pair | None:
        """Compared over the blocks near either, in the months in which both were there."""
        rows = np.union1d(self.spots[i].within(REACH_M), self.spots[j].within(REACH_M))
        rows = rows[self.ground.households[rows] > 0]
        since = max(self.since[i], self.since[j])
        cases = self.ground.cases[rows][:, since:].sum(axis=1)
        expected = self.ground.households[rows] * self.ground.rate[since:].sum()
        apart = [self.near.apart(rows, self.sources[one]) for one in (i, j)]
        found = pairs(cases, expected, apart, least=NEAREST_M)
        return found[0] if found else None


def _rivals(places: _Places, q: Floats, near_m: float) -> dict[int, list[int]]:
    """Raised ones that cannot be told apart, each with the others.

    Of two near each other, one is not told by itself when nothing of its excess is left beside the other, or when most
    of the households near it are near the other too and the other stands out more: how fast an influence falls off is
    not known well enough to deal such households out. Where neither stands out beside the other, both are not.
    """
    raised = np.flatnonzero(q <= RAISED).tolist()
    close = {i: places.spots[i].within(near_m) for i in raised}
    found: dict[int, list[int]] = {}
    for at, i in enumerate(raised):
        for j in raised[at + 1 :]:
            pair = places.pair(i, j)
            if pair is None:
                continue
            shared = places.homes(np.intersect1d(close[i], close[j], assume_unique=True))
            for one, other, z, beside in ((i, j, pair.z_first, pair.z_second), (j, i, pair.z_second, pair.z_first)):
                weaker = z < beside and shared >= 0.5 * places.homes(close[one])
                if pair.inseparable or z <= _STANDS_OUT or weaker:
                    found.setdefault(one, []).append(other)
    return found


def _told(
    ground: Ground, distance: Floats, since: int, near_m: float, tested: Source | None, q: float, rivals: list[int],
    rng: np.random.Generator,
) -> Focus:  # fmt: skip
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
        tests=tested, odds=_odds(ground, distance, since, rng),
        p=p, q=None if p is None else float(q), verdict=verdict, rivals=rivals,
    )  # fmt: skip


def _odds(ground: Ground, distance: Floats, since: int, rng: np.random.Generator) -> Diggle:
    inside = (distance <= REACH_M) & (ground.households > 0)
    return odds_near(ground.cases[inside][:, since:].sum(axis=1), ground.households[inside], distance[inside], rng)


def _ring(ground: Ground, distance: Floats, since: int, inner: float, outer: float) -> Ring:
    """Blocks farther than `inner` and at most `outer` away."""
    inside: NDArray[np.bool_] = (distance > inner) & (distance <= outer)
    households = float(ground.households[inside].sum())
    observed = float(ground.cases[inside][:, since:].sum())
    expected = float(households * ground.rate[since:].sum())
    low, high = interval(observed, expected) if expected > 0 else (None, None)
    ratio = observed / expected if expected > 0 else None
    return Ring(max(inner, 0.0), outer, round(households), round(observed), expected, ratio, low, high)
