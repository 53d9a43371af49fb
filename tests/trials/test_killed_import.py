"""kill -9 during an import, at random moments: the state before or after, never one between; again, and it is done."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import delete, func, select

from gridmap.store import tables as t
from gridmap.usecases.imports import load
from tests.county import LETTERS, SmallCounty, centre, open_county

KILLS = 200
ROWS = 4_000
#: a little longer than an import of ROWS takes, so that some kills come too late
LONGEST_S = 0.8


def frame() -> pd.DataFrame:
    """Households with contacts, so that an import writes to several tables."""
    at = [centre(letter) for letter in LETTERS] * (ROWS // len(LETTERS))
    lon, lat = [place[0] for place in at], [place[1] for place in at]
    return pd.DataFrame(
        {
            "row": range(1, ROWS + 1), "code": [f"K-{i}" for i in range(ROWS)], "address": "某处", "housing": None,
            "crs_in": "wgs84", "lon": lon, "lat": lat, "x_in": lon, "y_in": lat,
            "contact_name": "某人", "contact_phone": None, "contact_consent": True,
        }
    )  # fmt: skip


def import_now(url: str, ready: Any) -> None:
    """What the child does."""
    county = open_county(url)
    rows = frame()
    ready.set()
    load(county.ctx, "households", rows)


def start(url: str) -> BaseProcess:
    """A child that is about to import."""
    spawn = multiprocessing.get_context("spawn")
    ready = spawn.Event()
    child = spawn.Process(target=import_now, args=(url, ready))
    child.start()
    assert ready.wait(60)
    return child


def state(county: SmallCounty) -> tuple[int, int]:
    """How many of the import's households and of its sealed contacts are there."""
    ours = t.households.c.code.startswith("K-")
    subjects = select(t.households.c.subject_id).where(ours)
    sealed = select(func.count()).select_from(t.sealed).where(t.sealed.c.subject_id.in_(subjects))
    return county.one(select(func.count()).where(ours)), county.one(sealed)


def kill_once(county: SmallCounty, after_s: float) -> tuple[str, bool]:
    """One kill; what was left, and whether that may be. The households are taken out again afterwards."""
    child = start(county.ctx.engine.url.render_as_string(hide_password=False))
    time.sleep(after_s)
    os.kill(child.pid or 0, signal.SIGKILL)
    child.join()
    left = state(county)
    named = {(0, 0): "before", (ROWS, ROWS): "after"}.get(left, f"between {left}")
    load(county.ctx, "households", frame())
    completed = state(county) == (ROWS, ROWS)
    ours = t.households.c.code.startswith("K-")
    county.run(delete(t.consents).where(t.consents.c.household_id.in_(select(t.households.c.id).where(ours))))
    county.run(delete(t.households).where(ours))
    return named if completed else f"{named}, not completed", completed and named in {"before", "after"}


@pytest.mark.trial
def test_kills_during_an_import(small_county: SmallCounty, trial: Callable[..., Any], request: Any) -> None:
    """200 random moments on each database."""
    kind = small_county.ctx.engine.dialect.name
    moments = np.random.default_rng(20260703).uniform(0, LONGEST_S, KILLS)
    cases = {f"{number} at {after_s:.4f} s": float(after_s) for number, after_s in enumerate(moments)}
    ledger, remaining = trial(f"kill -9 during an import, {kind}", cases)
    for case in remaining:
        ledger.record(case, *kill_once(small_county, cases[case]))
    assert ledger.bad == []
