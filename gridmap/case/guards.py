"""The rules beyond the transition table, each a small function: why an action is refused in a situation, or None."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gridmap.case.limits import Limit
from gridmap.case.process import Process
from gridmap.case.said import Said, said
from gridmap.case.state import Asked, CaseState
from gridmap.case.terms import Party, Status


@dataclass(frozen=True, slots=True)
class Refusal:
    """A stable code, and the reason: as a key, what it is about, and in words."""

    code: str
    said: Said

    @property
    def reason(self) -> str:
        return str(self.said)


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
    return Refusal("children", said("children", n=len(left)))


def verified_first(now: Situation) -> Refusal | None:
    if not now.process.verification or now.state.status is Status.VERIFIED:
        return None
    return Refusal("verify", said("verify"))


def supervisions_answered(now: Situation) -> Refusal | None:
    return Refusal("supervision", said("reply_waits")) if now.unanswered else None


def not_the_resolver(now: Situation) -> Refusal | None:
    held = now.worker_id is not None and now.worker_id == now.state.holder.worker_id
    if now.resolved_it or (now.state.status is Status.RESOLVED and held):
        return Refusal("verifier", said("verifier"))
    return None


def below_the_top(now: Situation) -> Refusal | None:
    if now.process.above(now.state.level) is not None:
        return None
    return Refusal("top", said("top", level=str(now.state.level)))


def may_pause(now: Situation) -> Refusal | None:
    rule = now.process.pause
    if rule is None:
        return Refusal("pause", said("no_pause"))
    if now.state.pauses >= rule.times:
        return Refusal("pause", said("pauses", n=rule.times))
    return None


def may_ask_for_time(now: Situation) -> Refusal | None:
    rule = now.process.extension
    if rule is None:
        return Refusal("extension", said("no_extension"))
    if now.state.extension_asked is not None:
        return Refusal("extension", said("extension_waits"))
    if now.state.extensions >= rule.times:
        return Refusal("extension", said("extensions", n=rule.times))
    return None


def time_was_asked_for(now: Situation) -> Refusal | None:
    asked = now.state.extension_asked
    if asked is None:
        return Refusal("extension", said("no_extension_asked"))
    if now.account_id is not None and asked.by == now.account_id:
        return Refusal("extension", said("own_extension"))
    return None


def help_was_asked_of_me(now: Situation) -> Refusal | None:
    asked = {one.body_id for one in now.state.help_asked}
    if now.body_id is not None and now.body_id in asked:
        return None
    return Refusal("help", said("no_help"))


def may_reopen(now: Situation) -> Refusal | None:
    rule = now.process.reopen
    if rule is None:
        return Refusal("reopen", said("no_reopening"))
    return None if now.state.appeal_seq is not None else _in_time(now, rule.days)


def may_appeal(now: Situation) -> Refusal | None:
    if now.state.appeal_seq is not None:
        return Refusal("appeal", said("appeal_waits"))
    rule = now.process.reopen
    return Refusal("appeal", said("no_appeals")) if rule is None else _in_time(now, rule.days)


def _in_time(now: Situation, days: int) -> Refusal | None:
    closed = now.state.closed_at
    if closed is None or now.now <= closed + timedelta(days=days):
        return None
    return Refusal("too_late", said("too_late", n=days))


def appeal_waits(now: Situation) -> Refusal | None:
    return Refusal("appeal", said("no_appeal")) if now.state.appeal_seq is None else None


def may_rate(now: Situation) -> Refusal | None:
    if not now.process.satisfaction:
        return Refusal("rating", said("no_rating"))
    return Refusal("rating", said("rated")) if now.state.rated else None


def waits_for_reply(now: Situation) -> Refusal | None:
    return None if now.unanswered else Refusal("supervision", said("no_reply_waits"))


def supervised(now: Situation) -> Refusal | None:
    return None if now.state.supervisions else Refusal("supervision", said("no_supervision"))


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
        return Refusal("input", said("enter", fields=list(names)))

    return guard


def pause_in_bounds(now: Situation, data: Mapping[str, Any]) -> Refusal | None:
    until = datetime.fromisoformat(data["until"])
    if until <= now.now:
        return Refusal("pause", said("pause_past"))
    days = now.process.pause.days if now.process.pause else 0
    if until > now.now + timedelta(days=days):
        return Refusal("pause", said("pause_long", n=days))
    return None


def not_too_much(now: Situation, data: Mapping[str, Any]) -> Refusal | None:
    rule = now.process.extension
    return None if rule is None else _within(Limit.from_json(data["more"]), rule.most, "extension_most")


def no_more_than_asked(now: Situation, data: Mapping[str, Any]) -> Refusal | None:
    asked = now.state.extension_asked
    if asked is None or asked.more is None:
        return None
    return _within(Limit.from_json(data["more"]), asked.more, "extension_asked")


def _within(more: Limit, most: Limit, why: str) -> Refusal | None:
    if more.unit != most.unit:
        return Refusal("extension", said("extension_unit", unit=most.unit))
    return None if more.amount <= most.amount else Refusal("extension", said(why, n=most.amount, unit=most.unit))


def known_priority(now: Situation, data: Mapping[str, Any]) -> Refusal | None:
    known = now.process.priorities
    return None if data["priority"] in known else Refusal("input", said("priority", codes=list(known)))


def another_body(now: Situation, data: Mapping[str, Any]) -> Refusal | None:
    body_id = data["body_id"]
    if body_id == now.state.holder.body_id:
        return Refusal("help", said("help_holder"))
    if body_id in {one.body_id for one in now.state.help_asked}:
        return Refusal("help", said("help_twice"))
    return None


def my_own_answer(now: Situation, data: Mapping[str, Any]) -> Refusal | None:
    mine = {one.seq for one in now.state.help_asked if one.body_id == now.body_id}
    return None if data["ask_seq"] in mine else Refusal("help", said("help_other"))


def answered_later(now: Situation, data: Mapping[str, Any]) -> Refusal | None:
    until = data.get("reply_by")
    if until is None or datetime.fromisoformat(until) > now.now:
        return None
    return Refusal("supervision", said("reply_past"))


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
