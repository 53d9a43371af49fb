"""Chicago's real open and close dates: medians and percentiles against pandas, cut short against statsmodels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsmodels.duration.survfunc import SurvfuncRight

from gridmap.case.survival import kaplan_meier

SHARES = (0.1, 0.25, 0.5, 0.75, 0.9)


@pytest.fixture
def complaints(shared_data: Path) -> pd.DataFrame:
    """Opened and closed, of every complaint that tells both in order; days."""
    told = pd.read_csv(shared_data / "chicago" / "sanitation_complaints_before_2013.csv.gz", low_memory=False)
    names = {one.lower(): one for one in told.columns}
    opened, closed = (pd.to_datetime(told[names[name]]) for name in ("creation_date", "completion_date"))
    kept = opened.notna() & ~(closed < opened)
    return pd.DataFrame({"opened": opened[kept], "closed": closed[kept]})


def test_percentiles_of_what_was_closed_are_those_of_pandas(complaints: pd.DataFrame) -> None:
    done = complaints.dropna()
    assert len(done) > 30_000
    days = (done["closed"] - done["opened"]).dt.days
    curve = kaplan_meier(days.to_numpy(float), np.ones(len(days), bool))
    ranks = days.rank(method="max", pct=True)
    for share in SHARES:
        assert curve.percentile(share) == days[ranks >= share].min()


@pytest.mark.parametrize("cut", ["2011-09-01", "2012-03-01", "2012-12-01"])
def test_what_was_open_on_a_day_counts_as_statsmodels_has_it(complaints: pd.DataFrame, cut: str) -> None:
    """Seen from a day on which many were open: these last at least until then."""
    day = pd.Timestamp(cut)
    known = complaints[complaints["opened"] < day]
    closed = (known["closed"] < day).to_numpy()
    days = (known["closed"].where(closed, day) - known["opened"]).dt.days.to_numpy(float)
    assert (~closed).sum() > 5
    ours, theirs = kaplan_meier(days, closed), SurvfuncRight(days, closed.astype(int))
    assert ours.times.tolist() == theirs.surv_times.tolist()
    np.testing.assert_allclose(ours.open_share, theirs.surv_prob, rtol=1e-9, atol=1e-12)
    for share in SHARES:
        assert ours.percentile(share) == theirs.quantile(share)
