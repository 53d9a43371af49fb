"""The rules beyond the transition table, each a small function: why an action is refused in a situation, or None."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gridmap.case.limits import Limit
from gridmap.case.process import Process
from gridmap.case.state import Asked, CaseState
from gridmap.case.terms import Party, Status


@dataclass(frozen=True, slots=True)
class Refusal:
    """A stable code, and the reason in words."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Situation:
    """A case, its process, and who wants to act when."""

    state: CaseState
    process: Process
    party: Party
    account_id: int | None
    worker_id: int | None
    body_id: int | None
    now: datetime

    @property
    def unanswered(self) -> tuple[Asked, ...]:
        """Supervisions that wait for a reply."""
        answered = self.state.supervisions_answered
        return tuple(one for one in self.state.supervisions if one.seq not in answered)

    @property
    def resolved_it(self) -> bool:
        """Whether the one who wants to act is the one who resolved the case."""
        return self.account_id is not None and self.account_id == self.state.resolved_by


Guard = Callable[[Situation], Refusal | None]
InputGuard = Callable[[Situation, Mapping[str, Any]], Refusal | None]


def children_ended(now: Situation) -> Refusal | None:
    left = now.state.open_children
    if not left:
        return None
    return Refusal("children", f"{len(left)} child cases are still open: a parent ends after its children")


def verified_first(now: Situation) -> Refusal | None:
    if not now.process.verification or now.state.status is Status.VERIFIED:
        return None
    return Refusal("verify", "this process asks for a verification on the spot before a case is closed")


def supervisions_answered(now: Situation) -> Refusal | None:
    return Refusal("supervision", "a supervision waits for its reply") if now.unanswered else None


def not_the_resolver(now: Situation) -> Refusal | None:
    held = now.worker_id is not None and now.worker_id == now.state.holder.worker_id
    if now.resolved_it or (now.state.status is Status.RESOLVED and held):
        return Refusal("verifier", "whoever resolved a case does not judge it as well")
    return None


def below_the_top(now: Situation) -> Refusal | None:
    if now.process.above(now.state.level) is not None:
        return None
    return Refusal("top", f"the case is at the top of the ladder: {now.state.level}")


def may_pause(now: Situation) -> Refusal | None:
    rule = now.process.pause
    if rule is None:
        return Refusal("pause", "this process knows no pause")
    if now.state.pauses >= rule.times:
        return Refusal("pause", f"the case was paused {rule.times} times already, the most there may be")
    return None


def may_ask_for_time(now: Situation) -> Refusal | None:
    rule = now.process.extension
    if rule is None:
        return Refusal("extension", "this process knows no extension")
    if now.state.extension_asked is not None:
        return Refusal("extension", "an extension was asked for already and waits for its answer")
    if now.state.extensions >= rule.times:
        return Refusal("extension", f"the case was extended {rule.times} times already, the most there may be")
    return None


def time_was_asked_for(now: Situation) -> Refusal | None:
    asked = now.state.extension_asked
    if asked is None:
        return Refusal("extension", "nobody asked for an extension")
    if now.account_id is not None and asked.by == now.account_id:
        return Refusal("extension", "whoever asks for an extension does not grant it")
    return None


def help_was_asked_of_me(now: Situation) -> Refusal | None:
    asked = {one.body_id for one in now.state.help_asked}
    if now.body_id is not None and now.body_id in asked:
        return None
    return Refusal("help", "no help was asked of this body, or it was given")


def may_reopen(now: Situation) -> Refusal | None:
    rule = now.process.reopen
    if rule is None:
        return Refusal("reopen", "this process does not reopen cases; report a new one")
    return None if now.state.appeal_seq is not None else _in_time(now, rule.days)


def may_appeal(now: Situation) -> Refusal | None:
    if now.state.appeal_seq is not None:
        return Refusal("appeal", "an appeal is waiting already")
    rule = now.process.reopen
    return Refusal("appeal", "this process knows no appeal") if rule is None else _in_time(now, rule.days)


def _in_time(now: Situation, days: int) -> Refusal | None:
    closed = now.state.closed_at
    if closed is None or now.now <= closed + timedelta(days=days):
        return None
    return Refusal("too_late", f"the case was closed more than {days} days ago; report a new one")


def appeal_waits(now: Situation) -> Refusal | None:
    return Refusal("appeal", "there is no appeal to answer") if now.state.appeal_seq is None else None


