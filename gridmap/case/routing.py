"""Where a report goes: ordered rules over what it is about, where, when and how it came; the first that fits decides.

A rule gives a destination (a body, the nearest body of a department, the category's own department, or the dispatcher
of a rung) and a process. Nothing fits: the town's dispatcher. A rule set is a value; replaying a month's cases under it
shows who would get what before it goes live, and the same walk through the rules answers "why did it go there?".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from gridmap.case.inputs import is_code
from gridmap.case.said import Said, said
from gridmap.case.terms import Level
from gridmap.errors import InvalidInput

Mask = npt.NDArray[np.bool_]
DAY_MIN = 24 * 60
LONGEST_WORD = 64
CHANNELS = ("worker", "resident", "phone", "counter", "online", "import")
#: what cases are routed by: category, its upper one ("" at the top), the path of the area, the enterprise's id and kind
#: (missing without one), the local minute of the day and the day of the week it came (0 is Monday), channel, text
COLUMNS = (
    "category",
    "parent",
    "area_path",
    "enterprise_id",
    "enterprise_kind",
    "minute",
    "weekday",
    "channel",
    "text",
)


class To(StrEnum):
    """Kinds of destinations."""

    BODY = "body"  # one body, by its code
    DEPARTMENT = "department"  # the nearest body of a department
    CATEGORY = "category"  # the nearest body of the category's own department, else the cell's body
    DESK = "desk"  # the dispatcher of a rung of the ladder


@dataclass(frozen=True, slots=True)
class Target:
    """Where to. `name`: the body's code, the department, or the rung; empty for `category`."""

    to: To
    name: str = ""

    def __str__(self) -> str:
        return f"{self.to}:{self.name}" if self.name else str(self.to)


NOWHERE_ELSE = Target(To.DESK, str(Level.TOWN))


