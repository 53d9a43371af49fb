"""The loop beside the server lives through faults and stops when told; a lease is renewed in time."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

import pytest

from gridmap.errors import EnvironmentFault
from gridmap.jobs.lease import LENGTH, Lease, new_owner
from gridmap.jobs.loop import Loop

NOW = datetime(2026, 7, 3, 4, 0, tzinfo=UTC)


def test_a_job_goes_on_after_faults_and_tells_only_their_kind(caplog: pytest.LogCaptureFixture) -> None:
    runs: list[int] = []
    enough = threading.Event()

    def job(_: threading.Event) -> None:
        runs.append(len(runs))
        if len(runs) == 1:
            raise EnvironmentFault("the database is down")
        if len(runs) == 2:
            raise ValueError("13900000019")
        if len(runs) == 4:
            enough.set()

    loop = Loop("delivery", job, pause_s=0.001, longest_pause_s=0.01)
    loop.start()
    assert enough.wait(10)
    assert loop.close()
    after = len(runs)
    time.sleep(0.05)
    assert len(runs) == after
    assert "the database is down" in caplog.text
    assert "ValueError" in caplog.text
    assert "13900000019" not in caplog.text


def test_a_job_that_hangs_does_not_hold_the_server() -> None:
    begun, free = threading.Event(), threading.Event()

    def job(_: threading.Event) -> None:
        begun.set()
        free.wait(30)

    loop = Loop("delivery", job)
    loop.start()
    assert begun.wait(10)
    assert not loop.close(timeout_s=0.05)
    free.set()


def test_a_lease_fades_at_half_and_owners_are_never_the_same() -> None:
    lease = Lease.begin("a", NOW)
    assert not lease.fading(NOW + LENGTH / 2)
    assert lease.fading(NOW + LENGTH * 0.51)
    assert lease.renewed(NOW + LENGTH) == Lease("a", NOW + LENGTH * 2)
    assert len({new_owner() for _ in range(100)}) == 100
