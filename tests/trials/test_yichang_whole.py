"""Yichang's ten months in full, through the API: the published percentages come out to the last digit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.api.client import Api
from tests.api.conftest import api_lite
from tests.api.replay import PUBLISHED, Replay, replay
from tests.api.test_yichang import check

__all__ = ["api_lite"]


@pytest.mark.trial
@pytest.mark.timeout(4 * 3600)
def test_yichang_in_full(api_lite: Api, trial: Callable[..., Any]) -> None:
    """14,662 cases, about 90,000 requests: most of an hour on two cores."""
    size = Replay()
    ledger, remaining = trial("Yichang's ten months through the API, 14,662 cases", ["January to October 2011"])
    for case in remaining:
        told = replay(api_lite, size)
        check(told, size)
        ratios = {name: told["ratios"][name]["value"] * 100 for name in PUBLISHED}
        rounded = {name: round(ratios[name], len(str(value).split(".")[1])) for name, value in PUBLISHED.items()}
        shares = {name: round(100 * count / size.accepted) for name, count in told["channels"].items()}
        good = rounded == PUBLISHED and shares == {"phone": 40, "worker": 52, "counter": 8}
        ledger.record(case, " / ".join(f"{one} %" for one in rounded.values()), good)
    assert ledger.bad == []
