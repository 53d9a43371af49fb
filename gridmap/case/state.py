"""Where a case stands, as a fold over its events: the events are the truth, everything else is remembered from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from typing import Any

from gridmap.case.kinds import Event
from gridmap.case.limits import Limit
from gridmap.case.terms import ENDED, Level, Status
from gridmap.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has a case in hand; all None: it lies on the dispatcher's desk."""

    worker_id: int | None = None
    body_id: int | None = None
    area_id: int | None = None


@dataclass(frozen=True, slots=True)
class Stay:
    """A stretch of a case's life in which neither status, rung nor holder changed; it lasts until the next one begins.

    `working`: the status whose step it counts for (of a pause, the one it came from). `round`: 0, and one more each
    time the case is reopened.
    """

    since: datetime
    seq: int
    kind: str
    status: Status
    working: Status
    level: Level
    round: int
    holder: Holder
    paused_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class LimitChange:
    """Time added by a granted extension or a reopening, to the whole and to the step it was granted in."""

    at: datetime
    seq: int
    kind: str
    more: Limit
    working: Status
    level: Level
    round: int


@dataclass(frozen=True, slots=True)
class Asked:
    """Something asked of somebody and not answered yet: help of a body, an extension, a reply to a supervision."""

    seq: int
    at: datetime
    by: int | None
    body_id: int | None = None
    more: Limit | None = None
    reply_by: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class CaseState:
    """Everything the flow, the clock and the pages need to know of a case. Built by `fold` alone."""

    status: Status = Status.UNPLACED
    #: of a paused case: the status it comes back to; else the status itself
    working: Status = Status.UNPLACED
    level: Level = Level.COMMUNITY
    round: int = 0
    holder: Holder = Holder()
    #: dispatched to a body: its handlers hold it, no dispatcher
    at_body: bool = False
    #: who first said yes: responsible until the end
    first: Holder | None = None
    category: str | None = None
    process: str | None = None
    process_version: int | None = None
    priority: str = "normal"
    calendar: str | None = None
    limit: Limit | None = None
    received_at: datetime | None = None
    stays: tuple[Stay, ...] = ()
    changes: tuple[LimitChange, ...] = ()
    paused_until: datetime | None = None
    pauses: int = 0
    hand_overs: int = 0
    #: returns in all, and since it came to this rung
    returns: int = 0
    returns_here: int = 0
    proposed_body_id: int | None = None
    help_asked: tuple[Asked, ...] = ()
    helped_by: frozenset[int] = frozenset()
    extension_asked: Asked | None = None
    extensions: int = 0
    supervisions: tuple[Asked, ...] = ()
    supervisions_answered: frozenset[int] = frozenset()
    children: frozenset[int] = frozenset()
    children_ended: frozenset[int] = frozenset()
    parent_id: int | None = None
    merged_into: int | None = None
    absorbed: frozenset[int] = frozenset()
    resolved_at: datetime | None = None
    resolved_by: int | None = None
    outcome: str | None = None
    verified: bool = False
    closed_at: datetime | None = None
    appeal_seq: int | None = None
    appeals: int = 0
    rated: bool = False
    satisfied: bool | None = None
    #: (light, "whole" or "step", due moment): each warning goes out once
    warned: frozenset[tuple[str, str, str]] = frozenset()
    rule: str | None = None
    rules: str | None = None
    seq: int = 0
    at: datetime | None = None

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def open_children(self) -> frozenset[int]:
        return self.children - self.children_ended


def fold(events: Iterable[Event]) -> CaseState:
    """The state after these events, in the order of their numbers. Raises InvalidInput for one it does not know."""
    return reduce(apply, events, CaseState())


def apply(state: CaseState, event: Event) -> CaseState:
    """The state after one more event. Raises InvalidInput for an unknown kind or one out of order."""
    change = CHANGES.get(event.kind)
    if change is None:
        raise InvalidInput(f"event {event.seq}: there is no kind {event.kind!r}", code="event_unknown", kind=event.kind)
    if event.seq <= state.seq:
        raise InvalidInput(f"event {event.seq} follows event {state.seq}", code="event_order", seq=event.seq)
    told: dict[str, Any] = {"seq": event.seq, "at": event.at, **change(state, event)}
    told.setdefault("working", told.get("status", state.working))
    after = replace(state, **told)
    return after if _same_stay(state, after) else replace(after, stays=(*state.stays, _stay(after, event)))


def _same_stay(before: CaseState, after: CaseState) -> bool:
    def key(one: CaseState) -> tuple[Any, ...]:
        return one.status, one.level, one.round, one.holder, one.paused_until

    return bool(before.stays) and key(before) == key(after)


def _stay(state: CaseState, event: Event) -> Stay:
    """A stay never begins before the one before it, also where the server's clock was set back in between."""
    since = max(event.at, state.stays[-1].since) if state.stays else event.at
    return Stay(
        since, event.seq, event.kind, state.status, state.working, state.level, state.round, state.holder,
        state.paused_until,
    )  # fmt: skip


