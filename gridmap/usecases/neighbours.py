"""Who lives near an enterprise, what it is permitted, and the review before a new blasting or land project.

Figures about a place, for those who may read figures; no house is named in them.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely

from gridmap.case.events import canonical_moment
from gridmap.enterprise import Light
from gridmap.errors import Forbidden, InvalidInput
from gridmap.ground.measure import box_around
from gridmap.people.roles import can
from gridmap.store import accounts, blasts, meetings, permits, read, reminders, write
from gridmap.store import tables as t
from gridmap.usecases.agenda import RADIUS_M, away, by_category, near_enterprise, open_near
from gridmap.usecases.blasting import FARTHEST_M, by_building, site_taken
from gridmap.usecases.context import Context
from gridmap.usecases.leading import lead_at
from gridmap.usecases.meetings import promises
from gridmap.usecases.reminding import next_on
from gridmap.view import View

#: the distances at which households are counted
STEPS_M: Final = (300, 500, 1_000, 1_500, 3_000)
YEAR: Final = timedelta(days=365)


def neighbourhood(ctx: Context, view: View, enterprise_id: int) -> dict[str, Any]:
    """Households within each of `STEPS_M`, reports of a year within `RADIUS_M`, and the community around it."""
    _may(view, "figures.read")
    now = ctx.clock()
    with read(ctx.engine) as conn:
        place = meetings.enterprise_place(conn, enterprise_id)
        houses = blasts.houses_in(conn, box_around([place["geom"]], STEPS_M[-1]))
        area = None if place["path"] is None else permits.area_of(conn, int(place["area_id"]))._asdict()
        reports = near_enterprise(conn, view, enterprise_id, RADIUS_M, None, now - YEAR, now)
        cases = by_category(open_near(conn, view, enterprise_id))
    far = away(houses["geom"].to_numpy(dtype=object), place["geom"])
    lon, lat = shapely.get_coordinates(shapely.point_on_surface(place["geom"]))[0].tolist()
    return {
        "households": [{"within_m": step, "households": int((far <= step).sum())} for step in STEPS_M],
        "reports_year": len(reports), "radius_m": RADIUS_M, "community": area, "lon": lon, "lat": lat,
        "open": cases,
    }  # fmt: skip


def review(ctx: Context, view: View, enterprise_id: int, *, charge_kg: float | None, within_m: float) -> dict[str, Any]:
    """Who a new project would affect, how many, and what was promised last time.

    `charge_kg`: the largest charge at once, for a blasting project; without it nothing is said of shaking. Figures for
    those who lead meetings. Raises Forbidden, NotFound, InvalidInput.
    """
    _may(view, "meeting.lead")
    if not 0 < within_m <= FARTHEST_M:
        raise InvalidInput(f"within_m must lie between 0 and {FARTHEST_M:,.0f}", field="within_m")
    now = ctx.clock()
    with read(ctx.engine) as conn:
        place = meetings.enterprise_place(conn, enterprise_id)["geom"]
        houses = blasts.houses_in(conn, box_around([place], within_m))
        site, source = site_taken(blasts.rock_of(conn, enterprise_id))
        reports = near_enterprise(conn, view, enterprise_id, within_m, None, now - YEAR, now)
    houses = houses[away(houses["geom"].to_numpy(dtype=object), place) <= within_m]
    planned = pd.DataFrame({"charge_kg": [charge_kg], "frequency_hz": [np.nan], "geom": [place]})
    made, _ = promises(ctx, view, unsettled=False, enterprise_id=enterprise_id, after=None, limit=10_000)
    last = max((one["meeting_id"] for one in made), default=None)
    return {
        "within_m": within_m, "households": len(houses), "reports_year": len(reports), "charge_kg": charge_kg,
        "site_source": source,
        "buildings": None if charge_kg is None else by_building(planned, houses, site),
        "promises": promises_told(made), "last": [one for one in made if one["meeting_id"] == last],
    }  # fmt: skip


def promises_told(made: list[dict[str, Any]]) -> dict[str, int]:
    """How many of these promises were kept, broken, withdrawn, are open, and of those late."""
    counts = Counter(one["status"] for one in made)
    late = sum(one["light"] == Light.RED for one in made)
    return {
        "kept": counts["kept"], "broken": counts["broken"], "withdrawn": counts["withdrawn"],
        "open": counts["open"] + counts["proven"], "late": late,
    }  # fmt: skip


# --- what it is permitted, and when its neighbours are asked --------------------------------------------------------


def agreed(ctx: Context, enterprise_id: int) -> dict[str, Any]:
    """Its permits, each with whether it holds today, and the rule of its regular meetings with the next day."""
    today = ctx.today()
    with read(ctx.engine) as conn:
        meetings.enterprise_place(conn, enterprise_id)
        held = permits.permits_of(conn, enterprise_id)
        rules = reminders.preventives(conn, enterprise_id)
    told = [
        {**one._asdict(), "holds": one.valid_from <= today and (one.valid_to is None or today < one.valid_to)}
        for one in held
    ]
    regular = None
    if rules:
        called = rules[0].called_at
        regular = {
            "months": rules[0].months, "since": rules[0].since, "next_on": next_on(ctx, rules[0]),
            "called_at": canonical_moment(called) if called else None,
        }  # fmt: skip
    return {"permits": told, "regular": regular}


def keep_permit(
    ctx: Context, view: View, enterprise_id: int, kind: str, number: str, valid_from: date, valid_to: date | None
) -> dict[str, Any]:
    """Write a permit down, in place of the one with its number; `valid_to`: the day after its last. Raises Forbidden
    also for an enterprise outside the caller's area."""
    _may(view, "meeting.lead")
    if kind not in t.PERMIT_KINDS:
        raise InvalidInput(f"kind must be one of {', '.join(t.PERMIT_KINDS)}", field="kind")
    if valid_to is not None and valid_to <= valid_from:
        raise InvalidInput("valid_to must lie after valid_from", field="valid_to")
    with write(ctx.engine) as conn:
        lead_at(view, meetings.enterprise_place(conn, enterprise_id)["path"])
        values = {"kind": kind, "number": number.strip(), "valid_from": valid_from, "valid_to": valid_to}
        permits.keep_permit(conn, enterprise_id, values)
        _audit(ctx, conn, view, "enterprise.permit", enterprise_id, {"number": number})
    return agreed(ctx, enterprise_id)


def say_regular(ctx: Context, view: View, enterprise_id: int, months: int | None, since: date | None) -> dict[str, Any]:
    """Say that a joint meeting is due every so many months (1 to 36) from a day on (today); None: no more.
    Raises Forbidden also for an enterprise outside the caller's area."""
    _may(view, "meeting.lead")
    with write(ctx.engine) as conn:
        lead_at(view, meetings.enterprise_place(conn, enterprise_id)["path"])
        account_id = view.actor.account_id if view.actor else None
        permits.say_regular(conn, enterprise_id, months, since or ctx.today(), account_id, ctx.clock())
        _audit(ctx, conn, view, "enterprise.regular", enterprise_id, {"months": months})
    return agreed(ctx, enterprise_id)


def _audit(ctx: Context, conn: Any, view: View, action: str, enterprise_id: int, data: dict[str, Any]) -> None:
    account_id = view.actor.account_id if view.actor else None
    accounts.audit(conn, ctx.clock(), account_id, action, str(enterprise_id), data)


def _may(view: View, action: str) -> None:
    if view.actor is not None:
        decision = can(view.actor, view.scope, action)
        if not decision:
            raise Forbidden(decision.reason)
