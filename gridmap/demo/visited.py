"""Invented consents, care notes and visits of the demo county's households, as columns to insert."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from gridmap.demo.times import at_hour

SEED = 20_260_711
#: shares of households: seen at all, and agreeing to each purpose
SEEN, SHARES = 0.9, {"visits": 0.5, "care": 0.02, "interpreter": 0.01}
CARE = (
    ("mobility", "腿脚不便，敲门后请多等一会儿"),
    ("hearing", "听力不好，请到窗前说话"),
    ("alone", "独居，冬天请看看炉火"),
)


def consents(household_ids: Sequence[int], now: datetime) -> dict[str, list[Any]]:
    """What households agreed to beyond being contacted, which the import of households has written down."""
    rng = np.random.default_rng(SEED)
    drawn = [(purpose, rng.random(len(household_ids)) < share) for purpose, share in SHARES.items()]
    rows = [(one, purpose) for purpose, mask in drawn for one, yes in zip(household_ids, mask, strict=True) if yes]
    days = rng.integers(90, 900, len(rows)).tolist()
    how = rng.choice(["spoken", "written"], len(rows)).tolist()
    return {
        "household_id": [row[0] for row in rows], "purpose": [row[1] for row in rows], "how": how,
        "given_at": [now - timedelta(days=n) for n in days],
    }  # fmt: skip


def visits(workers: Mapping[int, int], now: datetime) -> dict[str, list[Any]]:
    """The last visit of nine in ten households by the worker of their cell; `workers`: by household."""
    rng = np.random.default_rng(SEED + 1)
    ids = [one for one in workers if rng.random() < SEEN]
    days, hours = rng.gamma(2.0, 12.0, len(ids)) + 1.0, rng.uniform(8.5, 18.5, len(ids))
    at = [at_hour(now, n, hour) for n, hour in zip(days.tolist(), hours.tolist(), strict=True)]
    outcome = rng.choice(["met", "absent", "declined"], len(ids), p=[0.9, 0.08, 0.02]).tolist()
    return {
        "household_id": ids, "worker_id": [workers[one] for one in ids], "visited_at": at, "written_at": at,
        "outcome": outcome,
    }  # fmt: skip


def care(household_ids: Sequence[int], most: int = 300) -> list[tuple[int, str, str]]:
    """(household, purpose, text) of some care notes, each of another household."""
    return [(one, *CARE[i % len(CARE)]) for i, one in enumerate(household_ids[:most])]
