"""The clocks of a case as a fold over its stays and the calendar its events name: used, due, and why.

The clock of the whole runs from receipt; that of a step adds up all stays in the step, on its rung, since the case was
last reopened. Changing hands never resets either. Both stand still while the case is paused, no longer than the pause
was granted for; the whole one also while a resolved case waits for its verification, where the process says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from gridmap.case.calendar import Calendar
from gridmap.case.clock import Light, Thresholds, shares
from gridmap.case.limits import ClockKind, Limit
from gridmap.case.process import Process, Step
from gridmap.case.state import CaseState, Holder, LimitChange, Stay
from gridmap.case.terms import ENDED, Status
from gridmap.case.worktime import EveryMinute, Timeline, from_micros, to_micros
from gridmap.errors import InvalidInput

EVERY_MINUTE = EveryMinute()


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time on a clock.

    `kind`: running, paused, waiting (for verification), elsewhere (in another step) or ended. `end` None: it still
    lasts. `counted_us`: what the clock counted of it until the moment asked about.
    """

    start: datetime
    end: datetime | None
    kind: str
    #: why: the kind of the event it began with, or pause_over where a pause ran out by itself
    why: str
    seq: int
    status: Status
    holder: Holder
    counted_us: int = 0


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock of a case at a moment. `due_at`: when its limit is or would be used up, also of a stopped one."""

    kind: ClockKind
    limit_us: int
    used_us: int
    due_at: datetime
    thresholds: Thresholds
    running: bool
    spans: tuple[Span, ...]

    @property
    def remaining_us(self) -> int:
        """What is left; negative once overdrawn."""
        return self.limit_us - self.used_us


@dataclass(frozen=True, slots=True)
class Clocks:
    """Both clocks of a case; `step` None where the step has no limit or the case has ended."""

    whole: Clock
    step: Clock | None
    step_name: str | None
    paused_until: datetime | None
    ended: bool

    @property
    def thresholds(self) -> Thresholds:
        """Those to store: whichever comes first of the whole and the step. None of them once the case has ended."""
        if self.ended:
            return Thresholds()
        return self.whole.thresholds if self.step is None else self.whole.thresholds.earlier(self.step.thresholds)

    def light(self, now: datetime) -> Light | None:
        return None if self.ended else self.thresholds.light(now, self.paused_until)

    def columns(self) -> dict[str, Any]:
        """The stored columns, by name: with them a light is a comparison in SQL."""
        moments = self.thresholds
        return {
            "due_at": self.whole.due_at, "yellow_at": moments.yellow_at, "red_at": moments.red_at,
            "very_late_at": moments.very_late_at, "paused_until": self.paused_until,
            "step": self.step_name, "step_due_at": self.step.due_at if self.step else None,
        }  # fmt: skip


def measure(state: CaseState, process: Process, calendar: Calendar, now: datetime) -> Clocks:
    """Both clocks at a moment. The due moments depend on the events, the process and the calendar alone, not on `now`.

    Raises InvalidInput where the calendar is not the one that the events name, or the case has no events.
    """
    if state.received_at is None:
        raise InvalidInput("a case without its first event has no clock", field="events")
    if state.calendar is not None and state.calendar != calendar.version:
        raise InvalidInput(
            f"the case counts by the calendar {state.calendar}, not {calendar.version}", field="calendar"
        )
    at = to_micros(now)
    step = process.step_of(state.working, state.level)
    return Clocks(
        whole=_clock(whole_spans(state, process), _whole_limit(state, process), calendar, at),
        step=_step_clock(state, process, step, calendar, at),
        step_name=step.name if step else None,
        paused_until=state.paused_until,
        ended=state.ended,
    )


def whole_spans(state: CaseState, process: Process) -> list[Span]:
    """The stays of a case as spans of its whole clock."""
    waits = {Status.RESOLVED, Status.VERIFIED} if process.until is Status.RESOLVED else set()

    def kind(stay: Stay) -> str:
        if stay.status in ENDED:
            return "ended"
        return "waiting" if stay.status in waits else "running"

    return _spans(state.stays, kind)


def step_spans(state: CaseState, process: Process, step: Step) -> list[Span]:
    """The stays of a case as spans of the clock of a step, on the rung and in the round the case is in."""

    def kind(stay: Stay) -> str:
        if stay.status in ENDED:
            return "ended"
        here = (stay.level, stay.round) == (state.level, state.round)
        return "running" if here and process.step_of(stay.working, stay.level) == step else "elsewhere"

    return _spans(state.stays, kind)


def _spans(stays: tuple[Stay, ...], kind_of: Callable[[Stay], str]) -> list[Span]:
    spans: list[Span] = []
    for number, stay in enumerate(stays):
        end = stays[number + 1].since if number + 1 < len(stays) else None
        kind = kind_of(stay)
        if stay.status is not Status.PAUSED or kind != "running" or stay.paused_until is None:
            spans.append(Span(stay.since, end, kind, stay.kind, stay.seq, stay.status, stay.holder))
            continue
        over = max(stay.paused_until, stay.since) if end is None else min(max(stay.paused_until, stay.since), end)
        spans.append(Span(stay.since, over, "paused", stay.kind, stay.seq, stay.status, stay.holder))
        if end is None or over < end:
            spans.append(Span(over, end, "running", "pause_over", stay.seq, stay.status, stay.holder))
    return spans


def _whole_limit(state: CaseState, process: Process) -> tuple[Limit, tuple[Limit, ...]]:
    """The limit of the whole with its priority, and what was added to it."""
    base = (state.limit or process.limit).times(process.priorities.get(state.priority, 1.0))
    return base, tuple(change.more for change in state.changes)


def _step_clock(state: CaseState, process: Process, step: Step | None, calendar: Calendar, at: int) -> Clock | None:
    if step is None or step.limit is None or state.ended:
        return None
    base = step.limit.times(process.priorities.get(state.priority, 1.0))
    added = tuple(one.more for one in state.changes if _granted_here(one, state, process, step))
    return _clock(step_spans(state, process, step), (base, added), calendar, at)


def _granted_here(change: LimitChange, state: CaseState, process: Process, step: Step) -> bool:
    here = (change.level, change.round) == (state.level, state.round)
    return change.kind == "extension_granted" and here and process.step_of(change.working, change.level) == step


def _clock(spans: list[Span], limit: tuple[Limit, tuple[Limit, ...]], calendar: Calendar, at: int) -> Clock:
    base, added = limit
    kind = base.clock
    timeline: Timeline = EVERY_MINUTE if kind is ClockKind.EMERGENCY else calendar.work_time
    limit_us = sum(one.on(kind).micros(calendar.workday_min) for one in (base, *added))
    edges = [_edges(span) for span in spans]
    counted = [_counted(edge, span, timeline, at) for edge, span in zip(edges, spans, strict=True)]
    runs = [span.kind == "running" for span in spans]
    yellow, red, late = (_reached(edges, runs, timeline, used) for used in shares(limit_us))
    # a pause ends at its limit by itself; a waiting or ended case does not
    moments = Thresholds() if not runs[-1] else Thresholds(*(_moment(one) for one in (yellow, red, late)))
    last = max((number for number, running in enumerate(runs) if running), default=0)
    if_running = [*edges[:last], (edges[last][0], None)]
    due_at = _reached(if_running, [*runs[:last], True], timeline, limit_us)
    assert due_at is not None
    told = tuple(replace(span, counted_us=micros) for span, micros in zip(spans, counted, strict=True))
    running_now = runs[-1] and edges[-1][0] <= at
    return Clock(kind, limit_us, sum(counted), from_micros(due_at), moments, running_now, told)


def _edges(span: Span) -> tuple[int, int | None]:
    return to_micros(span.start), None if span.end is None else to_micros(span.end)


def _counted(edge: tuple[int, int | None], span: Span, timeline: Timeline, at: int) -> int:
    """Microseconds that a span counted until a moment."""
    start, end = edge
    stop = at if end is None else min(end, at)
    if span.kind != "running" or stop <= start:
        return 0
    return timeline.passed_one(start, stop)


def _reached(edges: list[tuple[int, int | None]], runs: list[bool], timeline: Timeline, used: int) -> int | None:
    """The moment at which so much had been or will have been counted; None where the clock stops before."""
    left = used
    for (start, end), running in zip(edges, runs, strict=True):
        if not running:
            continue
        counted = None if end is None else timeline.passed_one(start, end)
        if counted is None or counted >= left:
            return timeline.after_one(start, left)
        left -= counted
    return None


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
