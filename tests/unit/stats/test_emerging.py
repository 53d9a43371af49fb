"""Emerging hot spots: each category by its definition, and planted ones found."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from gridmap.errors import InvalidInput
from gridmap.stats import emerging, within
from gridmap.stats.emerging import _cube, category, mann_kendall


def states(text: str) -> np.ndarray:
    return np.array([{"h": 1, "c": -1, ".": 0}[letter] for letter in text], dtype=np.int8)


@pytest.mark.parametrize(
    ("text", "z", "p", "expected"),
    [
        (".........h", 0, 1, "new hot"),
        ("c........h", 0, 1, "new hot"),
        (".......hhh", 0, 1, "consecutive hot"),
        ("hhhhhhhhhh", 3, 0.01, "intensifying hot"),
        (".hhhhhhhhh", -3, 0.01, "diminishing hot"),
        ("hhhhhhhhhh", 3, 0.2, "persistent hot"),
        ("hhhhhhhhh.", 3, 0.01, "historical hot"),
        ("h..h...h.h", 0, 1, "sporadic hot"),
        ("h..c...h.h", 0, 1, "oscillating hot"),
        ("h..h......", 0, 1, "none"),
        ("..........", 3, 0.01, "none"),
        ("cccccccccc", -3, 0.01, "intensifying cold"),
        ("cccccccccc", 3, 0.01, "diminishing cold"),
        ("ccccccccc.", 0, 1, "historical cold"),
        ("h..h.c..cc", 0, 1, "oscillating cold"),
        ("hhhhhhhhhh", np.nan, np.nan, "persistent hot"),
    ],
)
def test_categories_are_as_defined(text: str, z: float, p: float, expected: str) -> None:
    assert category(states(text), z, p) == expected


def test_mann_kendall_is_kendall_s_score_with_its_variance() -> None:
    """Without ties: S = tau x pairs (scipy), variance t (t - 1) (2 t + 5) / 18."""
    rng = np.random.default_rng(1)
    series = rng.normal(size=(20, 14)) + rng.normal(size=(20, 1)) * np.arange(14) / 10
    z, p = mann_kendall(series)
    for row, found, chance in zip(series, z, p, strict=True):
        s = scipy.stats.kendalltau(np.arange(14), row).statistic * 14 * 13 / 2
        expected = np.sign(s) * (abs(s) - 1) / np.sqrt(14 * 13 * 33 / 18) if s else 0.0
        assert found == pytest.approx(expected)
        assert chance == pytest.approx(2 * scipy.stats.norm.sf(abs(expected)))


def test_mann_kendall_allows_for_ties() -> None:
    """Gilbert 1987, Statistical methods for environmental pollution monitoring, section 16.4.2: the variance's form."""
    z, _ = mann_kendall(np.array([[1.0, 1.0, 2.0, 3.0, 3.0, 3.0], [2.0] * 6]))
    variance = (6 * 5 * 17 - (2 * 1 * 9 + 3 * 2 * 11)) / 18
    assert z == pytest.approx([(11 - 1) / np.sqrt(variance), 0.0])


def test_a_bin_s_neighbours_are_now_and_one_step_before() -> None:
    graph = _cube(within([0.0, 1.0, 5.0], [0.0, 0.0, 0.0], 1.0), 3)
    assert graph.to[graph.start[0] : graph.start[1]].tolist() == [1]
    assert graph.to[graph.start[4] : graph.start[5]].tolist() == [0, 1, 3]
    assert graph.to[graph.start[8] : graph.start[9]].tolist() == [5]


def test_planted_spots_get_their_categories() -> None:
    """A county of 144 cells over a year: one spot from the start, one of the last two months, one that ended."""
    rng = np.random.default_rng(3)
    rate = np.full((12, 12, 12), 3.0)
    rate[1:4, 1:4, :] = 15.0
    rate[8:11, 1:4, -2:] = 18.0
    rate[1:4, 8:11, :-1] = 15.0
    x, y = np.meshgrid(np.arange(12.0), np.arange(12.0))
    values = rng.poisson(rate).reshape(144, 12)
    found = emerging(values, within(x.ravel(), y.ravel(), 1.5), np.random.default_rng(1))
    names = found.categories.reshape(12, 12)
    assert names[2, 2] in ("persistent hot", "intensifying hot", "diminishing hot")
    assert names[9, 2] == "consecutive hot"
    # one step back counts too, so the last step still is half hot
    assert names[2, 9] in ("historical hot", "persistent hot", "diminishing hot")
    assert found.gi_star.shape == found.states.shape == (144, 12)
    by_rate = emerging(values, within(x.ravel(), y.ravel(), 1.5), np.random.default_rng(1), np.full(144, 50.0))
    assert by_rate.categories.reshape(12, 12)[9, 2] == "consecutive hot"


def test_a_county_without_a_pattern_has_none() -> None:
    x, y = np.meshgrid(np.arange(10.0), np.arange(10.0))
    values = np.random.default_rng(5).poisson(4.0, (100, 12))
    found = emerging(values, within(x.ravel(), y.ravel(), 1.5), np.random.default_rng(1))
    assert (found.categories != "none").sum() <= 2


def test_too_short_or_misshapen_is_refused() -> None:
    graph = within([0.0, 1.0], [0.0, 0.0], 1.0)
    with pytest.raises(InvalidInput, match="9 time steps"):
        emerging(np.ones((2, 9)), graph, np.random.default_rng(1))
    with pytest.raises(InvalidInput, match="each of the 2 cells"):
        emerging(np.ones((3, 12)), graph, np.random.default_rng(1))
