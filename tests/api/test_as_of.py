"""Figures and maps by day and drawing: sums are kept, an abolished cell keeps its cases, caches tell days apart."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

import mapbox_vector_tile
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from api.app import create_app
from gridmap.store import read
from gridmap.store import tables as t
from gridmap.store.bulk import frame
from gridmap.usecases import analysing
from tests.api.client import Api, problem
from tests.county import CELL, LETTERS, centre, open_county
from tests.redraw import without_b

TILE = "//tiles/cells/7/101/54.mvt"
BEFORE = "2026-06-01"


@pytest.fixture
def merged(api: Api) -> Api:
    """Since today A has B's land."""
    without_b(api.county, api.county.ctx.today())
    return api


def counted(api: Api, by: str = "cell", **asked: str) -> dict[str | None, int]:
    rows = api.get("official", "/stats/counts", params={"by": by, **asked}).json()["rows"]
    return {row[by]: row["count"] for row in rows}


def cells(api: Api, user: str = "official", **asked: str) -> dict[tuple[str, str | None], dict[str, Any]]:
    """The layer's cells by code and last day."""
    features = api.get(user, "/layers/cells", params=asked).json()["features"]
    return {(one["properties"]["code"], one["properties"]["valid_to"]): one["properties"] for one in features}


def by_hand(api: Api, day: date) -> Counter[str | None]:
    """Cases by the cell of a day that they lie in, point by point."""
    c, i = t.cells.c, t.incidents.c
    with read(api.county.ctx.engine) as conn:
        drawn = frame(
            conn, select(c.code, c.geom).where(c.valid_from <= day, (c.valid_to > day) | c.valid_to.is_(None))
        )
        points = frame(conn, select(i.geom))["geom"]
    shapes = dict(zip(drawn["code"], drawn["geom"], strict=True))
    return Counter(min((code for code, shape in shapes.items() if shape.covers(at)), default=None) for at in points)


def test_a_case_of_an_abolished_cell_keeps_it_for_ever(api: Api) -> None:
    reported = counted(api, drawing="then")
    without_b(api.county, api.county.ctx.today())
    assert counted(api, drawing="then") == reported
    assert reported[CELL["B"]] == 6
    api.county.clock.forward(days=900)
    api.tokens.clear()
    assert counted(api, drawing="then", as_of="2028-12-01") == reported
    assert counted(api, drawing="then", cell=CELL["B"]) == {CELL["B"]: 6}


@pytest.mark.parametrize("by", ["cell", "community", "town", "category", "month"])
def test_both_drawings_and_all_days_have_one_sum(merged: Api, by: str) -> None:
    asked = [
        {"drawing": "then"},
        {"drawing": "now"},
        {"as_of": BEFORE},
        {"as_of": "2030-01-01"},
        {"as_of": "2020-01-01"},
    ]
    sums = [sum(counted(merged, by, **one).values()) for one in asked]
    assert sums == [49] * len(asked)


def test_now_places_closed_cases_too_and_before_brings_the_old_cells_back(merged: Api) -> None:
    now, before = counted(merged), counted(merged, as_of=BEFORE)
    assert CELL["B"] not in now
    today = merged.county.ctx.today()
    assert now == by_hand(merged, today)
    assert before == by_hand(merged, date.fromisoformat(BEFORE))
    assert (now[CELL["A"]], before[CELL["A"]] + before[CELL["B"]]) == (12, 12)
    # narrowed to one cell, the same
    assert counted(merged, cell=CELL["A"]) == {CELL["A"]: 12}
    assert counted(merged, cell=CELL["B"]) == {}
    assert counted(merged, cell=CELL["B"], as_of=BEFORE) == {CELL["B"]: before[CELL["B"]]}
    # a day without cells has all cases outside
    assert counted(merged, as_of="2020-01-01") == {None: 49}


def test_the_layer_of_cells_follows_day_and_drawing(merged: Api) -> None:
    day = merged.county.ctx.today().isoformat()
    now, then, before = cells(merged), cells(merged, drawing="then"), cells(merged, as_of=BEFORE)
    assert {code for code, _ in now} == {CELL[letter] for letter in LETTERS if letter != "B"}
    assert {code for code, _ in before} == set(CELL.values())
    for name, total in (("open_incidents", 32), ("overdue", 16), ("households", 32)):
        assert {sum(one[name] for one in found.values()) for found in (now, then, before)} == {total}, name
    # both old rows of A and B hold what was reported in them
    assert {key for key in then if key[1] is not None} == {(CELL["A"], day), (CELL["B"], day)}
    assert (now[CELL["A"], None]["households"], before[CELL["B"], day]["households"]) == (8, 4)
    assert (then[CELL["B"], day]["open_incidents"], then[CELL["A"], None]["open_incidents"]) == (4, 0)


def test_who_reads_no_figures_sees_no_abolished_cell(merged: Api) -> None:
    """Which cells still have cases is a figure, too."""
    then = cells(merged, "worker-a", drawing="then")
    assert {last for _, last in then} == {None}
    assert {one["open_incidents"] for one in then.values()} == {None}


