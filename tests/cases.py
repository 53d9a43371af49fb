"""Cases told as stories: each act goes through the flow, so that no test writes an event that could not happen."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from gridmap.case.calendar import Calendar, default_calendar
from gridmap.case.flow import Asker, Planned, decide
from gridmap.case.kinds import Event, check_event
from gridmap.case.process import Process, default_processes
from gridmap.case.spans import Clocks, measure
from gridmap.case.state import CaseState, apply, fold
from gridmap.case.terms import Level, Party

#: a Monday, 9:30 in Shanghai
START = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
CALENDAR = default_calendar()
PROCESSES = default_processes()

WORKER = Asker(Party.WORKER, 1, worker_id=11)
DESK = Asker(Party.DISPATCHER, 2, level=Level.COMMUNITY)
TOWN_DESK = Asker(Party.DISPATCHER, 3, level=Level.TOWN)
COUNTY_DESK = Asker(Party.DISPATCHER, 4, level=Level.COUNTY)
HANDLER = Asker(Party.HANDLER, 5, body_id=50)
OTHER_HANDLER = Asker(Party.HANDLER, 6, body_id=60)
SUPERVISOR = Asker(Party.SUPERVISOR, 7, level=Level.COUNTY)
OTHER_WORKER = Asker(Party.WORKER, 8, worker_id=12)


@dataclass
class Story:
    """A case as its events; the clock moves on with `after`."""

    process: Process = field(default_factory=lambda: PROCESSES["dispute"])
    calendar: Calendar = field(default_factory=lambda: CALENDAR)
    now: datetime = START
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state: CaseState = fold(self.events)
        if not self.events:
            self.write(
                "reported", category="mining-dust", channel="worker", cell_id=7, process=self.process.code,
                process_version=self.process.version, calendar=self.calendar.version, level=str(self.process.ladder[0]),
            )  # fmt: skip
            self.write("assigned", cell_id=7, worker_id=11, body_id=21, area_id=3, reason="primary")

    def after(self, **time: float) -> Self:
        self.now += timedelta(**time)
        return self

    def write(self, kind: str, account_id: int | None = None, **data: Any) -> Self:
        check_event(kind, data)
        self.events.append(Event(len(self.events) + 1, kind, self.now, account_id, data))
        self.state = apply(self.state, self.events[-1])
        return self

    def plan(self, action: str, asker: Asker, **given: Any) -> Planned:
        return decide(self.state, self.process, action, asker, given, self.now)

    def act(self, action: str, asker: Asker, **given: Any) -> Self:
        planned = self.plan(action, asker, **given)
        self.write(planned.kind, asker.account_id, **planned.data)
        assert self.state.status is planned.status
        return self

    def clocks(self, now: datetime | None = None) -> Clocks:
        return measure(self.state, self.process, self.calendar, now or self.now)

    # --- the usual ways ---------------------------------------------------------------------------------------------

    def accepted(self) -> Self:
        return self.act("accept", WORKER)

    def dispatched(self) -> Self:
        return self.act("dispatch", DESK, body_id=50)

    def signed(self) -> Self:
        return self.dispatched().act("sign", HANDLER)

    def handling(self) -> Self:
        return self.accepted().act("handle", WORKER)

    def paused(self, days: float = 3) -> Self:
        return self.handling().pause(WORKER, days)

    def pause(self, asker: Asker, days: float) -> Self:
        until = self.now + timedelta(days=days)
        return self.act("pause", asker, reason="waiting_survey", until=until, note="the surveyor comes")

    def resolved(self) -> Self:
        return self.handling().act("resolve", WORKER, outcome="settled", note="they shook hands")

    def verified(self) -> Self:
        return self.resolved().act("verify", DESK, passed=True, note="seen on the spot")

    def closed(self) -> Self:
        return self.verified().act("close", DESK)

    def returned(self) -> Self:
        return self.signed().act("return", HANDLER, reason="not_ours", note="not our road")

    def escalated(self) -> Self:
        return self.act("escalate", DESK, reason="beyond_powers")

    def reopened(self) -> Self:
        return self.closed().act("reopen", DESK, reason="not_done", note="the dust is back")

    def voided(self) -> Self:
        return self.act("void", DESK, reason="test", note="a try")

    def merged(self) -> Self:
        return self.act("merge", DESK, into_id=99)

    def unplaced(self) -> Self:
        return self.write("moved", from_cell_id=7, to_cell_id=None)

    def assigned(self) -> Self:
        return self
