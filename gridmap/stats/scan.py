"""The scan statistic: the circle (and the time) with the most cases beyond what its population lets expect.

Kulldorff 1997, A spatial scan statistic, Communications in Statistics: Theory and Methods 26, 1481-1496; in space and
time Kulldorff, Athas, Feuer, Miller and Key 1998, American Journal of Public Health 88, 1377-1380. The figures are
those of SaTScan's discrete Poisson and Bernoulli models for high rates.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gridmap.errors import InvalidInput
from gridmap.stats.neighbours import Floats, Rows
from gridmap.stats.windows import Circles

Model = Literal["poisson", "bernoulli"]

#: centres looked at together: first a few all over the map, by which most later windows are passed over
_FIRST, _CENTRES = 32, 256
#: log ratios are equal when they differ by no more than rounding
_SAME = 1.0 - 1e-9


@dataclass(frozen=True, slots=True)
class Cluster:
    """A circle with more cases than expected.

    `members`: rows; `centre`: the row in its middle, `radius` the distance to its farthest member; `times`: first and
    last time, None in space alone. `relative_risk`: the rate inside by the rate outside. `p`: the share of replications
    (the data counted in) with a log ratio as large anywhere.
    """

    members: Rows
    centre: int
    radius: float
    times: tuple[int, int] | None
    cases: float
    expected: float
    relative_risk: float
    llr: float
    p: float


@dataclass(frozen=True, slots=True)
class Scan:
    """The most likely cluster first, then others that share no cell with those before; none when no circle has an
    excess. `replications`: the largest log ratio of each."""

    clusters: list[Cluster]
    replications: Floats
    cases: float
    population: float


def scan(
    x: ArrayLike,
    y: ArrayLike,
    cases: ArrayLike,
    population: ArrayLike,
    rng: np.random.Generator,
    *,
    model: Model = "poisson",
    max_share: float = 0.5,
    replications: int = 999,
    alpha: float = 0.1,
    most: int = 10,
) -> Scan:
    """Look for clusters in space, or in space and time.

    `x`, `y`: n places in a plane. `cases`: n numbers, or (n, times). `population`: n or (n, times), for the Bernoulli
    model cases and controls together; 0 is allowed where there are no cases. `max_share`: population in a circle at
    most; a time window is at most half of the times. Clusters after the first are left out when p > `alpha`, and after
    `most` in all. InvalidInput naming rows for what is no number, negative, or more cases than people.
    """
    from gridmap.stats.compiled import LANES

    study = _Study.of(x, y, cases, population, model, max_share)
    lanes = -(-replications // LANES) * LANES
    best = _replicate(study, study.draw(rng, replications, lanes))[:replications]
    clusters: list[Cluster] = []
    for found in _distinct(study):
        p = float(1 + (best >= found.llr * _SAME).sum()) / (replications + 1)
        if clusters and (p > alpha or len(clusters) == most):
            break
        clusters.append(replace(found, p=p))
    return Scan(clusters, best, study.total, float(study.circles.population.sum()))


@dataclass(frozen=True, slots=True)
class _Study:
    """What is scanned: `cases` and `expected` (n, times) that add up to `total`; `people` 0 for the Poisson model."""

    circles: Circles
    cases: Floats
    expected: Floats
    total: float
    people: float
    longest: int

    @classmethod
    def of(
        cls, x: ArrayLike, y: ArrayLike, cases: ArrayLike, population: ArrayLike, model: Model, max_share: float
    ) -> _Study:
        count = _table(cases, "cases")
        people = _table(population, "population")
        if people.shape[1] == 1:  # the same at all times
            people = np.broadcast_to(people / count.shape[1], (len(people), count.shape[1]))
        place = (_table(x, "x")[:, 0], _table(y, "y")[:, 0])
        if not len(count) == len(people) == len(place[0]) == len(place[1]) or count.shape != people.shape:
            raise InvalidInput("there must be one x, y, number of cases and population for each cell")
        _sound(count, people, model)
        if not 0.0 < max_share < 1.0:
            raise InvalidInput(f"the share of the population in a circle must be between 0 and 1, not {max_share:g}")
        circles = Circles(*place, people.sum(axis=1), max_share * float(people.sum()))
        total = float(count.sum())
        everyone = float(people.sum()) if model == "bernoulli" else 0.0
        return cls(circles, count, people * (total / people.sum()), total, everyone, max(1, count.shape[1] // 2))

    def draw(self, rng: np.random.Generator, replications: int, lanes: int) -> NDArray[np.int32]:
        """Cases dealt out anew, (n, times, lanes), by population; lanes beyond the replications repeat the first."""
        shares = self.expected.ravel() / self.expected.sum()
        total = round(self.total)
        if self.people:
            people = np.rint(shares * self.people).astype(np.int64)
            dealt = rng.multivariate_hypergeometric(people, total, size=replications, method="marginals")
        else:
            dealt = rng.multinomial(total, shares, size=replications)
        padded = dealt[np.arange(lanes) % replications].astype(np.int32)
        return np.ascontiguousarray(padded.T).reshape(*self.expected.shape, lanes)

    def blocks(self) -> Iterator[Rows]:
        """All centres, in parts: some of all over the map first."""
        centres = np.arange(len(self.cases))
        first = centres[:: max(1, len(centres) // _FIRST)]
        rest = np.setdiff1d(centres, first)
        yield first
        yield from (rest[at : at + _CENTRES] for at in range(0, len(rest), _CENTRES))


def _table(values: ArrayLike, name: str) -> Floats:
    """(n, times) finite numbers."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidInput(f"{name} must be numbers", field=name) from None
    if array.ndim not in (1, 2) or not array.size:
        raise InvalidInput(f"{name} must be one number for each cell, or one for each cell and time", field=name)
    array = array.reshape(len(array), -1)
    bad = np.flatnonzero(~np.isfinite(array).all(axis=1))
    if len(bad):
        raise InvalidInput(
            f"{name} is missing or no number in {len(bad)} rows (the first: {bad[:10].tolist()}, counted from 0)",
            field=name, rows=bad.tolist(),
        )  # fmt: skip
    return array


