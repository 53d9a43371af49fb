"""What months in a row say: the same months a year before, the row without its season, and where its level changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

import numpy as np

from gridmap.enterprise.followed import change
from gridmap.stats.neighbours import Floats
from gridmap.stats.trends import change_points, without_season

#: months that a trend looks back at most, its window included
TREND_MONTHS = 48


def months_back(last: date, count: int) -> date:
    """The first of so many months of which `last` is the last."""
    number = last.year * 12 + last.month - count
    return date(number // 12, number % 12 + 1, 1)


def begun(cases: Floats, window: int) -> int:
    """The first month with any case (months,): none was written down before; at latest the window's."""
    some = np.flatnonzero(cases > 0)
    last = len(cases) - window
    return min(int(some[0]), last) if len(some) else last


def trend(
    months: Sequence[date], observed: Floats, expected: Floats | None, window: int, rng: np.random.Generator
) -> dict[str, Any]:
    """The trend of a row of months (n,), of which the last `window` are those asked about, as JSON has it.

    `expected`: what the county's own months let expect, its season in it; None for the county itself, whose months are
    compared with their namesakes. Each part is None, or empty, with a reason where the row is too short or too thin.
    """
    season = without_season(observed)
    found = change_points(observed, expected, rng)
    names = [f"{month:%Y-%m}" for month in months]
    return {
        "months": names, "observed": [int(one) for one in observed],
        "expected": None if expected is None else [round(float(one), 3) for one in expected],
        "adjusted": None if season.adjusted is None else [round(float(one), 2) for one in season.adjusted],
        "adjusted_reason": season.reason,
        "changes": [
            {"month": names[one.at], "before": one.before, "after": one.after, "p": one.p} for one in found.points
        ],
        "changes_reason": found.reason, "year_before": _year_before(months, observed, window),
    }  # fmt: skip


def _year_before(months: Sequence[date], observed: Floats, window: int) -> dict[str, Any] | None:
    """The window beside the same months a year before; None where those are not all there."""
    first = len(months) - window - 12
    if first < 0:
        return None
    before = slice(first, first + window)
    found = change(int(observed[before].sum()), window, int(observed[-window:].sum()), window)
    return {**asdict(found), "verdict": str(found.verdict)}
