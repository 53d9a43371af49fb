"""Who answers for the incidents of a register, and their events: in the order of their moments, however the file is
sorted and however it was cut into chunks. About 60 bytes of each incident are kept until then.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import Connection

from gridmap.case.events import canonical_json
from gridmap.store import chain, ground
from gridmap.store import incidents as incident_store
from gridmap.store.incidents import Category
from gridmap.usecases.assigning import Chooser, Response, Where
from gridmap.usecases.imports.routes import Routed

Moments = npt.NDArray[np.datetime64]
Places = npt.NDArray[np.int32]

CHUNK = 20_000
_T = TypeVar("_T", bound=Hashable)


def utc(moments: Sequence[datetime | None]) -> Moments:
    """Aware moments as datetime64[us] in UTC, NaT for None."""
    listed: Any = moments
    told = pd.to_datetime(pd.Series(listed, dtype=object), utc=True)
    return told.dt.tz_localize(None).to_numpy().astype("datetime64[us]")


class _Known(Generic[_T]):
    """Values that many rows share, each told by its place."""

    def __init__(self) -> None:
        self._places: dict[_T, int] = {}

    def places(self, values: Sequence[_T]) -> Places:
        known = self._places
        return np.array([known.setdefault(value, len(known)) for value in values], dtype=np.int32)

    def values(self) -> list[_T]:
        return list(self._places)


@dataclass(frozen=True, slots=True)
class _Kept:
    """Rows of one chunk, or of all: arrays of one length."""

    ids: npt.NDArray[np.int64]
    numbers: npt.NDArray[np.bytes_]
    received: Moments
    closed: Moments
    where: Places
    category: Places
    channel: Places
    begin: Places
    routing: Places


@dataclass
class Turns:
    """What is kept of the incidents that stand already."""

    _chunks: list[_Kept] = field(default_factory=list)
    _wheres: _Known[Where | None] = field(default_factory=_Known)
    _categories: _Known[Category] = field(default_factory=_Known)
    _channels: _Known[str] = field(default_factory=_Known)
    _begins: _Known[str] = field(default_factory=_Known)
    _routings: _Known[Routed] = field(default_factory=_Known)
    #: the version of the rules by which they were routed
    rules: str = ""

    def __len__(self) -> int:
        return sum(len(chunk.ids) for chunk in self._chunks)

    def keep(
        self,
        ids: npt.NDArray[np.int64],
        numbers: npt.NDArray[np.str_],
        received: Moments,
        closed: Moments,
        *,
        places: Sequence[Where | None],
        categories: Sequence[Category],
        channels: Sequence[str],
        begins: Sequence[str],
        routings: Sequence[Routed],
    ) -> None:
        """Remember incidents that were inserted; all of one length. `begins`: see `clocks.first_events`, `routings`:
        see `routes`."""
        told = (
            self._wheres.places(places), self._categories.places(categories), self._channels.places(channels),
            self._begins.places(begins), self._routings.places(routings),
        )  # fmt: skip
        self._chunks.append(_Kept(ids, numbers.astype(np.bytes_), received, closed, *told))

    def give(self, conn: Connection, zone: ZoneInfo, progress: Callable[[int], None]) -> npt.NDArray[np.int64]:
        """Choose who answers for each, in their turns, and write responsibilities and events; the incidents' ids."""
        if not self._chunks:
            return np.empty(0, dtype=np.int64)
        kept = _Kept(*(np.concatenate([getattr(one, name) for one in self._chunks]) for name in _Kept.__slots__))
        self._chunks = [kept]
        responses: _Known[Response] = _Known()
        answered = self._answers(conn, kept, zone, responses)
        for start in range(0, len(kept.ids), CHUNK):
            rows = slice(start, start + CHUNK)
            some = _Kept(*(getattr(kept, name)[rows] for name in _Kept.__slots__))
            self._write(conn, some, answered[rows], responses.values())
            progress(min(start + CHUNK, len(kept.ids)))
        return kept.ids

    def _answers(self, conn: Connection, kept: _Kept, zone: ZoneInfo, responses: _Known[Response]) -> Places:
        """For each row the place of its response among `responses`."""
        chooser = Chooser(conn, zone, (ground.roster(conn), ground.open_counts(conn)))
        wheres, departments = self._wheres.values(), [one.department for one in self._categories.values()]
        targets = [one.target for one in self._routings.values()]
        answered = np.empty(len(kept.ids), dtype=np.int32)
        order = np.argsort(kept.received, kind="stable")
        for start in range(0, len(order), CHUNK):
            rows = order[start : start + CHUNK]
            asked = zip(
                kept.where[rows].tolist(), kept.category[rows].tolist(),
                _local(kept.received[rows], zone), _local(kept.closed[rows], zone), kept.routing[rows].tolist(),
                strict=True,
            )  # fmt: skip
            told = [chooser.answer(wheres[w], departments[c], at, end, targets[r]) for w, c, at, end, r in asked]
            answered[rows] = responses.places(told)
        return answered

    def _write(self, conn: Connection, kept: _Kept, answered: Places, responses: Sequence[Response]) -> None:
        wheres = self._wheres.values()
        cells = [where.cell_id if (where := wheres[w]) else None for w in kept.where.tolist()]
        told = [responses[a] for a in answered.tolist()]
        columns: dict[str, Any] = dict(zip(Response._fields, zip(*told, strict=True), strict=True))
        columns["reason"] = [str(reason) for reason in columns["reason"]]
        incident_store.respond(
            conn, {"incident_id": kept.ids, "cell_id": cells, "valid_from": kept.received, **columns}
        )
        chain.append_first_events(
            conn, kept.ids, kept.numbers.astype(np.str_).tolist(), self._rounds(kept, cells, told)
        )

    def _rounds(self, kept: _Kept, cells: list[int | None], told: list[Response]) -> list[chain.Round]:
        """What happened so far: reported, routed and assigned at once, and closed where the register says so."""
        categories, channels, begins = self._categories.values(), self._channels.values(), self._begins.values()
        reported, routed, assigned = _Written(_reported), _Written(_routed), _Written(_assigned)
        routings = self._routings.values()
        went = [
            routed(self.rules, routings[place].rule, routings[place].level, one.body_id)
            for place, one in zip(kept.routing.tolist(), told, strict=True)
        ]
        rows_of = zip(kept.category.tolist(), kept.channel.tolist(), kept.begin.tolist(), cells, strict=True)
        said = [reported(categories[a].code, channels[b], begins[c], cell_id) for a, b, c, cell_id in rows_of]
        rows = np.flatnonzero(~np.isnat(kept.closed))
        return [
            chain.Round("reported", kept.received, said),
            chain.Round("routed", kept.received, went),
            chain.Round(
                "assigned", kept.received, [assigned(cell, one) for cell, one in zip(cells, told, strict=True)]
            ),
            chain.Round("closed", kept.closed[rows], ["{}"] * len(rows), rows),
        ]  # fmt: skip


