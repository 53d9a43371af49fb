"""From places and moments to cells, workers and bodies: one path for a single report and for a register of thousands.

`place` is geometry alone and needs no transaction; `respond` reads rosters and counts, and belongs inside the write.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from gridmap.case.routing import Target, To
from gridmap.people.bodies import Bodies
from gridmap.people.rosters import Reason, Roster
from gridmap.store import ground as ground_store
from gridmap.store import rules as rule_store
from gridmap.usecases.context import Ground
from gridmap.usecases.settled import Settled

#: below this share of the GPS circle inside the cell, the runner-up is named and both are told (ODK and CHT ask too)
SURE = 0.9

Floats = npt.NDArray[np.float64]
_T = TypeVar("_T")


class Where(NamedTuple):
    """What the choice of worker and body asks of a place: its cell, and of that the area and the body."""

    cell_id: int
    area_id: int | None
    area_path: str | None
    body_id: int | None


class Response(NamedTuple):
    """Who answers for one report, and why."""

    worker_id: int | None
    body_id: int | None
    area_id: int | None
    reason: str


TO_CATEGORY = Target(To.CATEGORY)
NOBODY = Response(None, None, None, Reason.OUTSIDE)


@dataclass(frozen=True, slots=True)
class Places:
    """Where n points lie in one drawing; lists of length n with None where there is nothing to say."""

    cell_id: list[int | None]
    border_m: list[float | None]
    confidence: list[float | None]
    runner_up_id: list[int | None]
    nearest_id: list[int | None]
    nearest_m: list[float | None]
    place_reason: list[str]
    area_id: list[int | None]
    area_path: list[str | None]
    town_id: list[int | None]
    cell_body_id: list[int | None]

    def __len__(self) -> int:
        return len(self.cell_id)

    def wheres(self) -> list[Where | None]:
        """What the choice of worker and body asks of each place; None outside all cells."""
        parts = zip(self.cell_id, self.area_id, self.area_path, self.cell_body_id, strict=True)
        return [None if cell is None else Where(cell, area, path, body) for cell, area, path, body in parts]

    def pick(self, rows: Sequence[int]) -> Places:
        """Some of them, in the order asked for."""
        return Places(**{name: [getattr(self, name)[i] for i in rows] for name in Places.__slots__})

    def columns(self) -> dict[str, list[object]]:
        """The columns of `incidents` that say where."""
        names = (
            "cell_id", "border_m", "confidence", "runner_up_id", "nearest_id", "nearest_m", "place_reason", "town_id"
        )  # fmt: skip
        return {name: list(getattr(self, name)) for name in names}


def place(ground: Ground, lon: Floats, lat: Floats, accuracy_m: Floats | None = None) -> Places:
    """Place points (degrees WGS84; accuracy as the 68 % radius in metres, NaN unknown) in the cells of a day."""
    found = ground.index.place(lon, lat, accuracy_m)
    ids, (area_ids, paths, bodies) = ground.id_list, ground.ties
    inside = found.cell.tolist()
    confidence = _or_none(found.confidence)
    return Places(
        cell_id=_pick(ids, inside),
        border_m=_or_none(found.border_m),
        confidence=confidence,
        runner_up_id=_pick(ids, found.runner_up.tolist()),
        nearest_id=_pick(ids, found.nearest.tolist()),
        nearest_m=_or_none(found.nearest_m),
        place_reason=[
            "outside" if cell < 0 else "border" if sure is not None and sure < SURE else "inside"
            for cell, sure in zip(inside, confidence, strict=True)
        ],
        area_id=_pick(area_ids, inside),
        area_path=_pick(paths, inside),
        town_id=_pick(ground.towns, inside),
        cell_body_id=_pick(bodies, inside),
    )


def _pick(values: Sequence[_T | None], positions: Sequence[int]) -> list[_T | None]:
    return [values[position] if position >= 0 else None for position in positions]


def _or_none(values: Floats) -> list[float | None]:
    return [None if value != value else value for value in values.tolist()]


@dataclass(frozen=True, slots=True)
class Responses:
    """Who answers for n reports: columns of `responsibilities`."""

    worker_id: list[int | None]
    body_id: list[int | None]
    area_id: list[int | None]
    reason: list[str]

    def pick(self, rows: Sequence[int]) -> Responses:
        """Some of them, in the order asked for."""
        return Responses(**{name: [getattr(self, name)[i] for i in rows] for name in Responses.__slots__})


def respond(
    conn: Connection,
    places: Places,
    departments: Sequence[str | None],
    moments: Sequence[datetime],
    closed: Sequence[datetime | None],
    zone: ZoneInfo,
    *,
    but: int | None = None,
    targets: Sequence[Target] | None = None,
    settled: Settled | None = None,
) -> Responses:
    """Choose the worker and the body for each placed report, in the order of their moments.

    A report that was closed no longer counts as open for those that came after it; nor does `but`, the incident that
    is being assigned again, for the worker who has it. `targets`: where the rules send each, else to its department.
    `settled`: what is known of bodies, else it is read.
    """
    cell_ids = {cell_id for cell_id in places.cell_id if cell_id is not None}
    if len(places) == 1 and cell_ids:
        standing = ground_store.answering(conn, next(iter(cell_ids)), moments[0].astimezone(zone).date(), but)
    else:
        few = cell_ids if len(cell_ids) < _FEW else None
        standing = ground_store.roster(conn, few), ground_store.open_counts(conn, few, but)
    chooser = Chooser(conn, zone, standing, settled)
    told: list[Response] = [NOBODY] * len(places)
    wheres = places.wheres()
    for i in sorted(range(len(places)), key=lambda i: moments[i]):
        target = TO_CATEGORY if targets is None else targets[i]
        told[i] = chooser.answer(wheres[i], departments[i], moments[i], closed[i], target)
    return Responses(*(list(column) for column in zip(*told, strict=True))) if told else Responses([], [], [], [])


def on_duty(conn: Connection, cell_id: int, moment: datetime, zone: ZoneInfo) -> int | None:
    """The worker who would get a report in this cell at this moment; None: the dispatcher."""
    local = moment.astimezone(zone)
    roster, counts = ground_store.answering(conn, cell_id, local.date())
    return roster.choose(cell_id, local, counts).worker_id


#: from this number of cells on, reading the whole roster is cheaper than naming them
_FEW = 200


class Chooser:
    """Who answers for one report after another, asked in the order of their moments. `standing`: the rosters of their
    cells, and the open counts, which then grow and shrink with time; `settled`: the bodies, else they are read."""

    def __init__(
        self,
        conn: Connection,
        zone: ZoneInfo,
        standing: tuple[Roster, dict[int, int]],
        settled: Settled | None = None,
    ) -> None:
        self._roster, self._open = standing
        self._bodies = settled.bodies if settled else ground_store.bodies(conn)
        self._county = settled.county if settled else ground_store.county(conn)
        self._zone = zone
        self._targets = Targets(conn, self._bodies)
        self._closing: list[tuple[datetime, int]] = []

    def answer(
        self,
        where: Where | None,
        department: str | None,
        moment: datetime,
        closed: datetime | None,
        target: Target = TO_CATEGORY,
    ) -> Response:
        """Who answers for a report in a cell (None: outside all) that came at this moment and was closed at that, where
        the rules send it to a target."""
        area_id: int | None
        own: int | None = None
        if where is not None:
            path, area_id, own = where.area_path or "", where.area_id, where.body_id
        elif self._county is not None:
            path, area_id = self._county.path, self._county.id
        else:
            return NOBODY
        if target.to is To.DESK:
            return Response(None, None, self._targets.area(path, target.name, area_id), Reason.DESK)
        body = self._targets.body(target, path, department, own)
        if where is None:
            return Response(None, body, area_id, Reason.OUTSIDE)
        worker, reason = self._worker(where.cell_id, moment, closed)
        return Response(worker, body, area_id, reason)

    def _worker(self, cell_id: int, moment: datetime, closed: datetime | None) -> tuple[int | None, str]:
        while self._closing and self._closing[0][0] <= moment:
            self._open[heapq.heappop(self._closing)[1]] -= 1
        chosen = self._roster.choose(cell_id, moment.astimezone(self._zone), self._open)
        if chosen.worker_id is not None:
            self._open[chosen.worker_id] = self._open.get(chosen.worker_id, 0) + 1
            if closed is not None:
                heapq.heappush(self._closing, (closed, chosen.worker_id))
        return chosen.worker_id, chosen.reason


class Targets:
    """What the targets of rules mean in a place: a body's id, or the area of a rung. Read once, when first asked."""

    def __init__(self, conn: Connection, bodies: Bodies) -> None:
        self._conn, self._bodies = conn, bodies

    @cached_property
    def _codes(self) -> dict[str, int]:
        return rule_store.body_ids(self._conn)

    @cached_property
    def _areas(self) -> dict[str, list[tuple[str, int]]]:
        levels: dict[str, list[tuple[str, int]]] = {}
        for row in rule_store.area_names(self._conn):
            levels.setdefault(row.level, []).append((row.path, row.id))
        return levels

    def body(self, target: Target, path: str, department: str | None, own: int | None) -> int | None:
        """The body that a rule sends to; `own`: the cell's. One that is no longer there leaves it to the category."""
        if target.to is To.BODY and target.name in self._codes:
            return self._codes[target.name]
        named = target.name if target.to is To.DEPARTMENT else department
        return self._bodies.responsible(path, named, own)

    def area(self, path: str, level: str, lowest: int | None) -> int | None:
        """The area of a rung around a place; the place's own where there is none."""
        return next((key for above, key in self._areas.get(level, ()) if path.startswith(above)), lowest)


def redirect(conn: Connection, where: Where | None, department: str | None, kept: Response, target: Target) -> Response:
    """Who answers for a case that is routed again: the worker who has it, and the body or desk that the rules name."""
    targets, county = Targets(conn, ground_store.bodies(conn)), ground_store.county(conn)
    path = (where.area_path if where else county.path if county else "") or ""
    area_id = where.area_id if where else kept.area_id
    if target.to is To.DESK:
        return Response(None, None, targets.area(path, target.name, area_id), Reason.DESK)
    body_id = targets.body(target, path, department, where.body_id if where else None)
    return kept._replace(body_id=body_id, area_id=area_id)
