"""Scorecards of bodies, places, categories, channels and months, never of persons.

Counts come first: they add up over groups, so a summary that the events keep is as good as a recount. Every ratio then
keeps its numerator and its denominator. What was due in a period is what fell due in it and what was overdue and still
open when it began; so no open case drops out of a ratio that speaks of time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, tzinfo
from typing import Any, Self

import numpy as np
import pandas as pd

from gridmap.case.ratios import Ratio
from gridmap.case.survival import Curve, kaplan_meier
from gridmap.errors import InvalidInput

#: what `tally` needs of each case: moments as datetime64 in UTC (NaT: not yet), the rest as bool
MOMENTS = ("received_at", "due_at", "disposed_at", "first_closed_at", "closed_at", "first_dispatched_at")
FLAGS = ("returned", "reopened", "extended", "rated", "satisfied", "by_community", "dropped")


@dataclass(frozen=True, slots=True)
class Period:
    """From a moment until, not including, another; both in UTC."""

    start: datetime
    end: datetime

    @classmethod
    def month(cls, month: str, zone: tzinfo) -> Self:
        """The local month "2026-07", of a year from 1900 to 2199. Raises InvalidInput."""
        first = _first_day(month)
        if not 1900 <= first.year < 2200:
            raise InvalidInput(f"{month} is the month of no case: give a year from 1900 to 2199", field="month")
        return cls(_midnight(first, zone), _midnight(_first_day(shifted(month, 1)), zone))


def _first_day(month: str) -> date:
    try:
        return date.fromisoformat(f"{month}-01")
    except ValueError:
        raise InvalidInput(f"{month!r} is no month; write it like 2026-07", field="month") from None


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def shifted(month: str, months: int) -> str:
    """A month so many months later: -1 the one before, -12 that of the year before."""
    first = _first_day(month)
    number = first.year * 12 + first.month - 1 + months
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


@dataclass(frozen=True, slots=True)
class Counts:
    """What a period's cases come to; adds up over groups that do not overlap. Void and merged cases count nowhere."""

    #: received in the period
    accepted: int = 0
    #: due in it, or overdue and open when it began; the next five are of these, until its end
    due: int = 0
    disposed: int = 0
    on_time: int = 0
    closed_of_due: int = 0
    reworked_of_due: int = 0
    extended_of_due: int = 0
    #: disposed of in the period, whenever due
    disposed_within: int = 0
    disposed_in_time: int = 0
    #: past due and not disposed of at the end of the period
    open_overdue: int = 0
    #: closed for the first time in the period; of these reopened since, closed by communities, rated, satisfied
    closed: int = 0
    reopened: int = 0
    closed_by_community: int = 0
    rated: int = 0
    satisfied: int = 0
    #: dispatched for the first time in the period; of these returned at least once
    dispatched: int = 0
    returned: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(**{name: getattr(self, name) + getattr(other, name) for name in COUNTS})

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """From a row of `tally` or of a stored summary."""
        return cls(**{name: int(row[name]) for name in COUNTS})

    def ratios(self) -> dict[str, Ratio]:
        """Every ratio by name, with both its counts; `DENOMINATORS` says in words what each is of."""
        return {
            "disposal": Ratio(self.disposed, self.due),
            "on_time": Ratio(self.on_time, self.due),
            "closure": Ratio(self.closed_of_due, self.due),
            "in_time": Ratio(self.disposed_in_time, self.disposed_within + self.open_overdue),
            "overdue": Ratio(self.open_overdue, self.due),
            "extended": Ratio(self.extended_of_due, self.due),
            "rework": Ratio(self.reopened, self.closed),
            "accuracy": Ratio(self.dispatched - self.returned, self.dispatched),
            "satisfaction": Ratio(self.satisfied, self.rated),
            "by_community": Ratio(self.closed_by_community, self.closed),
        }


COUNTS = tuple(field.name for field in fields(Counts))

#: what each ratio is of, for the words beside it
DENOMINATORS: Mapping[str, str] = {
    "disposal": "due",
    "on_time": "due",
    "closure": "due",
    "in_time": "disposed_or_overdue",
    "overdue": "due",
    "extended": "due",
    "rework": "closed",
    "accuracy": "dispatched",
    "satisfaction": "rated",
    "by_community": "closed",
}


#: the count, or the part of `store.behind.COUNTED`, above and below the line of each ratio
PARTS: Mapping[str, tuple[str, str]] = {
    "disposal": ("disposed", "due"),
    "on_time": ("on_time", "due"),
    "closure": ("closed_of_due", "due"),
    "in_time": ("disposed_in_time", "disposed_or_overdue"),
    "overdue": ("open_overdue", "due"),
    "extended": ("extended_of_due", "due"),
    "rework": ("reopened", "closed"),
    "accuracy": ("not_returned", "dispatched"),
    "satisfaction": ("satisfied", "rated"),
    "by_community": ("closed_by_community", "closed"),
}


