"""What stands in the cells, as plans weigh it, held by each process: every layer for itself, as new as its version.

A case comes or changes every few seconds, and reading all households again for it would make each edit wait. Those are
read again only where one of them came, went or lies elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely
from sqlalchemy import Connection

from gridmap.enterprise.blasting import Building, Rock, limit_cm_s, safe_radius_m, site_of
from gridmap.ground.measure import metric_crs, project, transform
from gridmap.plan import Matters
from gridmap.store import blasts, drawings, versions
from gridmap.usecases.kept import Kept

#: what it takes that no household turns red (`people.visits.RED_AFTER`): once a month, half an hour each
VISITS_A_MONTH: Final = 1.0
VISIT_MINUTES: Final = 30.0
#: lights turn yellow by themselves: so many seconds are new enough for weighing a redraw
_AS_NEW_S: Final = 900


class HeldMatters:
    """The layers of one county. Places and lights, and nothing of anybody who lives there."""

    def __init__(self) -> None:
        self._homes: Kept[int, pd.DataFrame] = Kept(1)
        self._cases: Kept[tuple[int, int], pd.DataFrame] = Kept(1)
        self._works: Kept[tuple[int, int], tuple[pd.DataFrame, Any]] = Kept(1)
        self._all: Kept[tuple[int, int, int], Matters] = Kept(2)

    def on(self, conn: Connection, known: Mapping[str, int], now: datetime) -> Matters:
        """All of it; the same object as long as nothing has changed. `known`: the versions of the layers."""
        span = int(now.timestamp()) // _AS_NEW_S
        homes = self._households(conn, known.get("households", 0))
        cases = self._cases.made((known.get("incidents", 0), span), lambda: _cases(conn, now))
        works, zones = self._works.made((known.get("enterprises", 0), span), lambda: _works(conn))
        # what is held here holds these frames, so that no other comes to stand at their address
        key = id(homes), id(cases), id(works)
        return self._all.made(key, lambda: Matters(homes, cases, works, zones))

    def _households(self, conn: Connection, version: int) -> pd.DataFrame:
        """The places of all; the frame held before where what was touched since lies where it lay."""
        found = self._homes.get(version)
        if found is not None:
            return found
        for before, frame in self._homes.all():
            touched = versions.touched_since(conn, "households", before, version) if before < version else None
            if touched is not None and _as_held(conn, frame, touched):
                return self._homes.put(version, frame)
        homes = drawings.households(conn).assign(visits_due=VISITS_A_MONTH, visit_minutes=VISIT_MINUTES)
        return self._homes.put(version, homes)


def _as_held(conn: Connection, held: pd.DataFrame, touched: np.ndarray[Any, np.dtype[np.int64]]) -> bool:
    """Whether these households lie where they lay, and none of them came or went."""
    columns = ["id", "lon", "lat"]
    was = held.loc[held["id"].isin(touched), columns].to_numpy()
    return np.array_equal(was, drawings.households(conn, touched.tolist())[columns].to_numpy())


def _cases(conn: Connection, now: datetime) -> pd.DataFrame:
    cases, moment = drawings.open_cases(conn), pd.Timestamp(now)
    light = np.where(cases["red_at"] <= moment, "red", np.where(cases["yellow_at"] <= moment, "yellow", "green"))
    return cases.assign(light=light.astype(object))


def _works(conn: Connection) -> tuple[pd.DataFrame, Any]:
    works = drawings.enterprises(conn)
    return works, _zones(conn, works)


def _zones(conn: Connection, works: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.object_]]:
    """Where blasts of an enterprise can crack a fragile house, by its largest logged charge: circles in WGS84."""
    limit = limit_cm_s(Building.FRAGILE)
    found = []
    for enterprise_id, charge in blasts.largest(conn).items():
        at = works.index[works["id"] == enterprise_id]
        if not len(at):
            continue
        said = blasts.rock_of(conn, enterprise_id)
        site = site_of(Rock(said.rock) if said is not None else Rock.MEDIUM)
        radius = float(safe_radius_m(charge, limit, site))
        shape = works.loc[at[0], "geom"]
        crs = metric_crs(*shapely.get_coordinates(shape).T)
        flat = shapely.buffer(project([shape], crs), radius)
        found.append(transform(flat, crs, "EPSG:4326")[0])
    return np.array(found, dtype=object)
