"""Trends: changes as an exhaustive search finds them, silence about rows that are too short, and few false alarms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, poisson

from gridmap.errors import InvalidInput
from gridmap.stats.trends import change_points, largest_split, without_season

SEASON = 1 + 0.5 * np.sin(np.arange(60) * 2 * np.pi / 12)


def test_the_largest_split_is_that_of_every_split() -> None:
    """By the likelihoods themselves, of one rate and of two."""
    rng = np.random.default_rng(1)
    for _ in range(30):
        n = int(rng.integers(8, 40))
        seen, hoped = rng.poisson(3.0, n).astype(float), rng.uniform(0.5, 5.0, n)

        def log_likelihood(a: int, b: int, seen: np.ndarray = seen, hoped: np.ndarray = hoped) -> float:
            rate = seen[a:b].sum() / hoped[a:b].sum()
            return float(poisson.logpmf(seen[a:b], rate * hoped[a:b]).sum())

        ratios = {k: log_likelihood(0, k) + log_likelihood(k, n) - log_likelihood(0, n) for k in range(3, n - 2)}
        (ratio,), (at,) = largest_split(seen[None, :], hoped[None, :])
        assert ratio == pytest.approx(max(ratios.values()), abs=1e-9)
        assert ratios[int(at)] == pytest.approx(ratio, abs=1e-9)


def test_a_doubled_level_is_found_where_it_began_and_twice_when_it_ended() -> None:
    rng = np.random.default_rng(2)
    expected = 12 * SEASON[:36]
    level = np.repeat([1.0, 2.5, 1.0], 12)
    found = change_points(rng.poisson(expected * level), expected, rng)
    assert [point.at for point in found.points] == pytest.approx([12, 24], abs=1)
    first, second = found.points
    assert (first.before, first.after, second.after) == pytest.approx((1.0, 2.5, 1.0), rel=0.25)
    assert first.after == second.before


def test_months_before_it_was_there_are_passed_over() -> None:
    rng = np.random.default_rng(3)
    expected = np.concatenate([np.zeros(10), np.full(24, 8.0)])
    seen = np.concatenate([np.full(10, 50), rng.poisson(8.0, 12), rng.poisson(24.0, 12)])
    (point,) = change_points(seen, expected, rng).points
    assert point.at == pytest.approx(22, abs=1)


def test_a_season_is_no_change_and_a_change_beside_a_season_is_found() -> None:
    rng = np.random.default_rng(4)
    assert change_points(np.round(60 * SEASON[:48]), None, rng).points == []
    risen = rng.poisson(60 * SEASON[:48] * np.repeat([1.0, 1.5], [26, 22]))
    (point,) = change_points(risen, None, rng).points
    assert point.at == pytest.approx(26, abs=2)


@pytest.mark.parametrize("seasonal", [True, False])
def test_quiet_rows_raise_few_alarms(seasonal: bool) -> None:
    """A sample of `tests/trials/test_calibration_of_trends.py`."""
    rng = np.random.default_rng(5)
    rows, alarms = 100, 0
    for _ in range(rows):
        seen = rng.poisson(6 * SEASON[:36] * rng.gamma(8.0, 1 / 8.0, 36))
        alarms += bool(change_points(seen, None if seasonal else SEASON[:36], rng, 199).points)
    assert alarms <= binom.ppf(0.9999, rows, 0.05)


def test_the_same_seed_says_the_same() -> None:
    seen = np.random.default_rng(6).poisson(5.0, 36)
    first, again = (change_points(seen, np.ones(36), np.random.default_rng(7), 99) for _ in range(2))
    assert first == again


def test_too_little_is_an_answer() -> None:
    rng = np.random.default_rng(1)
    assert change_points(np.ones(11), np.ones(11), rng).reason == "too_short"
    assert change_points(np.ones(35), None, rng).reason == "too_short"
    assert change_points(np.zeros(36), np.ones(36), rng).reason == "too_few_cases"
    assert without_season(np.ones(35)).reason == "too_short"
    assert without_season(np.zeros(40)).reason == "too_few_cases"
    with pytest.raises(InvalidInput, match="none missing or negative"):
        change_points([1.0, -1.0], [1.0, 1.0], rng)


#: 36 months of the demo county, the first cut short: reports, and those without season by R 4.2.2's
#: stl(ts(x, frequency = 12), s.window = "periodic", robust = TRUE)
CUT_SHORT = (
    56, 515, 534, 344, 595, 562, 589, 547, 530, 531, 552, 535, 540, 572, 530, 406, 616, 606, 582, 560, 548, 493, 598,
    543, 521, 579, 513, 392, 639, 578, 630, 569, 608, 564, 514, 555,
)  # fmt: skip
BY_R = (
    77.4, 493.5, 566.2, 503.4, 518.2, 516.1, 521.2, 536.6, 534.3, 534.8, 542.2, 546, 561.4, 550.5, 562.2, 565.4, 539.2,
    560.1, 514.2, 549.6, 552.3, 496.8, 588.2, 554, 542.4, 557.5, 545.2, 551.4, 562.2, 532.1, 562.2, 558.6, 612.3, 567.8,
    504.2, 566,
)  # fmt: skip


def test_without_its_season_a_row_is_as_in_r_and_a_month_cut_short_stays_one() -> None:
    found = without_season(CUT_SHORT).adjusted
    assert found is not None
    assert found == pytest.approx(np.array(BY_R), abs=15.0)  # R averages each month's season over the years besides
    assert found[0] < 100
    assert np.abs(found[1:] - 540).max() < 80, "its gap is not put into its namesakes"


def test_without_its_season_a_row_keeps_its_level() -> None:
    seen = 100 * SEASON[:48]
    found = without_season(seen)
    assert found.adjusted is not None
    assert found.adjusted == pytest.approx(np.full(48, 100.0), abs=1.0)
