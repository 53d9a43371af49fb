"""A hundred clients that go while a heavy query runs for them: it stops within two seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.api.test_gone import LONG_S, Work, ask, heavy_app
from tests.county import SmallCounty
from tests.serving import running

CLIENTS, SECONDS = 100, 2.0


@pytest.mark.trial
def test_a_hundred_clients_go(small_county: SmallCounty, trial: Callable[..., Any]) -> None:
    """One after another, on each database."""
    name = small_county.ctx.engine.dialect.name
    ledger, remaining = trial(f"client gone from a heavy query, {name}", [str(n) for n in range(CLIENTS)])
    work, token = Work(), small_county.token("official")
    with running(heavy_app(small_county, work)) as url:
        for n, case in enumerate(remaining, 1):
            asked = ask(url, token)
            assert work.until("begun", n, LONG_S)
            left = time.monotonic()
            asked.close()
            ended = work.until("ended", n, LONG_S)
            took = time.monotonic() - left
            good = ended and took < SECONDS
            ledger.record(case, f"stopped within {SECONDS:g} s" if good else f"{took:.1f} s", good)
    assert ledger.bad == []
