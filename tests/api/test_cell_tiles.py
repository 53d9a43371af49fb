"""Vector tiles of cells over HTTP: rights as the layer's, ETags, the same bytes on both databases."""

from __future__ import annotations

from typing import Any

import mapbox_vector_tile
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from gridmap.store import tables as t
from gridmap.store import versions, write
from tests.api.client import Api, problem
from tests.county import CELL, SmallCounty, centre

TILE = "//tiles/cells/7/101/54.mvt"


def cells(body: bytes) -> dict[str, dict[str, Any]]:
    """What the tile tells of each cell, by code."""
    found = mapbox_vector_tile.decode(body)["cells"]["features"]
    return {one["properties"]["code"]: one["properties"] for one in found}


def test_a_tile_tells_the_loads_to_those_who_read_figures(api: Api) -> None:
    told = api.get("dispatcher-1", TILE + "?lang=en")
    assert told.status_code == 200
    assert told.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    assert set(cells(told.content)) == set(CELL.values())
    mine, other = cells(told.content)[CELL["A"]], cells(told.content)[CELL["E"]]
    assert (mine["name"], mine["open_incidents"], mine["households"]) == ("Cell A", 5, 4)
    assert "open_incidents" not in other
    plain = cells(api.get("worker-a", TILE).content)[CELL["A"]]
    assert "open_incidents" not in plain
    assert plain["name"] == "A 格"
    by_cases = cells(api.get("planner", TILE + "?measure=open_incidents").content)[CELL["A"]]
    assert by_cases["load"] == by_cases["open_incidents"] / by_cases["workers"]
    problem(api.get("worker-a", TILE + "?measure=open_incidents"), 403, "forbidden")


def test_an_unchanged_tile_is_304_and_a_changed_one_is_not(api: Api) -> None:
    first = api.get("planner", TILE)
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    again = api.get("planner", TILE, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    lon, lat = centre("A")
    assert api.post("worker-a", "/incidents", {"category": "mining-dust", "lon": lon, "lat": lat}).status_code == 201
    fresh = api.get("planner", TILE, headers={"If-None-Match": tag})
    assert fresh.status_code == 200
    before, after = (cells(one.content)[CELL["A"]]["open_incidents"] for one in (first, fresh))
    assert after == before + 1


def test_workers_share_their_tiles_and_nobody_shares_an_area_s_counts(api_lite: Api) -> None:
    def tag(user: str) -> str:
        return str(api_lite.get(user, TILE).headers["etag"])

    assert tag("worker-a") == tag("worker-b")
    assert len({tag(user) for user in ("worker-a", "dispatcher-1", "official-2", "official")}) == 4


def test_a_redrawn_name_is_in_the_next_tile(api: Api) -> None:
    api.get("planner", TILE)
    with write(api.county.ctx.engine) as conn:
        conn.execute(t.cells.update().where(t.cells.c.code == CELL["A"]).values(name="新名"))
        versions.bump(conn, "cells")
    assert cells(api.get("planner", TILE).content)[CELL["A"]]["name"] == "新名"


@pytest.mark.parametrize(
    ("tile", "status"),
    [
        ("0/0/0", 200), ("22/0/0", 200), ("3/8/0", 404), ("3/0/8", 404), ("23/0/0", 422), ("-1/0/0", 422),
        ("3/-1/0", 422), ("a/0/0", 422), ("3/0/1.5", 422), ("3/99999999999999999999/0", 422),
    ],
)  # fmt: skip
def test_addresses_that_are_no_tile(api_shared: Api, tile: str, status: int) -> None:
    assert api_shared.get("planner", f"//tiles/cells/{tile}.mvt").status_code == status


def test_a_tile_without_cells_is_empty(api_shared: Api) -> None:
    far = api_shared.get("planner", "//tiles/cells/7/0/0.mvt")
    assert (far.status_code, far.content) == (200, b"")
    problem(api_shared.get("planner", TILE + "?colour=red"), 422, "unknown_parameter")


def test_both_databases_make_the_same_bytes(spatialite_county: SmallCounty, postgis_county: SmallCounty) -> None:
    made = []
    for county in (spatialite_county, postgis_county):
        app = create_app(county.ctx, county.passwords)
        with TestClient(app, base_url="http://testserver") as client:
            api = Api(county, client)
            made.append([api.get(user, TILE).content for user in ("planner", "worker-a", "official-2")])
    assert made[0] == made[1]
