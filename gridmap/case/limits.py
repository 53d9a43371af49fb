"""How long something may take, in the unit that a regulation uses: the unit decides which clock counts it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from gridmap.case.said import said
from gridmap.errors import InvalidInput

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
#: two years of elapsed hours: more is a slip of the pen
LONGEST_HOURS = 2 * 366 * 24


class ClockKind(StrEnum):
    """Which time counts: office hours of workdays, or every minute."""

    WORK = "work"
    EMERGENCY = "emergency"


#: minutes of each unit; those of a workday are the calendar's own
UNITS: Mapping[str, tuple[ClockKind, int | None]] = {
    "workdays": (ClockKind.WORK, None),
    "work_hours": (ClockKind.WORK, 60),
    "hours": (ClockKind.EMERGENCY, 60),
    "minutes": (ClockKind.EMERGENCY, 1),
}


def _wrong(field: str, why: str, **given: Any) -> InvalidInput:
    return InvalidInput(f"{field}: {said(why, **given)}", code=why, field=field, why=why, given=given)


@dataclass(frozen=True, slots=True)
class Limit:
    """An amount > 0 of "workdays", "work_hours" (both on the work clock), "hours" or "minutes" (which always run)."""

    amount: float
    unit: str

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise _wrong("limit", "limit_unit", names=list(UNITS), value=repr(self.unit))
        if not (math.isfinite(self.amount) and self.amount > 0):
            raise _wrong("limit", "limit_positive", value=self.amount, unit=self.unit)
        if self.amount * (UNITS[self.unit][1] or 24 * 60) > LONGEST_HOURS * 60:
            raise _wrong("limit", "limit_long", value=self.amount, unit=self.unit)

    @property
    def clock(self) -> ClockKind:
        return UNITS[self.unit][0]

    def micros(self, workday_min: int) -> int:
        """The limit in microseconds of its clock; `workday_min`: office minutes of one workday."""
        return round(self.amount * (UNITS[self.unit][1] or workday_min) * MINUTE_US)

    def times(self, factor: float) -> Limit:
        return Limit(self.amount * factor, self.unit)

    def on(self, clock: ClockKind) -> Limit:
        """The same promise on another clock: a workday for 24 hours, an hour for an hour."""
        if self.clock is clock:
            return self
        if clock is ClockKind.EMERGENCY:
            return Limit(self.amount * (24.0 if self.unit == "workdays" else 1.0), "hours")
        days = self.amount / (24.0 if self.unit == "hours" else 24.0 * 60.0)
        return Limit(days, "workdays")

    def to_json(self) -> dict[str, float]:
        """{"workdays": 7}: as files and events have it."""
        whole = int(self.amount) if float(self.amount).is_integer() else self.amount
        return {self.unit: whole}

    @classmethod
    def from_json(cls, data: Any, field: str = "limit") -> Self:
        """Read {"workdays": 7}. Raises InvalidInput naming the field."""
        if not isinstance(data, Mapping) or len(data) != 1:
            raise _wrong(field, "limit_shape", value=repr(data))
        ((unit, amount),) = data.items()
        if isinstance(amount, bool) or not isinstance(amount, int | float):
            raise _wrong(field, "limit_number", value=repr(amount))
        return cls(amount, str(unit))


def of_category(limit_hours: float, clock: ClockKind) -> Limit:
    """A category's limit on a clock: hours as they are where all run, and 24 of them one workday where they do not."""
    return Limit(limit_hours, "hours").on(clock)
