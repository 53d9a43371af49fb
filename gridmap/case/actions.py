"""The one transition table: what may be done to a case, by whom, from which status to which, and what must be entered.

A process narrows this table and never widens it. `gridmap.case.flow` reads it; a test goes through every status,
action and party.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from gridmap.case import terms
from gridmap.case.inputs import Input, InputType
from gridmap.case.terms import AT_DESK, AT_WORK, OPEN, Party, Status


class Tie(StrEnum):
    """How an actor must be tied to the case, beyond being allowed to see it."""

    HOLDER = "holder"  # has the case in hand
    OVER = "over"  # has it in hand, or is a dispatcher or supervisor over it
    ANY = "any"  # sees it


class Effect(StrEnum):
    """What an action does to the clock of the whole case."""

    NONE = "none"
    STOPS = "stops"
    RUNS = "runs"
    ENDS = "ends"
    LENGTHENS = "lengthens"
    RECKONS = "reckons"  # the limit is reckoned again, from the same start and with the same pauses


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table. `to` None: the status stays. `event`: the kind that is written."""

    event: str
    froms: frozenset[Status]
    to: Status | None
    parties: frozenset[Party]
    tie: Tie = Tie.HOLDER
    inputs: tuple[Input, ...] = ()
    effect: Effect = Effect.NONE
    #: open in every step of every process: talk, supervision and what keeps the record right
    always: bool = False
    #: (event, status) instead, where the flag that the action asks for is false
    if_not: tuple[str, Status] | None = None


def _code(name: str, codes: tuple[str, ...] = (), *, required: bool = True) -> Input:
    return Input(name, InputType.CODE, required, codes)


def _id(name: str, *, required: bool = True) -> Input:
    return Input(name, InputType.ID, required)


NOTE = Input("note", InputType.TEXT)
MAYBE_NOTE = Input("note", InputType.TEXT, required=False)
#: a process may insist on it
MAYBE_PHOTO = _id("photo_id", required=False)

WORKER, DISPATCHER, HANDLER, SUPERVISOR = Party.WORKER, Party.DISPATCHER, Party.HANDLER, Party.SUPERVISOR
RESIDENT, SYSTEM = Party.RESIDENT, Party.SYSTEM
SERVING = frozenset({WORKER, DISPATCHER, HANDLER})
STAFF = SERVING | {SUPERVISOR}
IN_HAND = AT_WORK | {Status.ASSIGNED, Status.DISPATCHED}
CLOSED = frozenset({Status.CLOSED})
HELD = AT_DESK | AT_WORK | {Status.DISPATCHED, Status.PAUSED}


def _who(*parties: Party) -> frozenset[Party]:
    return frozenset(parties)


#: towards the end of a case, in the order in which it usually goes
WAY: Mapping[str, Rule] = {
    "accept": Rule("accepted", AT_DESK, Status.ACCEPTED, SERVING, inputs=(MAYBE_NOTE,)),
    "dispatch": Rule(
        "dispatched", AT_DESK | {Status.ACCEPTED}, Status.DISPATCHED, _who(WORKER, DISPATCHER, SYSTEM),
        inputs=(_id("body_id"), MAYBE_NOTE),
    ),
    "sign": Rule("signed", frozenset({Status.DISPATCHED}), Status.SIGNED, _who(HANDLER, DISPATCHER)),
    "handle": Rule("handling", frozenset({Status.ACCEPTED, Status.SIGNED}), Status.HANDLING, SERVING),
    "return": Rule(
        "returned", IN_HAND, Status.RETURNED, SERVING,
        inputs=(_code("reason", terms.RETURN_REASONS), _id("proposed_body_id", required=False), NOTE),
    ),
    "escalate": Rule(
        "escalated", AT_DESK | AT_WORK | {Status.DISPATCHED}, Status.ESCALATED, STAFF | {SYSTEM}, Tie.OVER,
        inputs=(_code("reason", terms.ESCALATE_REASONS), MAYBE_NOTE),
    ),
    "resolve": Rule(
        "resolved", AT_WORK | {Status.ASSIGNED}, Status.RESOLVED, SERVING,
        inputs=(_code("outcome", terms.OUTCOMES), NOTE, MAYBE_PHOTO), effect=Effect.STOPS,
    ),
    "verify": Rule(
        "verified", frozenset({Status.RESOLVED}), Status.VERIFIED, _who(WORKER, DISPATCHER, SUPERVISOR), Tie.ANY,
        inputs=(Input("passed", InputType.FLAG), NOTE, MAYBE_PHOTO), effect=Effect.RUNS,
        if_not=("sent_back", Status.HANDLING),
    ),
    "close": Rule(
        "closed", frozenset({Status.RESOLVED, Status.VERIFIED}), Status.CLOSED, SERVING | {SYSTEM}, Tie.OVER,
        inputs=(MAYBE_NOTE,), effect=Effect.ENDS,
    ),
    "reopen": Rule(
        "reopened", CLOSED, Status.REOPENED, _who(DISPATCHER, SUPERVISOR), Tie.OVER,
        inputs=(_code("reason", terms.REOPEN_REASONS), NOTE), effect=Effect.LENGTHENS, always=True,
    ),
    "void": Rule(
        "voided", HELD, Status.VOIDED, _who(DISPATCHER, SUPERVISOR), Tie.OVER,
        inputs=(_code("reason", terms.VOID_REASONS), NOTE), effect=Effect.ENDS, always=True,
    ),
    "withdraw": Rule(
        "voided", AT_DESK, Status.VOIDED, _who(RESIDENT), Tie.ANY,
        inputs=(_code("reason", ("withdrawn",)), MAYBE_NOTE), effect=Effect.ENDS, always=True,
    ),
    "merge": Rule(
        "merged", HELD, Status.MERGED, _who(DISPATCHER), Tie.OVER, inputs=(_id("into_id"), MAYBE_NOTE),
        effect=Effect.ENDS, always=True,
    ),
}  # fmt: skip

