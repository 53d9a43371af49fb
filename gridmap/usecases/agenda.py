"""What was reported near an enterprise, and which open cases come on the agenda of a meeting about it.

Figures about a place: whoever calls a meeting sees how many open cases of which category lie around it and takes them
by category, those of others, too. To open them is for those who serve them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely
from sqlalchemy import Connection

from gridmap.errors import InvalidInput
from gridmap.ground.measure import box_around, metric_crs, project
from gridmap.privacy.release import LEFT_OUT
from gridmap.store import meetings
from gridmap.usecases.counting import figures_view
from gridmap.view import View

#: how far around an enterprise is looked, unless something else is asked for
RADIUS_M: Final = 1_500.0
#: on one agenda at most: each of them is told that a meeting is called
MOST_CASES: Final = 500


def near_enterprise(
    conn: Connection,
    view: View,
    enterprise_id: int,
    radius_m: float,
    categories: Sequence[str] | None,
    since: datetime,
    until: datetime,
) -> Any:
    """The moments of the reports within a distance of an enterprise's point or outline, as far as they belong to the
    area whose figures the caller reads. Raises Forbidden for roles that read none."""
    place = meetings.enterprise_place(conn, enterprise_id)["geom"]
    geoms, moments = meetings.reports_in(
        conn, figures_view(conn, view), box_around([place], radius_m), categories, since, until
    )
    return moments[away(geoms, place) <= radius_m]


def open_near(conn: Connection, view: View, enterprise_id: int) -> pd.DataFrame:
    """The open cases within `RADIUS_M` of an enterprise or reported about it, as `near_enterprise` counts reports.

    Columns id, code, name, name_en (of the category), top (code of the one above it). Petitions are nobody's agenda.
    """
    place = meetings.enterprise_place(conn, enterprise_id)["geom"]
    rows = meetings.open_in(conn, figures_view(conn, view), box_around([place], RADIUS_M), enterprise_id)
    near = away(rows["geom"].to_numpy(dtype=object), place) <= RADIUS_M
    found: pd.DataFrame = rows[(near | (rows["enterprise_id"] == enterprise_id)) & ~rows["top"].isin(LEFT_OUT)]
    return found


def by_category(cases: pd.DataFrame) -> list[dict[str, Any]]:
    """How many of these there are of each category, most first."""
    names = {one.code: one for one in cases.itertuples()}
    return [
        {"category": {"code": code, "name": names[code].name, "name_en": names[code].name_en or None},
         "top": names[code].top, "cases": n}
        for code, n in sorted(Counter(cases["code"]).items(), key=lambda one: (-one[1], one[0]))
    ]  # fmt: skip


def taken(conn: Connection, view: View, enterprise_id: int, categories: Collection[str]) -> set[int]:
    """Those of `open_near` that are of these categories. Raises InvalidInput for more than an agenda holds."""
    cases = open_near(conn, view, enterprise_id)
    ids = {int(one) for one in cases.loc[cases["code"].isin(categories), "id"]}
    if len(ids) > MOST_CASES:
        said = f"an agenda holds at most {MOST_CASES} cases and these categories have {len(ids):,}: take fewer"
        raise InvalidInput(said, field="categories")
    return ids


def away(geoms: Any, place: shapely.Geometry) -> Any:
    """How far each of these lies from a place, in metres."""
    flat = project(np.append(geoms, place), metric_crs(*shapely.get_coordinates(place).T))
    return shapely.distance(flat[:-1], flat[-1])
