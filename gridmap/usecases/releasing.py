"""Figures that leave the house: joined of closed months as they were told (`closing`), drawn on today's communities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from sqlalchemy import Connection

from gridmap.errors import InvalidInput
from gridmap.privacy import Released, ReleasedKinds, in_steps, joined
from gridmap.store import figures, read, released
from gridmap.usecases.closing import closed_months, next_month, told_months
from gridmap.usecases.context import Context
from gridmap.view import Drawing

__all__ = ["MOST_MONTHS", "ReleasedMap", "closed_months", "next_month", "released_map"]

#: months of one release at most
MOST_MONTHS = 60


@dataclass(frozen=True, slots=True)
class ReleasedMap:
    """`parts`: columns name, name_en (of their communities), communities (how many), codes, count, households, area
    geometry (WGS84); households in steps of five. Empty when even the county holds fewer than five.

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


def released_map(
    ctx: Context, months: int = 12, *, spans: Sequence[date] | None = None, drawing: Drawing = Drawing.THEN
) -> ReleasedMap:
    """Incidents by groups of communities over closed months (the last ones, or `spans`); every count and difference is
    safe. As drawn then, by the cell reported in, all months; as drawn now, those that may be told so besides."""
    wanted = list(spans) if spans is not None else closed_months(ctx.today(), months)
    if not 1 <= len(wanted) <= MOST_MONTHS:
        raise InvalidInput(f"a release is of 1 to {MOST_MONTHS} months", parameter="from")
    told = [one for one in told_months(ctx, wanted, drawing) if one.told]
    gate = joined([one.parts for one in told])
    kinds = joined([one.kinds for one in told])
    with read(ctx.engine) as conn:
        areas = released.communities(conn)
        homes = _homes(ctx, conn, areas)
    total = int(gate.counts.sum())
    single = [one.singly() for one in told]
    shown, of = sum(one[0] for one in single), sum(one[1] for one in single)
    alone, counted = sum(one[2] for one in single), sum(one[3] for one in single)
    return ReleasedMap(
        _parts(areas, gate, homes), wanted[0], wanted[-1], gate.withheld, [one.month for one in told],
        ReleasedKinds(kinds.members, kinds.counts, kinds.withheld), shown / of if counted else None,
        alone / counted if counted else None, total,
    )  # fmt: skip


def _homes(ctx: Context, conn: Connection, areas: gpd.GeoDataFrame) -> np.ndarray:
    """The households in each community as it is drawn today."""
    lon, lat = figures.household_points(conn)
    ground = ctx.grounds.on(conn, ctx.today())
    at = ground.index.locate(lon, lat)
    home = pd.Index(areas["id"].tolist()).get_indexer(pd.Index(ground.cells["area_id"].to_numpy()[at[at >= 0]]))
    return np.bincount(home[home >= 0], minlength=len(areas))


def _parts(areas: gpd.GeoDataFrame, gate: Released, homes: np.ndarray) -> gpd.GeoDataFrame:
    by_code = areas.assign(households=homes).set_index("code", drop=False)
    # a community that is no more has no shape: its months stand with those it was told with
    groups = [by_code.loc[[code for code in codes if code in by_code.index]] for codes in gate.members]
    return gpd.GeoDataFrame(
        {
            "name": ["、".join(group["name"]) for group in groups],
            "name_en": [", ".join(group["name_en"].fillna(group["name"])) for group in groups],
            "communities": [len(codes) for codes in gate.members],
            "codes": [list(codes) for codes in gate.members],
            "count": gate.counts.tolist(),
            "households": [in_steps(int(group["households"].sum())) for group in groups],
        },
        geometry=[shapely.coverage_union_all(group.geometry.to_numpy()) for group in groups],
        crs="EPSG:4326",
    )
