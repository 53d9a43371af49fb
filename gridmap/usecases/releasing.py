"""Figures that leave the house: through the gate of `privacy.release`, over closed months only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmap.errors import InvalidInput
from gridmap.privacy import Released, ReleasedKinds, may_redraw, release_counts, release_kinds
from gridmap.privacy.release import Counts
from gridmap.store import figures, read, released
from gridmap.usecases.context import Context
from gridmap.view import Drawing

#: top categories that no release counts: who petitions against whom is nobody else's business
LEFT_OUT = ("petition",)
#: months of one release at most
MOST_MONTHS = 60


@dataclass(frozen=True, slots=True)
class ReleasedMap:
    """`parts`: columns name, name_en (of their communities), communities (how many), codes, count, households, area
    geometry (WGS84). Empty when even the county holds fewer than five.

    `first` and `last` are the first days of the months covered, `months` those of them that are counted: all, but in
    the drawing of today those only whose pieces are large enough. `kinds`: by top category, for the whole county.
    `single_months` and `single_incidents`: the shares of community-months, and of incidents, that a release by month
    shows for a community by itself. `total`: incidents in the parts.
    """

    parts: gpd.GeoDataFrame
    first: date
    last: date
    withheld: bool
    months: list[date]
    kinds: ReleasedKinds
    single_months: float | None
    single_incidents: float | None
    total: int


@dataclass(frozen=True, slots=True)
class _Table:
    """The communities in order and the reports among them: area and top category by position, month by number."""

    areas: gpd.GeoDataFrame
    then: np.ndarray
    now: np.ndarray
    month: np.ndarray
    top: np.ndarray
    tops: list[str]
    months: list[date]

    def counts(self, area: np.ndarray) -> Counts:
        """An int array (areas, months); reports whose area is not among them are left out."""
        return _crossed(area, self.month, len(self.areas), len(self.months))


def released_map(
    ctx: Context, months: int = 12, *, spans: Sequence[date] | None = None, drawing: Drawing = Drawing.THEN
) -> ReleasedMap:
    """Incidents by groups of communities over closed months (the last ones, or `spans`); every count and difference is
    safe. As drawn then, by the cell reported in, all months; as drawn now, those that may be told so besides."""
    wanted = list(spans) if spans is not None else closed_months(ctx.today(), months)
    if not 1 <= len(wanted) <= MOST_MONTHS:
        raise InvalidInput(f"a release is of 1 to {MOST_MONTHS} months", parameter="from")
    table, homes = _table(ctx, wanted)
    area, counted = table.then, list(range(len(wanted)))
    if drawing is Drawing.NOW:
        area = table.now
        counted = [m for m in counted if _redrawn(ctx, table, m)]
    counts = table.counts(area)[:, counted]
    gate = _gate(ctx, table, counts, [wanted[m] for m in counted])
    some = np.isin(table.month, counted) & (area >= 0)
    kinds = release_kinds(
        table.tops, [wanted[m] for m in counted],
        _crossed(table.top[some], table.month[some], len(table.tops), len(wanted))[:, counted], today=ctx.today(),
    )  # fmt: skip
    single_months, single_incidents = _single(ctx, table, counts, [wanted[m] for m in counted])
    return ReleasedMap(
        _parts(table.areas, gate, homes), wanted[0], wanted[-1], gate.withheld, [wanted[m] for m in counted], kinds,
        single_months, single_incidents, int(gate.counts.sum()),
    )  # fmt: skip


def closed_months(today: date, count: int) -> list[date]:
    """The first days of the last `count` months that have ended before today's month, oldest first."""
    last = today.year * 12 + today.month - 1
    return [date(month // 12, month % 12 + 1, 1) for month in range(last - count, last)]


def next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _table(ctx: Context, spans: list[date]) -> tuple[_Table, np.ndarray]:
    """The reports of these months, and the households of each community of today."""
    zone = ctx.zone
    start = datetime.combine(spans[0], datetime.min.time(), zone)
    end = datetime.combine(next_month(spans[-1]), datetime.min.time(), zone)
    with read(ctx.engine) as conn:
        areas = released.communities(conn)
        reports = released.reported(conn, start, end)
        lon, lat = figures.household_points(conn)
        ground = ctx.grounds.on(conn, ctx.today())
    reports = reports[~reports["top"].isin(LEFT_OUT)]
    index = pd.Index(areas["id"].tolist())
    local = reports["received_at"].dt.tz_convert(str(zone))
    month = (local.dt.year * 12 + local.dt.month - 1).to_numpy(np.int64) - (spans[0].year * 12 + spans[0].month - 1)
    tops = sorted(reports["top"].unique())
    at = ground.index.locate(lon, lat)
    home = index.get_indexer(pd.Index(ground.cells["area_id"].to_numpy()[at[at >= 0]]))
    homes = np.bincount(home[home >= 0], minlength=len(areas))
    table = _Table(
        areas, index.get_indexer(pd.Index(reports["area_id"])), index.get_indexer(pd.Index(reports["now_id"])), month,
        pd.Index(tops).get_indexer(pd.Index(reports["top"])), tops, spans,
    )  # fmt: skip
    return table, homes


def _gate(ctx: Context, table: _Table, counts: Counts, months: Sequence[date]) -> Released:
    areas = table.areas
    return release_counts(areas["code"].tolist(), areas["town"].tolist(), months, counts, today=ctx.today())


def _redrawn(ctx: Context, table: _Table, month: int) -> bool:
    """Whether a month may be told as drawn now beside as drawn then."""
    some = table.month == month
    parts = []
    for area in (table.then, table.now):
        gate = _gate(ctx, table, table.counts(area)[:, [month]], [table.months[month]])
        if gate.withheld:
            return False
        part = {code: number for number, members in enumerate(gate.members) for code in members}
        by_area = np.array([part[code] for code in table.areas["code"]], dtype=np.int64)
        # the last one: reports that this drawing does not place
        parts.append(np.where(area[some] >= 0, by_area[np.maximum(area[some], 0)], len(gate.members)))
    return may_redraw(_crossed(parts[0], parts[1], int(parts[0].max(initial=0)) + 1, int(parts[1].max(initial=0)) + 1))


def _single(ctx: Context, table: _Table, counts: Counts, months: Sequence[date]) -> tuple[float | None, float | None]:
    """The shares of community-months and of incidents that releases of single months tell by themselves."""
    if not counts.size or not counts.sum():
        return None, None
    shown = told = 0
    row = {code: number for number, code in enumerate(table.areas["code"])}
    for m, month in enumerate(months):
        gate = _gate(ctx, table, counts[:, [m]], [month])
        alone = [row[members[0]] for members in gate.members if len(members) == 1]
        shown += len(alone)
        told += int(counts[alone, m].sum())
    return shown / counts.size, told / int(counts.sum())


def _crossed(first: np.ndarray, second: np.ndarray, rows: int, columns: int) -> Counts:
    """How often each pair occurs: int64 (rows, columns); negative ones are left out."""
    known = (first >= 0) & (second >= 0)
    flat = np.bincount(first[known] * columns + second[known], minlength=rows * columns)
    counted: Counts = flat.astype(np.int64).reshape(rows, columns)
    return counted


def _parts(areas: gpd.GeoDataFrame, gate: Released, homes: np.ndarray) -> gpd.GeoDataFrame:
    by_code = areas.assign(households=homes).set_index("code", drop=False)
    groups = [by_code.loc[list(codes)] for codes in gate.members]
    return gpd.GeoDataFrame(
        {
            "name": ["、".join(group["name"]) for group in groups],
            "name_en": [", ".join(group["name_en"].fillna(group["name"])) for group in groups],
            "communities": [len(group) for group in groups],
            "codes": [group["code"].tolist() for group in groups],
            "count": gate.counts.tolist(),
            "households": [int(group["households"].sum()) for group in groups],
        },
        geometry=[shapely.coverage_union_all(group.geometry.to_numpy()) for group in groups],
        crs="EPSG:4326",
    )
