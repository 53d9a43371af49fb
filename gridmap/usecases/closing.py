"""Closed months are told once: what a month told first is kept in the database, and told again for ever.

A report that comes in later, a community founded since, a case moved or taken out: nothing changes a month that was
told. There are no corrections, since two tellings that differ by one report tell that report. In another drawing a
month is told only of the reports that were in it, and only where each old-by-new piece holds 0 or at least five.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import geopandas as gpd
import numpy as np
import pandas as pd
from sqlalchemy import Connection

from gridmap.errors import InvalidInput
from gridmap.privacy import Released, may_redraw, release_counts, release_kinds
from gridmap.privacy.release import LEFT_OUT, Counts
from gridmap.store import drawings, read, released, write
from gridmap.store.told import THEN, Told, last_incident, read_told, tell
from gridmap.usecases.context import Context
from gridmap.view import Drawing


@dataclass(frozen=True, slots=True)
class Telling:
    """What a month told in a drawing; `told` False where it may not be told in that one besides."""

    month: date
    told: bool
    parts: Released
    kinds: Released

    def singly(self) -> tuple[int, int, int, int]:
        """Communities told by themselves, of how many; incidents in them, of how many."""
        alone = [len(members) == 1 for members in self.parts.members]
        of = sum(len(members) for members in self.parts.members)
        return sum(alone), of, int(self.parts.counts[alone].sum()) if alone else 0, int(self.parts.counts.sum())


@dataclass(frozen=True, slots=True)
class _Month:
    """A month's reports among the communities: area reported in, area of today, and top category, by position."""

    areas: gpd.GeoDataFrame
    then: np.ndarray
    now: np.ndarray
    top: np.ndarray
    tops: list[str]

    def parts(self, area: np.ndarray, month: date, today: date) -> Released:
        counts = np.bincount(area[area >= 0], minlength=len(self.areas)).astype(np.int64)[:, None]
        codes, towns = self.areas["code"].tolist(), self.areas["town"].tolist()
        return release_counts(codes, towns, [month], counts, today=today)


def told_months(ctx: Context, months: Sequence[date], drawing: Drawing) -> list[Telling]:
    """What each month (its first day) told; those never asked for before are told now, and kept.

    InvalidInput for a month that has not ended.
    """
    for month in months:
        if (month.year, month.month) >= (ctx.today().year, ctx.today().month):
            raise InvalidInput(f"{month:%Y-%m} has not ended; only closed months are published", parameter="to")
    with read(ctx.engine) as conn:
        known = _by_month(read_told(conn, months))
        key = THEN if drawing is Drawing.THEN else _newest(conn, ctx.today())
    if any(key not in known.get(month, {}) for month in months):
        with write(ctx.engine) as conn:
            _tell_then(ctx, conn, [month for month in months if THEN not in known.get(month, {})])
            known = _by_month(read_told(conn, months))
            if key != THEN:
                missing = {month: known[month] for month in months if key not in known[month]}
                tell(
                    conn, [_in_new_drawing(ctx, conn, month, rows, key) for month, rows in missing.items()], ctx.clock()
                )
                known = _by_month(read_told(conn, months))
    return [_telling(known[month][key]) for month in months]


