"""Figures that leave the house: through the gate of `privacy.release`, over closed months only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmap.privacy import release_counts
from gridmap.store import read, released
from gridmap.usecases.context import Context


@dataclass(frozen=True, slots=True)
class ReleasedMap:
    """`parts`: columns name, name_en (of their communities), communities (how many), count, area geometry (WGS84).

    Empty when even the county holds fewer than five. `first` and `last` are the first days of the months covered.
    """

    parts: gpd.GeoDataFrame
    first: date
    last: date
    withheld: bool


def released_map(ctx: Context, months: int = 12) -> ReleasedMap:
    """Incidents by groups of communities over the last closed months; every count and difference is safe."""
    spans = closed_months(ctx.today(), months)
    zone = ctx.zone
    start = datetime.combine(spans[0], datetime.min.time(), zone)
    end = datetime.combine(next_month(spans[-1]), datetime.min.time(), zone)
    with read(ctx.engine) as conn:
        areas = released.communities(conn)
        reports = released.reported(conn, start, end)
    counts = _counts(reports, areas["id"].tolist(), spans, str(zone))
    gate = release_counts(areas["code"].tolist(), areas["town"].tolist(), spans, counts, today=ctx.today())
    parts = _parts(areas, gate.members, gate.counts.tolist())
    return ReleasedMap(parts, spans[0], spans[-1], gate.withheld)


def closed_months(today: date, count: int) -> list[date]:
    """The first days of the last `count` months that have ended before today's month, oldest first."""
    last = today.year * 12 + today.month - 1
    return [date(month // 12, month % 12 + 1, 1) for month in range(last - count, last)]


def next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _counts(reports: pd.DataFrame, area_ids: list[int], spans: list[date], zone: str) -> np.ndarray:
    """An int array (areas, months) of reports by the county's own calendar."""
    local = reports["received_at"].dt.tz_convert(zone)
    month = (local.dt.year * 12 + local.dt.month - 1).to_numpy(np.int64) - (spans[0].year * 12 + spans[0].month - 1)
    row = pd.Index(area_ids).get_indexer(pd.Index(reports["area_id"]))
    known = row >= 0
    flat = np.bincount(row[known] * len(spans) + month[known], minlength=len(area_ids) * len(spans))
    return flat.reshape(len(area_ids), len(spans))


def _parts(areas: gpd.GeoDataFrame, members: tuple[tuple[str, ...], ...], counts: list[int]) -> gpd.GeoDataFrame:
    by_code = areas.set_index("code")
    groups = [by_code.loc[list(codes)] for codes in members]
    return gpd.GeoDataFrame(
        {
            "name": ["、".join(group["name"]) for group in groups],
            "name_en": [", ".join(group["name_en"].fillna(group["name"])) for group in groups],
            "communities": [len(group) for group in groups],
            "count": counts,
        },
        geometry=[shapely.coverage_union_all(group.geometry.to_numpy()) for group in groups],
        crs="EPSG:4326",
    )
