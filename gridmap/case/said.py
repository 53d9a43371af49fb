"""Why something is refused or faulty, as a key and what it is about: programs get both, people the sentence.

The sentences here are English, as all errors are; the pages have them in the county's languages under the same keys
(`problem.why.KEY`), and a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: why an action is refused (`case.flow`, `case.guards`)
REFUSED: Mapping[str, str] = {
    "no_action": "there is no action {name}",
    "role": "the role {role} may never {action} a case; this is for {roles}",
    "status": "{action} is not possible while the case is {status}, only while it is {statuses}",
    "no_step": "the process {process} knows no {action} in the step {step}",
    "no_step_here": "the process {process} knows no {action} in the status {status}",
    "step_role": "in the step {step} of {process}, {action} is for {roles} alone",
    "holder": "{action} is for whoever has the case in hand; it stands at the {level} level",
    "holder_or_over": "{action} is for whoever has the case in hand or a dispatcher or supervisor over it; "
    "it stands at the {level} level",
    "children": "{n} child cases are still open: a parent ends after its children",
    "verify": "this process asks for a verification on the spot before a case is closed",
    "reply_waits": "a supervision waits for its reply",
    "verifier": "whoever resolved a case does not judge it as well",
    "top": "the case is at the top of the ladder: {level}",
    "no_pause": "this process knows no pause",
    "pauses": "the case was paused {n} times already, the most there may be",
    "no_extension": "this process knows no extension",
    "extension_waits": "an extension was asked for already and waits for its answer",
    "extensions": "the case was extended {n} times already, the most there may be",
    "no_extension_asked": "nobody asked for an extension",
    "own_extension": "whoever asks for an extension does not grant it",
    "no_help": "no help was asked of this body, or it was given",
    "no_reopening": "this process does not reopen cases; report a new one",
    "appeal_waits": "an appeal is waiting already",
    "no_appeals": "this process knows no appeal",
    "too_late": "the case was closed more than {n} days ago; report a new one",
    "no_appeal": "there is no appeal to answer",
    "no_rating": "this process asks for no satisfaction",
    "rated": "satisfaction was asked already",
    "no_reply_waits": "no supervision waits for a reply",
    "no_supervision": "no supervision is open",
    "enter": "enter one of {fields}",
    "pause_past": "a pause ends in the future",
    "pause_long": "a pause lasts {n} days at the most",
    "extension_unit": "write the extension in {unit}",
    "extension_most": "{n} {unit} may be asked for",
    "extension_asked": "{n} {unit} was asked for",
    "priority": "priority is one of {codes}",
    "help_holder": "this body has the case in hand itself",
    "help_twice": "this body was asked already",
    "help_other": "this question was put to another body",
    "reply_past": "reply_by lies in the past; give time to answer, or leave it out",
}

#: what is wrong with a limit, a process or a rule (`case.process_check`, `case.routing`)
FAULTY: Mapping[str, str] = {
    "limit_unit": "a limit is in {names}, not in {value}",
    "limit_positive": "a limit must be positive, but is {value} {unit}",
    "limit_long": "a limit of {value} {unit} is longer than two years",
    "limit_shape": 'a limit is written like "workdays": 7 in an object, not {value}',
    "limit_number": "{value} is not a number",
    "no_field": "there is no field {name}",
    "field_missing": "the field {name} is missing",
    "list_empty": "{name} must be a list of at least one",
    "none_of": "{value} is none of {names}",
    "twice": "{name} names one twice",
    "code": "a code has letters, digits and - only",
    "code_kept": "the address says {name}: a process keeps its code",
    "whole": "{name} is a whole number from 1",
    "until": "the whole limit runs until resolved or until closed",
    "ladder": "the ladder goes from the lowest rung up",
    "priorities": 'priorities are factors on the limits, with "normal": 1 among them',
    "factor": "the factor of {name} must be above 0, but is {value}",
    "allowance": "{name} is null or an object",
    "no_part": "{name} has no {value}",
    "no_steps": "a process has at least one step",
    "step_name": "step {n} needs a name of letters, digits and -",
    "step_twice": "two steps are called {name}",
    "lists": "{name} gives a list for each action",
    "no_role": "there is no role {name}",
    "role_never": "the role {role} may never {action}",
    "nobody": "nobody may {action}: leave it out instead",
    "no_rung": "{level} is no rung of this ladder",
    "ends": "{status} belongs to no step: it ends the case",
    "pauses_step": "{status} belongs to no step: it stays in the step it was in",
    "status_taken": "{status} belongs to {name} already",
    "never_from": "{action} is never possible from {statuses}",
    "none_allowed": "{action}: this process allows none",
    "no_step_for": "{status} in the {level} comes next and belongs to no step",
    "unreached": "the step {name} is never reached",
    "no_end": "from {names} no closing is ever reached",
    "malformed": "{value}",
    "rule_twice": "two rules are called {name}",
    "no_turn": "never gets its turn: {name} before it takes everything",
    "not_there": "there is no {value}",
    "word": "a word has 1 to {n} characters",
    "weekdays": "at least one day of the week",
    "hours": "two different minutes between 0 and {n}",
    "target_named": "the category's department has no name of its own",
    "desk_straight": "a desk dispatches, it is not dispatched to",
    "not_straight": "the process {name} lets no case go straight to its body",
}

SENTENCES: Mapping[str, str] = {**REFUSED, **FAULTY}


@dataclass(frozen=True, slots=True)
class Said:
    """A key of `SENTENCES` and what fills its places: codes, numbers, lists of codes."""

    why: str
    given: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        told = {name: ", ".join(map(str, one)) if isinstance(one, list) else one for name, one in self.given.items()}
        return SENTENCES[self.why].format(**told)


def said(why: str, **given: Any) -> Said:
    return Said(why, given)
