"""Diggle's model from squares: finds what falls off with distance, and says so where nothing can be said."""

from __future__ import annotations

import numpy as np
import pytest

from gridmap.reports.sentences import letter, of_odds
from gridmap.stats.odds import odds_near


def squares(alpha: float, seed: int = 1, rate: float = 0.03) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cases, households and distances of 400 squares around a source, raised by exp(-(d / 1 km)^2)."""
    rng = np.random.default_rng(seed)
    apart = 4_000.0 * np.sqrt(rng.random(400))
    households = rng.integers(1, 40, 400).astype(float)
    cases = rng.poisson(rate * households * (1 + alpha * np.exp(-np.square(apart / 1_000.0)))).astype(float)
    return cases, households, apart


def test_what_was_planted_is_found_and_put_into_words() -> None:
    found = odds_near(*squares(4.0), np.random.default_rng(1))
    assert found.converged
    assert found.alpha is not None
    assert found.p is not None
    assert 1.5 < found.alpha < 12
    assert found.p < 0.001
    said = of_odds({"alpha": found.alpha, "beta": found.beta, "reason": None})
    assert f"{1 + found.alpha:.1f} times" in said["en"]
    assert f"{1 + found.alpha:.1f} 倍" in said["zh"]
    assert "half of that gone by 0." in said["en"] or "half of that gone by 1." in said["en"]


def test_false_alarms_stay_below_five_of_a_hundred() -> None:
    """By chi squared the model is cautious; where nothing is planted it rarely cries."""
    found = [odds_near(*squares(0.0, seed), np.random.default_rng(seed)) for seed in range(200)]
    alarms = [one for one in found if one.p is not None and one.alpha is not None and one.p <= 0.05 and one.alpha > 0]
    assert len(alarms) <= 10
    assert [one for one in found if not one.converged], "that it did not converge is a result"


@pytest.mark.parametrize(
    ("cases", "households", "en", "zh"),
    [
        ([0, 0], [9, 9], "too few cases", "件数太少"),
        ([5, 4], [900, 900], "too few cases", "件数太少"),
        ([], [], "too few cases", "件数太少"),
        ([20, 20], [4, 4], "too few households", "住户太少"),
        ([40], [900], "did not converge", "未收敛"),
    ],
)
def test_that_nothing_can_be_said_is_a_result(cases: list[int], households: list[int], en: str, zh: str) -> None:
    apart = np.arange(1.0, len(cases) + 1) * 1_000.0
    found = odds_near(np.array(cases, float), np.array(households, float), apart, np.random.default_rng(1))
    assert (found.alpha, found.p, found.p_sim, found.converged) == (None, None, None, False)
    said = of_odds({"alpha": None, "beta": None, "reason": found.reason})
    assert said["en"].startswith(en)
    assert said["zh"].startswith(zh)


def test_circles_are_named_like_columns() -> None:
    assert [letter(i) for i in (0, 1, 25, 26, 27, 701, 702)] == ["A", "B", "Z", "AA", "AB", "ZZ", "AAA"]
