"""The kinds of events, and the ids and codes that each may hold: no field takes a sentence.

Free text is sealed beside the case and the event names it (`note_id`). `by` says who acted where no account did:
"resident" or "system".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gridmap.case.inputs import is_code, is_id
from gridmap.case.limits import Limit
from gridmap.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a case, as the fold reads it. `at` is aware; `data` holds what `EVENT_KINDS` says."""

    seq: int
    kind: str
    at: datetime
    account_id: int | None
    data: Mapping[str, Any]


def _is_moment(value: Any) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _is_limit(value: Any) -> bool:
    try:
        return Limit.from_json(value) is not None
    except InvalidInput:
        return False


TYPES: Mapping[str, Callable[[Any], bool]] = {
    "code": is_code,
    "id": is_id,
    "ids": lambda value: isinstance(value, list | tuple) and all(map(is_id, value)),
    "limit": _is_limit,
    "moment": _is_moment,
    "flag": lambda value: isinstance(value, bool),
    "number": lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= 0,
}

#: may stand in every event
COMMON = "note_id:id? by:code?"
_BEGUN = "process:code? process_version:number? limit:limit?"

#: kind -> its fields as "name:type", with ? where it may be missing or null
_KINDS: Mapping[str, str] = {
    "reported": (
        f"category:code channel:code cell_id:id? {_BEGUN} calendar:code? level:code? priority:code? parent_id:id?"
    ),
    "assigned": "cell_id:id? worker_id:id? body_id:id? area_id:id? reason:code",
    "routed": f"rules:code rule:code? body_id:id? level:code? {_BEGUN}",
    "moved": "from_cell_id:id? to_cell_id:id?",
    "accepted": "worker_id:id? body_id:id?",
    "dispatched": "body_id:id",
    "signed": "worker_id:id? body_id:id?",
    "handling": "",
    "returned": "reason:code proposed_body_id:id? level:code?",
    "escalated": "reason:code level:code",
    "resolved": "outcome:code photo_id:id?",
    "verified": "passed:flag photo_id:id?",
    "sent_back": "passed:flag photo_id:id?",
    "closed": "",
    "reopened": "reason:code more:limit?",
    "voided": "reason:code",
    "merged": "into_id:id",
    "absorbed": "from_id:id",
    "paused": "reason:code until:moment",
    "resumed": "",
    "handed_over": "reason:code worker_id:id? body_id:id? cell_id:id? area_id:id?",
    "help_asked": "body_id:id",
    "help_answered": "ask_seq:number",
    "meeting_called": "body_ids:ids at:moment",
    "extension_asked": "more:limit reason:code",
    "extension_granted": "more:limit ask_seq:number",
    "extension_refused": "ask_seq:number",
    "split": "child_ids:ids",
    "child_ended": "child_id:id",
    "child_reopened": "child_id:id",
    "linked": "enterprise_id:id? household_id:id?",
    "commented": "",
    "attached": "photo_id:id",
    "recategorised": f"category:code {_BEGUN}",
    "prioritised": "priority:code",
    "supervised": "reason:code reply_by:moment?",
    "supervision_answered": "supervision_seq:number",
    "supervision_ended": "supervision_seq:number",
    "appealed": "",
    "appeal_refused": "appeal_seq:number",
    "rated": "satisfied:flag score:number?",
    "warned": "light:code of:code due_at:moment",
    "calendar_changed": "calendar:code",
}


@dataclass(frozen=True, slots=True)
class Field:
    type: str
    required: bool


def _fields(text: str) -> dict[str, Field]:
    pairs = (entry.split(":") for entry in f"{text} {COMMON}".split())
    return {name: Field(kind.rstrip("?"), not kind.endswith("?")) for name, kind in pairs}


EVENT_KINDS: Mapping[str, Mapping[str, Field]] = {kind: _fields(text) for kind, text in _KINDS.items()}


def check_event(kind: str, data: Mapping[str, Any]) -> None:
    """Refuse an event that the chain must not hold: an unknown kind or field, or what is neither id nor code.

    Raises InvalidInput naming the kind and the field; the value is not repeated, for it may be personal.
    """
    known = EVENT_KINDS.get(kind)
    if known is None:
        raise InvalidInput(f"there is no event of the kind {kind!r}", code="event_unknown", kind=kind)
    for name in sorted(set(data) - set(known)):
        raise InvalidInput(f"an event {kind} has no field {name!r}", code="event_unknown", kind=kind, field=name)
    for name, one in known.items():
        value = data.get(name)
        if value is None:
            if one.required:
                raise InvalidInput(f"an event {kind} needs {name}", code="event_wrong", kind=kind, field=name)
        elif not TYPES[one.type](value):
            raise InvalidInput(f"{name} of an event {kind} is no {one.type}", code="event_wrong", kind=kind, field=name)
