"""Time to close: the product-limit curve against its definition, statsmodels, and without open cases numpy's."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.case.survival import kaplan_meier
from gridmap.errors import InvalidInput

followed = st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=40)


def by_definition(cases: list[tuple[int, bool]], at: int) -> Fraction:
    """The share open after `at`: one factor for each time at which something closed, in exact fractions."""
    share = Fraction(1)
    for time in sorted({lasted for lasted, closed in cases if closed and lasted <= at}):
        at_risk = sum(lasted >= time for lasted, _closed in cases)
        share *= 1 - Fraction(sum(lasted == time and closed for lasted, closed in cases), at_risk)
    return share


@settings(max_examples=80, deadline=None)
@given(cases=followed)
def test_the_curve_is_its_definition(cases: list[tuple[int, bool]]) -> None:
    curve = kaplan_meier([lasted for lasted, _ in cases], [closed for _, closed in cases])
    for time, share in zip(curve.times, curve.open_share, strict=True):
        assert share == pytest.approx(float(by_definition(cases, int(time))), abs=1e-12)
    for wanted in (Fraction(1, 2), Fraction(9, 10)):
        reached = [time for time in range(13) if by_definition(cases, time) <= 1 - wanted]
        assert curve.percentile(float(wanted)) == (reached[0] if reached else None)


@settings(max_examples=50, deadline=None)
@given(lasted=st.lists(st.floats(0, 1e6), min_size=1, max_size=60), share=st.sampled_from((0.1, 0.5, 0.9)))
def test_without_open_cases_it_is_the_usual_quantile(lasted: list[float], share: float) -> None:
    curve = kaplan_meier(lasted, np.ones(len(lasted), dtype=bool))
    assert curve.open_share[-1] == pytest.approx(0.0, abs=1e-12)
    assert curve.percentile(share) == np.quantile(lasted, share, method="inverted_cdf")


@settings(max_examples=50, deadline=None)
@given(cases=followed)
def test_dropping_the_open_cases_never_looks_slower(cases: list[tuple[int, bool]]) -> None:
    """That is why they are kept."""
    ended = [lasted for lasted, closed in cases if closed]
    if ended:
        kept = kaplan_meier([one for one, _ in cases], [closed for _, closed in cases]).percentile(0.5)
        dropped = kaplan_meier(ended, [True] * len(ended)).percentile(0.5)
        assert dropped is not None
        assert kept is None or kept >= dropped


def test_against_statsmodels() -> None:
    survival = pytest.importorskip("statsmodels.duration.survfunc")
    rng = np.random.default_rng(9)
    lasted, closed = np.round(rng.exponential(90, 3000), 1), rng.random(3000) < 0.6
    curve, theirs = kaplan_meier(lasted, closed), survival.SurvfuncRight(lasted, closed.astype(int))
    assert np.array_equal(curve.times, theirs.surv_times)
    assert np.allclose(curve.open_share, theirs.surv_prob)
    assert curve.percentile(0.5) == theirs.quantile(0.5)


def test_nothing_and_nonsense() -> None:
    assert kaplan_meier([], []).percentile(0.5) is None
    for lasted, closed in (([1.0], [True, False]), ([-1.0], [True]), ([float("nan")], [True])):
        with pytest.raises(InvalidInput):
            kaplan_meier(lasted, closed)
    with pytest.raises(InvalidInput):
        kaplan_meier([1.0], [True]).percentile(1.0)


def test_chicagos_complaints(shared_data: Path) -> None:
    """Days from opening to closing: whole, as pandas has it; cut at the end of 2011, as the loop has it."""
    source = shared_data / "chicago" / "sanitation_complaints_before_2013.csv.gz"
    dates = pd.read_csv(source, usecols=["Creation_Date", "Completion_Date"], parse_dates=[0, 1])
    dates = dates[~(dates["Completion_Date"] < dates["Creation_Date"])]
    done = dates.dropna()
    days = (done["Completion_Date"] - done["Creation_Date"]).dt.days
    curve = kaplan_meier(days.to_numpy(), np.ones(len(days), dtype=bool))
    for share in (0.5, 0.9):
        assert curve.percentile(share) == np.sort(days)[int(np.ceil(share * len(days))) - 1]
    cut = pd.Timestamp("2011-12-31")
    seen = dates[(dates["Creation_Date"] <= cut) & (dates["Creation_Date"] > "2011-09-01")]
    closed = (seen["Completion_Date"] <= cut).to_numpy()
    lasted = (seen["Completion_Date"].where(closed, cut) - seen["Creation_Date"]).dt.days.to_numpy()
    censored = kaplan_meier(lasted, closed)
    assert 0 < closed.sum() < len(closed)
    share = np.cumprod([1 - (closed & (lasted == t)).sum() / (lasted >= t).sum() for t in censored.times])
    assert np.allclose(censored.open_share, share)
    dropped = float(np.quantile(lasted[closed], 0.9, method="inverted_cdf"))
    assert (censored.percentile(0.9) or np.inf) >= dropped