def _sound(cases: Floats, people: Floats, model: Model) -> None:
    """InvalidInput naming rows where cases and population do not go together."""
    faults = [
        ((cases < 0) | (people < 0), "a negative number"),
        ((people == 0) & (cases > 0), "cases but no population"),
    ]
    if model == "bernoulli":
        whole = (cases == np.rint(cases)) & (people == np.rint(people))
        faults += [(cases > people, "more cases than people"), (~whole, "parts of cases or people")]
    for where, what in faults:
        rows = np.flatnonzero(where.any(axis=1))
        if len(rows):
            raise InvalidInput(
                f"{len(rows)} rows have {what} (the first: {rows[:10].tolist()}, counted from 0)",
                code="no_population" if what.endswith("no population") else None, rows=rows.tolist(),
            )  # fmt: skip
    if cases.sum() < 1.0:
        raise InvalidInput("there are no cases, so there is no cluster to look for", code="too_few_cases")


def _replicate(study: _Study, dealt: NDArray[np.int32]) -> Floats:
    """The largest log ratio of each replication.

    Replications whose largest ratio so far is alike are added up together: then one threshold suits them all.
    """
    from gridmap.stats.compiled import LANES, best_ratios, best_ratios_in_time

    times, lanes = dealt.shape[1:]
    best = np.zeros(lanes)
    expected = np.cumsum(study.expected, axis=1)
    dealt = np.cumsum(dealt, axis=1, dtype=np.int32) if times > 1 else dealt
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for centres in study.blocks():
            circles = study.circles.around(centres)
            window = (circles.order, circles.length, circles.usable)
            by_best = np.argsort(best, kind="stable")

            def look(chosen: Rows, window: tuple[NDArray[np.int32], Rows, NDArray[np.bool_]] = window) -> None:
                some = best[chosen]
                few = np.ascontiguousarray(dealt[:, :, chosen])
                if times == 1:
                    best_ratios(*window, expected[:, 0], few[:, 0], study.total, study.people, some)
                else:
                    best_ratios_in_time(*window, expected, few, study.longest, study.total, study.people, some)
                best[chosen] = some

            list(pool.map(look, np.split(by_best, lanes // LANES)))
    return best


def _distinct(study: _Study) -> Iterator[Cluster]:
    """Clusters with an excess, the most likely first, each sharing no cell with those before."""
    n = len(study.cases)
    ratios, windows = np.zeros(n), np.zeros((n, 3), dtype=np.int64)
    taken = np.zeros(n, dtype=bool)
    for centres in study.blocks():
        _best_of(study, centres, taken, ratios, windows)
    while ratios.max(initial=0.0) > 0.0:
        centre = int(np.argmax(ratios))
        found = _cluster(study, centre, windows[centre])
        yield replace(found, llr=float(ratios[centre]))
        taken[found.members] = True
        ratios[taken] = 0.0
        stale = np.flatnonzero(ratios > 0.0)
        for centres in np.array_split(stale, -(-len(stale) // _CENTRES) or 1):
            _best_of(study, centres, taken, ratios, windows)


def _best_of(study: _Study, centres: Rows, taken: NDArray[np.bool_], ratios: Floats, windows: Rows) -> None:
    """Find each centre's best circle among those that hold no cell that is taken."""
    from gridmap.stats.compiled import best_windows

    circles = study.circles.around(centres)
    held = taken[circles.order]
    free = np.where(held.any(axis=1), held.argmax(axis=1), held.shape[1])
    length = np.minimum(circles.length, free)
    some, which = np.zeros(len(centres)), np.zeros((len(centres), 3), dtype=np.int64)
    expected, cases = np.cumsum(study.expected, axis=1), np.cumsum(study.cases, axis=1)
    best_windows(
        circles.order, length, circles.usable, expected, cases, study.longest, study.total, study.people, some, which
    )
    ratios[centres], windows[centres] = some, which


def _cluster(study: _Study, centre: int, window: Rows) -> Cluster:
    size, first, end = (int(value) for value in window)
    members = np.sort(study.circles.around(np.array([centre])).order[0, :size].astype(np.int64))
    cases, expected = (float(table[members, first:end].sum()) for table in (study.cases, study.expected))
    x, y = study.circles.x, study.circles.y
    outside = (study.total - cases) / (study.total - expected)
    return Cluster(
        members=members,
        centre=centre,
        radius=float(np.hypot(x[members] - x[centre], y[members] - y[centre]).max()),
        times=None if study.cases.shape[1] == 1 else (first, end - 1),
        cases=cases,
        expected=expected,
        relative_risk=cases / expected / outside if outside > 0 else np.inf,
        llr=0.0,
        p=1.0,
    )
