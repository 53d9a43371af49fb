"""Laws of a case's clocks on random walks through the flow: nothing is lost by a pause, a priority or other hands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.case.actions import RULES
from gridmap.case.calendar import Calendar, Office, SpecialDay
from gridmap.case.clock import Light
from gridmap.case.flow import SYSTEM, Asker, allowed
from gridmap.case.inputs import InputType
from gridmap.case.kinds import Event
from gridmap.case.limits import ClockKind
from gridmap.case.spans import EVERY_MINUTE, measure
from gridmap.case.state import CaseState, apply, fold
from gridmap.case.why import explain
from gridmap.case.worktime import to_micros
from tests.cases import (
    CALENDAR,
    COUNTY_DESK,
    DESK,
    HANDLER,
    OTHER_HANDLER,
    PROCESSES,
    SUPERVISOR,
    TOWN_DESK,
    WORKER,
    Story,
)

ASKERS = (WORKER, DESK, TOWN_DESK, COUNTY_DESK, HANDLER, OTHER_HANDLER, SUPERVISOR, SYSTEM)
#: clocks jump here on 8 March and 1 November 2026
NEW_YORK = Calendar("America/New_York", (Office("01-01", ((0, 480), (540, 1020))),), workdays=0b111_1111)
STARTS = (
    datetime(2024, 2, 27, 1, tzinfo=UTC),
    datetime(2026, 2, 12, 7, tzinfo=UTC),
    datetime(2026, 3, 6, 20, tzinfo=UTC),
)


def entered(draw: st.DrawFn, story: Story, action: str) -> dict[str, Any]:
    """Something for each field that the action asks for."""
    given: dict[str, Any] = {}
    for one in RULES[action].inputs:
        match one.type:
            case InputType.CODE:
                given[one.name] = draw(st.sampled_from(one.codes or ("urgent", "normal")))
            case InputType.TEXT:
                given[one.name] = "said"
            case InputType.FLAG:
                given[one.name] = draw(st.booleans())
            case InputType.LIMIT:
                given[one.name] = story.state.extension_asked.more if action == "extend_grant" else {"workdays": 1}
            case InputType.MOMENT:
                given[one.name] = story.now + timedelta(hours=draw(st.integers(1, 14 * 24)))
            case InputType.IDS:
                given[one.name] = [7]
            case InputType.ID:
                given[one.name] = draw(st.sampled_from((50, 60)))
    return given


#: walks end too soon with these, or need more than one story
NOT_WALKED = {"void", "merge", "split", "ask_help", "answer_help", "recategorise", "link", "move", "hand_over"}


@st.composite
def walks(draw: st.DrawFn, process: str = "dispute") -> Story:
    calendar = draw(st.sampled_from((CALENDAR, NEW_YORK)))
    story = Story(process=PROCESSES[process], calendar=calendar, now=draw(st.sampled_from(STARTS)))
    for _ in range(draw(st.integers(0, 14))):
        story.after(minutes=draw(st.sampled_from((0, 1, 37, 300, 24 * 60, 5 * 24 * 60 + 11))))
        asker: Asker = draw(st.sampled_from(ASKERS))
        ways = [one.action for one in allowed(story.state, story.process, asker, story.now) if one]
        ways = [one for one in ways if one not in NOT_WALKED and not one.startswith(("supervise", "comment", "attach"))]
        if ways:
            action = draw(st.sampled_from(ways))
            story.act(action, asker, **entered(draw, story, action))
    return story.after(minutes=draw(st.integers(0, 40 * 24 * 60)))


def counted(story: Story, now: datetime | None = None) -> int:
    return story.clocks(now).whole.used_us


def passed(story: Story, start: datetime, end: datetime) -> int:
    timeline = EVERY_MINUTE if story.clocks().whole.kind is ClockKind.EMERGENCY else story.calendar.work_time
    return int(timeline.passed(np.array(to_micros(start)), np.array(to_micros(end))))


@settings(max_examples=60, deadline=None)
@given(story=st.one_of(walks(), walks("emergency")), later=st.integers(0, 90))
def test_the_spans_cover_the_case_and_add_up(story: Story, later: int) -> None:
    """Every moment since receipt is in one span; those that run add up to the used time, the others count nothing."""
    told = explain(story.state, story.process, story.calendar, story.now)
    for clock in filter(None, (told.clocks.whole, told.clocks.step)):
        assert sum(span.counted_us for span in clock.spans) == clock.used_us
        assert clock.spans[0].start == story.events[0].at
        assert all(one.end == two.start for one, two in zip(clock.spans, clock.spans[1:], strict=False))
        assert clock.spans[-1].end is None
        assert all(span.counted_us == 0 for span in clock.spans if span.kind != "running")
    total = sum(passed(story, one.start, one.end or max(story.now, one.start)) for one in told.clocks.whole.spans)
    assert total >= told.clocks.whole.used_us
    again = measure(story.state, story.process, story.calendar, story.now + timedelta(days=later))
    assert again.columns() == told.clocks.columns()


@settings(max_examples=40, deadline=None)
@given(story=walks())
def test_used_time_and_lights_agree(story: Story) -> None:
    """At the due moment of a clock that runs its limit is used up, and a microsecond before it is not."""
    whole = story.clocks().whole
    if whole.thresholds.red_at is not None:
        assert story.clocks(whole.due_at).whole.used_us == whole.limit_us
        assert counted(story, whole.due_at - timedelta(microseconds=1)) < whole.limit_us
        assert counted(story, whole.thresholds.yellow_at) == round(whole.limit_us * 0.75)  # type: ignore[union-attr]
        assert whole.thresholds.light(whole.due_at) is Light.YELLOW
        assert whole.thresholds.light(whole.due_at + timedelta(microseconds=1)) is Light.RED


@settings(max_examples=40, deadline=None)
@given(story=walks(), hours=st.integers(1, 300))
def test_a_pause_shortens_no_time_worked(story: Story, hours: int) -> None:
    """With a pause, what was counted before stays, nothing is counted in it, and all that follows is counted on."""
    plain = Story(story.process, story.calendar, story.now, list(story.events))
    if not any(one.action == "pause" and one for one in allowed(story.state, story.process, WORKER, story.now)):
        return
    began, due_at = story.now, story.clocks().whole.due_at
    before = counted(story)
    story.pause(WORKER, 14).after(hours=hours)
    ended = min(story.now, began + timedelta(days=14))
    assert counted(story, ended) == before
    story.act("resume", WORKER).after(days=3)
    gone = passed(story, began, ended)
    assert counted(story) == counted(plain, story.now) - gone
    assert passed(story, due_at, story.clocks().whole.due_at) == (gone if due_at >= began else 0)


@settings(max_examples=40, deadline=None)
@given(story=walks(), priority=st.sampled_from(("normal", "urgent")))
def test_changing_the_priority_loses_no_pause(story: Story, priority: str) -> None:
    before = story.clocks()
    story.write("prioritised", 2, priority=priority)
    after = story.clocks()
    assert after.whole.used_us == before.whole.used_us
    assert [(span.start, span.kind) for span in after.whole.spans] == [
        (span.start, span.kind) for span in before.whole.spans
    ]


@settings(max_examples=40, deadline=None)
@given(story=walks(), at=st.floats(0, 1), hands=st.sampled_from(("handed_over", "assigned")))
def test_other_hands_never_reset_a_clock(story: Story, at: float, hands: str) -> None:
    """A hand-over anywhere in the story, or another assignment of its cell, moves no moment of any clock."""
    before = story.clocks()
    place = 2 + round(at * (len(story.events) - 2))
    data = {"worker_id": 12, "body_id": 21, "reason": "leave"} | ({"cell_id": 7} if hands == "assigned" else {})
    moved = Event(0, hands, story.events[place - 1].at, None, data)
    told = [*story.events[:place], moved, *story.events[place:]]
    changed = fold(Event(n, one.kind, one.at, one.account_id, one.data) for n, one in enumerate(told, start=1))
    after = measure(changed, story.process, story.calendar, story.now)
    assert after.columns() == before.columns()
    assert after.whole.used_us == before.whole.used_us


@settings(max_examples=40, deadline=None)
@given(story=walks(), offset=st.integers(-400, 400))
def test_a_new_calendar_moves_only_what_it_touches(story: Story, offset: int) -> None:
    """A day taken off outside a case's time moves nothing; within it nothing comes due earlier."""
    day = (story.events[0].at + timedelta(days=offset)).date()
    changed = story.calendar.with_exception(day, SpecialDay(False, "typhoon"))
    before = story.clocks()
    story.write("calendar_changed", calendar=changed.version, by="system")
    story.calendar = changed
    after = story.clocks()
    outside = day < story.events[0].at.date() - timedelta(days=1) or day > before.whole.due_at.date() + timedelta(
        days=1
    )
    assert after.whole.due_at == before.whole.due_at if outside else after.whole.due_at >= before.whole.due_at
    assert after.whole.used_us <= before.whole.used_us


@settings(max_examples=60, deadline=None)
@given(story=walks())
def test_the_same_events_give_the_same_state(story: Story) -> None:
    state = CaseState()
    for event in story.events:
        state = apply(state, event)
    assert state == story.state == fold(story.events)
    assert state.status in {stay.status for stay in state.stays}
    assert story.clocks() == story.clocks()
