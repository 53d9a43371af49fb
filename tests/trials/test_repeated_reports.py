"""A phone that sends again: every report stands exactly once, however often and however parallel it comes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, select

from gridmap.store import read
from gridmap.store import tables as t
from gridmap.usecases.reading import view_for
from gridmap.usecases.reporting import Draft, report
from gridmap.view import View
from tests.county import SmallCounty, centre

KEYS, AT_ONCE = 100, 20
PHONES, A_PHONE, LOST, TRIES = 50, 20, 0.3, 10


def worker(county: SmallCounty) -> View:
    with read(county.ctx.engine) as conn:
        return view_for(conn, county.account("worker-a"), county.ctx.today())


def draft(text: str) -> Draft:
    lon, lat = centre("A")
    return Draft(category="mining-blasting", lon=lon, lat=lat, text=text)


def held(county: SmallCounty) -> int:
    return int(county.one(select(func.count()).select_from(t.incidents)))


def same_key_at_once(county: SmallCounty, view: View, key: str, threads: int = AT_ONCE) -> tuple[str, bool]:
    """One key from many threads at once; how many rows and how many different answers came of it."""
    before = held(county)
    with ThreadPoolExecutor(threads) as pool:
        answers = list(pool.map(lambda _: report(county.ctx, view, draft(key), key=key)["id"], range(threads)))
    rows, told = held(county) - before, len(set(answers))
    return f"{rows} row, {told} answer", (rows, told) == (1, 1)


def lost_replies(county: SmallCounty, view: View, rng: np.random.Generator, phone: str) -> tuple[str, bool]:
    """One phone's queue; three in ten replies are lost, and it sends again, up to ten times."""
    before = held(county)
    for number in range(A_PHONE):
        for _ in range(TRIES):
            report(county.ctx, view, draft(f"{phone}/{number}"), key=f"{phone}/{number}")
            if rng.random() >= LOST:
                break
    rows = held(county) - before
    return f"{rows} rows of {A_PHONE}", rows == A_PHONE


def test_a_sample_of_both(small_county: SmallCounty) -> None:
    view = worker(small_county)
    assert same_key_at_once(small_county, view, "sample")[1]
    assert lost_replies(small_county, view, np.random.default_rng(1), "sample")[1]


@pytest.mark.trial
def test_the_same_key_in_parallel(small_county: SmallCounty, trial: Callable[..., Any]) -> None:
    """100 keys, 20 at once, on each database."""
    view = worker(small_county)
    title = f"same key, {AT_ONCE} at once, {small_county.ctx.engine.dialect.name}"
    ledger, remaining = trial(title, [f"key {number}" for number in range(KEYS)])
    for case in remaining:
        ledger.record(case, *same_key_at_once(small_county, view, case))
    assert ledger.bad == []


@pytest.mark.trial
def test_lost_replies(small_county: SmallCounty, trial: Callable[..., Any]) -> None:
    """1,000 reports from 50 phones, 30 % of the replies lost, on each database."""
    view = worker(small_county)
    title = f"{A_PHONE} reports a phone, 30 % of replies lost, {small_county.ctx.engine.dialect.name}"
    ledger, remaining = trial(title, [f"phone {number}" for number in range(PHONES)])
    for case in remaining:
        rng = np.random.default_rng([20260703, int(case.split()[1])])
        ledger.record(case, *lost_replies(small_county, view, rng, case))
    assert ledger.bad == []