def test_tiles_are_kept_apart_by_day_and_drawing(merged: Api) -> None:
    def tile(**asked: str) -> tuple[str, list[str]]:
        told = merged.get("official", TILE, params=asked)
        assert told.status_code == 200, told.text
        found = mapbox_vector_tile.decode(told.content)["cells"]["features"]
        return told.headers["etag"], sorted(one["properties"]["code"] for one in found)

    for _ in range(2):  # what is made first, and what is kept
        told = {name: tile(**asked) for name, asked in {
            "now": {}, "then": {"drawing": "then"}, "before": {"as_of": BEFORE},
        }.items()}  # fmt: skip
        assert len({tag for tag, _ in told.values()}) == 3
        assert CELL["B"] not in told["now"][1]
        assert told["before"][1] == sorted(CELL.values())
        assert told["then"][1] == sorted([*CELL.values(), CELL["A"]])
    tag = told["before"][0]
    assert merged.get("official", TILE, params={"as_of": BEFORE}, headers={"If-None-Match": tag}).status_code == 304
    assert merged.get("official", TILE, headers={"If-None-Match": tag}).status_code == 200


def test_a_layer_s_tag_is_of_its_day(merged: Api) -> None:
    first = merged.get("official", "/layers/cells", params={"as_of": BEFORE})
    held = {"If-None-Match": first.headers["etag"]}
    assert merged.get("official", "/layers/cells", params={"as_of": BEFORE}, headers=held).status_code == 304
    assert merged.get("official", "/layers/cells", headers=held).status_code == 200
    listed = {one["code"] for one in merged.rows("official", "/cells", as_of=BEFORE)}
    assert listed == set(CELL.values())
    assert CELL["B"] not in {one["code"] for one in merged.rows("official", "/cells")}


def test_a_drawing_to_come_is_seen_as_of_its_day(api: Api) -> None:
    """Before its day nothing moves; as of it all is placed already."""
    day = api.county.ctx.today() + timedelta(days=10)
    without_b(api.county, day)
    assert CELL["B"] in counted(api)
    assert counted(api, as_of=day.isoformat()) == by_hand(api, day)
    assert cells(api, as_of=day.isoformat())[CELL["A"], None]["households"] == 8


@pytest.mark.parametrize(
    ("asked", "cells_of"), [({}, 7), ({"as_of": BEFORE}, 8), ({"drawing": "then", "as_of": BEFORE}, 8)]
)
def test_hot_spots_are_of_the_day_s_cells(merged: Api, asked: dict[str, str], cells_of: int) -> None:
    question = {"from": "2026-01", "to": "2026-07", "category": "mining", **asked}
    i, c = t.incidents.c, t.categories.c
    last = select(t.cells.c.id).where(t.cells.c.code == CELL["H"])
    for code, where in (("mining-dust", i.cell_id.not_in(last)), ("labour-wages", i.cell_id.in_(last))):
        category = select(c.id).where(c.code == code).scalar_subquery()  # so that not all cells are alike
        merged.county.run(t.incidents.update().where(where).values(category_id=category))
    merged.county.clock.forward(days=32)
    merged.tokens.clear()
    first = merged.get("official", "/hotspots", params=question).json()
    analysing.work(merged.county.ctx)
    told = merged.get("official", "/hotspots", params=question).json()
    assert told["id"] == first["id"]
    assert told["status"] == "done", told["error"]
    assert len(told["result"]["cells"]) == cells_of
    assert sum(one["count"] for one in told["result"]["cells"]) == told["result"]["incidents"]


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_first_and_the_last_day_there_are(api: Api, day: str) -> None:
    for path in ("/stats/counts?by=cell", "/layers/cells?lang=en", "/cells?limit=9", TILE + "?lang=en"):
        assert api.get("official", f"{path}&as_of={day}").status_code == 200, path
    asked = {"from": "2026-06", "to": "2026-06", "as_of": day}
    assert api.get("official", "/hotspots", params=asked).status_code == 202
    analysing.work(api.county.ctx)
    error = api.get("official", "/hotspots", params=asked).json()["error"]
    assert error["code"] == ("no_cells" if day < "2026" else "too_few_incidents")


@pytest.mark.parametrize("path", ["/stats/counts", "/layers/cells", "/cells", "/hotspots", TILE])
def test_a_day_that_is_none_is_refused(api_shared: Api, path: str) -> None:
    problem(api_shared.get("official", path, params={"as_of": "yesterday"}), 422, "invalid_input")


def test_another_server_process_shows_the_new_cells_in_its_next_answer(api: Api) -> None:
    """Two applications over one database, each with its own memory: nothing is kept that a redraw made old."""
    county = open_county(api.county.ctx.engine.url.render_as_string(hide_password=False))
    app = create_app(county.ctx, county.passwords)
    with TestClient(app, base_url="http://testserver") as client:
        other = Api(county, client, api.tokens)

        def shown() -> list[set[str]]:
            listed = other.get("planner", "/cells", params={"format": "geojson"}).json()["features"]
            tile = mapbox_vector_tile.decode(other.get("planner", TILE).content)["cells"]["features"]
            layer = other.get("planner", "/layers/cells").json()["features"]
            return [{one["properties"]["code"] for one in found} for found in (listed, tile, layer)]

        assert shown() == [set(CELL.values())] * 3
        lon, lat = centre("B")
        place = {"lon": lon, "lat": lat}
        assert other.get("planner", "/locate", params=place).json()["cell"]["code"] == CELL["B"]
        mine = {one["code"] for one in other.get("worker-a", "/me").json()["cells"]}
        without_b(api.county, api.county.ctx.today())
        assert shown() == [set(CELL.values()) - {CELL["B"]}] * 3
        assert other.get("planner", "/locate", params=place).json()["cell"]["code"] == CELL["A"]
        assert {one["code"] for one in other.get("worker-a", "/me").json()["cells"]} == mine == {CELL["A"]}
        report = {"category": "mining-dust", **place, "text": "x"}
        assert other.post("worker-a", "/incidents", report).json()["cell"]["code"] == CELL["A"]
    county.ctx.engine.dispose()
