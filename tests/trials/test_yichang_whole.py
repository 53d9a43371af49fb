"""Yichang's ten months in full, through the API: the published percentages come out to the last digit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.api.client import Api
from tests.api.conftest import api_lite
from tests.api.replay import MONTHS, PUBLISHED, Replay, replay
from tests.api.test_yichang import found_counts, wanted_counts

__all__ = ["api_lite"]

#: what each month of the replay holds; together they are the published counts
SIZES = {f"month {number}": Replay().month(number) for number in range(1, MONTHS + 1)}


def test_the_months_are_the_published_year() -> None:
    """So where each month's counts come out of the API as they went in, the year's percentages are those printed."""
    sums: Counter[str] = Counter()
    channels: Counter[str] = Counter()
    for size in SIZES.values():
        sums.update(accepted=size.accepted, closed=size.closed, by_community=size.by_community, good=size.satisfied)
        channels.update(size.channels)
    assert sums == {"accepted": 14_662, "closed": 13_702, "by_community": 12_592, "good": 13_593}
    pairs = {"closure": ("closed", "accepted"), "by_community": ("by_community", "closed"),
             "satisfaction": ("good", "closed")}  # fmt: skip
    for name, (over, under) in pairs.items():
        digits = len(str(PUBLISHED[name]).split(".")[1])
        assert round(100 * sums[over] / sums[under], digits) == PUBLISHED[name], name
    shares = {name: round(100 * count / sums["accepted"]) for name, count in channels.items()}
    assert shares == {"phone": 40, "worker": 52, "counter": 8}


@pytest.mark.trial
@pytest.mark.timeout(4 * 3600)
def test_yichang_in_full(api_lite: Api, trial: Callable[..., Any]) -> None:
    """14,662 cases, about 90,000 requests, one month after the other: most of an hour on two cores."""
    ledger, remaining = trial("Yichang's ten months through the API, 14,662 cases", SIZES)
    for month in remaining:
        told, wanted = found_counts(replay(api_lite, SIZES[month])), wanted_counts(SIZES[month])
        differ = {name: told[name] for name in wanted if told[name] != wanted[name]}
        ledger.record(month, f"differs: {differ}" if differ else "every count as it went in", not differ)
    assert ledger.bad == []
