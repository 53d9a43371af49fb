"""kill -9 during the import of a register of incidents, and a million of them within their memory."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, select

from gridmap.store import read
from gridmap.store import tables as t
from gridmap.store.chain import broken_chains
from gridmap.usecases.importing import Options, import_file
from tests.county import SmallCounty, open_county
from tests.register import write

KILLS, ROWS = 200, 2_000
#: a little longer than an import of ROWS takes, so that some kills come too late
LONGEST_S = 2.0


def import_now(url: str, path: str, ready: Any) -> None:
    """What the child does."""
    county = open_county(url)
    ready.set()
    import_file(county.ctx, "incidents", Path(path), Options())


def state(county: SmallCounty, prefix: str) -> tuple[int, int, int]:
    """How many incidents of the register are there, how many have their first event, and who answers for how many."""
    ours = t.incidents.c.source_ref.startswith(prefix)
    ids = select(t.incidents.c.id).where(ours)
    events = select(func.count()).where(t.events.c.incident_id.in_(ids), t.events.c.seq == 1)
    answered = select(func.count()).where(t.responsibilities.c.incident_id.in_(ids))
    return county.one(select(func.count()).where(ours)), county.one(events), county.one(answered)


def kill_once(county: SmallCounty, folder: Path, after_s: float) -> tuple[str, bool]:
    """One kill; what was left, and whether that may be. Incidents are never deleted: each kill has its own numbers."""
    prefix = f"K{time.monotonic_ns()}-"
    path = write(folder / "register.csv", ROWS, prefix=prefix)
    spawn = multiprocessing.get_context("spawn")
    ready = spawn.Event()
    url = county.ctx.engine.url.render_as_string(hide_password=False)
    child = spawn.Process(target=import_now, args=(url, str(path), ready))
    child.start()
    assert ready.wait(60)
    time.sleep(after_s)
    os.kill(child.pid or 0, signal.SIGKILL)
    child.join()
    left = state(county, prefix)
    named = {(0, 0, 0): "before", (ROWS, ROWS, ROWS): "after"}.get(left, f"between {left}")
    import_file(county.ctx, "incidents", path, Options())
    completed = state(county, prefix) == (ROWS, ROWS, ROWS)
    return named if completed else f"{named}, not completed", completed and named in {"before", "after"}


@pytest.mark.trial
@pytest.mark.timeout(0)
def test_kills_during_the_import_of_a_register(
    small_county: SmallCounty, tmp_path: Path, trial: Callable[..., Any]
) -> None:
    """200 random moments on each database."""
    kind = small_county.ctx.engine.dialect.name
    moments = np.random.default_rng(20260704).uniform(0, LONGEST_S, KILLS)
    cases = {f"{number} at {after_s:.4f} s": float(after_s) for number, after_s in enumerate(moments)}
    ledger, remaining = trial(f"kill -9 during the import of a register, {kind}", cases)
    for case in remaining:
        ledger.record(case, *kill_once(small_county, tmp_path, cases[case]))
    assert ledger.bad == []
    with read(small_county.ctx.engine) as conn:
        assert broken_chains(conn) == []


@pytest.mark.trial
@pytest.mark.timeout(0)
def test_a_million_incidents(small_county: SmallCounty, tmp_path: Path, trial: Callable[..., Any]) -> None:
    """From CSV in under 1 GB: the process and its child are never there together at their peaks, and are added up."""
    from tests.usecases.test_import_stream import peaks  # here: it takes a kill from this module

    kind = small_county.ctx.engine.dialect.name
    ledger, remaining = trial(f"1,000,000 incidents from CSV, {kind}", ["peak"])
    for case in remaining:
        [(rows, mib)] = peaks(small_county, [write(tmp_path / "register.csv", 1_000_000)])
        ledger.record(case, f"{rows:,} rows, at most {mib:.0f} MiB", rows == 1_000_000 and mib < 1000)
    assert ledger.bad == []
