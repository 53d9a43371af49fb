"""The day's pack: what a worker on duty needs on a phone without a network, and no more.

A section is read and written only where what it follows from has moved: versions of layers, a mark of what has no
version (`store.phones.moved`), the worker's own open cases, and the day.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from sqlalchemy import Connection

from gridmap.case.clock import Thresholds
from gridmap.errors import Forbidden
from gridmap.ground.measure import box_around
from gridmap.store import accounts, phones, read, subjects, versions
from gridmap.store.spatial import Bbox
from gridmap.usecases import envelopes, handing, mailbox
from gridmap.usecases.context import Ground
from gridmap.usecases.homes import CONTACT
from gridmap.usecases.packs import Cases, Remembered
from gridmap.usecases.reading import Reader
from gridmap.usecases.visiting import MonthPlan, actor_worker, plan_of
from gridmap.view import InCells, Kind, Role

T = TypeVar("T")
#: neighbours' outlines are there this far around one's own cells
AROUND_M = 300.0
#: open cases that a phone is given at most; who has more works with a network
MOST_CASES = 1_000
#: characters of a case's words that go along
SUMMARY = 200


@dataclass
class Day:
    """A worker's day as the sections ask for it; each part is read once, and only when asked for.

    `known`: the versions of layers; `moved`: the mark of what has none; `cells`: ids of the worker's own.
    """

    reader: Reader
    account: accounts.Account
    worker_id: int
    known: dict[str, int]
    cells: frozenset[int]
    remembered: Remembered
    made_at: datetime
    moved: phones.Moved

    @property
    def lease_until(self) -> datetime:
        return self.made_at + timedelta(days=self.reader.ctx.settings.lease_days)

    @property
    def sealing_key(self) -> dict[str, str]:
        """What the phone seals to."""
        kept = self.remembered.sealing_key
        if kept is None or kept["id"] != str(self.moved.key):
            kept = self.remembered.sealing_key = envelopes.sealing_key(self.reader.ctx, self.worker_id)
        return kept

    def _ask(self, question: Callable[[Connection], T]) -> T:
        """One short reading: nobody holds a connection while something else asks for a second one."""
        with read(self.reader.ctx.engine) as conn:
            return question(conn)

    # --- what sections show ---

    @cached_property
    def ground(self) -> Ground:
        return self._ask(lambda conn: self.reader.ctx.grounds.on(conn, self.reader.view.as_of))

    @cached_property
    def box(self) -> Bbox | None:
        """Around the worker's own cells; None where there are none."""
        own = np.isin(self.ground.ids, list(self.cells))
        return box_around(self.ground.cells.geometry[own].to_numpy(), AROUND_M) if own.any() else None

    @cached_property
    def visits(self) -> MonthPlan:
        view = self.reader.view
        return self._ask(lambda conn: plan_of(self.reader.ctx, conn, view, view.as_of.replace(day=1)))

    def roster(self) -> list[dict[str, Any]]:
        """The cells that the worker is on the roster of."""
        return self._ask(lambda conn: accounts.duty_cells(conn, self.account, self.reader.view.as_of))

    def unit(self) -> dict[str, Any]:
        return self._ask(lambda conn: phones.unit(conn, self.worker_id))

    def handovers(self) -> list[dict[str, Any]]:
        """Sheets that are still to be signed."""
        return [] if self.moved.sheets == 0 else handing.listed(self.reader.ctx, self.reader.view, unsigned=True)

    def unread(self) -> int:
        return 0 if self.moved.letters == 0 else mailbox.unread(self.reader.ctx, self.reader.view)

    def contacts(self) -> dict[int, dict[str, str]]:
        """Names and numbers of the households that agree to be contacted, by household."""
        of = self._ask(lambda conn: phones.contact_subjects(conn, self.cells, self.reader.view.as_of))
        opened = self._ask(lambda conn: subjects.open_many(conn, self.reader.ctx.vault, of.values())) if of else {}
        return {
            home: {name: text for name, text in opened.get(subject, {}).items() if name in CONTACT}
            for home, subject in of.items()
        }

    @cached_property
    def open_cases(self) -> list[dict[str, Any]]:
        """The worker's open cases with their light; their words are sealed, see `with_summaries`."""
        rows = self._ask(lambda conn: phones.open_cases(conn, self.reader.view, MOST_CASES))
        for row in rows:
            limits = Thresholds(row["yellow_at"], row["red_at"], row["very_late_at"])
            row["light"] = str(limits.light(self.made_at, row["paused_until"]))
        return rows

    def with_summaries(self) -> list[dict[str, Any]]:
        """The open cases with the beginning of what was told, None once it was erased."""
        of = {row["subject_id"] for row in self.open_cases if row["subject_id"] is not None}
        opened = self._ask(lambda conn: subjects.open_many(conn, self.reader.ctx.vault, of)) if of else {}
        return [
            {**row, "summary": (opened.get(row["subject_id"], {}).get("text") or "")[:SUMMARY] or None}
            for row in self.open_cases
        ]

    # --- what they follow from ---

    @cached_property
    def cases(self) -> Cases:
        """The worker's open cases: as remembered, where none of them was touched and no light has changed."""
        last, version = self.remembered.cases, self.known.get("incidents", 0)
        scope: Hashable = (self.reader.view.scope.grant(Kind.INCIDENT), self.cells)
        if last is not None and last.scope == scope and (last.until is None or self.made_at < last.until):
            if last.version == version:
                return last
            since = last.version
            touched = self._ask(lambda conn: versions.touched_since(conn, "incidents", since, version))
            if touched is not None and self._own == last.ids and self._own.isdisjoint(touched.tolist()):
                return self._remember(replace(last, version=version))
        shown = tuple(row["id"] for row in self.open_cases)
        turn = 0 if last is None else last.turn + 1
        return self._remember(Cases(scope, version, self._own, shown, self._next_light(), turn))

    @cached_property
    def _own(self) -> frozenset[int]:
        """The cases that the pack depends on; asked once."""
        return self._ask(lambda conn: phones.own_cases(conn, self.reader.view, self.cells))

    def _remember(self, cases: Cases) -> Cases:
        self.remembered.cases = cases
        return cases

    def _next_light(self) -> datetime | None:
        """When the next light of an open case changes."""
        names = ("yellow_at", "red_at", "very_late_at", "paused_until")
        moments = (row[name] for row in self.open_cases for name in names)
        return min((one for one in moments if one is not None and one >= self.made_at), default=None)

    def follows(self, section: str) -> Hashable:
        """What a section follows from: as long as it is the same, so is the section."""
        return (self.reader.view.as_of, self.cells, *_FOLLOWS[section](self))

    def hash_of(self, section: str) -> str | None:
        """The hash of a section as this process last made it; None where what it follows from has moved since."""
        kept = self.remembered.hashes.get(section)
        return kept[1] if kept is not None and kept[0] == self.follows(section) else None

    def made(self, section: str, digest: str) -> str:
        """Remember a section's hash, and give it back."""
        self.remembered.hashes[section] = (self.follows(section), digest)
        return digest

    def of_layers(self, *layers: str) -> tuple[int, ...]:
        return tuple(self.known.get(layer, 0) for layer in layers)