def may_rate(now: Situation) -> Refusal | None:
    if not now.process.satisfaction:
        return Refusal("rating", "this process asks for no satisfaction")
    return Refusal("rating", "satisfaction was asked already") if now.state.rated else None


def waits_for_reply(now: Situation) -> Refusal | None:
    return None if now.unanswered else Refusal("supervision", "no supervision waits for a reply")


def supervised(now: Situation) -> Refusal | None:
    return None if now.state.supervisions else Refusal("supervision", "no supervision is open")


#: what must hold before an action is offered
GUARDS: Mapping[str, tuple[Guard, ...]] = {
    "escalate": (below_the_top,),
    "verify": (not_the_resolver,),
    "close": (verified_first, children_ended, supervisions_answered),
    "void": (children_ended,),
    "withdraw": (children_ended,),
    "merge": (children_ended,),
    "reopen": (may_reopen,),
    "pause": (may_pause,),
    "extend_ask": (may_ask_for_time,),
    "extend_grant": (time_was_asked_for,),
    "extend_refuse": (time_was_asked_for,),
    "answer_help": (help_was_asked_of_me,),
    "supervise_reply": (waits_for_reply,),
    "supervise_end": (supervised,),
    "appeal": (not_the_resolver, may_appeal),
    "appeal_refuse": (appeal_waits, not_the_resolver),
    "rate": (not_the_resolver, may_rate),
}


def one_of(*names: str) -> InputGuard:
    def guard(_now: Situation, data: Mapping[str, Any]) -> Refusal | None:
        if any(data.get(name) is not None for name in names):
            return None
        return Refusal("input", f"enter {' or '.join(names)}")

    return guard


def pause_in_bounds(now: Situation, data: Mapping[str, Any]) -> Refusal | None:
    until = datetime.fromisoformat(data["until"])
    if until <= now.now:
        return Refusal("pause", "a pause ends in the future")
    days = now.process.pause.days if now.process.pause else 0
    if until > now.now + timedelta(days=days):
        return Refusal("pause", f"a pause lasts {days} days at the most")
    return None


def not_too_much(now: Situation, data: Mapping[str, Any]) -> Refusal | None:
    rule = now.process.extension
    return None if rule is None else _within(Limit.from_json(data["more"]), rule.most, "may be asked for")


def no_more_than_asked(now: Situation, data: Mapping[str, Any]) -> Refusal | None:
    asked = now.state.extension_asked
    if asked is None or asked.more is None:
        return None
    return _within(Limit.from_json(data["more"]), asked.more, "was asked for")


def _within(more: Limit, most: Limit, what: str) -> Refusal | None:
    if more.unit != most.unit:
        return Refusal("extension", f"write the extension in {most.unit}")
    return None if more.amount <= most.amount else Refusal("extension", f"{most.amount} {most.unit} {what}")


def known_priority(now: Situation, data: Mapping[str, Any]) -> Refusal | None:
    known = now.process.priorities
    return None if data["priority"] in known else Refusal("input", f"priority is one of {', '.join(known)}")


def another_body(now: Situation, data: Mapping[str, Any]) -> Refusal | None:
    body_id = data["body_id"]
    if body_id == now.state.holder.body_id:
        return Refusal("help", "this body has the case in hand itself")
    if body_id in {one.body_id for one in now.state.help_asked}:
        return Refusal("help", "this body was asked already")
    return None


def my_own_answer(now: Situation, data: Mapping[str, Any]) -> Refusal | None:
    mine = {one.seq for one in now.state.help_asked if one.body_id == now.body_id}
    return None if data["ask_seq"] in mine else Refusal("help", "this question was put to another body")


def answered_later(now: Situation, data: Mapping[str, Any]) -> Refusal | None:
    until = data.get("reply_by")
    if until is None or datetime.fromisoformat(until) > now.now:
        return None
    return Refusal("supervision", "reply_by lies in the past; give time to answer, or leave it out")


#: what must hold of that which was entered
AFTER_INPUT: Mapping[str, tuple[InputGuard, ...]] = {
    "pause": (pause_in_bounds,),
    "extend_ask": (not_too_much,),
    "extend_grant": (no_more_than_asked,),
    "prioritise": (known_priority,),
    "ask_help": (another_body,),
    "answer_help": (my_own_answer,),
    "hand_over": (one_of("worker_id", "body_id"),),
    "link": (one_of("enterprise_id", "household_id"),),
    "split": (one_of("parts", "child_ids"),),
    "supervise": (answered_later,),
}