@dataclass(frozen=True, slots=True)
class When:
    """What a rule asks; an empty condition asks nothing, several values are alternatives."""

    categories: tuple[str, ...] = ()  # of a category or of one below it
    areas: tuple[str, ...] = ()  # paths: the area or one within it
    enterprise_ids: tuple[int, ...] = ()
    enterprise_kinds: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    words: tuple[str, ...] = ()  # the text holds one of these, letter case aside
    weekdays: int | None = None  # bit 0 is Monday
    hours: tuple[int, int] | None = None  # local minutes from, until; past midnight where until <= from


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `process` None: that of the category. `straight`: to the body at once, past the desks."""

    name: str
    when: When
    target: Target
    process: str | None = None
    straight: bool = False


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Ordered rules under a version."""

    version: str
    rules: tuple[Rule, ...]

    def to_json(self) -> dict[str, Any]:
        return {"version": self.version, "rules": [_rule_to_json(rule) for rule in self.rules]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote. Raises InvalidInput; `check` says what is wrong with what it holds."""
        try:
            return cls(str(data["version"]), tuple(_rule_from_json(rule) for rule in data["rules"]))
        except (KeyError, TypeError, ValueError, AttributeError) as wrong:
            raise InvalidInput(f"this is no rule set: {wrong!r}", field="rules") from wrong


def default_rules() -> RuleSet:
    """What holds until a county writes its own: the category's department, beside the worker on duty in the cell.

    Emergencies likewise, and not straight: the worker next door would then lose what she can reach first.
    """
    urgent = Rule("emergencies", When(categories=("emergency",)), Target(To.CATEGORY), "emergency")
    return RuleSet("1", (urgent, Rule("by-category", When(), Target(To.CATEGORY))))


@dataclass(frozen=True, slots=True)
class RuleFault:
    """One thing wrong with a rule, named."""

    rule: str
    field: str
    said: Said

    @property
    def message(self) -> str:
        return str(self.said)


@dataclass(frozen=True, slots=True)
class Known:
    """What rules may name, from the database."""

    categories: frozenset[str]
    areas: frozenset[str]
    bodies: frozenset[str]
    departments: frozenset[str]
    processes: frozenset[str]
    #: processes that let cases go straight to their body (`Process.straight`)
    straight: frozenset[str]
    enterprise_ids: frozenset[int] = frozenset()
    enterprise_kinds: frozenset[str] = frozenset({"mine", "quarry", "factory", "other"})
    channels: frozenset[str] = frozenset(CHANNELS)


def check(rules: RuleSet, known: Known) -> list[RuleFault]:
    """Everything that is wrong: names that do not exist, hours out of the day, a rule that never gets its turn."""
    faults: list[RuleFault] = []
    seen: set[str] = set()
    catch_all: str | None = None
    for rule in rules.rules:
        if not is_code(rule.name):
            faults.append(RuleFault(rule.name, "name", said("code")))
        if rule.name in seen:
            faults.append(RuleFault(rule.name, "name", said("rule_twice", name=rule.name)))
        seen.add(rule.name)
        if catch_all is not None:
            faults.append(RuleFault(rule.name, "when", said("no_turn", name=catch_all)))
        if rule.when == When() and catch_all is None:
            catch_all = rule.name
        faults += [RuleFault(rule.name, field, told) for field, told in _faults(rule, known)]
    return faults


def _faults(rule: Rule, known: Known) -> Iterator[tuple[str, Said]]:
    when = rule.when
    named: tuple[tuple[str, Sequence[Any], frozenset[Any]], ...] = (
        ("categories", when.categories, known.categories),
        ("areas", when.areas, known.areas),
        ("enterprise_ids", when.enterprise_ids, known.enterprise_ids),
        ("enterprise_kinds", when.enterprise_kinds, known.enterprise_kinds),
        ("channels", when.channels, known.channels),
        ("process", (rule.process,) if rule.process is not None else (), known.processes),
    )
    for field, values, there in named:
        for value in values:
            if value not in there:
                yield field, said("not_there", value=repr(value))
    for word in when.words:
        if not 0 < len(word.strip()) <= LONGEST_WORD:
            yield "words", said("word", n=LONGEST_WORD)
    if when.weekdays is not None and not 0 < when.weekdays < 1 << 7:
        yield "weekdays", said("weekdays")
    if when.hours is not None and (when.hours[0] == when.hours[1] or not all(0 <= m <= DAY_MIN for m in when.hours)):
        yield "hours", said("hours", n=DAY_MIN)
    yield from _target_faults(rule, known)


def _target_faults(rule: Rule, known: Known) -> Iterator[tuple[str, Said]]:
    names = {To.BODY: known.bodies, To.DEPARTMENT: known.departments, To.DESK: frozenset(map(str, Level))}
    target = rule.target
    if target.to is To.CATEGORY:
        if target.name:
            yield "target", said("target_named")
    elif target.name not in names[target.to]:
        yield "target", said("not_there", value=f"{target.to} {target.name!r}")
    if rule.straight and target.to is To.DESK:
        yield "straight", said("desk_straight")
    elif rule.straight and rule.process is not None and rule.process not in known.straight:
        yield "straight", said("not_straight", name=rule.process)


# --- which rule fits ------------------------------------------------------------------------------------------------


def conditions(when: When, cases: pd.DataFrame) -> dict[str, Mask]:
    """For each condition that the rule asks, which cases meet it, shape (n,). Cases have the columns `COLUMNS`."""
    met: dict[str, Mask] = {}
    if when.categories:
        wanted = list(when.categories)
        met["categories"] = (cases["category"].isin(wanted) | cases["parent"].isin(wanted)).to_numpy(dtype=bool)
    if when.areas:
        met["areas"] = _words_of(cases["area_path"]).str.startswith(when.areas).to_numpy(dtype=bool)
    for name, column, values in (
        ("enterprise_ids", "enterprise_id", when.enterprise_ids),
        ("enterprise_kinds", "enterprise_kind", when.enterprise_kinds),
        ("channels", "channel", when.channels),
    ):
        if values:
            met[name] = cases[column].isin(list(values)).to_numpy(dtype=bool)
    if when.words:
        text = _words_of(cases["text"]).str.casefold()
        held = [text.str.contains(word.casefold(), regex=False).to_numpy(dtype=bool) for word in when.words]
        met["words"] = np.logical_or.reduce(held)
    return {**met, **_times(when, cases)}


def _words_of(column: pd.Series) -> pd.Series:
    """A column of text with "" where there is none, also where all of it is missing."""
    return column.astype(object).where(column.notna().to_numpy(dtype=bool), "").astype(str)


def _times(when: When, cases: pd.DataFrame) -> dict[str, Mask]:
    """Hours past midnight belong to the day they began on, as duties do."""
    met: dict[str, Mask] = {}
    minute, weekday = cases["minute"].to_numpy(dtype=np.int64), cases["weekday"].to_numpy(dtype=np.int64)
    if when.hours is not None:
        start, stop = when.hours
        late = minute < stop
        met["hours"] = (minute >= start) & late if start < stop else (minute >= start) | late
        weekday = np.where((start >= stop) & late, (weekday - 1) % 7, weekday)
    if when.weekdays is not None:
        met["weekdays"] = (np.int64(when.weekdays) >> weekday & 1).astype(bool)
    return met


def _fits(when: When, cases: pd.DataFrame) -> Mask:
    fits: Mask = np.logical_and.reduce([np.ones(len(cases), dtype=bool), *conditions(when, cases).values()])
    return fits


def replay(rules: RuleSet, cases: pd.DataFrame) -> pd.DataFrame:
    """Who would get what: columns rule (None where none fits), target, process (None: the category's), straight.

    The index is that of `cases`, whose columns are `COLUMNS`; nothing is changed.
    """
    chosen = np.full(len(cases), len(rules.rules), dtype=np.int64)
    for number in range(len(rules.rules) - 1, -1, -1):
        chosen[_fits(rules.rules[number].when, cases)] = number
    known = rules.rules
    columns = {
        "rule": [*(rule.name for rule in known), None],
        "target": [*(str(rule.target) for rule in known), str(NOWHERE_ELSE)],
        "process": [*(rule.process for rule in known), None],
        "straight": [*(rule.straight for rule in known), False],
    }
    taken = {name: np.array(values, dtype=object)[chosen] for name, values in columns.items()}
    return pd.DataFrame(taken, index=cases.index, dtype=object)


def compare(old: RuleSet, new: RuleSet, cases: pd.DataFrame) -> pd.DataFrame:
    """Both rule sets over the same cases: the columns of `replay` with _old and _new, and `changed` (bool)."""
    before, after = replay(old, cases), replay(new, cases)
    same = [
        (before[name].fillna("") == after[name].fillna("")).to_numpy(dtype=bool)
        for name in ("target", "process", "straight")
    ]
    both = before.add_suffix("_old").join(after.add_suffix("_new"))
    return both.assign(changed=~np.logical_and.reduce(same))


def moved_counts(compared: pd.DataFrame) -> pd.DataFrame:
    """How many cases would go from where to where: columns target_old, target_new, cases; most first."""
    moved = compared[compared["changed"]]
    counts = moved.groupby(["target_old", "target_new"], dropna=False).size()
    frame = counts.rename("cases").reset_index()
    return frame.sort_values(["cases", "target_old", "target_new"], ascending=[False, True, True], ignore_index=True)


@dataclass(frozen=True, slots=True)
class Tried:
    """One rule that was tried: the conditions it asks, those that failed, and whether it decided."""

    rule: str
    asked: tuple[str, ...]
    failed: tuple[str, ...]

    @property
    def decided(self) -> bool:
        return not self.failed


@dataclass(frozen=True, slots=True)
class Routed:
    """Where one case goes, by which rule (None: none fitted), and every rule tried on the way."""

    rule: str | None
    target: Target
    process: str | None
    straight: bool
    tried: tuple[Tried, ...]


def route(rules: RuleSet, case: Mapping[str, Any]) -> Routed:
    """Where one case goes and why; `case` has the `COLUMNS`. The same answer as `replay`, without a frame."""
    tried: list[Tried] = []
    for rule in rules.rules:
        met = dict(_met(rule.when, case))
        failed = tuple(name for name, fits in met.items() if not fits)
        tried.append(Tried(rule.name, tuple(met), failed))
        if not failed:
            return Routed(rule.name, rule.target, rule.process, rule.straight, tuple(tried))
    return Routed(None, NOWHERE_ELSE, None, False, tuple(tried))


def _met(when: When, case: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """`conditions` for one case."""
    if when.categories:
        yield "categories", case["category"] in when.categories or case["parent"] in when.categories
    if when.areas:
        yield "areas", isinstance(case["area_path"], str) and case["area_path"].startswith(when.areas)
    if when.enterprise_ids:
        yield "enterprise_ids", case["enterprise_id"] in when.enterprise_ids
    if when.enterprise_kinds:
        yield "enterprise_kinds", case["enterprise_kind"] in when.enterprise_kinds
    if when.channels:
        yield "channels", case["channel"] in when.channels
    if when.words:
        text = case["text"].casefold() if isinstance(case["text"], str) else ""
        yield "words", any(word.casefold() in text for word in when.words)
    day = case["weekday"]
    if when.hours is not None:
        start, stop = when.hours
        early = case["minute"] < stop
        yield "hours", (case["minute"] >= start and early) if start < stop else (case["minute"] >= start or early)
        day = (day - 1) % 7 if start >= stop and early else day
    if when.weekdays is not None:
        yield "weekdays", bool(when.weekdays >> int(day) & 1)


def _rule_to_json(rule: Rule) -> dict[str, Any]:
    when = rule.when
    names = ("categories", "areas", "enterprise_ids", "enterprise_kinds", "channels", "words")
    asked: dict[str, Any] = {name: list(getattr(when, name)) for name in names if getattr(when, name)}
    if when.weekdays is not None:
        asked["weekdays"] = when.weekdays
    if when.hours is not None:
        asked["hours"] = list(when.hours)
    target = {"to": str(rule.target.to), "name": rule.target.name}
    return {
        "name": rule.name, "when": asked, "target": target, "process": rule.process, "straight": rule.straight,
    }  # fmt: skip


def _rule_from_json(data: Mapping[str, Any]) -> Rule:
    asked = dict(data["when"])
    hours = asked.pop("hours", None)
    weekdays = asked.pop("weekdays", None)
    when = When(
        **{name: tuple(values) for name, values in asked.items()},
        weekdays=None if weekdays is None else int(weekdays),
        hours=None if hours is None else (int(hours[0]), int(hours[1])),
    )
    target = Target(To(data["target"]["to"]), str(data["target"]["name"]))
    return Rule(str(data["name"]), when, target, data["process"], bool(data["straight"]))
