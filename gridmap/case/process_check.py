"""What is wrong with a process, all of it at once, each fault naming its step: asked before a process is saved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from gridmap.case.actions import RULES, Rule
from gridmap.case.inputs import is_code
from gridmap.case.limits import Limit
from gridmap.case.process import Process, Step
from gridmap.case.terms import ENDED, Level, Party, Status
from gridmap.errors import InvalidInput

#: a status on a rung of the ladder
Node = tuple[Status, Level]

FIELDS = frozenset(field.name for field in fields(Process))
STEP_FIELDS = frozenset(field.name for field in fields(Step))


@dataclass(frozen=True, slots=True)
class ProcessFault:
    """One thing wrong: in which step (None: in the process as a whole), in which field, and what to do."""

    step: str | None
    field: str
    message: str


def check(process: Process | Mapping[str, Any]) -> list[ProcessFault]:
    """Everything that is wrong with a process, as a value or as the JSON an admin sends; [] when it may be saved.

    How its steps hang together is looked at once each of them is well-formed.
    """
    data = process.to_json() if isinstance(process, Process) else process
    faults = [*_whole(data), *_steps(data)]
    if faults:
        return faults
    try:
        read = Process.from_json(data)
    except InvalidInput as wrong:
        return [ProcessFault(None, "process", wrong.message)]
    return [*_rules(read), *_ways(read)]


def _unknown(step: str | None, given: Mapping[str, Any], known: frozenset[str]) -> Iterator[ProcessFault]:
    for name in sorted(set(given) - known):
        yield ProcessFault(step, name, f"there is no field {name!r}")
    for name in sorted(known - set(given)):
        yield ProcessFault(step, name, f"the field {name} is missing")


def _limit(step: str | None, field: str, value: Any) -> Iterator[ProcessFault]:
    try:
        Limit.from_json(value, field)
    except InvalidInput as wrong:
        yield ProcessFault(step, field, wrong.message)


def _among(step: str | None, field: str, values: Any, known: type[Level] | type[Status]) -> Iterator[ProcessFault]:
    if not isinstance(values, list | tuple) or not values:
        yield ProcessFault(step, field, f"{field} must be a list of at least one")
        return
    words = [str(one) for one in known]
    for value in values:
        if value not in words:
            yield ProcessFault(step, field, f"{value!r} is none of {', '.join(words)}")
    if len(set(map(str, values))) < len(values):
        yield ProcessFault(step, field, f"{field} names one twice")


def _whole(data: Mapping[str, Any]) -> Iterator[ProcessFault]:
    yield from _unknown(None, data, FIELDS)
    if not is_code(data.get("code")):
        yield ProcessFault(None, "code", "a code has letters, digits and - only")
    if not _count(data.get("version"), 1):
        yield ProcessFault(None, "version", "the version is a whole number from 1")
    if not _count(data.get("most_returns"), 1):
        yield ProcessFault(None, "most_returns", "most_returns is a whole number from 1")
    if data.get("until") not in (str(Status.RESOLVED), str(Status.CLOSED)):
        yield ProcessFault(None, "until", "the whole limit runs until resolved or until closed")
    yield from _limit(None, "limit", data.get("limit"))
    yield from _ladder(data.get("ladder"))
    yield from _priorities(data.get("priorities"))
    for field, inner in (("pause", None), ("extension", "most"), ("reopen", "more")):
        yield from _allowance(field, inner, data.get(field))


def _count(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _ladder(ladder: Any) -> Iterator[ProcessFault]:
    wrong = list(_among(None, "ladder", ladder, Level))
    yield from wrong
    if not wrong and [Level(one).rank for one in ladder] != sorted(Level(one).rank for one in ladder):
        yield ProcessFault(None, "ladder", "the ladder goes from the lowest rung up")


def _priorities(priorities: Any) -> Iterator[ProcessFault]:
    if not isinstance(priorities, Mapping) or priorities.get("normal") != 1:
        yield ProcessFault(None, "priorities", 'priorities are factors on the limits, with "normal": 1 among them')
        return
    for name, factor in priorities.items():
        number = isinstance(factor, int | float) and not isinstance(factor, bool)
        if not is_code(name) or not number or not 0 < factor <= 100:
            yield ProcessFault(None, "priorities", f"the factor of {name} must be above 0, but is {factor!r}")


def _allowance(field: str, inner: str | None, value: Any) -> Iterator[ProcessFault]:
    """`pause`, `extension`, `reopen`: None, or counts and a limit, all positive."""
    if value is None:
        return
    if not isinstance(value, Mapping):
        yield ProcessFault(None, field, f"{field} is null or an object")
        return
    counts = {"pause": ("days", "times"), "extension": ("times",), "reopen": ("days",)}[field]
    for name in counts:
        if not _count(value.get(name), 1):
            yield ProcessFault(None, field, f"{field}.{name} is a whole number from 1")
    if inner is not None:
        yield from _limit(None, f"{field}.{inner}", value.get(inner))
    for name in sorted(set(value) - {*counts, inner}):
        yield ProcessFault(None, field, f"{field} has no {name!r}")


def _steps(data: Mapping[str, Any]) -> Iterator[ProcessFault]:
    steps = data.get("steps")
    if not isinstance(steps, list | tuple) or not steps:
        yield ProcessFault(None, "steps", "a process has at least one step")
        return
    seen: set[str] = set()
    for number, step in enumerate(steps, start=1):
        if not isinstance(step, Mapping) or not is_code(step.get("name")):
            yield ProcessFault(f"#{number}", "name", f"step {number} needs a name of letters, digits and -")
            continue
        name = str(step["name"])
        if name in seen:
            yield ProcessFault(name, "name", f"two steps are called {name}")
        seen.add(name)
        yield from _step(name, step)


def _step(name: str, step: Mapping[str, Any]) -> Iterator[ProcessFault]:
    yield from _unknown(name, step, STEP_FIELDS)
    yield from _among(name, "statuses", step.get("statuses"), Status)
    level = step.get("level")
    if level is not None and level not in [str(one) for one in Level]:
        yield ProcessFault(name, "level", f"{level!r} is none of {', '.join(Level)}")
    if step.get("limit") is not None:
        yield from _limit(name, "limit", step["limit"])
    for field in ("may", "needs"):
        value = step.get(field)
        if not isinstance(value, Mapping) or not all(isinstance(one, list | tuple) for one in value.values()):
            yield ProcessFault(name, field, f"{field} gives a list for each action")
            continue
        for action, entries in value.items():
            yield from _entries(name, field, action, entries)


def _entries(name: str, field: str, action: str, entries: Any) -> Iterator[ProcessFault]:
    """One action under `may` (roles) or `needs` (fields)."""
    rule = RULES.get(action)
    if rule is None:
        yield ProcessFault(name, field, f"there is no action {action!r}")
        return
    for entry in entries:
        if field == "needs" and entry not in {one.name for one in rule.inputs}:
            yield ProcessFault(name, field, f"{action} has no field {entry!r}")
        elif field == "may" and entry not in [str(one) for one in Party]:
            yield ProcessFault(name, field, f"there is no role {entry!r}")
        elif field == "may" and entry not in [str(one) for one in rule.parties]:
            yield ProcessFault(name, field, f"the role {entry} may never {action}")
    if field == "may" and not entries:
        yield ProcessFault(name, field, f"nobody may {action}: leave it out instead")


def _rules(process: Process) -> Iterator[ProcessFault]:
    """Whether what each step says fits the table and the rest of the process."""
    taken: dict[tuple[Status, Level | None], str] = {}
    allowances = {"pause": process.pause, "extend_ask": process.extension}
    none_of = {action for action, allowance in allowances.items() if allowance is None}
    for step in process.steps:
        if step.level is not None and step.level not in process.ladder:
            yield ProcessFault(step.name, "level", f"{step.level} is no rung of this ladder")
        for status in step.statuses:
            if status in ENDED or status is Status.PAUSED:
                yield ProcessFault(step.name, "statuses", f"{status} belongs to no step: it {_why_not(status)}")
            other = taken.setdefault((status, step.level), step.name)
            if other != step.name:
                yield ProcessFault(step.name, "statuses", f"{status} belongs to {other} already")
        for action in (*step.may, *step.needs):
            if not RULES[action].froms & set(step.statuses):
                known = ", ".join(step.statuses)
                yield ProcessFault(step.name, "may", f"{action} is never possible from {known}")
            if action in none_of:
                yield ProcessFault(step.name, "may", f"{action}: this process allows none")


def _why_not(status: Status) -> str:
    return "stays in the step it was in" if status is Status.PAUSED else "ends the case"


def _ways(process: Process) -> Iterator[ProcessFault]:
    """Every step reachable, each status it can come to known, an end reachable from each."""
    start = [(status, process.ladder[0]) for status in (Status.UNPLACED, Status.ASSIGNED)]
    onward: dict[Node, set[Node]] = {}
    waiting = list(start)
    while waiting:
        node = waiting.pop()
        if node not in onward:
            onward[node] = set(_onward(process, node))
            waiting += onward[node]
    ends = _leading_to_an_end(onward)
    reached: dict[str, list[Node]] = {step.name: [] for step in process.steps}
    for node in sorted(onward, key=lambda one: (one[1].rank, one[0])):
        step = process.step_of(*node)
        if step is not None:
            reached[step.name].append(node)
        elif node[0] is not Status.CLOSED:
            before = sorted({one.name for past in onward if node in onward[past] and (one := process.step_of(*past))})
            place = before[0] if before else None
            yield ProcessFault(place, "statuses", f"{node[0]} in the {node[1]} comes next and belongs to no step")
    for name, nodes in reached.items():
        if not nodes:
            yield ProcessFault(name, "statuses", f"the step {name} is never reached")
        stuck = [f"{status} in the {level}" for status, level in nodes if (status, level) not in ends]
        if stuck:
            yield ProcessFault(name, "may", f"from {', '.join(stuck)} no closing is ever reached")


def _onward(process: Process, node: Node) -> Iterator[Node]:
    """Where a case can go from a status on a rung, by what its step lets people do."""
    status, level = node
    step = process.step_of(status, level)
    if step is None:
        return
    above = process.above(level)
    for action in step.may:
        rule = RULES[action]
        if rule.to in (None, Status.PAUSED, *(ENDED - {Status.CLOSED})) or not _open(process, step, action, status):
            continue
        yield from _targets(rule, action, level, above)


def _open(process: Process, step: Step, action: str, status: Status) -> bool:
    unverified = action == "close" and process.verification and status is Status.RESOLVED
    return status in RULES[action].froms and bool(step.may[action]) and not unverified


def _targets(rule: Rule, action: str, level: Level, above: Level | None) -> Iterator[Node]:
    assert rule.to is not None
    if action != "escalate":
        yield rule.to, level
    if action in ("escalate", "return") and above is not None:
        yield rule.to, above
    if rule.if_not is not None:
        yield rule.if_not[1], level


def _leading_to_an_end(onward: Mapping[Node, set[Node]]) -> set[Node]:
    good = {node for node in onward if node[0] is Status.CLOSED}
    while True:
        more = {node for node, nexts in onward.items() if node not in good and nexts & good}
        if not more:
            return good
        good |= more
