"""The rate ratio of two periods: against R's poisson.test, by its coverage, and silent about small numbers."""

from __future__ import annotations

import numpy as np
import pytest

from gridmap.enterprise import Verdict, change
from gridmap.errors import InvalidInput


def test_the_interval_of_r() -> None:
    # the example of R's help page: poisson.test(c(11, 6 + 8 + 7), c(800, 1083 + 1050 + 878))
    # prints p-value = 0.07967, 95 percent confidence interval 0.8584264 4.2772659, rate ratio 1.971488
    found = change(before=21, days_before=3011, after=11, days_after=800)
    assert found.p == pytest.approx(0.07967, abs=5e-6)
    assert (found.low, found.high) == pytest.approx((0.8584264, 4.2772659), abs=5e-8)
    assert found.ratio == pytest.approx(1.971488, abs=5e-7)
    assert found.verdict is Verdict.UNCLEAR


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [(38, 9, Verdict.FELL), (9, 38, Verdict.ROSE), (20, 18, Verdict.UNCLEAR), (5, 4, Verdict.TOO_FEW)],
)
def test_verdicts(before: int, after: int, verdict: Verdict) -> None:
    assert change(before, 180, after, 180).verdict is verdict


def test_none_after_is_a_fall_and_none_before_has_no_ratio() -> None:
    assert change(12, 90, 0, 90).ratio == 0.0
    assert change(12, 90, 0, 90).verdict is Verdict.FELL
    none_before = change(0, 90, 12, 90)
    assert (none_before.ratio, none_before.high, none_before.verdict) == (None, None, Verdict.ROSE)


def test_the_interval_holds_the_true_ratio_at_least_as_often_as_it_says() -> None:
    random, held, drawn = np.random.default_rng(1), 0, 400
    for before, after in zip(random.poisson(30, drawn), random.poisson(0.5 * 60, drawn), strict=True):
        found = change(int(before), 100, int(after), 200)
        assert found.low is not None
        held += found.low <= 0.5 and (found.high is None or found.high >= 0.5)
    assert held / drawn >= 0.95


def test_periods_must_last() -> None:
    with pytest.raises(InvalidInput):
        change(3, 0, 4, 10)
