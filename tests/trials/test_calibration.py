"""What the statistics say of counties that we made: false alarms where nothing is, and how often what is planted shows.

A county has 196 cells, whose households vary widely and gather in towns. Without a cluster every test at 5 % may raise
an alarm in 3 to 7 % of the counties, no more and no less; at most 7 % may show any cell at q <= 0.05.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from gridmap.stats import Hotspots, diggle, hotspots, knox, near_sources, q_values, scan, spacing, within

Floats = NDArray[np.float64]
SIDE, COUNTIES, POWER_COUNTIES = 14, 1_000, 200
#: disputes by household, and how many times that in the nine planted cells
RATE, TIMES = 0.05, (1.5, 2.0, 3.0)


@dataclass(frozen=True)
class County:
    """Cells of 500 m with households and disputes; `raised`: the planted ones."""

    x: Floats
    y: Floats
    households: Floats
    disputes: Floats
    raised: NDArray[np.bool_]
    rng: np.random.Generator


def county(number: int, times: float = 1.0) -> County:
    """The county of that number; nine cells in a square somewhere have `times` the rate of disputes."""
    rng = np.random.default_rng([20261128, number])
    x, y = (v.ravel() * 500.0 + rng.uniform(-150, 150, SIDE**2) for v in np.meshgrid(np.arange(SIDE), np.arange(SIDE)))
    towns = gaussian_filter(rng.normal(size=(SIDE, SIDE)), 1.2)
    households = np.round(120.0 * np.exp(0.8 * towns / towns.std())).ravel() + 1.0
    raised = np.zeros((SIDE, SIDE), dtype=bool)
    top, left = rng.integers(0, SIDE - 2, 2)
    raised[top : top + 3, left : left + 3] = times != 1.0
    disputes = rng.poisson(RATE * households * np.where(raised.ravel(), times, 1.0)).astype(float)
    return County(x, y, households, disputes, raised.ravel(), rng)


def touching() -> Any:
    """The eight cells around each."""
    x, y = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    return within(x.ravel(), y.ravel(), 1.5)


def persons(one: County, share: float) -> tuple[Floats, Floats]:
    """Places of some of the households, scattered in their cells."""
    count = np.round(one.households * share).astype(int)
    x, y = np.repeat(one.x, count), np.repeat(one.y, count)
    return x + one.rng.uniform(-250, 250, len(x)), y + one.rng.uniform(-250, 250, len(x))


def by_diggle(one: County) -> float:
    """Some three hundred controls and eighty cases, told apart at random, and a source somewhere."""
    x, y = persons(one, 0.012)
    case = np.zeros(len(x))
    case[one.rng.permutation(len(x))[: len(x) // 5]] = 1
    place = one.rng.uniform(0, 500.0 * SIDE, 2)
    found = diggle(case, np.hypot(x - place[0], y - place[1]), one.rng, 99).p_sim
    return 1.0 if found is None else found


def by_knox(one: County) -> float:
    """Some three hundred incidents over a year, at times of their own."""
    x, y = persons(one, 0.01)
    return knox(x, y, one.rng.random(len(x)) * 365.0, 500.0, 14.0, one.rng, 199).p_sim


def spots(one: County) -> Hotspots:
    return hotspots(one.disputes, touching(), one.rng, one.households)


ANY_CELL = "any cell at q <= 0.05"
TESTS = (
    "Moran's I, p_sim", "Moran's I, p_norm", ANY_CELL, "scan", "Stone", "Lawson-Waller, p_sim", "Lawson-Waller, p",
    "Poisson regression on distance", "Diggle, p_sim", "Knox, p_sim",
)  # fmt: skip


@cache
def figures(number: int) -> dict[str, float | None]:
    """What each test says of the county of that number, without a cluster: its p, and the smallest q of all cells."""
    one = county(number)
    map_ = spots(one)
    place = one.rng.uniform(0, 500.0 * SIDE, 2)
    apart = np.hypot(one.x - place[0], one.y - place[1])
    (near,) = near_sources(one.disputes, one.households, [apart], one.rng, least=spacing(one.x, one.y))
    clusters = scan(one.x, one.y, one.disputes, one.households, one.rng, replications=199, most=1).clusters
    p = (
        map_.moran.p_sim, map_.moran.p_norm, float(np.nanmin(map_.q_fdr)), clusters[0].p, near.stone.p,
        near.lawson_waller.p_sim, near.lawson_waller.p, near.poisson.coefficients["distance"].p, by_diggle(one),
        by_knox(one),
    )  # fmt: skip
    return dict(zip(TESTS, p, strict=True))


def alarm(name: str, number: int) -> bool:
    """Whether the test raises a false alarm in that county."""
    p = figures(number)[name]
    assert p is not None
    return p <= 0.05


@pytest.mark.parametrize("name", TESTS)
def test_a_sample_of_false_alarms(name: str) -> None:
    """Twelve counties: five alarms would come once in 6,000 samples."""
    assert sum(alarm(name, number) for number in range(12)) < 5


def test_a_sample_of_power() -> None:
    assert np.mean([found(county(number, 3.0))["gridmap"] for number in range(6)]) >= 0.5


@pytest.mark.trial
@pytest.mark.parametrize("name", TESTS)
def test_false_alarms(name: str, trial: Callable[..., Any]) -> None:
    """1,000 counties without a cluster."""
    ledger, remaining = trial(f"no cluster: {name}, at 5 %", [f"county {number}" for number in range(COUNTIES)])
    for case in remaining:
        ledger.record(case, "alarm" if alarm(name, int(case.split()[1])) else "quiet", good=True)
    share = np.mean([case["outcome"] == "alarm" for case in ledger.seen])
    assert share <= 0.07
    assert name == ANY_CELL or share >= 0.03


# --- power ------------------------------------------------------------------------------------------------------------


def found(one: County) -> dict[str, bool]:
    """Whether each way shows at least five of the nine planted cells.

    Ours at q <= 0.05; esda's G_Local of raw rates with 999 permutations likewise; the heat map's nine highest counts.
    """
    ours = np.isin(spots(one).classes, ["hot95", "hot99"])
    highest = np.argsort(one.disputes)[-9:]
    return {"gridmap": bool(ours[one.raised].sum() >= 5), "counts": bool(one.raised[highest].sum() >= 5)}


def by_esda(one: County) -> bool:
    import libpysal
    from esda import G_Local

    graph = touching()
    neighbours = {i: graph.to[graph.start[i] : graph.start[i + 1]].tolist() for i in range(len(graph))}
    weights = libpysal.weights.W(neighbours, silence_warnings=True)
    star = G_Local(one.disputes / one.households, weights, transform="B", star=True, permutations=999, n_jobs=1, seed=1)
    hot = (q_values(np.minimum(1.0, 2.0 * star.p_sim)) <= 0.05) & (star.Zs > 0)
    return bool(hot[one.raised].sum() >= 5)


@pytest.mark.trial
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("way", ["gridmap", "esda", "counts"])
@pytest.mark.parametrize("times", TIMES)
def test_power(way: str, times: float, trial: Callable[..., Any]) -> None:
    """200 counties with nine cells at 1.5, 2 and 3 times the rate."""
    title = f"nine of 196 cells at {times:g} times the rate, five of them shown by {way}"
    ledger, remaining = trial(title, [f"county {number}" for number in range(POWER_COUNTIES)])
    for case in remaining:
        one = county(int(case.split()[1]), times)
        shown = by_esda(one) if way == "esda" else found(one)[way]
        ledger.record(case, "shown" if shown else "not shown", good=True)
    if way == "gridmap" and times == 3.0:
        assert np.mean([case["outcome"] == "shown" for case in ledger.seen]) >= 0.5
