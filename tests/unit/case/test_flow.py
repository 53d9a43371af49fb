"""The transition table: every status, action and party, against a table written by hand; and the rules beyond it."""

from __future__ import annotations

import itertools

import pytest

from gridmap.case.actions import RULES, Tie
from gridmap.case.flow import RESIDENT, SYSTEM, Asker, allowed, decide, judge
from gridmap.case.inputs import Part
from gridmap.case.kinds import EVENT_KINDS, check_event
from gridmap.case.process_check import check
from gridmap.case.state import CHANGES
from gridmap.case.terms import Level, Party, Status
from gridmap.errors import Conflict, Forbidden, InvalidInput
from gridmap.view import Role
from tests.cases import (
    COUNTY_DESK,
    DESK,
    HANDLER,
    OTHER_HANDLER,
    OTHER_WORKER,
    PROCESSES,
    START,
    SUPERVISOR,
    TOWN_DESK,
    WORKER,
    Story,
)

#: letters of the statuses: Unplaced aSsigned Accepted Dispatched siGned Handling Paused resolVed verIfied Closed
#: Returned Escalated reOpened voiDed(x) Merged
LETTERS = {
    "u": Status.UNPLACED, "s": Status.ASSIGNED, "a": Status.ACCEPTED, "d": Status.DISPATCHED, "g": Status.SIGNED,
    "h": Status.HANDLING, "p": Status.PAUSED, "v": Status.RESOLVED, "i": Status.VERIFIED, "c": Status.CLOSED,
    "r": Status.RETURNED, "e": Status.ESCALATED, "o": Status.REOPENED, "x": Status.VOIDED, "m": Status.MERGED,
}  # fmt: skip
#: letters of the parties: Worker Dispatcher Handler Supervisor Resident sYstem
PARTIES = {
    "w": Party.WORKER, "d": Party.DISPATCHER, "h": Party.HANDLER, "s": Party.SUPERVISOR, "r": Party.RESIDENT,
    "y": Party.SYSTEM,
}  # fmt: skip
#: action: from which statuses, by whom
SPEC = {
    "accept": "usreo wdh", "dispatch": "usreoa wdy", "sign": "d dh", "handle": "ag wdh", "return": "sdagh wdh",
    "escalate": "usreoadgh wdhsy", "resolve": "sagh wdh", "verify": "v wds", "close": "vi wdhy", "reopen": "c ds",
    "void": "usreoadghp ds", "withdraw": "usreo r", "merge": "usreoadghp d",
    "pause": "agh wdh", "resume": "p wdhsy", "hand_over": "usreoadghpvi wdhsy", "ask_help": "agh wdh",
    "answer_help": "aghp wdh", "meet": "agh wdh", "extend_ask": "agh wdh", "extend_grant": "aghp s",
    "extend_refuse": "aghp s", "split": "agh wdh", "link": "usreoadghpvi wdh", "comment": "usreoadghpvic wdhsr",
    "attach": "usreoadghpvic wdhsr", "move": "usreoadghp wd", "recategorise": "usreoadgh wdh",
    "prioritise": "usreoadghp ds", "supervise": "usreoadghpvi sy", "supervise_reply": "usreoadghpvi wdh",
    "supervise_end": "usreoadghpvic s", "appeal": "c rw", "appeal_refuse": "c ds", "rate": "c rwd",
}  # fmt: skip


def everybody(holding: bool) -> dict[Party, Asker]:
    """One asker of each party, who has the case in hand or has nothing to do with it."""
    worker, body = (11, 50) if holding else (99, 99)
    level = Level.COUNTY if holding else Level.COMMUNITY
    return {
        party: Asker(party, 1000 + number, worker_id=worker if party is Party.WORKER else None,
                     body_id=body if party is Party.HANDLER else None, level=level)
        for number, party in enumerate(Party)
    }  # fmt: skip


def told(status: Status) -> Story:
    return getattr(Story(), str(status))()


def test_the_table_is_the_one_written_by_hand() -> None:
    assert set(SPEC) == set(RULES)
    for action, spec in SPEC.items():
        froms, parties = spec.split()
        assert {LETTERS[letter] for letter in froms} == RULES[action].froms, action
        assert {PARTIES[letter] for letter in parties} == RULES[action].parties, action


