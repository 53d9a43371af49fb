"""How hard an enterprise's blasts shook the houses around it: counts by kind of building, for officials and bodies.

A figure about a place. No house is named; who serves the houses finds them on her own map by the radius.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely

from gridmap.case.events import canonical_moment
from gridmap.enterprise import (
    BUILDING_OF,
    Building,
    Rock,
    Side,
    Site,
    limit_cm_s,
    safe_radius_m,
    shaking,
    site_of,
)
from gridmap.errors import Forbidden, InvalidInput
from gridmap.ground.measure import box_around, metric_crs, project
from gridmap.people.roles import can
from gridmap.store import accounts, blasts, meetings, read, write
from gridmap.usecases.context import Context
from gridmap.usecases.leading import lead_at
from gridmap.view import View

#: how far back a log is looked at, and how far out houses are: beyond it no charge in use shakes an adobe house
LONGEST = timedelta(days=731)
FARTHEST_M: Final = 3_000.0


def say_rock(
    ctx: Context, view: View, enterprise_id: int, rock: Rock, k: float | None, alpha: float | None
) -> dict[str, Any]:
    """Say what lies between an enterprise and the houses: a row of the standard's table, or K and alpha as measured.

    Raises NotFound, Forbidden, InvalidInput when only one of K and alpha is given.
    """
    _may(view, "meeting.lead")
    if (k is None) != (alpha is None):
        raise InvalidInput("give both K and alpha, or neither", field="k")
    if k is not None and alpha is not None:
        Site(k, alpha)  # refuses what cannot be
    with write(ctx.engine) as conn:
        lead_at(view, meetings.enterprise_place(conn, enterprise_id)["path"])
        blasts.set_rock(conn, enterprise_id, rock, k, alpha)
        account_id = view.actor.account_id if view.actor else None
        data = {"rock": str(rock), "k": k, "alpha": alpha}
        accounts.audit(conn, ctx.clock(), account_id, "enterprise.rock", str(enterprise_id), data)
    return blasting(ctx, view, enterprise_id)


def blasting(ctx: Context, view: View, enterprise_id: int, *, days: int = 365) -> dict[str, Any]:
    """The blasts of the last `days`, what they did to the houses within `FARTHEST_M`, and how far the largest was safe.

    Where nobody has said what rock it is, the softest of the table is taken with its cautious pair, and said so.
    """
    _may(view, "figures.read")
    now = ctx.clock()
    with read(ctx.engine) as conn:
        place = meetings.enterprise_place(conn, enterprise_id)["geom"]
        log = blasts.of_enterprise(conn, enterprise_id, now - min(timedelta(days=days), LONGEST))
        said = blasts.rock_of(conn, enterprise_id)
        houses = blasts.houses_in(conn, box_around([place, *log["geom"]], FARTHEST_M))
    site, source = site_taken(said)
    return {
        "rock": None if said is None else said.rock, "k": site.k, "alpha": site.alpha, "site_source": source,
        "blasts": len(log), "largest_kg": float(log["charge_kg"].max()) if len(log) else None,
        "last_at": canonical_moment(_moment(log["at"].iloc[-1])) if len(log) else None,
        "buildings": by_building(log, houses, site),
    }  # fmt: skip


def site_taken(said: Any) -> tuple[Site, str]:
    """What K and alpha are taken for what was said of the rock (None: nothing), and where they come from."""
    if said is None:
        return site_of(Rock.SOFT, Side.CAUTIOUS), "assumed"
    if said.k is not None:
        return Site(said.k, said.alpha), "measured"
    return site_of(Rock(said.rock), Side.CAUTIOUS), "standard"


def by_building(log: pd.DataFrame, houses: pd.DataFrame, site: Site) -> list[dict[str, Any]]:
    """For each kind of building: how many there are, how many went over their limit, the most of them, the radius."""
    kinds = [BUILDING_OF.get(housing, Building.FRAGILE) for housing in houses["housing"]]
    found = None
    if len(log) and len(houses):
        lon, lat = shapely.get_coordinates(log["geom"].to_numpy(dtype=object)).T
        crs = metric_crs(lon, lat)
        points, shots = (project(one["geom"].to_numpy(dtype=object), crs) for one in (houses, log))
        found = shaking(points, kinds, log["charge_kg"], shots, site, log["frequency_hz"])
    kind = np.array([str(one) for one in kinds], dtype=object)
    told = []
    for building in (Building.FRAGILE, Building.ORDINARY):
        mine = kind == str(building)
        limit = limit_cm_s(building)
        told.append({
            "building": str(building), "houses": int(mine.sum()), "limit_cm_s": limit,
            "over": int(found.over[mine].sum()) if found else 0,
            "worst_cm_s": float(found.worst_cm_s[mine].max()) if found and mine.any() else None,
            "safe_radius_m": float(safe_radius_m(log["charge_kg"].max(), limit, site)) if len(log) else None,
        })  # fmt: skip
    return told


def _moment(value: Any) -> datetime:
    moment: datetime = pd.Timestamp(value).to_pydatetime()
    return moment


def _may(view: View, action: str) -> None:
    if view.actor is not None:
        decision = can(view.actor, view.scope, action)
        if not decision:
            raise Forbidden(decision.reason)
