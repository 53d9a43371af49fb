"""A blast log comes in by its file, and what it predicts for the houses is counted, on both databases."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely
from sqlalchemy import func, select

from gridmap.enterprise import BUILDING_OF, Building, Rock, Site, limit_cm_s, site_of, velocity_cm_s
from gridmap.ground import distance_m
from gridmap.store import read
from gridmap.store import tables as t
from gridmap.store.bulk import frame
from gridmap.usecases.importing import Options, import_file
from tests.api.client import Api, problem
from tests.county import centre

LON, LAT = centre("G")
LOG = (
    "爆破编号,企业编号,爆破时间,最大单响药量,主振频率,经度,纬度\n"
    f"1,E-QUARRY,2026-06-20 11:00,120,,{LON},{LAT}\n"
    f"2,E-QUARRY,2026-06-27 11:00,60,35,{LON},{LAT}\n"
    f"3,E-QUARRY,2026-06-28 11:00,-5,35,{LON},{LAT}\n"
    f"4,E-NOWHERE,2026-06-28 11:00,5,35,{LON},{LAT}\n"
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "blasts.csv"
    path.write_text(LOG, encoding="utf-8")
    return path


def quarry(api: Api) -> int:
    return int(api.county.one(select(t.enterprises.c.id).where(t.enterprises.c.code == "E-QUARRY")))


def test_a_log_comes_in_once_and_its_bad_rows_come_back(api: Api, log: Path) -> None:
    done = import_file(api.county.ctx, "blasts", log, Options())
    first, rejects = done.loaded, done.rejects
    assert (first.inserted, sorted((one.row, one.field) for one in rejects)) == (
        2, [(4, "charge_kg"), (5, "enterprise")],
    )  # fmt: skip
    again = import_file(api.county.ctx, "blasts", log, Options()).loaded
    assert (again.inserted, again.updated, again.unchanged) == (0, 0, 2)
    assert api.county.one(select(func.count()).select_from(t.blasts)) == 2


def expected(api: Api, site: Site) -> dict[Building, tuple[int, int]]:
    """Houses within 3 km of the quarry and those over their limit, house by house with distances on the ellipsoid."""
    with read(api.county.ctx.engine) as conn:
        homes = frame(conn, select(t.households.c.housing, t.households.c.geom))
    found = {building: [0, 0] for building in (Building.FRAGILE, Building.ORDINARY)}
    for housing, point in zip(homes["housing"], homes["geom"], strict=True):
        building = BUILDING_OF.get(housing, Building.FRAGILE)
        xy = shapely.get_coordinates(point)
        away = distance_m(np.array([LON]), np.array([LAT]), xy[:, 0], xy[:, 1])
        over = any(
            velocity_cm_s(charge, away, site)[0] > limit_cm_s(building, hertz)
            for charge, hertz in ((120.0, None), (60.0, 35.0))
        )
        found[building][0] += 1
        found[building][1] += over
    return {building: (all_, over) for building, (all_, over) in found.items()}


def told(api: Api, user: str = "official", **params: int) -> dict[Building, tuple[int, int]]:
    answer = api.get(user, f"/enterprises/{quarry(api)}/blasting", params=params)
    assert answer.status_code == 200, answer.text
    return {Building(one["building"]): (one["houses"], one["over"]) for one in answer.json()["buildings"]}


def test_houses_over_their_limit_are_counted(api: Api, log: Path) -> None:
    import_file(api.county.ctx, "blasts", log, Options())
    assumed = api.get("official", f"/enterprises/{quarry(api)}/blasting").json()
    assert (assumed["site_source"], assumed["blasts"], assumed["largest_kg"]) == ("assumed", 2, 120.0)
    assert told(api) == expected(api, site_of(Rock.SOFT))
    said = api.ask("official", "PUT", f"/enterprises/{quarry(api)}/rock", json={"rock": "hard"})
    assert (said.json()["site_source"], said.json()["k"], said.json()["alpha"]) == ("standard", 150.0, 1.3)
    assert told(api) == expected(api, site_of(Rock.HARD))
    measured = {"rock": "hard", "k": 60.0, "alpha": 1.6}
    assert api.ask("official", "PUT", f"/enterprises/{quarry(api)}/rock", json=measured).json()["k"] == 60.0
    counts = told(api)
    assert counts == expected(api, Site(60.0, 1.6))
    assert 0 < sum(over for _, over in counts.values()) < sum(houses for houses, _ in counts.values())
    assert told(api, days=3) == {building: (houses, 0) for building, (houses, _) in counts.items()}


def test_who_may_ask(api: Api, log: Path) -> None:
    import_file(api.county.ctx, "blasts", log, Options())
    for user in ("worker-a", "handler-land", "admin"):
        problem(api.get(user, f"/enterprises/{quarry(api)}/blasting"), 403, "forbidden")
    problem(api.ask("planner", "PUT", f"/enterprises/{quarry(api)}/rock", json={"rock": "hard"}), 403, "forbidden")
    problem(api.get("official", "/enterprises/9999/blasting"), 404, "not_found")
    half = api.ask("official", "PUT", f"/enterprises/{quarry(api)}/rock", json={"rock": "hard", "k": 60.0})
    problem(half, 422, "invalid_input")
