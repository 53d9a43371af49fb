"""How often rows of months without any change are told to have one, and how often a change of level is found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gridmap.stats.trends import change_points

ROWS = 1_000
SEASON = 1 + 0.4 * np.sin(np.arange(48) * 2 * np.pi / 12)
#: months, cases a month, the shape of the gamma by which they vary beyond Poisson (None: not), season known
KINDS = {
    "24 months, season known": (24, 4.0, None, True),
    "36 months, season known": (36, 3.0, None, True),
    "36 months that vary more than Poisson, season known": (36, 6.0, 4.0, True),
    "36 months of their own season": (36, 60.0, 40.0, False),
    "48 months of their own season": (48, 60.0, 40.0, False),
}


def alarm(kind: str, number: int, level: float = 1.0) -> bool:
    """Whether a change is told of in a row of this kind, whose last third is at `level` times its rate."""
    months, mean, shape, known = KINDS[kind]
    rng = np.random.default_rng([20261128, number, sorted(KINDS).index(kind)])
    season = SEASON[:months]
    shaken = rng.gamma(shape, 1 / shape, months) if shape else np.ones(months)
    raised = np.where(np.arange(months) >= 2 * months // 3, level, 1.0)
    counts = rng.poisson(mean * season * shaken * raised)
    return bool(change_points(counts, mean * season if known else None, rng).points)


@pytest.mark.trial
@pytest.mark.parametrize("kind", KINDS)
def test_quiet_rows(trial: Callable[..., Any], kind: str) -> None:
    """Alarms lie between 3 and 7 % at 5 %."""
    ledger, remaining = trial(f"no change: {kind}, at 5 %", [f"row {number}" for number in range(ROWS)])
    for case in remaining:
        ledger.record(case, "alarm" if alarm(kind, int(case.split()[1])) else "quiet", good=True)
    assert 0.03 <= sum(one["outcome"] == "alarm" for one in ledger.seen) / len(ledger.seen) <= 0.07


@pytest.mark.trial
@pytest.mark.parametrize("kind", KINDS)
def test_doubled_rows(trial: Callable[..., Any], kind: str) -> None:
    """How often a level that doubles in the last third is found; told, not demanded."""
    ledger, remaining = trial(f"level doubled: {kind}", [f"row {number}" for number in range(ROWS // 5)])
    for case in remaining:
        ledger.record(case, "found" if alarm(kind, int(case.split()[1]), 2.0) else "missed", good=True)