@pytest.mark.parametrize("code", sorted(PROCESSES))
@pytest.mark.parametrize("status", list(Status))
def test_every_status_action_and_party(status: Status, code: str) -> None:
    """What table and step do not allow is refused with the reason; what they allow waits for its guards alone."""
    state, process = told(status).state, PROCESSES[code]
    step = process.step_of(state.working, state.level)
    for holding, action in itertools.product((True, False), SPEC):
        froms, parties = SPEC[action].split()
        for party, asker in everybody(holding).items():
            verdict = judge(state, process, action, asker, START)
            named = RULES[action].always or (step is not None and party in step.may.get(action, ()))
            if party not in {PARTIES[letter] for letter in parties}:
                expected = "party"
            elif status not in {LETTERS[letter] for letter in froms}:
                expected = "status"
            elif not named:
                expected = "process"
            else:
                expected = "" if tied(RULES[action].tie, status, party, holding) else "holder"
            if expected:
                assert (verdict.allowed, verdict.code) == (False, expected), (action, party)
                assert len(verdict.reason) > 20
            else:
                assert verdict.allowed or verdict.code not in ("party", "status", "process", "holder"), (action, party)
                assert verdict.allowed or len(verdict.reason) > 10


def tied(tie: Tie, status: Status, party: Party, holding: bool) -> bool:
    """Who has each story's case in hand: the body it was sent to, else its worker and the desk, or the desk alone."""
    at_body = status in (Status.DISPATCHED, Status.SIGNED)
    on_desk_alone = status in (Status.RETURNED, Status.ESCALATED, Status.REOPENED)
    has_it = {
        Party.WORKER: holding and not at_body and not on_desk_alone,
        Party.HANDLER: holding and at_body,
        Party.DISPATCHER: not at_body and (holding or status is not Status.ESCALATED),
        Party.SYSTEM: True,
    }.get(party, False)
    over = party in (Party.DISPATCHER, Party.SUPERVISOR) and (holding or status is not Status.ESCALATED)
    return tie is Tie.ANY or has_it or (tie is Tie.OVER and over)


@pytest.mark.parametrize("status", list(Status))
def test_ended_cases_and_roles_without_cases_do_nothing(status: Status) -> None:
    state = told(status).state
    for party in (Party.PLANNER, Party.APPROVER, Party.OFFICIAL, Party.ADMIN):
        assert not any(allowed(state, PROCESSES["dispute"], Asker(party, 1, 11, 50), START))
    if status in (Status.VOIDED, Status.MERGED):
        for asker in (*everybody(True).values(), SYSTEM, RESIDENT):
            assert not any(allowed(state, PROCESSES["dispute"], asker, START))


def test_every_role_is_a_party() -> None:
    assert {str(role) for role in Role} < {str(party) for party in Party}


def test_every_event_has_its_fields_and_its_change() -> None:
    assert set(EVENT_KINDS) == set(CHANGES)
    assert {rule.event for rule in RULES.values()} < set(EVENT_KINDS)


def test_events_take_no_sentence() -> None:
    check_event("paused", {"reason": "waiting_survey", "until": "2026-03-05T00:00:00+00:00", "note_id": 4})
    for kind, data, field in (
        ("paused", {"reason": "the neighbour is ill", "until": "2026-03-05T00:00:00+00:00"}, "reason"),
        ("commented", {"text": "hello"}, "text"),
        ("dispatched", {"body_id": "50"}, "body_id"),
        ("paused", {"reason": "other", "until": "2026-03-05"}, "until"),
        ("extension_asked", {"reason": "other", "more": {"workdays": -1}}, "more"),
    ):
        with pytest.raises(InvalidInput) as caught:
            check_event(kind, data)
        assert caught.value.details["field"] == field
        assert "ill" not in caught.value.message
    with pytest.raises(InvalidInput, match="noted"):
        check_event("noted", {})


# --- the rules beyond the table -------------------------------------------------------------------------------------


def refusal(story: Story, action: str, asker: Asker) -> str:
    return judge(story.state, story.process, action, asker, story.now).code


def test_whoever_resolved_does_not_verify() -> None:
    story = Story().resolved()
    assert refusal(story, "verify", WORKER) == "verifier"
    assert refusal(story, "verify", OTHER_WORKER) == "allowed"
    with pytest.raises(Conflict) as caught:
        story.plan("verify", WORKER, passed=True, note="fine")
    assert caught.value.code == "action_verifier"


def test_a_failed_verification_goes_back_to_work() -> None:
    story = Story().resolved().act("verify", DESK, passed=False, note="not done")
    assert (story.state.status, story.events[-1].kind, story.state.resolved_at) == (Status.HANDLING, "sent_back", None)
    assert refusal(story, "close", DESK) == "status"


def test_no_closing_before_verification() -> None:
    assert refusal(Story().resolved(), "close", DESK) == "process"
    assert refusal(Story().verified(), "close", DESK) == "allowed"


def test_a_parent_ends_after_its_children() -> None:
    story = Story().handling().act("split", WORKER, child_ids=[8, 9, 8])
    assert story.state.open_children == {8, 9}
    assert refusal(story, "void", DESK) == refusal(story, "merge", DESK) == "children"
    story.act("resolve", WORKER, outcome="settled", note="done").act("verify", DESK, passed=True, note="seen")
    assert refusal(story, "close", DESK) == "children"
    story.write("child_ended", child_id=8)
    assert refusal(story, "close", DESK) == "children"
    story.write("child_ended", child_id=9)
    assert refusal(story, "close", DESK) == "allowed"


