"""Ten thousand help calls in an hour, each sent twice, by many devices: none lost, none double, all asked on."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from gridmap.errors import EnvironmentFault
from gridmap.people.homes import NEXT_AFTER
from gridmap.privacy.signing import signature
from gridmap.store import read
from gridmap.store import tables as t
from gridmap.usecases import helping, homes
from gridmap.usecases.homes import Consent
from gridmap.usecases.reading import view_for
from tests.county import SmallCounty

HOUR = timedelta(hours=1)
CALLS, THREADS, PART = 10_000, 8, 500


def installed(county: SmallCounty) -> dict[str, str]:
    """A button in each home that worker A serves; the secrets by device."""
    with read(county.ctx.engine) as conn:
        view = view_for(conn, county.account("worker-a"), county.ctx.today())
    found = {}
    for row in county.run(select(t.households.c.id, t.households.c.code).where(t.households.c.code.startswith("H-A"))):
        homes.agree(county.ctx, view, row.id, Consent("help_button", "written"))
        found[f"HB-{row.code}"] = helping.install(county.ctx, f"HB-{row.code}", row.code)
    return found


def rush(county: SmallCounty, calls: int) -> tuple[str, bool, float]:
    """So many calls at the pace of 10,000 an hour: what came of them, whether that is right, and calls a second."""
    secrets, began = installed(county), time.perf_counter()
    devices = sorted(secrets)

    def send(number: int) -> str:
        device, counter = devices[number % len(devices)], 1 + number
        sent = int(county.clock().timestamp())
        signed = signature(secrets[device], device, counter, sent, "call")
        while True:
            try:
                return str(helping.take(county.ctx, helping.Call(device, counter, sent, signed))["number"])
            except EnvironmentFault:  # the server is busy: a device calls again, as it does without an answer
                continue

    answered: dict[int, set[str]] = {}
    for start in range(0, calls, PART):
        numbers = [*range(start, min(start + PART, calls))] * 2
        random.Random(start).shuffle(numbers)
        with ThreadPoolExecutor(THREADS) as pool:
            for number, told in zip(numbers, pool.map(send, numbers), strict=True):
                answered.setdefault(number, set()).add(told)
        county.clock.forward(seconds=HOUR.total_seconds() * PART / CALLS)
        helping.ask_on(county.ctx)
    seconds = time.perf_counter() - began
    for _ in range(4):
        county.clock.forward(seconds=NEXT_AFTER.total_seconds())
        helping.ask_on(county.ctx)
    return *judged(county, calls, answered), calls / seconds


def judged(county: SmallCounty, calls: int, answered: dict[int, set[str]]) -> tuple[str, bool]:
    """Rows of calls and incidents beside what was answered; calls that still wait for somebody."""
    c = t.calls.c
    rows, incidents = county.run(select(func.count(), func.count(c.incident_id.distinct())))[0]
    waiting = county.one(select(func.count()).select_from(t.calls).where(c.next_at.is_not(None)))
    numbers = set().union(*answered.values())
    made = set(county.run(select(t.incidents.c.number).join(t.calls, c.incident_id == t.incidents.c.id)))
    good = rows == incidents == len(numbers) == calls and all(len(one) == 1 for one in answered.values())
    same = numbers == {row[0] for row in made}
    return f"{incidents} incidents of {calls} calls, {waiting} left waiting", good and same and waiting == 0


def test_a_few_calls(small_county: SmallCounty) -> None:
    said, good, _ = rush(small_county, 20)
    assert good, said


@pytest.mark.trial
def test_ten_thousand_calls(small_county: SmallCounty, trial: Callable[..., Any]) -> None:
    """On each database."""
    title = f"{CALLS:,} help calls in an hour, each sent twice, {small_county.ctx.engine.dialect.name}"
    ledger, remaining = trial(title, ["once"])
    for case in remaining:
        said, good, rate = rush(small_county, CALLS)
        print(f"{rate:.0f} calls a second, each sent twice")
        ledger.record(case, said, good)
    assert ledger.bad == []