def closed_months(today: date, count: int) -> list[date]:
    """The first days of the last `count` months that have ended before today's month, oldest first."""
    last = today.year * 12 + today.month - 1
    return [date(month // 12, month % 12 + 1, 1) for month in range(last - count, last)]


def next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _tell_then(ctx: Context, conn: Connection, months: Sequence[date]) -> None:
    last, today = last_incident(conn), ctx.today()
    rows = []
    for month in months:
        found = _reports(ctx, conn, month, last)
        placed = found.top[found.then >= 0]
        counts = np.bincount(placed, minlength=len(found.tops)).astype(np.int64)[:, None]
        kinds = release_kinds(found.tops, [month], counts, today=today)
        parts = found.parts(found.then, month, today)
        rows.append(Told(month, THEN, last, _body(True, parts, Released(kinds.groups, kinds.counts, kinds.withheld))))
    tell(conn, rows, ctx.clock())


def _in_new_drawing(ctx: Context, conn: Connection, month: date, rows: Mapping[str, Told], key: str) -> Told:
    """The month in today's drawing, of the reports that were told, or that it may not be told so.

    Not where the reports no longer add up to what was told, nor where another drawing since told it otherwise: how that
    one's parts lie in these is not known any more.
    """
    first = _telling(rows[THEN])
    last = rows[THEN].last_incident_id
    found = _reports(ctx, conn, month, last)
    parts = found.parts(found.now, month, ctx.today())
    others = [_telling(row) for drawn, row in rows.items() if drawn != THEN]
    may = (
        not parts.withheld
        and not first.parts.withheld
        and may_redraw(_pieces(found, first.parts, parts))
        and _still(found, first.parts)
        and all(_alike(one.parts, parts) for one in others if one.told)
    )
    nothing = Released((), np.zeros(0, np.int64), withheld=True)
    return Told(month, key, last, _body(True, parts, first.kinds) if may else _body(False, nothing, nothing))


def _reports(ctx: Context, conn: Connection, month: date, last: int) -> _Month:
    """The month's reports up to an id, by the county's calendar, without the categories left out."""
    start, end = (datetime.combine(day, datetime.min.time(), ctx.zone) for day in (month, next_month(month)))
    areas, reports = released.communities(conn), released.reported(conn, start, end)
    reports = reports[~reports["top"].isin(LEFT_OUT) & (reports["id"] <= last)]
    index, tops = pd.Index(areas["id"].tolist()), sorted(reports["top"].unique())
    return _Month(
        areas, index.get_indexer(pd.Index(reports["area_id"])), index.get_indexer(pd.Index(reports["now_id"])),
        pd.Index(tops).get_indexer(pd.Index(reports["top"])), tops,
    )  # fmt: skip


def _pieces(found: _Month, old: Released, new: Released) -> Counts:
    """Reports by old part and new part; the last row and column are those that a drawing does not place."""
    rows, columns = (_part_of(found, area, gate) for area, gate in ((found.then, old), (found.now, new)))
    pieces = np.zeros((len(old.members) + 1, len(new.members) + 1), dtype=np.int64)
    np.add.at(pieces, (rows, columns), 1)
    return pieces


def _part_of(found: _Month, area: np.ndarray, gate: Released) -> np.ndarray:
    part = {code: number for number, members in enumerate(gate.members) for code in members}
    by_area = np.array([part.get(code, len(gate.members)) for code in found.areas["code"]], dtype=np.int64)
    return np.where(area >= 0, by_area[np.maximum(area, 0)], len(gate.members))


def _still(found: _Month, old: Released) -> bool:
    """Whether the reports add up to what was told of the month."""
    seen = np.bincount(_part_of(found, found.then, old)[found.then >= 0], minlength=len(old.members) + 1)
    return bool(np.array_equal(seen, [*old.counts.tolist(), 0]))


def _alike(first: Released, second: Released) -> bool:
    plain = [dict(zip(map(frozenset, one.members), one.counts.tolist(), strict=True)) for one in (first, second)]
    return plain[0] == plain[1]


def _newest(conn: Connection, today: date) -> str:
    """The first day of the drawing in force."""
    return max((day for day in drawings.days(conn) if day <= today), default=date.min).isoformat()


def _by_month(rows: Sequence[Told]) -> dict[date, dict[str, Told]]:
    found: dict[date, dict[str, Told]] = {}
    for row in rows:
        found.setdefault(row.month, {})[row.drawing] = row
    return found


def _body(told: bool, parts: Released, kinds: Released) -> str:
    def plain(one: Released) -> dict[str, object]:
        return {"members": one.members, "counts": one.counts.tolist(), "withheld": one.withheld}

    return json.dumps({"told": told, "parts": plain(parts), "kinds": plain(kinds)}, separators=(",", ":"))


def _telling(row: Told) -> Telling:
    body = json.loads(row.body)
    parts, kinds = (
        Released(tuple(map(tuple, one["members"])), np.array(one["counts"], dtype=np.int64), one["withheld"])
        for one in (body["parts"], body["kinds"])
    )
    return Telling(row.month, body["told"], parts, kinds)
