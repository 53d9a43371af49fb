"""Quiet hours: by the wall clock of the county, whatever daylight saving does to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from gridmap.errors import EnvironmentFault

_FORM = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)-([01]?\d|2[0-3]):([0-5]\d)")
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From a minute of the day up to another, which may lie after midnight. Equal ones: never quiet."""

    starts_min: int
    ends_min: int
    zone: ZoneInfo

    @classmethod
    def parse(cls, text: str, zone: ZoneInfo) -> Self:
        """Of "21:00-07:00", or "off"; EnvironmentFault for anything else."""
        if text.strip().lower() in {"off", "none", "-"}:
            return cls(0, 0, zone)
        found = _FORM.fullmatch(text.strip())
        if found is None:
            raise EnvironmentFault(f"GRIDMAP_QUIET_HOURS must look like 21:00-07:00, or be off, but is {text!r}")
        hours = [int(part) for part in found.groups()]
        return cls(hours[0] * 60 + hours[1], hours[2] * 60 + hours[3], zone)

    def at(self, moment: datetime) -> bool:
        """Whether it is quiet at this moment (aware)."""
        local = moment.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        if self.starts_min <= self.ends_min:
            return self.starts_min <= minute < self.ends_min
        return minute >= self.starts_min or minute < self.ends_min

    def until(self, moment: datetime) -> datetime | None:
        """The first moment (UTC) after which it is no longer quiet; None when it is not quiet now.

        Minute by minute, because the clock may jump over the end, or show it twice.
        """
        if not self.at(moment):
            return None
        ahead = moment.astimezone(UTC).replace(second=0, microsecond=0) + _MINUTE
        while self.at(ahead):
            ahead += _MINUTE
        return ahead