#: what is done on the way, the status staying or coming back
ASIDE: Mapping[str, Rule] = {
    "pause": Rule(
        "paused", AT_WORK, Status.PAUSED, SERVING,
        inputs=(_code("reason", terms.PAUSE_REASONS), Input("until", InputType.MOMENT), NOTE), effect=Effect.STOPS,
    ),
    "resume": Rule(
        "resumed", frozenset({Status.PAUSED}), None, STAFF | {SYSTEM}, Tie.OVER, inputs=(MAYBE_NOTE,),
        effect=Effect.RUNS, always=True,
    ),
    "hand_over": Rule(
        "handed_over", IN_HAND | {Status.PAUSED, Status.RESOLVED, Status.VERIFIED} | AT_DESK, None,
        STAFF | {SYSTEM}, Tie.OVER,
        inputs=(_code("reason", terms.HAND_OVER_REASONS), _id("worker_id", required=False),
                _id("body_id", required=False), MAYBE_NOTE), always=True,
    ),
    "ask_help": Rule("help_asked", AT_WORK, None, SERVING, inputs=(_id("body_id"), NOTE)),
    "answer_help": Rule(
        "help_answered", AT_WORK | {Status.PAUSED}, None, SERVING, Tie.ANY, inputs=(_id("ask_seq"), NOTE), always=True
    ),
    "meet": Rule(
        "meeting_called", AT_WORK, None, SERVING,
        inputs=(Input("body_ids", InputType.IDS), Input("at", InputType.MOMENT), MAYBE_NOTE),
    ),
    "extend_ask": Rule(
        "extension_asked", AT_WORK, None, SERVING,
        inputs=(Input("more", InputType.LIMIT), _code("reason", terms.EXTEND_REASONS), NOTE),
    ),
    "extend_grant": Rule(
        "extension_granted", AT_WORK | {Status.PAUSED}, None, _who(SUPERVISOR), Tie.OVER,
        inputs=(Input("more", InputType.LIMIT), MAYBE_NOTE), effect=Effect.LENGTHENS, always=True,
    ),
    "extend_refuse": Rule(
        "extension_refused", AT_WORK | {Status.PAUSED}, None, _who(SUPERVISOR), Tie.OVER, inputs=(NOTE,), always=True
    ),
    "split": Rule(
        "split", AT_WORK, None, SERVING,
        inputs=(Input("parts", InputType.PARTS, required=False), Input("child_ids", InputType.IDS, required=False),
                MAYBE_NOTE),
    ),
    "link": Rule(
        "linked", OPEN, None, SERVING, Tie.OVER,
        inputs=(_id("enterprise_id", required=False), _id("household_id", required=False)), always=True,
    ),
    "comment": Rule(
        "commented", OPEN | CLOSED, None, STAFF | {RESIDENT}, Tie.ANY, inputs=(NOTE,), always=True
    ),
    "attach": Rule(
        "attached", OPEN | CLOSED, None, STAFF | {RESIDENT}, Tie.ANY, inputs=(_id("photo_id"),), always=True
    ),
    "move": Rule(
        "moved", AT_DESK | AT_WORK | {Status.DISPATCHED, Status.PAUSED}, None, _who(WORKER, DISPATCHER), Tie.ANY,
        inputs=(_id("from_cell_id", required=False), _id("to_cell_id", required=False)), always=True,
    ),
    "recategorise": Rule(
        "recategorised", AT_DESK | AT_WORK | {Status.DISPATCHED}, None, SERVING, Tie.OVER, inputs=(_code("category"),),
        effect=Effect.RECKONS, always=True,
    ),
    "prioritise": Rule(
        "prioritised", AT_DESK | AT_WORK | {Status.DISPATCHED, Status.PAUSED}, None, _who(DISPATCHER, SUPERVISOR),
        Tie.OVER, inputs=(_code("priority"),), effect=Effect.RECKONS, always=True,
    ),
}  # fmt: skip

#: supervision, and what follows a closing
AFTER: Mapping[str, Rule] = {
    "supervise": Rule(
        "supervised", OPEN, None, _who(SUPERVISOR, SYSTEM), Tie.OVER,
        inputs=(_code("reason", terms.SUPERVISE_REASONS), Input("reply_by", InputType.MOMENT, required=False),
                MAYBE_NOTE),
        always=True,
    ),
    "supervise_reply": Rule("supervision_answered", OPEN, None, SERVING, inputs=(NOTE,), always=True),
    "supervise_end": Rule(
        "supervision_ended", OPEN | CLOSED, None, _who(SUPERVISOR), Tie.OVER, inputs=(NOTE,), always=True
    ),
    "appeal": Rule("appealed", CLOSED, None, _who(RESIDENT, WORKER), Tie.ANY, inputs=(NOTE,), always=True),
    "appeal_refuse": Rule(
        "appeal_refused", CLOSED, None, _who(DISPATCHER, SUPERVISOR), Tie.OVER, inputs=(NOTE,), always=True
    ),
    "rate": Rule(
        "rated", CLOSED, None, _who(RESIDENT, WORKER, DISPATCHER), Tie.ANY,
        inputs=(Input("satisfied", InputType.FLAG), Input("score", InputType.SCORE, required=False), MAYBE_NOTE),
        always=True,
    ),
}  # fmt: skip

#: the whole table
RULES: Mapping[str, Rule] = {**WAY, **ASIDE, **AFTER}