Change = Callable[[CaseState, Event], dict[str, Any]]


def _begun(data: Mapping[str, Any]) -> dict[str, Any]:
    """The process, its version and the limit, where an event names them."""
    told: dict[str, Any] = {name: data[name] for name in ("process", "process_version") if data.get(name) is not None}
    if data.get("limit") is not None:
        told["limit"] = Limit.from_json(data["limit"])
    return told


def _level(data: Mapping[str, Any]) -> dict[str, Any]:
    return {"level": Level(data["level"]), "returns_here": 0} if data.get("level") else {}


def _reported(_state: CaseState, event: Event) -> dict[str, Any]:
    data = event.data
    return {
        "received_at": event.at, "category": data["category"], "calendar": data.get("calendar"),
        "priority": data.get("priority") or "normal", "parent_id": data.get("parent_id"),
        **_begun(data), **_level(data),
    }  # fmt: skip


def _assigned(state: CaseState, event: Event) -> dict[str, Any]:
    data = event.data
    told: dict[str, Any] = {"holder": Holder(data.get("worker_id"), data.get("body_id"), data.get("area_id"))}
    if state.status in (Status.UNPLACED, Status.ASSIGNED):
        told["status"] = Status.UNPLACED if data.get("cell_id") is None else Status.ASSIGNED
    return told


def _routed(_state: CaseState, event: Event) -> dict[str, Any]:
    return {"rules": event.data["rules"], "rule": event.data.get("rule"), **_begun(event.data), **_level(event.data)}


def _taken(status: Status) -> Change:
    """Accepted or signed for: whoever did it holds it, and the first one stays responsible until the end."""

    def change(state: CaseState, event: Event) -> dict[str, Any]:
        worker_id, body_id = event.data.get("worker_id"), event.data.get("body_id")
        holder = state.holder
        if worker_id is not None or body_id is not None:
            holder = Holder(worker_id, body_id if body_id is not None else holder.body_id, holder.area_id)
        return {"status": status, "holder": holder, "first": state.first or holder}

    return change


def _dispatched(state: CaseState, event: Event) -> dict[str, Any]:
    holder = Holder(None, event.data["body_id"], state.holder.area_id)
    return {"status": Status.DISPATCHED, "holder": holder, "at_body": True}


def _to_desk(state: CaseState) -> dict[str, Any]:
    return {"holder": Holder(None, None, state.holder.area_id), "at_body": False, "extension_asked": None}


def _returned(state: CaseState, event: Event) -> dict[str, Any]:
    counts = {"returns": state.returns + 1, "returns_here": state.returns_here + 1}
    proposed = event.data.get("proposed_body_id")
    to = {"status": Status.RETURNED, "proposed_body_id": proposed}
    return {**to, **counts, **_to_desk(state), **_level(event.data)}


def _escalated(state: CaseState, event: Event) -> dict[str, Any]:
    return {"status": Status.ESCALATED, **_to_desk(state), **_level(event.data)}


def _resolved(_state: CaseState, event: Event) -> dict[str, Any]:
    return {
        "status": Status.RESOLVED, "resolved_at": event.at, "resolved_by": event.account_id,
        "outcome": event.data["outcome"], "verified": False, "extension_asked": None,
    }  # fmt: skip


def _sent_back(_state: CaseState, _event: Event) -> dict[str, Any]:
    return {"status": Status.HANDLING, "resolved_at": None, "resolved_by": None, "outcome": None}


def _reopened(state: CaseState, event: Event) -> dict[str, Any]:
    told: dict[str, Any] = {
        "status": Status.REOPENED, "round": state.round + 1, "closed_at": None, "resolved_at": None,
        "resolved_by": None, "outcome": None, "verified": False, "appeal_seq": None, "rated": False, "satisfied": None,
        **_to_desk(state),
    }  # fmt: skip
    if event.data.get("more") is not None:
        told["changes"] = (*state.changes, _change(state, event, Status.REOPENED, state.round + 1))
    return told


def _ended(status: Status) -> Change:
    def change(_state: CaseState, event: Event) -> dict[str, Any]:
        return {
            "status": status, "closed_at": event.at, "paused_until": None, "extension_asked": None,
            "merged_into": event.data.get("into_id"),
        }  # fmt: skip

    return change


def _change(state: CaseState, event: Event, working: Status, round_: int) -> LimitChange:
    more = Limit.from_json(event.data["more"])
    return LimitChange(event.at, event.seq, event.kind, more, working, state.level, round_)


def _paused(state: CaseState, event: Event) -> dict[str, Any]:
    until = datetime.fromisoformat(event.data["until"])
    return {"status": Status.PAUSED, "working": state.working, "paused_until": until, "pauses": state.pauses + 1}


def _resumed(state: CaseState, _event: Event) -> dict[str, Any]:
    return {"status": state.working, "paused_until": None}


