"""1,000 reports from a phone in a valley: replies are dropped, the page is killed at random, and each stands once."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sqlalchemy import text

from tests.county import NOW, centre
from tests.pages.conftest import PHONE, Visits, site, visit

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

__all__ = ["site", "visit"]

DAYS, A_DAY, LOST, KILLED = 20, 50, 0.3, 0.3
MOST_TURNS = 400


def a_day(visit: Visits, page: Page, name: str) -> tuple[str, bool]:
    """50 reports entered at once, sent until none waits; how many rows came of them."""
    rng = np.random.default_rng([20260703, int(name.split()[1])])

    def dropped(route: Route) -> None:
        chance = rng.random()
        if chance < LOST / 2:
            route.fetch()  # the server has it, the phone never hears
        if chance < LOST:
            route.abort()
        else:
            route.continue_()

    page.route("**/api/v1/incidents", dropped)
    lon, lat = centre("A")
    same = {"category": "mining-blasting", "lon": lon, "lat": lat, "accuracy_m": 5, "occurred_at": NOW.isoformat()}
    before = rows(visit)
    pairs = [[str(uuid.uuid4()), {**same, "text": f"{name} {n}"}] for n in range(A_DAY)]
    page.evaluate("async (pairs) => { for (const one of pairs) await module_queue.add(...one); }", pairs)
    for _ in range(MOST_TURNS):
        if rng.random() < KILLED:
            page.reload()
            page.wait_for_selector("#map[data-ready]")
        else:
            page.evaluate("dispatchEvent(new Event('online'))")
        page.wait_for_timeout(float(rng.integers(60, 400)))
        if page.evaluate("module_queue.everything().then((all) => all.length)") == 0:
            break
    page.unroute("**/api/v1/incidents")
    made = rows(visit) - before
    return f"{made} rows of {A_DAY}", made == A_DAY


def rows(visit: Visits) -> int:
    return int(visit.site.county.one(text("SELECT count(*) FROM incidents")))


@pytest.mark.trial
def test_a_thousand_reports_from_a_valley(visit: Visits, trial: Callable[..., Any]) -> None:
    visit.expected += ["ERR_FAILED", "Failed to load resource", "ERR_ABORTED"]
    title = f"{A_DAY} reports on a phone, 30 % of replies dropped, killed at random"
    ledger, remaining = trial(title, [f"day {number}" for number in range(DAYS)])
    page = visit("worker-a", "/field", size=PHONE)
    for name in remaining:
        ledger.record(name, *a_day(visit, page, name))
    assert ledger.bad == []
