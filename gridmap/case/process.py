"""A process as data: its steps, who may do what in them, how long each may take and the whole, and the ladder.

A process is a row or a file that an admin edits; saving makes the next version, and a case keeps the version it began
with. It narrows the transition table of `gridmap.case.actions`, never widens it. `gridmap.case.process_check` finds
what is wrong with one before it is saved.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any, Self

from gridmap.case.limits import Limit
from gridmap.case.terms import Level, Party, Status
from gridmap.errors import InvalidInput

#: those that come with the platform, by the code that categories name
SHIPPED = ("dispute", "service", "emergency")


@dataclass(frozen=True, slots=True)
class Step:
    """A part of the way: the statuses that belong to it, on one rung of the ladder or on all (`level` None)."""

    name: str
    title: str
    title_en: str
    statuses: tuple[Status, ...]
    level: Level | None
    limit: Limit | None
    #: who may do what here; an action that is not named is refused, save those that are always open
    may: Mapping[str, frozenset[Party]]
    #: what must be entered for an action besides what the action itself demands
    needs: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Pausing:
    """How long a pause may last (elapsed days) and how many a case may have."""

    days: int
    times: int


@dataclass(frozen=True, slots=True)
class Extending:
    """How much one extension may add, in the unit to ask in, and how many may be granted."""

    most: Limit
    times: int


@dataclass(frozen=True, slots=True)
class Reopening:
    """Until how many days after closing, and what is added to the whole limit then."""

    days: int
    more: Limit


@dataclass(frozen=True, slots=True)
class Process:
    """One version of a process."""

    code: str
    version: int
    name: str
    name_en: str
    #: of the whole, where the category does not say otherwise; its unit decides the clock
    limit: Limit
    #: what the whole limit is for: "resolved" (verification has its own) or "closed"
    until: Status
    priorities: Mapping[str, float]
    ladder: tuple[Level, ...]
    verification: bool
    satisfaction: bool
    #: after so many returns it goes up the ladder: nothing is shuffled
    most_returns: int
    pause: Pausing | None
    extension: Extending | None
    reopen: Reopening | None
    steps: tuple[Step, ...]

    def step_of(self, status: Status, level: Level) -> Step | None:
        """The step a status belongs to on a rung: one made for the rung before one for all. None once ended."""
        fits = [step for step in self.steps if status in step.statuses and step.level in (level, None)]
        return min(fits, key=lambda step: step.level is None, default=None)

    def step(self, name: str) -> Step:
        found = next((step for step in self.steps if step.name == name), None)
        if found is None:
            raise InvalidInput(f"the process {self.code!r} has no step {name!r}", field="step")
        return found

    def above(self, level: Level) -> Level | None:
        """The next rung up; None at the top."""
        higher = [rung for rung in self.ladder if rung.rank > level.rank]
        return higher[0] if higher else None

    @property
    def straight(self) -> bool:
        """Whether routing may send a new case to its body at once, past the desks."""
        step = self.step_of(Status.ASSIGNED, self.ladder[0])
        return step is not None and Party.SYSTEM in step.may.get("dispatch", ())

    def next_version(self, **changes: Any) -> Self:
        return replace(self, version=self.version + 1, **changes)

    def to_json(self) -> dict[str, Any]:
        """As it is stored; `from_json` reads it back equal."""
        return {
            "code": self.code, "version": self.version, "name": self.name, "name_en": self.name_en,
            "limit": self.limit.to_json(), "until": str(self.until), "priorities": dict(self.priorities),
            "ladder": [str(level) for level in self.ladder], "verification": self.verification,
            "satisfaction": self.satisfaction, "most_returns": self.most_returns,
            "pause": self.pause and {"days": self.pause.days, "times": self.pause.times},
            "extension": self.extension
            and {"most": self.extension.most.to_json(), "times": self.extension.times},
            "reopen": self.reopen and {"days": self.reopen.days, "more": self.reopen.more.to_json()},
            "steps": [_step_to_json(step) for step in self.steps],
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote. Raises InvalidInput; `process_check.check` lists everything that is wrong."""
        try:
            return cls(
                code=str(data["code"]), version=int(data["version"]), name=str(data["name"]),
                name_en=str(data["name_en"]), limit=Limit.from_json(data["limit"]), until=Status(data["until"]),
                priorities={str(name): float(factor) for name, factor in data["priorities"].items()},
                ladder=tuple(Level(level) for level in data["ladder"]), verification=bool(data["verification"]),
                satisfaction=bool(data["satisfaction"]), most_returns=int(data["most_returns"]),
                pause=_maybe(data["pause"], lambda one: Pausing(int(one["days"]), int(one["times"]))),
                extension=_maybe(
                    data["extension"], lambda one: Extending(Limit.from_json(one["most"], "most"), int(one["times"]))
                ),
                reopen=_maybe(
                    data["reopen"], lambda one: Reopening(int(one["days"]), Limit.from_json(one["more"], "more"))
                ),
                steps=tuple(_step_from_json(step) for step in data["steps"]),
            )  # fmt: skip
        except (KeyError, TypeError, ValueError, AttributeError) as wrong:
            raise InvalidInput(f"this is no process: {wrong!r}", field="process") from wrong


def _maybe(data: Any, read: Any) -> Any:
    return None if data is None else read(data)


def _step_to_json(step: Step) -> dict[str, Any]:
    return {
        "name": step.name, "title": step.title, "title_en": step.title_en,
        "statuses": [str(status) for status in step.statuses],
        "level": step.level and str(step.level), "limit": step.limit and step.limit.to_json(),
        "may": {action: sorted(str(party) for party in parties) for action, parties in step.may.items()},
        "needs": {action: list(fields) for action, fields in step.needs.items()},
    }  # fmt: skip


def _step_from_json(data: Mapping[str, Any]) -> Step:
    return Step(
        name=str(data["name"]), title=str(data["title"]), title_en=str(data["title_en"]),
        statuses=tuple(Status(status) for status in data["statuses"]),
        level=_maybe(data["level"], Level), limit=_maybe(data["limit"], Limit.from_json),
        may={str(action): frozenset(Party(one) for one in parties) for action, parties in data["may"].items()},
        needs={str(action): tuple(str(field) for field in fields) for action, fields in data["needs"].items()},
    )  # fmt: skip


def shipped_json(code: str) -> dict[str, Any]:
    """A process that comes with the platform, as its file says it."""
    text = files("gridmap.case").joinpath("processes", f"{code}.json").read_text(encoding="utf-8")
    data: dict[str, Any] = json.loads(text)
    return data


def default_processes() -> dict[str, Process]:
    """The three that come with the platform, by code: dispute, service, emergency."""
    return {code: Process.from_json(shipped_json(code)) for code in SHIPPED}
