"""Yichang's ten months once more, through the API, at 1/500 of their size: the percentages that come out are
those of the counts that went in, and within one case of the published ones."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.client import Api
from tests.api.replay import PUBLISHED, Replay, replay


@pytest.mark.timeout(240)
def test_yichang_in_small(api_lite: Api) -> None:
    size = Replay.scaled(500)
    told = replay(api_lite, size)
    assert (size.accepted, size.closed, size.by_community, size.satisfied) == (29, 27, 25, 27)
    assert found_counts(told) == wanted_counts(size)
    for name, of in (("closure", size.accepted), ("by_community", size.closed), ("satisfaction", size.closed)):
        found = told["ratios"][name]["value"] * 100
        assert abs(found - PUBLISHED[name]) <= 100 / of, name


def wanted_counts(size: Replay) -> dict[str, Any]:
    """What went in: numerator and denominator of each ratio, and how many came by each channel."""
    return {
        "closure": (size.closed, size.accepted), "by_community": (size.by_community, size.closed),
        "satisfaction": (size.satisfied, size.closed), "channels": size.channels,
    }  # fmt: skip


def found_counts(told: dict[str, Any]) -> dict[str, Any]:
    """The same as the scorecards tell it."""
    ratios = {name: (ratio["numerator"], ratio["denominator"]) for name, ratio in told["ratios"].items()}
    return {**ratios, "channels": told["channels"]}
