"""Lights and clocks by hand: three quarters yellow, past due red, past three times very late; what stops a clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from gridmap.case.calendar import SpecialDay
from gridmap.case.clock import Light, Thresholds, lights, opening
from gridmap.case.kinds import Event
from gridmap.case.limits import ClockKind, Limit, of_category
from gridmap.case.spans import EVERY_MINUTE, measure
from gridmap.case.state import fold
from gridmap.case.terms import Status
from gridmap.case.why import explain
from gridmap.errors import InvalidInput
from tests.cases import CALENDAR, DESK, HANDLER, OTHER_WORKER, PROCESSES, START, SUPERVISOR, TOWN_DESK, WORKER, Story

ELAPSED_START = datetime(2026, 2, 28, 22, 0, tzinfo=UTC)
HOUR = 3_600_000_000


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        (0, Light.GREEN),
        (74.9, Light.GREEN),
        (75, Light.YELLOW),
        (100, Light.YELLOW),
        (100.001, Light.RED),
        (300, Light.RED),
        (300.001, Light.VERY_LATE),
    ],
)
def test_lights(hours: float, expected: Light) -> None:
    now = ELAPSED_START + timedelta(hours=hours)
    opened = opening(
        np.array(["2026-02-28T22:00"], "datetime64[us]"), Limit(100, "hours"), None, {"emergency": EVERY_MINUTE}, 420
    ).iloc[0]
    moments = Thresholds(*(opened[name].to_pydatetime() for name in ("yellow_at", "red_at", "very_late_at")))
    assert moments.light(now) is expected


def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}:00+08:00")


def test_the_steps_have_their_own_clocks() -> None:
    """Monday 9:30: half a workday (3 h 30) to accept, fifteen for the whole."""
    story = Story()
    clocks = story.clocks()
    assert clocks.step is not None
    assert (clocks.step_name, clocks.step.due_at) == ("intake", shanghai("2026-03-02T15:30"))
    # after 9:30 a day holds six hours; 105 hours end on the sixteenth workday, 9:30
    assert clocks.whole.due_at == shanghai("2026-03-23T09:30")
    assert clocks.thresholds.red_at == clocks.step.due_at
    assert clocks.light(shanghai("2026-03-02T15:30")) is Light.YELLOW
    assert clocks.light(shanghai("2026-03-02T15:31")) is Light.RED
    story.after(hours=7).accepted()
    clocks = story.clocks()
    assert (clocks.step_name, clocks.light(story.now)) == ("mediate-community", Light.GREEN)
    assert clocks.columns()["step"] == "mediate-community"


def test_a_pause_moves_the_due_moment_by_what_it_took() -> None:
    story = Story().handling()
    before = story.clocks().whole.due_at
    story.after(hours=1).pause(WORKER, 2).after(hours=2).act("resume", WORKER)
    # paused from 10:30 to 12:30: an hour and a half of office time
    assert story.clocks().whole.due_at - before == timedelta(hours=1, minutes=30)
    assert story.clocks().whole.used_us == HOUR
    assert story.clocks(story.now + timedelta(days=300)).whole.due_at == story.clocks().whole.due_at


def test_a_pause_nobody_ends_ends_at_its_limit() -> None:
    story = Story().handling().pause(WORKER, 1)
    due_at = story.clocks().whole.due_at
    assert due_at == shanghai("2026-03-24T09:30")
    assert story.clocks().light(story.now) is Light.PAUSED
    assert story.clocks().light(story.now + timedelta(days=1)) is Light.GREEN
    late = Story().handling().pause(WORKER, 1).after(days=20).act("resume", WORKER)
    assert late.clocks().whole.due_at == due_at
    assert [span.why for span in late.clocks().whole.spans if span.kind == "running"][-2:] == ["pause_over", "resumed"]


def test_a_pause_hides_no_red() -> None:
    story = Story().handling().after(days=12).pause(WORKER, 5)
    assert story.clocks().light(story.now) is Light.RED


def test_waiting_for_verification_is_not_the_handlers_time() -> None:
    story = Story().handling().after(hours=2).act("resolve", WORKER, outcome="settled", note="done").after(days=7)
    clocks = story.clocks()
    assert (clocks.whole.used_us, clocks.whole.running, clocks.whole.thresholds) == (2 * HOUR, False, Thresholds())
    assert clocks.light(story.now) is Light.VERY_LATE  # the verification's own clock: a workday
    assert clocks.step is not None
    assert clocks.thresholds == clocks.step.thresholds
    story.act("verify", DESK, passed=False, note="no")
    assert story.clocks().whole.used_us == 2 * HOUR
    assert story.clocks().light(story.now) is Light.GREEN


def test_in_an_emergency_it_is() -> None:
    story = Story(process=PROCESSES["emergency"]).handling().act("resolve", WORKER, outcome="settled", note="x")
    assert story.after(hours=3).clocks().whole.used_us == 3 * HOUR
    assert story.clocks().whole.kind is ClockKind.EMERGENCY


def test_an_extension_lengthens_the_whole_and_its_step() -> None:
    story = Story().handling()
    before = story.clocks()
    story.act("extend_ask", WORKER, more={"workdays": 2}, reason="complex", note="x")
    story.act("extend_grant", SUPERVISOR, more={"workdays": 2})
    after = story.clocks()
    assert after.whole.limit_us - before.whole.limit_us == 14 * HOUR
    assert before.step is not None
    assert after.step is not None
    assert after.step.limit_us - before.step.limit_us == 14 * HOUR
    assert after.whole.due_at == shanghai("2026-03-25T09:30")


def test_each_rung_has_its_own_step_and_the_whole_goes_on() -> None:
    story = Story().handling().after(hours=2).act("escalate", WORKER, reason="no_agreement")
    story.act("accept", TOWN_DESK)
    assert (story.clocks().step_name, story.clocks().whole.used_us) == ("mediate-town", 2 * HOUR)
    assert story.clocks().step is not None
    assert story.clocks().step.used_us == 0  # type: ignore[union-attr]


def test_coming_back_to_a_step_goes_on_where_it_was() -> None:
    """Sent out, returned, sent out again: the half day for signing is not given twice."""
    story = Story().dispatched().after(hours=1).act("return", HANDLER, reason="not_ours", note="x")
    story.after(hours=1).act("dispatch", DESK, body_id=50)
    clocks = story.clocks()
    assert clocks.step is not None
    assert (clocks.step_name, clocks.step.used_us) == ("sign", HOUR)


def test_reopening_adds_time_and_begins_the_steps_anew() -> None:
    story = Story().after(hours=2).closed()
    closed = story.clocks()
    assert (closed.light(story.now), closed.thresholds, closed.step) == (None, Thresholds(), None)
    story.after(days=10).act("reopen", DESK, reason="not_done", note="x")
    clocks = story.clocks()
    assert clocks.whole.used_us == 2 * HOUR
    assert clocks.whole.limit_us - closed.whole.limit_us == 5 * 7 * HOUR
    assert clocks.step is not None
    assert (clocks.step_name, clocks.step.used_us) == ("intake", 0)


def test_priority_and_category_reckon_again_from_the_start() -> None:
    story = Story().after(hours=2).act("prioritise", DESK, priority="urgent")
    assert (story.clocks().whole.limit_us, story.clocks().whole.used_us) == (round(7.5 * 7 * HOUR), 2 * HOUR)
    story.write("recategorised", category="fire", process="dispute", process_version=1, limit={"hours": 8})
    clocks = story.clocks()
    assert (clocks.whole.kind, clocks.whole.due_at) == (ClockKind.EMERGENCY, START + timedelta(hours=4))
    assert clocks.whole.used_us == 2 * HOUR


def test_a_new_calendar_reckons_open_deadlines_again() -> None:
    story = Story().accepted()
    typhoon = CALENDAR.with_exception(date(2026, 3, 3), SpecialDay(False, "typhoon"))
    story.write("calendar_changed", calendar=typhoon.version, by="system")
    with pytest.raises(InvalidInput, match="calendar"):
        story.clocks()
    story.calendar = typhoon
    assert story.clocks().whole.due_at == shanghai("2026-03-24T09:30")


def test_a_case_from_before_counts_as_it_was_promised() -> None:
    """Events written before the whole flow name neither process nor calendar nor limit: whoever reads them says so."""
    events = [
        Event(1, "reported", START, 1, {"category": "mining-dust", "channel": "worker", "cell_id": 7}),
        Event(2, "assigned", START, 1, {"cell_id": 7, "worker_id": 11, "reason": "primary"}),
    ]
    state = replace(fold(events), limit=Limit(168, "hours"))
    assert (state.status, state.process, state.calendar) == (Status.ASSIGNED, None, None)
    clocks = measure(state, PROCESSES["dispute"], CALENDAR, START)
    assert (clocks.whole.kind, clocks.whole.due_at) == (ClockKind.EMERGENCY, START + timedelta(hours=168))
    closed = replace(fold([*events, Event(3, "closed", START, 1, {})]), limit=Limit(168, "hours"))
    assert measure(closed, PROCESSES["dispute"], CALENDAR, START).light(START) is None
    with pytest.raises(InvalidInput, match="first event"):
        measure(fold([]), PROCESSES["dispute"], CALENDAR, START)


def test_the_fold_refuses_what_it_does_not_know() -> None:
    with pytest.raises(InvalidInput, match="noted"):
        fold([Event(1, "noted", START, 1, {})])
    with pytest.raises(InvalidInput, match="follows"):
        fold([Event(2, "commented", START, 1, {}), Event(2, "commented", START, 1, {})])


def test_a_clock_set_back_between_two_events_counts_nothing_twice() -> None:
    story = Story().after(hours=2).accepted()
    story.now -= timedelta(hours=1)
    story.act("handle", WORKER).after(hours=2)
    assert all(one.end is None or one.start <= one.end for one in story.clocks().whole.spans)
    assert story.clocks().whole.used_us == round(2.5 * HOUR)  # 9:30 to 12:30, the lunch break taken off


def test_why_is_this_red() -> None:
    story = Story().handling().after(hours=1).pause(WORKER, 3).after(days=1).act("resume", WORKER)
    story.act("hand_over", WORKER, worker_id=12, reason="leave").after(days=14)
    told = explain(story.state, story.process, story.calendar, story.now)
    assert told.light is Light.RED
    assert sum(span.counted_us for span in told.clock.spans) == told.clock.used_us
    said = told.to_json()
    assert said["of"] == "step"
    assert [span["kind"] for span in said["spans"]] == [
        "elsewhere", "elsewhere", "running", "running", "paused", "running", "running",
    ]  # fmt: skip
    assert said["spans"][-1]["worker_id"] == OTHER_WORKER.worker_id
    assert (said["spans"][-1]["why"], said["provisional"]) == ("handed_over", [])
    assert sum(span["counted_min"] for span in said["spans"]) == pytest.approx(said["used_min"])
    assert said["limit"] == [{"why": "step", "amount": {"workdays": 5}, "event": None, "at": None}]


def test_provisional_years_are_named() -> None:
    story = Story(now=datetime(2026, 12, 28, 1, 0, tzinfo=UTC))
    assert explain(story.handling().state, story.process, CALENDAR, story.now).provisional == (2027,)


def test_lights_of_a_frame_are_those_of_each_row() -> None:
    rng = np.random.default_rng(5)
    base = pd.Timestamp("2026-03-02", tz="UTC")
    n = 4000
    offsets = rng.integers(-50, 50, (n, 4)).astype(float)
    offsets[:, :3].sort(axis=1)
    offsets[rng.random((n, 4)) < 0.2] = np.nan
    names = ["yellow_at", "red_at", "very_late_at", "paused_until"]
    frame = pd.DataFrame(
        {name: base + pd.to_timedelta(offsets[:, column], unit="h") for column, name in enumerate(names)}
    )
    frame["ended"] = rng.random(n) < 0.1
    shown = lights(frame, base.to_pydatetime())
    for row, said in zip(frame.itertuples(), shown, strict=True):
        moments = [
            None if pd.isna(one) else one.to_pydatetime() for one in (row.yellow_at, row.red_at, row.very_late_at)
        ]
        until = None if pd.isna(row.paused_until) else row.paused_until.to_pydatetime()
        expected = None if row.ended else str(Thresholds(*moments).light(base.to_pydatetime(), until))
        assert said == expected
    assert set(shown.dropna()) == {str(one) for one in Light}


def test_opening_is_what_the_fold_says() -> None:
    process = PROCESSES["dispute"]
    step = process.step("intake").limit
    starts = [START + timedelta(hours=7.3 * n) for n in range(60)]
    naive = np.array([one.replace(tzinfo=None) for one in starts], dtype="datetime64[us]")
    limits = np.array([of_category(168 if n % 2 else 360, ClockKind.WORK) for n in range(60)], dtype=object)
    frame = opening(naive, limits, step, {"work": CALENDAR.work_time}, CALENDAR.workday_min)
    for number, start in enumerate(starts):
        story = Story(now=start)
        story.write("recategorised", category="mining-dust", limit=limits[number].to_json())
        columns = story.clocks().columns()
        assert {name: frame[name][number] for name in frame} == {name: columns[name] for name in frame}


def test_limits_on_the_other_clock() -> None:
    assert of_category(168, ClockKind.WORK) == Limit(7, "workdays")
    assert Limit(3, "workdays").on(ClockKind.EMERGENCY) == Limit(72, "hours")
    assert Limit(2, "work_hours").on(ClockKind.EMERGENCY) == Limit(2, "hours")
    assert Limit(720, "minutes").on(ClockKind.WORK) == Limit(0.5, "workdays")
    assert Limit(0.5, "workdays").micros(420) == round(3.5 * HOUR)
