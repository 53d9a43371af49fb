"""The clocks of a register's cases: the whole from the moment each was received, all at once.

A register says nothing of its cases' steps, so nobody is late for an intake that nobody saw.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from gridmap.case import clock
from gridmap.case.calendar import FIRST_YEAR, LAST_YEAR, Calendar
from gridmap.case.events import canonical_json
from gridmap.case.limits import ClockKind, Limit, of_category
from gridmap.case.process import Process
from gridmap.case.spans import EVERY_MINUTE
from gridmap.case.terms import Status
from gridmap.case.worktime import Timeline
from gridmap.store import cases
from gridmap.store.incidents import Category
from gridmap.usecases.imports.batch import Batch


def first_events(batch: Batch, chosen: list[Category], received: list[datetime]) -> list[str]:
    """What the first event of each case names besides what was reported, as canonical JSON; few differ."""
    calendar = _calendar(batch)
    processes = _processes(batch, chosen)
    written: dict[tuple[str, Limit], str] = {}
    told = []
    for one, limit in zip(chosen, _limits(processes, chosen, received), strict=True):
        process = processes[one.process]
        if (one.process, limit) not in written:
            begin = {**cases.first_data(process, limit, calendar), "by": cases.FROM_REGISTER}
            written[one.process, limit] = canonical_json(begin)
        told.append(written[one.process, limit])
    return told


def limit_of(process: Process, category: Category, received: datetime) -> Limit:
    """The category's limit on its process's clock; in elapsed hours before and after the calendar's years."""
    known = FIRST_YEAR < received.year < LAST_YEAR
    kind = process.limit.clock if known else ClockKind.EMERGENCY
    return of_category(category.limit_hours, kind)


def _limits(processes: Mapping[str, Process], chosen: list[Category], received: list[datetime]) -> list[Limit]:
    """`limit_of` each case; few differ, so each is worked out once."""
    known: dict[tuple[str, float, bool], Limit] = {}
    told = []
    for one, moment in zip(chosen, received, strict=True):
        key = one.process, one.limit_hours, FIRST_YEAR < moment.year < LAST_YEAR
        limit = known.get(key)
        if limit is None:
            limit = known[key] = limit_of(processes[one.process], one, moment)
        told.append(limit)
    return told


def opening(
    batch: Batch, chosen: list[Category], received: list[datetime], closed: list[datetime | None]
) -> dict[str, Any]:
    """The columns that follow from the clock and the process, moments as datetime64[us] in UTC; only due_at, where a
    case is closed already."""
    calendar = _calendar(batch)
    processes = _processes(batch, chosen)
    limits = np.empty(len(chosen), dtype=object)
    limits[:] = _limits(processes, chosen, received)
    clocks: dict[str, Timeline] = {str(ClockKind.WORK): calendar.work_time, str(ClockKind.EMERGENCY): EVERY_MINUTE}
    starts = pd.DatetimeIndex(received).tz_convert("UTC").tz_localize(None).to_numpy()
    moments = clock.opening(starts, limits, None, clocks, calendar.workday_min)
    told = {name: moments[name].dt.tz_localize(None).to_numpy().astype("datetime64[us]") for name in moments}
    steps = {code: process.step_of(Status.ASSIGNED, process.ladder[0]) for code, process in processes.items()}
    names = {code: step.name if step else None for code, step in steps.items()}
    still = np.array([end is None for end in closed], dtype=bool)
    never = np.datetime64("NaT", "us")

    def of_open(values: npt.NDArray[np.datetime64]) -> npt.NDArray[np.datetime64]:
        return np.where(still, values, never)

    return {
        "due_at": told["due_at"], "overdue_at": of_open(told["red_at"]),
        **{name: of_open(told[name]) for name in ("yellow_at", "red_at", "very_late_at")},
        "look_at": of_open(told["yellow_at"] + np.timedelta64(1, "us")),
        "step": [names[one.process] if is_open else None for one, is_open in zip(chosen, still.tolist(), strict=True)],
        "process": [one.process for one in chosen],
        "process_version": [processes[one.process].version for one in chosen],
        "level": [str(processes[one.process].ladder[0]) for one in chosen],
        "calendar": [calendar.version] * len(chosen),
    }  # fmt: skip


def _processes(batch: Batch, chosen: list[Category]) -> dict[str, Process]:
    """The processes that the cases follow, each read once, however many follow it."""
    return {code: cases.process(batch.conn, code) for code in {one.process for one in chosen}}


def _calendar(batch: Batch) -> Calendar:
    return cases.begun(batch.conn, batch.ctx.zone, batch.ctx.clock())
