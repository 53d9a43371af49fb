"""kill -9 of a deliverer at random moments, its gateway losing a third of its answers: nothing lost, one key each."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sqlalchemy import delete

from gridmap.jobs.lease import LENGTH
from gridmap.settings import Messaging
from gridmap.store import tables as t
from gridmap.usecases.delivering import deliverer
from tests.county import Clock, SmallCounty, open_county
from tests.gateways import DROP, Answer, gateway
from tests.usecases.test_delivering import messenger, rows_of, tell

KILLS = 100
NEWS = 12
#: a little longer than the child takes for all of them, so that some kills come too late
LONGEST_S = 0.6
#: a trial runs when the machine has time for it
START_S = 1_200


def deliver_now(url: str, sms_url: str, now: Any, ready: Any) -> None:
    """What the child does. Its nights are not quiet either: the clock of a long trial comes to 21:00, and what a child
    put off until the morning came hours after this trial had stopped looking."""
    county = open_county(url, Clock(now), messaging=Messaging(sms_url=sms_url, per_hour=0, quiet_hours="off"))
    one = deliverer(county.ctx)
    ready.set()
    one.run()


def kill_once(county: SmallCounty, after_s: float, seed: int) -> tuple[str, bool]:
    """One kill, and deliveries until nothing waits; what came of it. The queue is emptied afterwards."""
    drops = np.random.default_rng(seed)
    tell(county, NEWS)
    with gateway() as sms:

        def answer(*_: Any) -> Answer:
            return DROP if drops.random() < 1 / 3 else 200

        sms.answer = answer
        fork = multiprocessing.get_context("forkserver")
        fork.set_forkserver_preload([__name__])  # two seconds of imports once, not for each kill
        ready, url = fork.Event(), county.ctx.engine.url.render_as_string(hide_password=False)
        child = fork.Process(target=deliver_now, args=(url, sms.url, county.clock(), ready))
        child.start()
        assert ready.wait(START_S)
        time.sleep(after_s)
        child.kill()  # also when it is over already
        child.join()
        for _ in range(100):
            county.clock.now += LENGTH + LENGTH
            messenger(county, sms_url=sms.url, quiet_hours="off").run()
            if all(row.status == "sent" for row in rows_of(county)):
                break
    keys = {row.key for row in rows_of(county)}
    fine = len(keys) == NEWS and set(sms.keys) == keys and {row.status for row in rows_of(county)} == {"sent"}
    county.run(delete(t.messages))
    county.run(delete(t.outbox))
    if not fine:
        return f"{len(keys)} messages, {len(set(sms.keys) & keys)} of them had come", False
    return "all came, some twice under one key" if max(sms.keys.values()) > 1 else "all came once", True


@pytest.mark.trial
def test_kills_during_a_delivery(small_county: SmallCounty, trial: Callable[..., Any]) -> None:
    """100 random moments on each database."""
    kind = small_county.ctx.engine.dialect.name
    moments = np.random.default_rng(20260704).uniform(0, LONGEST_S, KILLS)
    cases = {f"{number} at {after_s:.4f} s": (float(after_s), number) for number, after_s in enumerate(moments)}
    ledger, remaining = trial(f"kill -9 during a delivery, {kind}", cases)
    for case in remaining:
        ledger.record(case, *kill_once(small_county, *cases[case]))
    assert ledger.bad == []