def test_new_parts_are_planned_and_leave_no_word_in_the_event() -> None:
    story = Story().handling()
    wages = {"category": "labour-wages", "text": " 拖欠三个月工资 ", "body_id": 60}
    planned = story.plan("split", WORKER, parts=[{"category": "mining-dust", "text": "粉尘"}, wages], child_ids=[8])
    assert planned.parts == (Part("mining-dust", "粉尘"), Part("labour-wages", "拖欠三个月工资", 60))
    assert planned.data == {"child_ids": [8]}
    assert story.plan("split", WORKER, parts=[wages]).data == {"child_ids": []}
    with pytest.raises(Conflict, match="enter one of parts, child_ids"):
        story.plan("split", WORKER, note="x")
    with pytest.raises(Forbidden):
        story.plan("split", OTHER_WORKER, parts=[wages])


def test_nothing_is_shuffled() -> None:
    """The second return goes up the ladder: the community's desk has it in hand no more, the town's has."""
    story = Story().returned()
    assert (story.state.level, story.state.returns_here) == (Level.COMMUNITY, 1)
    story.signed().act("return", HANDLER, reason="not_ours", note="again")
    assert (story.state.level, story.state.returns, story.state.returns_here) == (Level.TOWN, 2, 0)
    assert refusal(story, "dispatch", DESK) == "holder"
    assert refusal(story, "dispatch", TOWN_DESK) == "allowed"


def test_the_ladder_ends_at_the_top() -> None:
    story = Story().escalated().act("escalate", TOWN_DESK, reason="several_bodies")
    assert story.state.level is Level.COUNTY
    story.act("escalate", COUNTY_DESK, reason="beyond_powers")
    assert story.state.level is Level.CITY
    assert refusal(story, "escalate", SYSTEM) == "top"
    assert refusal(story, "accept", COUNTY_DESK) == "holder"


def test_the_first_handler_stays_responsible() -> None:
    story = Story().signed()
    assert story.state.first is not None
    assert story.state.first.body_id == 50
    story.act("return", HANDLER, reason="not_ours", note="no").act("dispatch", DESK, body_id=60)
    story.act("sign", OTHER_HANDLER)
    assert (story.state.holder.body_id, story.state.first.body_id) == (60, 50)


def test_a_dispatched_case_is_in_the_bodys_hands() -> None:
    story = Story().dispatched()
    assert refusal(story, "sign", HANDLER) == "allowed"
    assert refusal(story, "sign", OTHER_HANDLER) == refusal(story, "sign", DESK) == "holder"


def test_help_is_answered_by_whoever_was_asked() -> None:
    story = Story().handling().act("ask_help", WORKER, body_id=60, note="can you measure?")
    seq = story.events[-1].seq
    assert refusal(story, "answer_help", HANDLER) == "help"
    with pytest.raises(Conflict, match="asked already"):
        story.plan("ask_help", WORKER, body_id=60, note="again")
    story.act("answer_help", OTHER_HANDLER, ask_seq=seq, note="measured")
    assert (story.state.help_asked, story.state.helped_by) == ((), {60})


def test_a_pause_has_a_limit() -> None:
    story = Story().handling()
    for days, word in ((-1, "future"), (31, "30 days")):
        with pytest.raises(Conflict, match=word):
            story.pause(WORKER, days)
    for _ in range(3):
        story.pause(WORKER, 1).after(hours=1).act("resume", WORKER)
    assert refusal(story, "pause", WORKER) == "pause"


def test_an_extension_is_granted_by_somebody_else() -> None:
    story = Story().handling()
    with pytest.raises(Conflict, match="10 workdays"):
        story.plan("extend_ask", WORKER, more={"workdays": 11}, reason="complex", note="much")
    story.act("extend_ask", WORKER, more={"workdays": 3}, reason="complex", note="much")
    assert refusal(story, "extend_ask", WORKER) == "extension"
    assert refusal(story, "extend_grant", WORKER) == "party"
    with pytest.raises(Conflict, match="3"):
        story.plan("extend_grant", SUPERVISOR, more={"workdays": 4})
    story.act("extend_grant", SUPERVISOR, more={"workdays": 2})
    assert (story.state.extensions, story.state.extension_asked) == (1, None)
    story.act("extend_ask", WORKER, more={"workdays": 1}, reason="weather", note="rain")
    story.act("extend_refuse", SUPERVISOR, note="no")
    assert (story.state.extensions, story.state.extension_asked) == (1, None)


