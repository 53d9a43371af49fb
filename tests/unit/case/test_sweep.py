"""What time alone brings about: each warning once, pauses that run out, supervision, the next rung."""

from __future__ import annotations

from datetime import timedelta

from gridmap.case.clock import Light
from gridmap.case.flow import SYSTEM
from gridmap.case.sweep import Duties, duties, next_look
from gridmap.case.terms import Level, Status
from tests.cases import SUPERVISOR, WORKER, Story


def due(story: Story) -> Duties:
    return duties(story.state, story.process, story.clocks(), story.now)


def carried_out(story: Story) -> list[str]:
    """Do what is due; what was done."""
    found = due(story)
    for warned in found.warnings:
        story.write("warned", **warned.data)
    for action, given in found.actions:
        story.act(action, SYSTEM, **given)
    return [f"{one.light} {one.of}" for one in found.warnings] + [action for action, _given in found.actions]


def test_each_warning_once() -> None:
    """Intake: 3 h 30 of office time from 9:30, so yellow at 14:37:30 and red after 15:30."""
    story = Story()
    assert carried_out(story.after(hours=5)) == []
    assert carried_out(story.after(minutes=10)) == ["yellow step"]
    assert carried_out(story) == []
    assert carried_out(story.after(hours=1)) == ["red step", "supervise"]
    assert carried_out(story) == carried_out(story.after(hours=1)) == []
    assert [one.reason for one in story.state.supervisions] == ["overdue"]


def test_a_light_passed_unseen_is_told_once_at_its_worst() -> None:
    story = Story().after(days=3)
    assert carried_out(story) == ["very_late step", "supervise", "escalate"]
    assert (story.state.status, story.state.level) == (Status.ESCALATED, Level.TOWN)
    assert carried_out(story) == []


def test_what_nobody_takes_climbs_to_the_top_and_stays() -> None:
    story = Story()
    for _ in range(40):
        carried_out(story.after(days=1))
    assert story.state.level is Level.CITY
    assert [one.kind for one in story.events].count("escalated") == 3
    assert {one.reason for one in story.state.supervisions} == {"overdue", "very_late"}


def test_a_pause_that_ran_out() -> None:
    story = Story().paused(days=2)
    assert carried_out(story.after(days=1)) == []
    assert carried_out(story.after(days=1)) == ["resume"]
    assert story.state.status is Status.HANDLING


def test_a_new_due_moment_is_warned_of_anew() -> None:
    story = Story().handling().after(days=12)
    assert carried_out(story) == ["red step", "supervise"]
    story.act("extend_ask", WORKER, more={"workdays": 3}, reason="complex", note="x")
    story.act("extend_grant", SUPERVISOR, more={"workdays": 3})
    assert carried_out(story) == ["red step"]


def test_the_next_look() -> None:
    story = Story()
    for _ in range(30):
        look = next_look(story.clocks(), story.now)
        if look is None:
            break
        before = story.clocks().light(look - timedelta(microseconds=1))
        after = story.clocks().light(look + timedelta(microseconds=1))
        assert before is not after or before is Light.VERY_LATE or story.clocks().step is not None
        assert look > story.now
        story.now = look + timedelta(microseconds=1)
        assert due(story)
        carried_out(story)
    assert next_look(story.clocks(), story.now) is None


def test_ended_cases_are_left_alone() -> None:
    for story in (Story().closed(), Story().voided(), Story().merged()):
        assert not due(story.after(days=500))
        assert next_look(story.clocks(), story.now) is None
