"""From places and moments to cells, workers and bodies: one path for a single report and for a register of thousands.

`place` is geometry alone and needs no transaction; `respond` reads rosters and counts, and belongs inside the write.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from gridmap.people.rosters import Reason
from gridmap.store import ground as ground_store
from gridmap.store.ground import Area
from gridmap.usecases.context import Ground

#: below this share of the GPS circle inside the cell, the runner-up is named and both are told (ODK and CHT ask too)
SURE = 0.9

Floats = npt.NDArray[np.float64]
_T = TypeVar("_T")


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
    cell_body_id: list[int | None]

    def __len__(self) -> int:
        return len(self.cell_id)

    def pick(self, rows: Sequence[int]) -> Places:
        """Some of them, in the order asked for."""
        return Places(**{name: [getattr(self, name)[i] for i in rows] for name in Places.__slots__})

    def columns(self) -> dict[str, list[object]]:
        """The columns of `incidents` that say where."""
        names = (
            "cell_id", "border_m", "confidence", "runner_up_id", "nearest_id", "nearest_m", "place_reason"
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
) -> Responses:
    """Choose the worker and the body for each placed report, in the order of their moments.

    A report that was closed no longer counts as open for those that came after it; nor does `but`, the incident that
    is being assigned again, for the worker who has it.
    """
    cell_ids = {cell_id for cell_id in places.cell_id if cell_id is not None}
    chooser = _Chooser(conn, cell_ids if len(cell_ids) < _FEW else None, zone, but)
    county = ground_store.county(conn)
    n = len(places)
    workers: list[int | None] = [None] * n
    bodies: list[int | None] = [None] * n
    areas: list[int | None] = [None] * n
    reasons: list[str] = [Reason.OUTSIDE] * n
    for i in sorted(range(n), key=lambda i: moments[i]):
        cell_id = places.cell_id[i]
        if cell_id is None:
            areas[i], bodies[i] = chooser.outside(county, departments[i])
            continue
        workers[i], reasons[i] = chooser.worker(cell_id, moments[i], closed[i])
        areas[i] = places.area_id[i]
        bodies[i] = chooser.body(places.area_path[i] or "", departments[i], places.cell_body_id[i])
    return Responses(workers, bodies, areas, reasons)


def on_duty(conn: Connection, cell_id: int, moment: datetime, zone: ZoneInfo) -> int | None:
    """The worker who would get a report in this cell at this moment; None: the dispatcher."""
    here = {cell_id}
    counts = ground_store.open_counts(conn, here)
    return ground_store.roster(conn, here).choose(cell_id, moment.astimezone(zone), counts).worker_id


#: from this number of cells on, reading the whole roster is cheaper than naming them
_FEW = 200


class _Chooser:
    """The rosters and bodies of some cells, and the open counts as they grow and shrink with time."""

    def __init__(self, conn: Connection, cell_ids: set[int] | None, zone: ZoneInfo, but: int | None) -> None:
        self._roster = ground_store.roster(conn, cell_ids)
        self._open = ground_store.open_counts(conn, cell_ids, but)
        self._bodies = ground_store.bodies(conn)
        self._zone = zone
        self._closing: list[tuple[datetime, int]] = []

    def worker(self, cell_id: int, moment: datetime, closed: datetime | None) -> tuple[int | None, str]:
        while self._closing and self._closing[0][0] <= moment:
            self._open[heapq.heappop(self._closing)[1]] -= 1
        chosen = self._roster.choose(cell_id, moment.astimezone(self._zone), self._open)
        if chosen.worker_id is not None:
            self._open[chosen.worker_id] = self._open.get(chosen.worker_id, 0) + 1
            if closed is not None:
                heapq.heappush(self._closing, (closed, chosen.worker_id))
        return chosen.worker_id, chosen.reason

    def body(self, area_path: str, department: str | None, cell_body_id: int | None) -> int | None:
        return self._bodies.responsible(area_path, department, cell_body_id)

    def outside(self, county: Area | None, department: str | None) -> tuple[int | None, int | None]:
        if county is None:
            return None, None
        return county.id, self._bodies.responsible(county.path, department)
