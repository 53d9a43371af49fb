"""What decides about every report and changes once a month: categories, bodies, processes, rules and the calendar.

Each process holds what it read for as long as the versions of its layers stand; whoever writes one of them raises its
version in the same transaction. So a report asks for the versions, and only after a change for the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from gridmap.case.calendar import Calendar
from gridmap.case.process import Process
from gridmap.case.routing import RuleSet
from gridmap.people.bodies import Bodies
from gridmap.store import cases, ground, incidents, rules
from gridmap.store.ground import Area
from gridmap.store.incidents import Category

#: the layers it is made of
LAYERS = ("areas", "bodies", "calendar", "categories", "processes", "rules", "workers")

Version = tuple[int, ...]


@dataclass(frozen=True)
class Settled:
    """All of it at some versions. Of people only the names of those on duty."""

    version: Version
    bodies: Bodies
    county: Area | None
    rules: RuleSet
    #: None: none is in force yet, nor are there processes
    calendar: Calendar | None
    #: {code, name, name_en} of each body by its id
    body_names: Mapping[int, Mapping[str, Any]]
    _categories: dict[str, Category] = field(default_factory=dict)
    _processes: dict[str, Process] = field(default_factory=dict)
    _workers: dict[int, Mapping[str, Any]] = field(default_factory=dict)

    def category(self, conn: Connection, code: str) -> Category:
        """A category by its code, read when it is first asked for. Raises InvalidInput."""
        known = self._categories.get(code)
        if known is None:
            known = self._categories[code] = incidents.category(conn, code)
        return known

    def process(self, conn: Connection, code: str) -> Process:
        """The newest version of a process, read when it is first asked for. Raises InvalidInput."""
        known = self._processes.get(code)
        if known is None:
            known = self._processes[code] = cases.process(conn, code)
        return known

    def worker(self, conn: Connection, worker_id: int) -> Mapping[str, Any]:
        """{id, name, name_en} of a worker, read when it is first asked for."""
        known = self._workers.get(worker_id)
        if known is None:
            known = self._workers[worker_id] = incidents.worker_named(conn, worker_id)
        return known


class SettledCache:
    """The newest of it that this process has read. Safe to share between threads."""

    def __init__(self) -> None:
        self._held: Settled | None = None

    def at(self, conn: Connection, known: Mapping[str, int]) -> Settled:
        """What is settled at these versions (`versions.read`, in this very transaction)."""
        version = tuple(known.get(layer, 0) for layer in LAYERS)
        held = self._held
        if held is None or held.version != version:
            # two that read it at once: either will do
            held = self._held = _read(conn, version)
        return held


def _read(conn: Connection, version: Version) -> Settled:
    return Settled(
        version, ground.bodies(conn), ground.county(conn), rules.live(conn), cases.chosen(conn),
        ground.body_names(conn),
    )  # fmt: skip
