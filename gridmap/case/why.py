"""The answer to "why is this red?".

The spans, the pauses and the changes of the limit that led there; the spans add up to the used time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from gridmap.case.calendar import Calendar
from gridmap.case.clock import Light
from gridmap.case.events import canonical_moment
from gridmap.case.limits import MINUTE_US, ClockKind, Limit
from gridmap.case.process import Process
from gridmap.case.spans import Clock, Clocks, Span, measure
from gridmap.case.state import CaseState


@dataclass(frozen=True, slots=True)
class LimitPart:
    """One part of a limit. `why`: limit (of the category or process), step, or the kind of the event that added it."""

    why: str
    amount: Limit
    seq: int | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a case shows its light: the clock that decides, what its limit is made of and what it counted, span by span.

    The spans' `counted_us` add up to `clock.used_us`. `provisional`: years counted without an official schedule.
    """

    light: Light | None
    #: "whole" or "step": the clock that is furthest gone
    of: str
    clock: Clock
    clocks: Clocks
    priority: str
    parts: tuple[LimitPart, ...]
    provisional: tuple[int, ...]
    calendar: str

    def to_json(self) -> dict[str, Any]:
        """For the API: minutes instead of microseconds, moments as text, ids of holders and numbers of events."""
        clock = self.clock
        return {
            "light": self.light and str(self.light), "of": self.of, "step": self.clocks.step_name,
            "clock": str(clock.kind), "limit_min": clock.limit_us / MINUTE_US, "used_min": clock.used_us / MINUTE_US,
            "remaining_min": clock.remaining_us / MINUTE_US, "due_at": canonical_moment(clock.due_at),
            "running": clock.running, "priority": self.priority, "calendar": self.calendar,
            "provisional": list(self.provisional),
            "limit": [
                {"why": part.why, "amount": part.amount.to_json(), "event": part.seq, "at": _text(part.at)}
                for part in self.parts
            ],
            "spans": [_span(span) for span in clock.spans],
        }  # fmt: skip


def explain(state: CaseState, process: Process, calendar: Calendar, now: datetime) -> Explanation:
    """Why the case shows the light it shows at a moment. Raises what `measure` raises."""
    clocks = measure(state, process, calendar, now)
    of = "step" if clocks.step is not None and _further(clocks.step, clocks.whole) else "whole"
    clock = clocks.step if of == "step" and clocks.step is not None else clocks.whole
    years = range(_year(state.received_at or now, calendar), _year(max(now, clock.due_at), calendar) + 1)
    work = clock.kind is ClockKind.WORK
    return Explanation(
        light=clocks.light(now),
        of=of,
        clock=clock,
        clocks=clocks,
        priority=state.priority,
        parts=tuple(_parts(state, process, of, clocks.step_name)),
        provisional=tuple(year for year in years if work and calendar.provisional(year)),
        calendar=calendar.version,
    )


def _further(step: Clock, whole: Clock) -> bool:
    """Whether the step comes due before the whole; a clock that stands still never does."""
    if step.thresholds.red_at is None:
        return False
    return whole.thresholds.red_at is None or step.thresholds.red_at < whole.thresholds.red_at


def _parts(state: CaseState, process: Process, of: str, step_name: str | None) -> list[LimitPart]:
    factor = process.priorities.get(state.priority, 1.0)
    if of == "step" and step_name is not None:
        step = process.step(step_name)
        assert step.limit is not None
        parts = [LimitPart("step", step.limit.times(factor))]
        here = [
            one
            for one in state.changes
            if one.kind == "extension_granted"
            and (one.level, one.round) == (state.level, state.round)
            and process.step_of(one.working, one.level) == step
        ]
    else:
        parts = [LimitPart("limit", (state.limit or process.limit).times(factor))]
        here = list(state.changes)
    return parts + [LimitPart(one.kind, one.more, one.seq, one.at) for one in here]


def _year(moment: datetime, calendar: Calendar) -> int:
    return moment.astimezone(ZoneInfo(calendar.zone)).year


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else canonical_moment(moment)


def _span(span: Span) -> dict[str, Any]:
    return {
        "from": canonical_moment(span.start), "to": _text(span.end), "kind": span.kind, "why": span.why,
        "event": span.seq, "status": str(span.status), "counted_min": span.counted_us / MINUTE_US,
        "worker_id": span.holder.worker_id, "body_id": span.holder.body_id,
    }  # fmt: skip