def _local(moments: Moments, zone: ZoneInfo) -> list[Any]:
    """Moments in UTC as aware ones of the county; None for NaT."""
    aware = pd.DatetimeIndex(moments).tz_localize("UTC").tz_convert(zone)
    missing = aware.isna().tolist()
    return [None if gone else moment for moment, gone in zip(aware.to_pydatetime().tolist(), missing, strict=True)]


class _Written:
    """Canonical JSON of what an event says; many events say the same, and each is written once."""

    def __init__(self, say: Callable[..., dict[str, Any]]) -> None:
        self._say = say
        self._written: dict[tuple[Any, ...], str] = {}

    def __call__(self, *told: Any) -> str:
        known = self._written.get(told)
        if known is None:
            known = self._written[told] = canonical_json(self._say(*told))
        return known


def _reported(category: str, channel: str, begin: str, cell_id: int | None) -> dict[str, Any]:
    return {"category": category, "channel": channel, "cell_id": cell_id, **json.loads(begin)}


def _assigned(cell_id: int | None, response: Response) -> dict[str, Any]:
    return {"cell_id": cell_id, **response._asdict(), "reason": str(response.reason)}


def _routed(rules: str, rule: str | None, level: str | None, body_id: int | None) -> dict[str, Any]:
    told: dict[str, Any] = {"rules": rules, "rule": rule, "body_id": body_id, "by": "system"}
    return told if level is None else {**told, "level": level}
