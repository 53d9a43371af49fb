"""What may be done to a case now, by whom, and if not, why: the transition table, narrowed by the case's process.

`judge` gives a verdict on one action, `allowed` on all of them, `decide` turns an action and what was entered into the
event to be written. Whether an actor may see the case at all is decided before, in `gridmap.people.roles`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from gridmap.case.actions import RULES, Effect, Rule, Tie
from gridmap.case.guards import AFTER_INPUT, GUARDS, Refusal, Situation
from gridmap.case.inputs import Input, InputType, Part, read_inputs
from gridmap.case.kinds import check_event
from gridmap.case.process import Process
from gridmap.case.said import Said, said
from gridmap.case.state import CaseState
from gridmap.case.terms import Level, Party, Status
from gridmap.errors import Conflict, Forbidden, GridmapError
from gridmap.view import Actor


@dataclass(frozen=True, slots=True)
class Asker:
    """Who wants to act. `level`: the rung of the area served; None where it serves none or the whole county."""

    party: Party
    account_id: int | None = None
    worker_id: int | None = None
    body_id: int | None = None
    level: Level | None = None

    @classmethod
    def of(cls, actor: Actor, level: Level | None) -> Asker:
        """An account as the flow sees it."""
        return cls(Party.of(actor.role), actor.account_id, actor.worker_id, actor.body_id, level)


SYSTEM = Asker(Party.SYSTEM)
RESIDENT = Asker(Party.RESIDENT)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an action is allowed; if not, a stable code and the reason."""

    action: str
    allowed: bool
    code: str = "allowed"
    said: Said | None = None

    @property
    def reason(self) -> str:
        return str(self.said or "")

    def __bool__(self) -> bool:
        return self.allowed


@dataclass(frozen=True, slots=True)
class Planned:
    """What is to be written: one event, and the free text to be sealed beside it (its id goes in as `note_id`).

    `parts`: cases to be made first, whose ids join the event's `child_ids`.
    """

    kind: str
    data: dict[str, Any]
    note: str | None
    status: Status
    effect: Effect
    parts: tuple[Part, ...] = ()


def holds(state: CaseState, asker: Asker) -> bool:
    """Whether somebody has the case in hand.

    A worker who was given it, a handler of the body it lies with, a dispatcher from the rung it stands on upwards while
    no body was charged with it; the platform always.
    """
    same_body = asker.body_id is not None and asker.body_id == state.holder.body_id
    match asker.party:
        case Party.WORKER:
            return asker.worker_id is not None and asker.worker_id == state.holder.worker_id
        case Party.HANDLER:
            return same_body
        case Party.DISPATCHER:
            return same_body or (not state.at_body and _reaches(state, asker))
        case Party.SYSTEM:
            return True
        case _:
            return False


def stands_over(state: CaseState, asker: Asker) -> bool:
    """Whether somebody is a dispatcher or supervisor from the case's rung upwards."""
    return asker.party in (Party.DISPATCHER, Party.SUPERVISOR) and _reaches(state, asker)


def _reaches(state: CaseState, asker: Asker) -> bool:
    return asker.level is None or asker.level.rank >= state.level.rank


def judge(state: CaseState, process: Process, action: str, asker: Asker, now: datetime) -> Verdict:
    """Whether this may be done now, before anything is entered. The first thing in the way is named."""
    rule = RULES.get(action)
    if rule is None:
        return Verdict(action, False, "unknown", said("no_action", name=repr(action)))
    refusal = (
        _party(rule, action, asker)
        or _status(rule, action, state)
        or _process(rule, action, state, process, asker)
        or _tie(rule, action, state, asker)
        or next(filter(None, (guard(_situation(state, process, asker, now)) for guard in GUARDS.get(action, ()))), None)
    )
    return Verdict(action, True) if refusal is None else Verdict(action, False, refusal.code, refusal.said)


def allowed(state: CaseState, process: Process, asker: Asker, now: datetime) -> list[Verdict]:
    """A verdict on every action, in the order of the table."""
    return [judge(state, process, action, asker, now) for action in RULES]


def asked_for(state: CaseState, process: Process, action: str) -> tuple[Input, ...]:
    """What must be entered for an action in the case's step: the table's fields, with those the process insists on.

    Of a limit, `codes` names the unit in which this process gives time.
    """
    step = process.step_of(state.working, state.level)
    insisted = step.needs.get(action, ()) if step is not None else ()
    most = process.extension.most.unit if process.extension else None
    return tuple(
        replace(
            one, required=one.required or one.name in insisted,
            codes=(most,) if one.type is InputType.LIMIT and most else one.codes,
        )
        for one in RULES[action].inputs
    )  # fmt: skip


