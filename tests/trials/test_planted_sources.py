"""Over many drawings of the demo county's disputes: the planted enterprises are found, the others are not.

Each seed deals the disputes of four months anew by the truth that the demo county is made by (`gridmap.demo.truth`):
a rate by household, raised around three enterprises; the populous and the quiet one are not raised.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from numpy.typing import NDArray

from gridmap.demo.county import make_county
from gridmap.demo.plane import Plane
from gridmap.stats.focused import focus
from gridmap.stats.nearby import Ground
from gridmap.usecases.surroundings import BLOCK_M

SEEDS, SUITE = 100, 2
MONTHS, ALL_MONTHS, NEAR_M = 4, 36, 1_500.0
FOUND = frozenset({"clear", "raised"})


@cache
def made() -> tuple[dict[str, Any], NDArray[np.float64], NDArray[np.int64], NDArray[np.object_]]:
    """The truth, the homes in a plane, the square of each, and the enterprises in the same plane."""
    county = make_county()
    plane = Plane()
    homes = plane.xy(*(county.households[axis].to_numpy() for axis in ("lon", "lat")))
    _, square = np.unique(np.floor(homes / BLOCK_M), axis=0, return_inverse=True)
    shapes = gpd.GeoSeries(county.enterprises["geometry"].to_numpy())
    places = shapely.transform(shapes.to_numpy(), lambda xy: plane.xy(xy[:, 0], xy[:, 1]))
    return county.truth, homes, square.ravel(), np.asarray(places, dtype=object)


def dealt(seed: int) -> tuple[Ground, np.random.Generator]:
    """Four months of disputes, drawn anew."""
    truth, homes, square, _ = made()
    rng = np.random.default_rng([20261128, seed])
    times = np.ones(len(homes))
    for one in truth["enterprises"]:
        if one["alpha"]:
            at = Plane().xy(np.array([one["lon"]]), np.array([one["lat"]]))[0]
            times += one["alpha"] * np.exp(-np.hypot(*(homes - at).T) / one["beta_m"])
    mean = truth["base_disputes_per_household"] / ALL_MONTHS * times
    count = np.bincount(square).astype(float)
    cases = np.stack([np.bincount(square, weights=rng.poisson(mean)) for _ in range(MONTHS)], axis=1)
    x, y = (np.bincount(square, weights=homes[:, axis]) / count for axis in (0, 1))
    return Ground(x, y, count, cases, cases.sum(axis=0) / count.sum()), rng


@cache
def verdicts(seed: int) -> list[tuple[str, str]]:
    """Part and verdict of each enterprise."""
    truth, _, _, places = made()
    ground, rng = dealt(seed)
    found = focus(ground, places, [0] * len(places), NEAR_M, rng)
    bricks = truth["not_separable"][0][1]
    parts = ["neighbour" if one["name"] == bricks else one["role"] for one in truth["enterprises"]]
    return [(part, one.verdict) for part, one in zip(parts, found, strict=True)]


@dataclass(frozen=True)
class Part:
    """Some of the enterprises: their roles, what is said by how many were called raised, and how many may be."""

    roles: frozenset[str]
    words: Mapping[int, str]
    good: Callable[[int], bool]

    def called(self, seed: int) -> int:
        """How many of them were called raised, or clearly so."""
        return sum(role in self.roles and verdict in FOUND for role, verdict in verdicts(seed))


PARTS = {
    "the three planted ones": Part(
        frozenset({"raised"}),
        {3: "all three called raised", 2: "two of three", 1: "one of three", 0: "none of three"},
        lambda count: count >= 2,
    ),
    "the populous and the quiet one": Part(
        frozenset({"populous", "quiet"}),
        {0: "neither called raised", 1: "one of them called raised", 2: "both called raised"},
        lambda count: count == 0,
    ),
    "the neighbour that cannot be told apart": Part(
        frozenset({"neighbour"}), {0: "not called raised", 1: "called raised"}, lambda count: count == 0
    ),
    "the 54 others": Part(
        frozenset({"background"}),
        {0: "none called raised", 1: "one of 54", 2: "two of 54", 3: "three of 54"},
        lambda count: count <= 3,
    ),
}


@pytest.mark.parametrize("seed", range(SUITE))
def test_a_sample_finds_the_planted_and_not_the_others(seed: int) -> None:
    planted, others, neighbour, _ = (part.called(seed) for part in PARTS.values())
    assert planted >= 2
    assert others == neighbour == 0
    assert len([role for role, _ in verdicts(seed) if role == "background"]) == 54


@pytest.mark.trial
@pytest.mark.parametrize("name", PARTS)
def test_planted_enterprises(trial: Callable[..., Any], name: str) -> None:
    """Of 100 seeds: the three planted ones are found in nearly all, the populous and the quiet one in nearly none."""
    part = PARTS[name]
    title = f"disputes dealt anew around 60 enterprises: {name}"
    ledger, remaining = trial(title, [f"seed {number}" for number in range(SEEDS)])
    for case in remaining:
        count = part.called(int(case.split()[1]))
        ledger.record(case, part.words.get(count, f"{count} of them"), good=part.good(count))
    assert len(ledger.bad) <= 0.1 * len(ledger.seen)