def _homes(day: Day) -> tuple[Hashable, ...]:
    return (*day.of_layers("households", "cells", "areas"), day.moved.homes)


_FOLLOWS: dict[str, Callable[[Day], tuple[Hashable, ...]]] = {
    "cells": lambda day: day.of_layers("cells", "areas", "bodies"),
    "households": _homes,
    "incidents": lambda day: (*day.of_layers("cells", "categories"), day.cases.turn),
    "today": lambda day: (*_homes(day), *day.of_layers("quotas", "workers"), day.cases.turn, day.moved.messages),
    "categories": lambda day: day.of_layers("categories"),
    "me": lambda day: (*day.of_layers("cells", "areas", "workers", "duties"), day.account.name),
}


def day(reader: Reader, account: accounts.Account) -> Day:
    """The worker's day; its readings are logged by who shows them. Raises Forbidden for other roles."""
    if account.role is not Role.WORKER:
        raise Forbidden("the day's pack is for workers", code="no_pack")
    ctx, grant = reader.ctx, reader.view.scope.grant(Kind.HOUSEHOLD)
    cells = grant.cell_ids if isinstance(grant, InCells) else frozenset()
    with read(ctx.engine) as conn:
        worker_id = account.worker_id or actor_worker(reader.view, conn)
        # the versions come first: a change in between makes the rows newer than they are said to be
        known = dict(reader.seen.versions) if reader.seen is not None else versions.read(conn)
        moved = phones.moved(conn, cells, worker_id, account.id)
    return Day(reader, account, worker_id, known, cells, ctx.packs.of(account.id), ctx.clock(), moved)