#: the reason of a hand-over that a redraw brought
BY_REDRAW = "redraw"


def _handed_over(state: CaseState, event: Event) -> dict[str, Any]:
    worker_id, body_id = event.data.get("worker_id"), event.data.get("body_id")
    area_id = event.data.get("area_id") or state.holder.area_id
    holder = Holder(worker_id, body_id if body_id is not None else state.holder.body_id, area_id)
    # a redraw is nobody's doing: it uses up none of the hand-overs that a case may have
    return {"holder": holder, "hand_overs": state.hand_overs + (event.data["reason"] != BY_REDRAW)}


def _asked(event: Event) -> Asked:
    data = event.data
    more, reply_by = data.get("more"), data.get("reply_by")
    return Asked(
        event.seq, event.at, event.account_id, data.get("body_id"), Limit.from_json(more) if more else None,
        datetime.fromisoformat(reply_by) if reply_by else None, data.get("reason"),
    )  # fmt: skip


def _help_answered(state: CaseState, event: Event) -> dict[str, Any]:
    seq = event.data["ask_seq"]
    answered = frozenset(one.body_id for one in state.help_asked if one.seq == seq and one.body_id is not None)
    left = tuple(one for one in state.help_asked if one.seq != seq)
    return {"help_asked": left, "helped_by": state.helped_by | answered}


def _granted(state: CaseState, event: Event) -> dict[str, Any]:
    change = _change(state, event, state.working, state.round)
    return {"changes": (*state.changes, change), "extensions": state.extensions + 1, "extension_asked": None}


def _supervision_ended(state: CaseState, event: Event) -> dict[str, Any]:
    seq = event.data["supervision_seq"]
    left = tuple(one for one in state.supervisions if one.seq != seq)
    return {"supervisions": left, "supervisions_answered": state.supervisions_answered - {seq}}


def _warned(state: CaseState, event: Event) -> dict[str, Any]:
    return {"warned": state.warned | {(event.data["light"], event.data["of"], event.data["due_at"])}}


def _nothing(_state: CaseState, _event: Event) -> dict[str, Any]:
    return {}


def _moved(state: CaseState, event: Event) -> dict[str, Any]:
    if state.status in (Status.UNPLACED, Status.ASSIGNED):
        return {"status": Status.UNPLACED if event.data.get("to_cell_id") is None else Status.ASSIGNED}
    return {}


#: what each kind of event changes
CHANGES: Mapping[str, Change] = {
    "reported": _reported,
    "assigned": _assigned,
    "routed": _routed,
    "moved": _moved,
    "accepted": _taken(Status.ACCEPTED),
    "dispatched": _dispatched,
    "signed": _taken(Status.SIGNED),
    "handling": lambda _state, _event: {"status": Status.HANDLING},
    "returned": _returned,
    "escalated": _escalated,
    "resolved": _resolved,
    "verified": lambda _state, _event: {"status": Status.VERIFIED, "verified": True},
    "sent_back": _sent_back,
    "closed": _ended(Status.CLOSED),
    "reopened": _reopened,
    "voided": _ended(Status.VOIDED),
    "merged": _ended(Status.MERGED),
    "absorbed": lambda state, event: {"absorbed": state.absorbed | {event.data["from_id"]}},
    "paused": _paused,
    "resumed": _resumed,
    "handed_over": _handed_over,
    "help_asked": lambda state, event: {"help_asked": (*state.help_asked, _asked(event))},
    "help_answered": _help_answered,
    "meeting_called": _nothing,
    "extension_asked": lambda _state, event: {"extension_asked": _asked(event)},
    "extension_granted": _granted,
    "extension_refused": lambda _state, _event: {"extension_asked": None},
    "split": lambda state, event: {"children": state.children | set(event.data["child_ids"])},
    "child_ended": lambda state, event: {"children_ended": state.children_ended | {event.data["child_id"]}},
    "child_reopened": lambda state, event: {"children_ended": state.children_ended - {event.data["child_id"]}},
    "linked": _nothing,
    "commented": _nothing,
    "attached": _nothing,
    "recategorised": lambda _state, event: {"category": event.data["category"], **_begun(event.data)},
    "prioritised": lambda _state, event: {"priority": event.data["priority"]},
    "supervised": lambda state, event: {"supervisions": (*state.supervisions, _asked(event))},
    "supervision_answered": lambda state, event: {
        "supervisions_answered": state.supervisions_answered | {event.data["supervision_seq"]}
    },
    "supervision_ended": _supervision_ended,
    "appealed": lambda state, event: {"appeal_seq": event.seq, "appeals": state.appeals + 1},
    "appeal_refused": lambda _state, _event: {"appeal_seq": None},
    "rated": lambda _state, event: {"rated": True, "satisfied": event.data["satisfied"]},
    "warned": _warned,
    "calendar_changed": lambda _state, event: {"calendar": event.data["calendar"]},
}
