"""What the platform does for a case by itself when time passes: asked by `gridmap sweep` for each open case.

Nothing here depends on when the last sweep was: what was warned of stands in the events, so two sweeps at once find the
same duties, and whoever writes first leaves nothing for the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gridmap.case.clock import Light, Thresholds
from gridmap.case.events import canonical_moment
from gridmap.case.flow import SYSTEM, judge
from gridmap.case.process import Process
from gridmap.case.spans import Clocks
from gridmap.case.state import Asked, CaseState
from gridmap.case.terms import Status


@dataclass(frozen=True, slots=True)
class Warned:
    """A light that somebody must hear of, of the "whole" or of the "step", for this due moment: an event `warned`."""

    light: Light
    of: str
    due_at: datetime

    @property
    def data(self) -> dict[str, Any]:
        return {"light": str(self.light), "of": self.of, "due_at": canonical_moment(self.due_at), "by": "system"}


@dataclass(frozen=True, slots=True)
class Duties:
    """What is to be done now. `actions`: (action, what is entered), in order, each through `flow.decide` as SYSTEM."""

    warnings: tuple[Warned, ...] = ()
    actions: tuple[tuple[str, dict[str, Any]], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.warnings or self.actions)


def duties(state: CaseState, process: Process, clocks: Clocks, now: datetime) -> Duties:
    """Warnings not given yet, pauses that ran out, supervision of what is late, the next rung for what is very late.

    Of a light passed unseen only the worst is told: nobody needs the yellow warning of a red case. Supervision and the
    next rung come with the warning that they follow from, once: what a supervisor ended does not begin again by itself.
    """
    if state.ended:
        return Duties()
    actions: list[tuple[str, dict[str, Any]]] = []
    if state.status is Status.PAUSED and state.paused_until is not None and now >= state.paused_until:
        actions.append(("resume", {}))
    warnings = _warnings(state, clocks, now)
    fresh = {one.light for one in warnings}
    for light, reason in ((Light.VERY_LATE, "very_late"), (Light.RED, "overdue")):
        if light in fresh:
            if reason not in {one.reason for one in state.supervisions}:
                actions.append(("supervise", {"reason": reason}))
            break
    if Light.VERY_LATE in fresh and judge(state, process, "escalate", SYSTEM, now):
        actions.append(("escalate", {"reason": "overdue"}))
    return Duties(tuple(warnings), tuple(actions))


def late_replies(state: CaseState, now: datetime) -> tuple[Asked, ...]:
    """Supervisions whose reply did not come within their limit."""
    return tuple(one for one in _unanswered(state) if one.reply_by is not None and one.reply_by <= now)


def look_at(state: CaseState, process: Process, clocks: Clocks, now: datetime) -> datetime | None:
    """When the sweep must look at a case: now, where something is due already; None for what has ended.

    A microsecond after the moment that changes something, for a case is red only once its due moment has passed.
    """
    if state.ended:
        return None
    if duties(state, process, clocks, now):
        return now
    replies = [one.reply_by for one in _unanswered(state) if one.reply_by is not None and one.reply_by > now]
    moments = [*replies, *filter(None, (next_look(clocks, now),))]
    return min(moments) + timedelta(microseconds=1) if moments else None


def _unanswered(state: CaseState) -> tuple[Asked, ...]:
    return tuple(one for one in state.supervisions if one.seq not in state.supervisions_answered)


def next_look(clocks: Clocks, now: datetime) -> datetime | None:
    """When the sweep must look at the case again: the next moment at which a light changes or a pause ends."""
    clock_moments = [clocks.whole.thresholds] + ([clocks.step.thresholds] if clocks.step is not None else [])
    moments = [moment for one in clock_moments for moment in _moments(one)] + [clocks.paused_until]
    return min((moment for moment in moments if moment is not None and moment > now), default=None)


def _moments(thresholds: Thresholds) -> tuple[datetime | None, datetime | None, datetime | None]:
    return thresholds.yellow_at, thresholds.red_at, thresholds.very_late_at


def _warnings(state: CaseState, clocks: Clocks, now: datetime) -> list[Warned]:
    found = []
    for of, clock in (("whole", clocks.whole), ("step", clocks.step)):
        light = None if clock is None else clock.thresholds.light(now, clocks.paused_until)
        if clock is None or light not in (Light.YELLOW, Light.RED, Light.VERY_LATE):
            continue
        warned = Warned(light, of, clock.due_at)
        if (str(light), of, warned.data["due_at"]) not in state.warned:
            found.append(warned)
    return found
