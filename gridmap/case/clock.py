"""When a case is due, and which light it shows.

Lights (Signalen, Yichang): yellow when three quarters of the time are used, red past due, very late past three times
the limit. What a clock has counted is a fold over the events (`gridmap.case.spans`); it gives three moments, and the
light of any later moment is a comparison with them, here and in SQL alike. A pause hides no red.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pandas as pd

from gridmap.case.limits import Limit
from gridmap.case.worktime import Micros, Moments, Timeline

YELLOW_SHARE = 0.75
VERY_LATE_TIMES = 3.0


class Light(StrEnum):
    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    VERY_LATE = "very_late"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The moments at which a light changes; None: never, unless something happens."""

    yellow_at: datetime | None = None
    red_at: datetime | None = None
    very_late_at: datetime | None = None

    def light(self, now: datetime, paused_until: datetime | None = None) -> Light:
        """The light of an open case at a moment: from `yellow_at` on yellow, after the other two red and very late."""
        if self.very_late_at is not None and now > self.very_late_at:
            return Light.VERY_LATE
        if self.red_at is not None and now > self.red_at:
            return Light.RED
        if paused_until is not None and now < paused_until:
            return Light.PAUSED
        return Light.YELLOW if self.yellow_at is not None and now >= self.yellow_at else Light.GREEN

    def earlier(self, other: Thresholds) -> Thresholds:
        """Whichever comes first, light by light: a case is as late as the latest of its clocks."""
        return Thresholds(
            _first(self.yellow_at, other.yellow_at),
            _first(self.red_at, other.red_at),
            _first(self.very_late_at, other.very_late_at),
        )


def _first(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((moment for moment in (one, other) if moment is not None), default=None)


def lights(cases: pd.DataFrame, now: datetime) -> pd.Series:
    """The light of each case, None once it has ended: `Thresholds.light` for a whole frame.

    Columns: ended (bool), yellow_at, red_at, very_late_at, paused_until (datetime64 in UTC, NaT where there is none).
    """
    moment = pd.Timestamp(now)
    shown: npt.NDArray[np.object_] = np.full(len(cases), str(Light.GREEN), dtype=object)
    shown[(cases["yellow_at"] <= moment).to_numpy()] = str(Light.YELLOW)
    shown[(cases["paused_until"] > moment).to_numpy()] = str(Light.PAUSED)
    shown[(cases["red_at"] < moment).to_numpy()] = str(Light.RED)
    shown[(cases["very_late_at"] < moment).to_numpy()] = str(Light.VERY_LATE)
    shown[cases["ended"].to_numpy(dtype=bool)] = None
    return pd.Series(shown, index=cases.index, dtype=object)


def shares(limit_us: int) -> tuple[int, int, int]:
    """Used microseconds at which a limit turns yellow, red and very late."""
    return round(limit_us * YELLOW_SHARE), limit_us, round(limit_us * VERY_LATE_TIMES)


def opening(
    received_at: Moments,
    whole: Limit | npt.NDArray[np.object_],
    step: Limit | None,
    clocks: dict[str, Timeline],
    workday_min: int,
) -> pd.DataFrame:
    """The moments of cases that have only just come in, all at once: for imports and for the first write.

    `received_at`: datetime64 in UTC, shape (n,); `whole`: one limit or n of them; `step`: that of the first step;
    `clocks`: the timelines by ClockKind. Columns due_at (of the whole), yellow_at, red_at, very_late_at (whichever
    comes first of whole and step), datetime64[us, UTC]; the index counts from 0.
    """
    start: Micros = np.asarray(received_at).astype("datetime64[us]").astype(np.int64)
    limits = np.full(len(start), whole, dtype=object) if isinstance(whole, Limit) else whole
    moments = _by_limit(start, limits, clocks, workday_min)
    due_at = moments[:, 1].copy()
    if step is not None:
        first = _by_limit(start, np.full(len(start), step, dtype=object), clocks, workday_min)
        moments = np.minimum(moments, first)
    columns = dict(zip(("due_at", "yellow_at", "red_at", "very_late_at"), (due_at, *moments.T), strict=True))
    return pd.DataFrame(
        {name: pd.DatetimeIndex(values.astype("datetime64[us]")).tz_localize("UTC") for name, values in columns.items()}
    )


def _by_limit(start: Micros, limits: npt.NDArray[np.object_], clocks: dict[str, Timeline], workday_min: int) -> Micros:
    """Yellow, due and very late moments in microseconds, shape (n, 3); each different limit is reckoned once."""
    moments = np.empty((len(start), 3), dtype=np.int64)
    for limit in set(limits):
        rows = np.flatnonzero(limits == limit)
        for column, used in enumerate(shares(limit.micros(workday_min))):
            moments[rows, column] = clocks[str(limit.clock)].after(
                start[rows], np.full(len(rows), used, dtype=np.int64)
            )
    return moments