@dataclass(frozen=True, slots=True)
class Weights:
    """Points of Jinniu's card (~): configuration, with the published weights as defaults."""

    disposal: float = 30.0
    on_time: float = 20.0
    rework: float = 20.0
    overdue: float = 20.0
    extended: float = 10.0

    def __post_init__(self) -> None:
        for field in fields(self):
            if not getattr(self, field.name) >= 0.0:
                raise InvalidInput(f"the weight of {field.name} is negative", field=field.name)

    def points(self, counts: Counts) -> float | None:
        """0 to the sum of the weights; None where nothing was due. Every share is of what was due."""
        if counts.due == 0:
            return None
        of_due = (
            (self.disposal, counts.disposed),
            (self.on_time, counts.on_time),
            (self.rework, counts.due - counts.reworked_of_due),
            (self.overdue, counts.due - counts.open_overdue),
            (self.extended, counts.due - counts.extended_of_due),
        )
        return sum(weight * count for weight, count in of_due) / counts.due


def tally(cases: pd.DataFrame, period: Period, by: Sequence[str] = ()) -> pd.DataFrame:
    """Count a period's cases, in groups by columns of theirs (body, area, category, channel, month ...).

    `cases` has the columns `MOMENTS` and `FLAGS`; `dropped` marks void and merged ones. Columns of the answer: `by`,
    then `COUNTS` (int64); without `by` one row, also of no case.
    """
    marks = pd.DataFrame(_marks(cases, period), index=cases.index)
    if not by:
        return marks.sum().to_frame().T.astype("int64")[list(COUNTS)]
    grouped = marks.groupby([cases[name] for name in by], dropna=False, observed=True, sort=True)
    return grouped.sum().astype("int64").reset_index()


def _marks(cases: pd.DataFrame, period: Period) -> dict[str, pd.Series]:
    """For each count, which cases it counts."""
    start, end = pd.Timestamp(period.start), pd.Timestamp(period.end)
    flags = {name: cases[name].to_numpy(dtype=bool) for name in FLAGS}
    there = ~flags["dropped"]
    due_at, disposed_at = cases["due_at"], cases["disposed_at"]

    def within(column: str) -> pd.Series:
        return (cases[column] >= start) & (cases[column] < end) & there

    carried = (due_at < start) & ~(disposed_at < start)
    due = there & (cases["received_at"] < end) & (carried | (due_at >= start) & (due_at < end))
    in_time = disposed_at <= due_at
    disposed = due & (disposed_at < end)
    disposed_within = within("disposed_at")
    closed, dispatched = within("first_closed_at"), within("first_dispatched_at")
    return {
        "accepted": within("received_at"), "due": due, "disposed": disposed, "on_time": disposed & in_time,
        "closed_of_due": due & (cases["closed_at"] < end), "reworked_of_due": due & flags["reopened"],
        "extended_of_due": due & flags["extended"], "disposed_within": disposed_within,
        "disposed_in_time": disposed_within & in_time, "open_overdue": due & ~(disposed_at < end),
        "closed": closed, "reopened": closed & flags["reopened"],
        "closed_by_community": closed & flags["by_community"], "rated": closed & flags["rated"],
        "satisfied": closed & flags["rated"] & flags["satisfied"], "dispatched": dispatched,
        "returned": dispatched & flags["returned"],
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """A figure beside an earlier one. `points`: difference of two ratios in percentage points; None without both."""

    now: Ratio
    before: Ratio

    @property
    def points(self) -> float | None:
        if self.now.value is None or self.before.value is None:
            return None
        return (self.now.value - self.before.value) * 100.0


def compare(now: Counts, before: Counts) -> dict[str, Change]:
    """Each ratio beside that of the month before, or of the year before."""
    earlier = before.ratios()
    return {name: Change(ratio, earlier[name]) for name, ratio in now.ratios().items()}


def relative(now: int, before: int) -> float | None:
    """How far a count rose or fell, in percent of the earlier one (disputes -36.1 %); None from nothing."""
    return (now - before) / before * 100.0 if before else None


def time_to_close(cases: pd.DataFrame, period: Period) -> Curve:
    """How many hours the cases received in a period took to close, those still open counted as "longer than this".

    Seen from the end of the period: what closed later was open then.
    """
    mine = (cases["received_at"] >= period.start) & (cases["received_at"] < period.end)
    kept = cases[mine & ~cases["dropped"].to_numpy(dtype=bool)]
    end = pd.Timestamp(period.end)
    closed = (kept["closed_at"] < end).to_numpy(dtype=bool)
    until = kept["closed_at"].where(closed, end)
    hours = (until - kept["received_at"]).dt.total_seconds().to_numpy(dtype=np.float64) / 3600.0
    return kaplan_meier(hours, closed)
