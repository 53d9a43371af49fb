"""Counties with more than a hundred enterprises and nothing planted: how often any of them is called raised.

Beyond a hundred enterprises `gridmap.stats.focused` draws its replications in rounds, each with those alone that can
still be discoveries. Whether choosing them so raises false alarms is what is counted here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import shapely

from gridmap.stats.focused import focus
from gridmap.stats.nearby import Ground
from gridmap.usecases.surroundings import BLOCK_M

#: how many counties of how many enterprises
COUNTIES = {150: 1_000, 1_000: 200}
MONTHS, NEAR_M, RAISED = 4, 1_500.0, frozenset({"clear", "raised", "inseparable"})
#: villages with squares of 200 m around them, in a county of so many metres; disputes by household and month
SIDE_M, VILLAGES, SQUARES, RATE = 40_000.0, 240, 16, 0.008


def county(number: int) -> tuple[Ground, np.random.Generator]:
    """Households in villages of very different size; disputes by household alone, a month with more than another."""
    rng = np.random.default_rng([20261128, number])
    middle = np.repeat(rng.uniform(0, SIDE_M, (VILLAGES, 2)), SQUARES, axis=0)
    square = np.unique(np.floor((middle + rng.normal(0, 500.0, middle.shape)) / BLOCK_M), axis=0)
    households = np.round(rng.lognormal(2.5, 0.9, len(square))) + 1.0
    season = rng.uniform(0.7, 1.3, MONTHS)
    cases = rng.poisson(RATE * households[:, None] * season).astype(float)
    x, y = (square[:, axis] * BLOCK_M + BLOCK_M / 2 for axis in (0, 1))
    return Ground(x, y, households, cases, cases.sum(axis=0) / households.sum()), rng


def raised(number: int, enterprises: int) -> int:
    """How many of the enterprises, none of which does anything, are called raised or inseparable."""
    ground, rng = county(number)
    home = rng.integers(0, len(ground.x), enterprises)
    places = shapely.points(np.column_stack([ground.x[home], ground.y[home]]) + rng.normal(0, 900.0, (enterprises, 2)))
    return sum(one.verdict in RAISED for one in focus(ground, list(places), [0] * enterprises, NEAR_M, rng))


@pytest.mark.parametrize("number", range(2))
def test_a_sample_raises_nobody(number: int) -> None:
    assert raised(number, 120) == 0


@pytest.mark.trial
@pytest.mark.parametrize("enterprises", COUNTIES)
def test_false_alarms_among_many(enterprises: int, trial: Callable[..., Any]) -> None:
    """At most 7 % of the counties may have anyone called raised, since nobody is."""
    title = f"nothing planted around {enterprises:,} enterprises, rounds of replications: any called raised, at q 0.05"
    ledger, remaining = trial(title, [f"county {number}" for number in range(COUNTIES[enterprises])])
    for case in remaining:
        alarms = raised(int(case.split()[1]), enterprises)
        ledger.record(case, f"{alarms} called raised" if alarms else "none called raised", good=True)
    share = np.mean([case["outcome"] != "none called raised" for case in ledger.seen])
    assert share <= 0.07
