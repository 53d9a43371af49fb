"""The scan statistic: SaTScan's published figures, and every circle one after another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gridmap.errors import InvalidInput
from gridmap.stats import Scan, scan
from gridmap.stats.compiled import LANES, log_ratio, thresholds
from gridmap.stats.scan import _replicate, _Study


def rng() -> np.random.Generator:
    return np.random.default_rng(1)


# --- published figures ------------------------------------------------------------------------------------------------

#: rows, counted from 1, of the clusters that SaTScan finds (French's R package smerc, tests of scan.test)
FIRST = (49, 48, 50, 47, 1, 15, 51, 2, 13, 14, 3, 35, 16, 52, 36, 37, 12, 11, 5, 17, 10, 4, 6, 38, 18, 9)
SECOND = (89, 88, 87, 84, 90, 86, 92, 85)
SEVENTH = (166, 159, 167)


@pytest.fixture(scope="module")
def leukaemia(shared_data: Path) -> Scan:
    """Upstate New York, 1978-82, cases rounded down, degrees as a plane, at most a tenth of the people."""
    tracts = pd.read_csv(shared_data / "bench/ny_leukemia/nydf_smerc.csv")
    place = (tracts["longitude"], tracts["latitude"])
    counts = (np.floor(tracts["cases"]), tracts["population"])
    return scan(*place, *counts, rng(), max_share=0.1, alpha=1.0)


def test_leukaemia_s_most_likely_cluster_is_satscan_s(leukaemia: Scan) -> None:
    one = leukaemia.clusters[0]
    assert (leukaemia.cases, leukaemia.population) == (552, 1_057_673)
    assert set(one.members + 1) == set(FIRST)
    assert one.centre + 1 == FIRST[0]
    assert (one.cases, round(one.expected, 2), round(one.relative_risk, 2)) == (85, 49.71, 1.84)
    assert round(one.llr, 6) == 11.577255
    assert round(one.radius, 3) == 0.070
    assert one.p <= 0.005, "SaTScan says 0.001"


def test_leukaemia_s_further_clusters_are_satscan_s(leukaemia: Scan) -> None:
    two = leukaemia.clusters[1]
    assert set(two.members + 1) == set(SECOND)
    assert (two.cases, round(two.expected, 2), round(two.relative_risk, 2), round(two.radius, 2)) == (
        38,
        17.79,
        2.22,
        0.13,
    )
    assert set(leukaemia.clusters[6].members + 1) == set(SEVENTH)
    members = np.concatenate([one.members for one in leukaemia.clusters])
    assert len(np.unique(members)) == len(members)


def test_two_clusters_of_sudden_infant_deaths(shared_data: Path) -> None:
    """North Carolina 1974-84, county seats. No printed answer at hand: what our scan finds, held fast. That it finds
    what there is, brute force says below."""
    counties = pd.read_csv(shared_data / "bench/nc_sids/nc_sids_spData.csv")
    deaths, births = (counties[f"{name}74"] + counties[f"{name}79"] for name in ("SID", "BIR"))
    found = scan(counties["east"], counties["north"], deaths, births, rng())
    names = [set(counties["county"][one.members]) for one in found.clusters]
    assert names[:2] == [
        {"Bladen", "Columbus", "Hoke", "Robeson", "Scotland"},
        {"Halifax", "Hertford", "Northampton"},
    ]
    assert [one.p for one in found.clusters[:2]] == [0.001, 0.001]


# --- brute force ------------------------------------------------------------------------------------------------------


def naive_ratio(cases: float, expected: float, total: float, people: float) -> float:
    def part(a: float, b: float) -> float:
        return a * np.log(a / b) if a > 0 else 0.0

    if cases <= expected or expected <= 0:
        return 0.0
    ratio = part(cases, expected) + part(total - cases, total - expected)
    if people:
        inside = expected * people / total
        ratio += part(inside - cases, inside - expected)
        ratio += part(people - inside - total + cases, people - inside - total + expected)
    return ratio


def naive(study: _Study, cases: np.ndarray) -> list[tuple[float, frozenset[int], int, int]]:
    """Every circle and time with its log ratio, the largest first."""
    found = []
    circles = study.circles
    for centre in range(len(cases)):
        apart = (circles.x - circles.x[centre]) ** 2 + (circles.y - circles.y[centre]) ** 2
        for reach in np.unique(apart):
            inside = apart <= reach * (1 + 1e-12)
            if circles.population[inside].sum() > circles.limit * (1 + 1e-12):
                break
            for first in range(cases.shape[1]):
                for end in range(first + 1, min(cases.shape[1], first + study.longest) + 1):
                    window = (cases[inside, first:end].sum(), study.expected[inside, first:end].sum())
                    ratio = naive_ratio(*window, study.total, study.people)
                    found.append((ratio, frozenset(np.flatnonzero(inside).tolist()), first, end))
    return sorted(found, key=lambda one: -one[0])


def small(seed: int, model: Any, times: int) -> dict[str, Any]:
    """Forty cells, some at one place, some without people, on a lattice with many ties."""
    draw = np.random.default_rng(seed)
    x, y = draw.integers(0, 6, (2, 40)).astype(float)
    people = draw.integers(0, 30, (40, times)).astype(float)
    people[::7] = 0
    cases = np.minimum(draw.binomial(people.astype(int), 0.2 + 0.3 * (x < 2)[:, None]), people)
    return {"x": x, "y": y, "cases": cases, "population": people, "model": model, "max_share": 0.4}


@pytest.mark.parametrize("model", ["poisson", "bernoulli"])
@pytest.mark.parametrize("times", [1, 5])
@pytest.mark.parametrize("seed", [1, 2])
def test_clusters_and_replications_are_those_of_every_circle_in_turn(seed: int, times: int, model: Any) -> None:
    given = small(seed, model, times)
    study = _Study.of(**given)
    found = scan(**given, rng=rng(), replications=99, alpha=1.0, most=40)
    taken: set[int] = set()
    windows = naive(study, study.cases)
    for one in found.clusters:
        best = next(window for window in windows if not window[1] & taken)
        assert one.llr == pytest.approx(best[0], rel=1e-12)
        taken |= set(one.members.tolist())
    assert not [window for window in windows if window[0] > 1e-12 and not window[1] & taken]
    dealt = study.draw(rng(), 99, 2 * LANES)
    best_of = _replicate(study, dealt)[:99]
    assert (found.replications == best_of).all()
    for lane in (0, 1, 50, 98):
        assert best_of[lane] == pytest.approx(naive(study, dealt[:, :, lane])[0][0], rel=1e-12)
    assert (dealt.sum(axis=(0, 1)) == round(study.total)).all()
    at_least = (found.replications >= found.clusters[0].llr * (1 - 1e-9)).sum()
    assert found.clusters[0].p == (1 + at_least) / 100


def test_a_circle_ends_only_where_distances_end() -> None:
    """Four cells equally far from the middle come in together or not at all."""
    x, y = np.array([0, 1, -1, 0, 0, 9.0]), np.array([0, 0, 0, 1, -1, 9.0])
    found = scan(x, y, [5, 9, 0, 0, 0, 1], [5, 5, 5, 5, 5, 100], rng(), replications=99)
    assert found.clusters[0].members.tolist() in ([1], [0, 1], [0, 1, 2, 3, 4])


def test_a_time_of_its_own_is_found() -> None:
    draw = np.random.default_rng(4)
    x, y = (v.ravel().astype(float) for v in np.meshgrid(np.arange(9), np.arange(9)))
    cases = draw.poisson(2.0, (81, 10))
    near = np.hypot(x - 3, y - 5) <= 1
    cases[near, 4:7] += draw.poisson(6.0, (5, 3))
    one = scan(x, y, cases, np.full(81, 100), rng(), replications=199).clusters[0]
    assert (one.times, one.p) == ((4, 6), 0.005)
    assert set(one.members) == set(np.flatnonzero(near))


def test_thresholds_pass_over_nothing_that_matters() -> None:
    for level, total, people in ((0.0, 40.0, 0.0), (3.3, 500.0, 0.0), (7.0, 300.0, 1_000.0)):
        few = thresholds(level, total, people)
        for expected in np.linspace(0.01, total * 0.9, 97):
            least = few[int(np.sqrt(expected / total) * (len(few) - 1))]
            assert log_ratio(float(least - 1), expected, total, people) <= level


def test_no_excess_is_no_cluster() -> None:
    assert scan([0.0, 1.0], [0.0, 0.0], [5, 5], [10, 10], rng(), replications=19).clusters == []


@pytest.mark.parametrize(
    ("cases", "population", "model", "words"),
    [
        ([1, 2], [10, 0], "poisson", "cases but no population"),
        ([1, -2], [10, 10], "poisson", "a negative number"),
        ([0, 0], [10, 10], "poisson", "there are no cases"),
        ([1, 11], [10, 10], "bernoulli", "more cases than people"),
        ([1, 1.5], [10, 10], "bernoulli", "parts of cases"),
        ([1, np.nan], [10, 10], "poisson", "no number in 1 rows"),
        ([1, 2, 3], [10, 10], "poisson", "for each cell"),
    ],
)
def test_what_cannot_be_scanned_is_refused(cases: Any, population: Any, model: Any, words: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        scan([0.0, 1.0], [0.0, 0.0], cases, population, rng(), model=model)
    assert words in caught.value.message