def decide(
    state: CaseState,
    process: Process,
    action: str,
    asker: Asker,
    given: Mapping[str, Any],
    now: datetime,
    *,
    extra: Mapping[str, Any] | None = None,
) -> Planned:
    """The event that an action writes. `extra`: what the use case adds of its own (a new process, a limit).

    Raises Forbidden or Conflict with the verdict's code and reason, InvalidInput for what was entered.
    """
    verdict = judge(state, process, action, asker, now)
    if not verdict:
        assert verdict.said is not None
        raise _error(Refusal(verdict.code, verdict.said), action)
    rule = RULES[action]
    data, note = read_inputs(asked_for(state, process, action), given)
    situation = _situation(state, process, asker, now)
    for guard in AFTER_INPUT.get(action, ()):
        refusal = guard(situation, data)
        if refusal is not None:
            raise _error(refusal, action)
    kind, status = rule.event, rule.to or (state.working if action == "resume" else state.status)
    if rule.if_not is not None and data.get("passed") is False:
        kind, status = rule.if_not
    data = {**data, **_added(action, situation), **_by(asker), **(extra or {})}
    parts = data.pop("parts", ())  # they hold words; the event gets their ids
    if action == "split":
        data.setdefault("child_ids", [])
    check_event(kind, data)
    return Planned(kind, data, note, status, rule.effect, parts)


def _situation(state: CaseState, process: Process, asker: Asker, now: datetime) -> Situation:
    return Situation(state, process, asker.party, asker.account_id, asker.worker_id, asker.body_id, now)


def _error(refusal: Refusal, action: str) -> GridmapError:
    kind = Forbidden if refusal.code in ("party", "process", "holder") else Conflict
    why, given = refusal.said.why, dict(refusal.said.given)
    return kind(refusal.reason, code=f"action_{refusal.code}", action=action, why=why, given=given)


def _party(rule: Rule, action: str, asker: Asker) -> Refusal | None:
    if asker.party in rule.parties:
        return None
    known = sorted(map(str, rule.parties))
    return Refusal("party", said("role", role=str(asker.party), action=action, roles=known))


def _status(rule: Rule, action: str, state: CaseState) -> Refusal | None:
    if state.status in rule.froms:
        return None
    known = [str(status) for status in Status if status in rule.froms]
    return Refusal("status", said("status", action=action, status=str(state.status), statuses=known))


def _process(rule: Rule, action: str, state: CaseState, process: Process, asker: Asker) -> Refusal | None:
    if rule.always:
        return None
    step = process.step_of(state.working, state.level)
    what = {"process": process.code, "action": action}
    if step is None:
        return Refusal("process", said("no_step_here", **what, status=str(state.status)))
    if action not in step.may:
        return Refusal("process", said("no_step", **what, step=step.name))
    if asker.party not in step.may[action]:
        known = sorted(map(str, step.may[action]))
        return Refusal("process", said("step_role", **what, step=step.name, roles=known))
    return None


def _tie(rule: Rule, action: str, state: CaseState, asker: Asker) -> Refusal | None:
    if rule.tie is Tie.ANY or holds(state, asker) or (rule.tie is Tie.OVER and stands_over(state, asker)):
        return None
    whom = "holder_or_over" if rule.tie is Tie.OVER else "holder"
    return Refusal("holder", said(whom, action=action, level=str(state.level)))


def _by(asker: Asker) -> dict[str, Any]:
    return {"by": str(asker.party)} if asker.party in (Party.RESIDENT, Party.SYSTEM) else {}


def _added(action: str, now: Situation) -> dict[str, Any]:
    """What the flow itself writes into an event, besides what was entered."""
    state, process = now.state, now.process
    match action:
        case "accept" | "sign":
            ids = {"worker_id": now.worker_id, "body_id": now.body_id}
            return {name: value for name, value in ids.items() if value is not None}
        case "escalate":
            return {"level": str(process.above(state.level))}
        case "return" if state.returns_here + 1 >= process.most_returns and process.above(state.level):
            return {"level": str(process.above(state.level))}
        case "reopen":
            return {"more": process.reopen.more.to_json()} if process.reopen else {}
        case "extend_grant" | "extend_refuse":
            return {"ask_seq": state.extension_asked.seq} if state.extension_asked else {}
        case "supervise_reply":
            return {"supervision_seq": now.unanswered[0].seq}
        case "supervise_end":
            return {"supervision_seq": state.supervisions[0].seq}
        case "appeal_refuse":
            return {"appeal_seq": state.appeal_seq}
        case _:
            return {}
