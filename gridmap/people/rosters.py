"""Who answers for a cell at a moment: primary before backup, least open incidents, then lowest id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum


class Reason(StrEnum):
    """Why an incident lies where it lies; stored with the responsibility and shown."""

    PRIMARY = "primary"
    BACKUP = "backup"
    DISPATCHER = "dispatcher"
    OUTSIDE = "outside"
    #: not by the roster but by what somebody did with it
    TAKEN = "taken"
    DISPATCHED = "dispatched"
    HANDED_OVER = "handed_over"
    DESK = "desk"


@dataclass(frozen=True, slots=True)
class Duty:
    """One roster row: a worker in a cell, on some days of the week and at some hours."""

    worker_id: int
    cell_id: int
    rank: str
    valid_from: date
    valid_to: date | None = None
    weekdays: int = 0b111_1111  # bit 0 is Monday
    starts_min: int | None = None
    ends_min: int | None = None

    def day_at(self, moment: datetime) -> date | None:
        """The day of the duty that runs at this local moment, None when none does.

        Hours past midnight belong to the day they began.
        """
        minute = moment.hour * 60 + moment.minute
        day = moment.date()
        if self.starts_min is None or self.ends_min is None:
            running = True
        elif self.starts_min <= self.ends_min:
            running = self.starts_min <= minute < self.ends_min
        elif minute >= self.starts_min:
            running = True
        else:
            day, running = day - timedelta(days=1), minute < self.ends_min
        return day if running and self._runs_on(day) else None

    def _runs_on(self, day: date) -> bool:
        in_force = self.valid_from <= day and (self.valid_to is None or day < self.valid_to)
        return in_force and bool(self.weekdays >> day.weekday() & 1)


@dataclass(frozen=True, slots=True)
class Leave:
    """A worker away from `starts_on` until the day before `ends_on`."""

    worker_id: int
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class Chosen:
    """Who, and why. No worker: the community's dispatcher."""

    worker_id: int | None
    reason: Reason


class Roster:
    """The duties and leaves of some cells, answering for any local moment."""

    def __init__(self, duties: Iterable[Duty], leaves: Iterable[Leave] = ()) -> None:
        self._by_cell: dict[int, list[Duty]] = {}
        for duty in duties:
            self._by_cell.setdefault(duty.cell_id, []).append(duty)
        self._leaves: dict[int, list[Leave]] = {}
        for leave in leaves:
            self._leaves.setdefault(leave.worker_id, []).append(leave)

    def on_duty(self, cell_id: int, moment: datetime) -> Sequence[Duty]:
        """The duties that run in this cell at this local moment; leave on the day a duty began takes it away."""
        return [
            duty
            for duty in self._by_cell.get(cell_id, ())
            if (day := duty.day_at(moment)) is not None and not self._away(duty.worker_id, day)
        ]

    def choose(self, cell_id: int, moment: datetime, open_counts: Mapping[int, int]) -> Chosen:
        """The worker who gets a report in this cell now. `open_counts`: open incidents by worker, 0 when absent."""
        running = self.on_duty(cell_id, moment)
        if not running:
            return Chosen(None, Reason.DISPATCHER)
        best = min(running, key=lambda d: (d.rank != Reason.PRIMARY, open_counts.get(d.worker_id, 0), d.worker_id))
        return Chosen(best.worker_id, Reason(best.rank))

    def _away(self, worker_id: int, day: date) -> bool:
        return any(leave.starts_on <= day < leave.ends_on for leave in self._leaves.get(worker_id, ()))
