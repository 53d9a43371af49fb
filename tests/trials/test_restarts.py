"""The database crashes and comes back under writing clients: no acknowledged report is lost, none stands twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np
import pytest
from sqlalchemy import func, select

from gridmap.store import tables as t
from tests.conftest import migrate
from tests.county import SmallCounty, build, centre, open_county
from tests.postgis import Server, create, own_server
from tests.serving import served

RESTARTS, CLIENTS = 50, 32
SERVED_AGAIN_S = 10.0
#: acknowledged means written here: only the disk's own cache is not waited for, which a crash of a process keeps
SETTINGS = ("fsync=off", "synchronous_commit=on", "max_connections=200")


@dataclass
class Clients:
    """Threads that report, each under keys of its own, again and again under the same key until it is answered."""

    county: SmallCounty
    url: str
    count: int
    stop: threading.Event = field(default_factory=threading.Event)
    acknowledged: list[int] = field(default_factory=list)
    sent: int = 0
    #: answers that no client should see, whatever state the database is in
    odd: list[str] = field(default_factory=list)
    answered_at: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> Iterator[threading.Thread]:
        headers = {"Authorization": f"Bearer {self.county.token('worker-a')}"}
        for number in range(self.count):
            thread = threading.Thread(target=self._client, args=(number, headers))
            thread.start()
            yield thread

    def _client(self, client: int, headers: dict[str, str]) -> None:
        lon, lat = centre("A")
        body = {"category": "mining-blasting", "lon": lon, "lat": lat, "text": "restart"}
        number = 0
        with httpx.Client(base_url=self.url, headers=headers, timeout=30) as http:
            while not self.stop.is_set():
                number += 1
                self._until_answered(http, body, f"{self.url}/{time.monotonic_ns()}/{client}/{number}")

    def _until_answered(self, http: httpx.Client, body: dict[str, Any], key: str) -> None:
        with self.lock:
            self.sent += 1
        while True:
            answer = http.post("/api/v1/incidents", json=body, headers={"Idempotency-Key": key})
            if answer.status_code == 201:
                with self.lock:
                    self.acknowledged.append(answer.json()["id"])
                    self.answered_at = time.monotonic()
                return
            if answer.status_code != 503 or answer.headers["content-type"] != "application/problem+json":
                with self.lock:
                    self.odd.append(f"{answer.status_code} {answer.text[:200]}")
                return
            time.sleep(0.05)


def crash_once(server: Server, county: SmallCounty, clients: int, after_s: float) -> tuple[str, bool]:
    """One crash in the middle of the clients' work; what came of their reports."""
    held = select(func.count()).select_from(t.incidents)
    before = county.one(held)
    with served(county) as url:
        work = Clients(county, url, clients)
        threads = list(work.run())
        time.sleep(after_s)
        server.restart()
        back = time.monotonic()
        while work.answered_at < back and time.monotonic() < back + SERVED_AGAIN_S:
            time.sleep(0.02)
        again = work.answered_at >= back
        work.stop.set()
        for thread in threads:
            thread.join(60)
    rows = county.one(held) - before
    kept = county.one(select(func.count()).where(t.incidents.c.id.in_(work.acknowledged)))
    lost = len(work.acknowledged) - kept
    doubled = len(work.acknowledged) - len(set(work.acknowledged)) + rows - work.sent
    faults = [f"{lost} lost"] * bool(lost) + [f"{doubled} doubled"] * bool(doubled) + work.odd[:1]
    faults += [] if again else [f"not served within {SERVED_AGAIN_S:g} s"]
    return ", ".join(faults) or "none lost, none doubled, served again", not faults


@pytest.fixture(scope="module")
def breakable() -> Iterator[tuple[Server, SmallCounty]]:
    """The county on a server that may be broken."""
    with own_server(SETTINGS) as server:
        url = create(server.url, "county")
        migrate(url)
        build(url)
        county = open_county(url)
        yield server, county
        county.ctx.engine.dispose()


def test_one_restart(breakable: tuple[Server, SmallCounty]) -> None:
    said, good = crash_once(*breakable, clients=8, after_s=0.5)
    assert good, said


@pytest.mark.trial
def test_restarts(breakable: tuple[Server, SmallCounty], trial: Callable[..., Any]) -> None:
    """50 crashes at random moments under 32 clients."""
    moments = np.random.default_rng(20260703).uniform(0.2, 2.0, RESTARTS)
    cases = {f"{number} after {after_s:.3f} s": float(after_s) for number, after_s in enumerate(moments)}
    ledger, remaining = trial(f"database restarted under {CLIENTS} clients", cases)
    for case in remaining:
        ledger.record(case, *crash_once(*breakable, CLIENTS, cases[case]))
    assert ledger.bad == []
