"""What is wrong with a process, all of it at once, each fault naming its step: asked before a process is saved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from gridmap.case.actions import RULES, Rule
from gridmap.case.inputs import is_code
from gridmap.case.limits import Limit
from gridmap.case.process import Process, Step
from gridmap.case.said import FAULTY, Said, said
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
    said: Said

    @property
    def message(self) -> str:
        return str(self.said)


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
        return [ProcessFault(None, "process", said("malformed", value=wrong.message))]
    return [*_rules(read), *_ways(read)]


def _unknown(step: str | None, given: Mapping[str, Any], known: frozenset[str]) -> Iterator[ProcessFault]:
    for name in sorted(set(given) - known):
        yield ProcessFault(step, name, said("no_field", name=repr(name)))
    for name in sorted(known - set(given)):
        yield ProcessFault(step, name, said("field_missing", name=name))


def _limit(step: str | None, field: str, value: Any) -> Iterator[ProcessFault]:
    try:
        Limit.from_json(value, field)
    except InvalidInput as wrong:
        yield ProcessFault(step, field, _of(wrong))


def _of(wrong: InvalidInput) -> Said:
    """What a limit is refused for, by its key."""
    if wrong.code in FAULTY:
        return Said(wrong.code, wrong.details["given"])
    return said("malformed", value=wrong.message)


def _among(step: str | None, field: str, values: Any, known: type[Level] | type[Status]) -> Iterator[ProcessFault]:
    if not isinstance(values, list | tuple) or not values:
        yield ProcessFault(step, field, said("list_empty", name=field))
        return
    words = [str(one) for one in known]
    for value in values:
        if value not in words:
            yield ProcessFault(step, field, said("none_of", value=repr(value), names=words))
    if len(set(map(str, values))) < len(values):
        yield ProcessFault(step, field, said("twice", name=field))


def _whole(data: Mapping[str, Any]) -> Iterator[ProcessFault]:
    yield from _unknown(None, data, FIELDS)
    if not is_code(data.get("code")):
        yield ProcessFault(None, "code", said("code"))
    if not _count(data.get("version"), 1):
        yield ProcessFault(None, "version", said("whole", name="version"))
    if not _count(data.get("most_returns"), 1):
        yield ProcessFault(None, "most_returns", said("whole", name="most_returns"))
    if data.get("until") not in (str(Status.RESOLVED), str(Status.CLOSED)):
        yield ProcessFault(None, "until", said("until"))
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
        yield ProcessFault(None, "ladder", said("ladder"))


def _priorities(priorities: Any) -> Iterator[ProcessFault]:
    if not isinstance(priorities, Mapping) or priorities.get("normal") != 1:
        yield ProcessFault(None, "priorities", said("priorities"))
        return
    for name, factor in priorities.items():
        number = isinstance(factor, int | float) and not isinstance(factor, bool)
        if not is_code(name) or not number or not 0 < factor <= 100:
            yield ProcessFault(None, "priorities", said("factor", name=name, value=repr(factor)))


def _allowance(field: str, inner: str | None, value: Any) -> Iterator[ProcessFault]:
    """`pause`, `extension`, `reopen`: None, or counts and a limit, all positive."""
    if value is None:
        return
    if not isinstance(value, Mapping):
        yield ProcessFault(None, field, said("allowance", name=field))
        return
    counts = {"pause": ("days", "times"), "extension": ("times",), "reopen": ("days",)}[field]
    for name in counts:
        if not _count(value.get(name), 1):
            yield ProcessFault(None, field, said("whole", name=f"{field}.{name}"))
    if inner is not None:
        yield from _limit(None, f"{field}.{inner}", value.get(inner))
    for name in sorted(set(value) - {*counts, inner}):
        yield ProcessFault(None, field, said("no_part", name=field, value=repr(name)))


def _steps(data: Mapping[str, Any]) -> Iterator[ProcessFault]:
    steps = data.get("steps")
    if not isinstance(steps, list | tuple) or not steps:
        yield ProcessFault(None, "steps", said("no_steps"))
        return
    seen: set[str] = set()
    for number, step in enumerate(steps, start=1):
        if not isinstance(step, Mapping) or not is_code(step.get("name")):
            yield ProcessFault(f"#{number}", "name", said("step_name", n=number))
            continue
        name = str(step["name"])
        if name in seen:
            yield ProcessFault(name, "name", said("step_twice", name=name))
        seen.add(name)
        yield from _step(name, step)


def _step(name: str, step: Mapping[str, Any]) -> Iterator[ProcessFault]:
    yield from _unknown(name, step, STEP_FIELDS)
    yield from _among(name, "statuses", step.get("statuses"), Status)
    level = step.get("level")
    if level is not None and level not in [str(one) for one in Level]:
        yield ProcessFault(name, "level", said("none_of", value=repr(level), names=[str(one) for one in Level]))
    if step.get("limit") is not None:
        yield from _limit(name, "limit", step["limit"])
    for field in ("may", "needs"):
        value = step.get(field)
        if not isinstance(value, Mapping) or not all(isinstance(one, list | tuple) for one in value.values()):
            yield ProcessFault(name, field, said("lists", name=field))
            continue
        for action, entries in value.items():
            yield from _entries(name, field, action, entries)


def _entries(name: str, field: str, action: str, entries: Any) -> Iterator[ProcessFault]:
    """One action under `may` (roles) or `needs` (fields)."""
    rule = RULES.get(action)
    if rule is None:
        yield ProcessFault(name, field, said("no_action", name=repr(action)))
        return
    for entry in entries:
        if field == "needs" and entry not in {one.name for one in rule.inputs}:
            yield ProcessFault(name, field, said("no_part", name=action, value=repr(entry)))
        elif field == "may" and entry not in [str(one) for one in Party]:
            yield ProcessFault(name, field, said("no_role", name=repr(entry)))
        elif field == "may" and entry not in [str(one) for one in rule.parties]:
            yield ProcessFault(name, field, said("role_never", role=entry, action=action))
    if field == "may" and not entries:
        yield ProcessFault(name, field, said("nobody", action=action))


def _rules(process: Process) -> Iterator[ProcessFault]:
    """Whether what each step says fits the table and the rest of the process."""
    taken: dict[tuple[Status, Level | None], str] = {}
    allowances = {"pause": process.pause, "extend_ask": process.extension}
    none_of = {action for action, allowance in allowances.items() if allowance is None}
    for step in process.steps:
        if step.level is not None and step.level not in process.ladder:
            yield ProcessFault(step.name, "level", said("no_rung", level=str(step.level)))
        for status in step.statuses:
            if status in ENDED or status is Status.PAUSED:
                why = "pauses_step" if status is Status.PAUSED else "ends"
                yield ProcessFault(step.name, "statuses", said(why, status=str(status)))
            other = taken.setdefault((status, step.level), step.name)
            if other != step.name:
                yield ProcessFault(step.name, "statuses", said("status_taken", status=str(status), name=other))
        for action in (*step.may, *step.needs):
            if not RULES[action].froms & set(step.statuses):
                known = [str(status) for status in step.statuses]
                yield ProcessFault(step.name, "may", said("never_from", action=action, statuses=known))
            if action in none_of:
                yield ProcessFault(step.name, "may", said("none_allowed", action=action))


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
            next_ = said("no_step_for", status=str(node[0]), level=str(node[1]))
            yield ProcessFault(place, "statuses", next_)
    for name, nodes in reached.items():
        if not nodes:
            yield ProcessFault(name, "statuses", said("unreached", name=name))
        stuck = [f"{status} in the {level}" for status, level in nodes if (status, level) not in ends]
        if stuck:
            yield ProcessFault(name, "may", said("no_end", names=stuck))


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