def test_a_supervision_is_answered_before_closing() -> None:
    story = Story().verified().act("supervise", SUPERVISOR, reason="complaint")
    assert refusal(story, "close", DESK) == "supervision"
    story.act("supervise_reply", DESK, note="here is why")
    assert refusal(story, "close", DESK) == "allowed"
    story.act("supervise_end", SUPERVISOR, note="good")
    assert story.state.supervisions == ()


def test_an_appeal_is_judged_by_another() -> None:
    story = Story().closed().act("appeal", RESIDENT, note="nothing was done")
    assert story.events[-1].data == {"by": "resident"}
    assert refusal(story, "appeal", RESIDENT) == "appeal"
    story.after(days=100).act("reopen", DESK, reason="appeal", note="right")
    assert (story.state.status, story.state.round, story.state.appeal_seq) == (Status.REOPENED, 1, None)


def test_late_appeals_and_reopenings_are_refused() -> None:
    story = Story().closed().after(days=91)
    assert refusal(story, "reopen", DESK) == refusal(story, "appeal", RESIDENT) == "too_late"


def test_satisfaction_is_asked_once_and_not_by_the_handler() -> None:
    story = Story().closed()
    assert refusal(story, "rate", WORKER) == "verifier"
    story.act("rate", RESIDENT, satisfied=True, score=5)
    assert story.state.satisfied is True
    assert refusal(story, "rate", DESK) == "rating"
    emergency = PROCESSES["emergency"]
    assert judge(Story().closed().state, emergency, "rate", RESIDENT, START).code == "rating"


@pytest.mark.parametrize(
    ("action", "given", "field"),
    [
        ("return", {"reason": "because", "note": "x"}, "reason"),
        ("return", {"note": "x"}, "reason"),
        ("return", {"reason": "not_ours"}, "note"),
        ("return", {"reason": "not_ours", "note": "  "}, "note"),
        ("return", {"reason": "not_ours", "note": "x" * 4001}, "note"),
        ("return", {"reason": "not_ours", "note": "x", "proposed_body_id": "3"}, "proposed_body_id"),
        ("return", {"reason": "not_ours", "note": "x", "colour": 1}, "colour"),
        ("pause", {"reason": "other", "note": "x", "until": "2026-03-05"}, "until"),
        ("resolve", {"outcome": "done well", "note": "x"}, "outcome"),
        ("split", {"child_ids": []}, "child_ids"),
        ("split", {"parts": []}, "parts"),
        ("split", {"parts": ["dust"]}, "parts"),
        ("split", {"parts": [{"category": "mining-dust", "text": "x"}] * 11}, "parts"),
        ("split", {"parts": [{"category": "mining-dust"}]}, "parts"),
        ("split", {"parts": [{"category": "mining-dust", "text": "x", "note": "y"}]}, "parts"),
        ("split", {"parts": [{"category": "dust and noise", "text": "x"}]}, "parts"),
        ("extend_ask", {"more": {"days": 3}, "reason": "other", "note": "x"}, "limit"),
    ],
)
def test_what_is_entered_is_checked(action: str, given: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Story().handling().plan(action, WORKER, **given)
    assert caught.value.details["field"] == field


def test_a_process_may_insist_on_a_field() -> None:
    data = PROCESSES["dispute"].to_json()
    step = next(one for one in data["steps"] if one["name"] == "intake")
    step["needs"] = {"accept": ["note"]}
    assert check(data) == []
    process = type(PROCESSES["dispute"]).from_json(data)
    with pytest.raises(InvalidInput, match="note"):
        decide(Story().state, process, "accept", WORKER, {}, START)
    assert decide(Story().state, process, "accept", WORKER, {"note": "seen"}, START).note == "seen"


def test_a_process_may_insist_on_a_photo_of_the_spot() -> None:
    data = PROCESSES["dispute"].to_json()
    next(one for one in data["steps"] if one["name"] == "verify")["needs"] = {"verify": ["photo_id"]}
    assert check(data) == []
    story = Story(process=type(PROCESSES["dispute"]).from_json(data)).resolved()
    with pytest.raises(InvalidInput, match="photo_id"):
        story.plan("verify", DESK, passed=True, note="seen")
    story.act("verify", DESK, passed=True, note="seen", photo_id=3)
    assert story.events[-1].data["photo_id"] == 3


def test_refusals_are_the_right_kind_of_error() -> None:
    with pytest.raises(Forbidden):
        Story().plan("accept", OTHER_WORKER)
    with pytest.raises(Conflict):
        Story().accepted().plan("accept", WORKER)
    with pytest.raises(Forbidden):
        Story().plan("void", WORKER, reason="test", note="x")
    assert judge(Story().state, PROCESSES["dispute"], "dance", WORKER, START).code == "unknown"
