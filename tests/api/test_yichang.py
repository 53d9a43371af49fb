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
    check(told, size)
    for name, of in (("closure", size.accepted), ("by_community", size.closed), ("satisfaction", size.closed)):
        found = told["ratios"][name]["value"] * 100
        assert abs(found - PUBLISHED[name]) <= 100 / of, name


def check(told: dict[str, Any], size: Replay) -> None:
    """Each ratio has the counts that went in."""
    wanted = {
        "closure": (size.closed, size.accepted), "by_community": (size.by_community, size.closed),
        "satisfaction": (size.satisfied, size.closed),
    }  # fmt: skip
    found = {name: (told["ratios"][name]["numerator"], told["ratios"][name]["denominator"]) for name in wanted}
    assert found == wanted
    assert told["channels"] == size.channels
