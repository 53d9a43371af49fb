"""Many writers at once, in several processes: every report that was answered stands once, and nobody is sent away."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select

from gridmap.errors import GridmapError
from gridmap.store import read
from gridmap.store import tables as t
from gridmap.usecases.reading import view_for
from gridmap.usecases.reporting import Draft, report
from tests.county import LETTERS, SmallCounty, centre, open_county

PROCESSES, THREADS, REPORTS = 4, 8, 500


def write_from(url: str, process: int, threads: int, reports: int) -> Counter[str]:
    """One process: so many threads, each with so many reports of its own. What they were answered."""
    county = open_county(url)
    with read(county.ctx.engine) as conn:
        view = view_for(conn, county.account("worker-a"), county.ctx.today())

    def send(thread: int) -> Counter[str]:
        answered: Counter[str] = Counter()
        for number in range(reports):
            lon, lat = centre(LETTERS[number % len(LETTERS)])
            draft = Draft(category="mining-blasting", lon=lon, lat=lat, text=f"{process}/{thread}/{number}")
            try:
                report(county.ctx, view, draft, key=draft.text)
                answered["in"] += 1
            except GridmapError as error:
                answered[error.code] += 1
        return answered

    with ThreadPoolExecutor(threads) as pool:
        total = sum(pool.map(send, range(threads)), Counter())
    county.ctx.engine.dispose()
    return total


def write_at_once(county: SmallCounty, processes: int, threads: int, reports: int) -> tuple[str, bool]:
    """All processes at once; how many rows came of how many reports, and what was refused."""
    count = select(func.count()).select_from(t.incidents)
    before, wanted = county.one(count), processes * threads * reports
    url = county.ctx.engine.url.render_as_string(hide_password=False)
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        jobs = [(url, process, threads, reports) for process in range(processes)]
        answered = sum(pool.starmap(write_from, jobs), Counter())
    rows = county.one(count) - before
    refused = {code: times for code, times in answered.items() if code != "in"}
    named = f"{rows} rows of {wanted}" + "".join(f", {times} {code}" for code, times in sorted(refused.items()))
    return named, rows == answered["in"] == wanted


def test_a_few_writers(small_county: SmallCounty) -> None:
    said, good = write_at_once(small_county, 2, 4, 5)
    assert good, said


@pytest.mark.trial
def test_many_writers(small_county: SmallCounty, trial: Callable[..., Any]) -> None:
    """32 writers with 500 reports each, on each database."""
    title = f"{PROCESSES * THREADS} writers x {REPORTS} reports, {small_county.ctx.engine.dialect.name}"
    ledger, remaining = trial(title, ["once"])
    for case in remaining:
        ledger.record(case, *write_at_once(small_county, PROCESSES, THREADS, REPORTS))
    assert ledger.bad == []
