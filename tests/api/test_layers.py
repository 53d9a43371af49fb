"""Layers over HTTP: who may have which, their parameters and language; figures with their filters."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely

from api.cache import AnswerCache
from gridmap.people.roles import NEEDS_REASON
from gridmap.usecases.imports import load
from layers import LAYERS
from tests.api.client import Api, problem
from tests.county import CELL, LETTERS, PATTERN, SEATS, SIZE_DEG, TOWNS, centre

BASE = {"land", "water", "roads", "places", "cells", "areas", "enterprises"}


def names(api: Api, user: str, **params: str) -> set[str]:
    return {one["name"] for one in api.get(user, "/layers", params=params).json()}


def test_each_role_has_its_layers(api_shared: Api) -> None:
    assert names(api_shared, "worker-a") == BASE | {"households", "incidents"}
    assert names(api_shared, "worker-away") == BASE | {"incidents"}
    assert names(api_shared, "dispatcher-1") == BASE | {"incidents", "heat"}
    assert names(api_shared, "handler-land") == BASE | {"incidents"}
    assert names(api_shared, "supervisor") == BASE | {"incidents", "heat"}
    assert names(api_shared, "planner") == BASE | {"heat"}
    assert names(api_shared, "official") == BASE | {"heat"}
    assert names(api_shared, "official", reason="a hearing") == BASE | {"heat", "incidents"}
    assert names(api_shared, "admin") == BASE
    assert set(LAYERS) == BASE | {"households", "incidents", "heat"}


def test_the_manifest_says_how_to_ask_and_draw(api_shared: Api) -> None:
    for lang, title in (("zh", "网格"), ("en", "Cells")):
        cells = next(one for one in api_shared.get("planner", f"/layers?lang={lang}").json() if one["name"] == "cells")
        assert cells["title"] == title
        assert {one["name"] for one in cells["params"]} == {"code", "measure", "as_of", "drawing"}
        assert cells["legend"]
        assert "ramp" in cells["style"]
    english = api_shared.get("planner", "/layers", headers={"Accept-Language": "en-GB,zh;q=0.5"}).json()
    assert next(one for one in english if one["name"] == "cells")["title"] == "Cells"


def test_layers_as_geojson(api: Api) -> None:
    for name in sorted(BASE):
        answer = api.get("planner", f"/layers/{name}?lang=en")
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/geo+json"
        body = answer.json()
        assert body["type"] == "FeatureCollection"
        assert body["next"] is None
        assert isinstance(body["legend"], list)
        assert body["features"], name
    cells = api.get("planner", "/layers/cells?lang=en").json()["features"]
    first = next(one["properties"] for one in cells if one["properties"]["code"] == CELL["A"])
    assert (first["name"], first["households"], first["open_incidents"], first["workers"]) == ("Cell A", 4, 5, 1)
    assert (
        api.get("planner", f"/layers/cells?code={CELL['B']}").json()["features"][0]["properties"]["open_incidents"] == 3
    )


def test_layers_come_in_pages_and_boxes(api: Api) -> None:
    seen: list[int] = []
    cursor = None
    while True:
        body = api.get(
            "dispatcher-1", "/layers/incidents", params={"limit": 7, **({"cursor": cursor} if cursor else {})}
        ).json()
        seen += [one["id"] for one in body["features"]]
        cursor = body["next"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 24
    assert api.get("dispatcher-1", "/layers/incidents?bbox=0,0,1,1").json()["features"] == []
    late = api.get("dispatcher-1", "/layers/incidents?light=very_late").json()["features"]
    assert {one["properties"]["light"] for one in late} == {"very_late"}
    assert len(late) == 4


def test_heat_is_of_the_callers_area_and_follows_its_filters(api: Api) -> None:
    settle(api)
    whole = api.get("official", "/layers/heat").json()
    assert whole["features"]
    town = api.get("official-2", "/layers/heat").json()
    assert bounds(town)[3] <= bounds(whole)[3] - 0.003  # the southern town only
    few = api.get("official", "/layers/heat?category=land-boundary").json()
    assert few != whole
    near = api.get("official", "/layers/heat?near=quarry&within=20000").json()
    assert bounds(near) == pytest.approx(bounds(whole), abs=1e-5)
    close = bounds(api.get("official", "/layers/heat?near=quarry&within=100").json())
    lon, lat = centre("G")
    reach = (0.2 * SIZE_DEG + 100 / 99_000, 0.2 * SIZE_DEG + 100 / 110_800)  # half the quarry, and 100 m in degrees
    assert close == pytest.approx((lon - reach[0], lat - reach[1], lon + reach[0], lat + reach[1]), abs=2e-5)
    assert api.get("official-2", "/layers/heat?near=mine&within=100").json()["features"] == []  # A's mine is far off
    problem(api.get("official", "/layers/heat?within=5"), 422, "invalid_input")
    problem(api.get("official", "/layers/heat?near=bank"), 422, "invalid_input")


def settle(api: Api) -> None:
    """100 more households in every cell: rates of few are not drawn."""
    rng = np.random.default_rng(5)
    places = [centre(letter, *rng.uniform(-0.45, 0.45, 2)) for letter in LETTERS for _ in range(100)]
    lon, lat = (np.array([place[axis] for place in places]) for axis in (0, 1))
    frame = pd.DataFrame({"code": [f"X-{i}" for i in range(len(places))], "address": "X", "lon": lon, "lat": lat})
    rows = frame.assign(row=range(1, len(frame) + 1), crs_in="wgs84", x_in=lon, y_in=lat, contact_consent=False)
    missing = dict.fromkeys(("housing", "contact_name", "contact_phone"))
    bands = {name: float("nan") for name in ("children", "adults", "elders")}
    loaded = load(api.county.ctx, "households", rows.assign(**missing, **bands))
    assert loaded.inserted == len(places)


def bounds(collection: dict[str, Any]) -> tuple[float, float, float, float]:
    shapes = [shapely.geometry.shape(one["geometry"]) for one in collection["features"]]
    found = shapely.total_bounds(shapes)
    return float(found[0]), float(found[1]), float(found[2]), float(found[3])


def test_counts_by_category_place_and_month(api: Api) -> None:
    def counted(user: str, **params: str) -> list[dict[str, Any]]:
        body = api.get(user, "/stats/counts", params=params).json()
        rows: list[dict[str, Any]] = body["rows"]
        return rows

    by_category = {row["category"]: row for row in counted("official", by="category")}
    assert {code: row["count"] for code, row in by_category.items()} == {
        **{code: 8 for code, _, _ in PATTERN}, "mining-blasting": 9,
    }  # fmt: skip
    assert (by_category["labour-wages"]["overdue"], by_category["land-boundary"]["closed"]) == (8, 8)
    towns = {row["town"]: row["count"] for row in counted("official", by="town")}
    assert towns == {TOWNS[1]: 24, TOWNS[2]: 24, None: 1}
    assert {row["town"]: row["count"] for row in counted("official-2", by="town")} == {TOWNS[2]: 24}
    assert sum(row["count"] for row in counted("planner", by="month", category="mining")) == 33 - 8
    now = {row["cell"]: row["count"] for row in counted("official", by="cell", drawing="now")}
    then = {row["cell"]: row["count"] for row in counted("official", by="cell", drawing="then")}
    assert (now[CELL["A"]], now[CELL["B"]]) == (7, 5)
    assert {then[CELL[letter]] for letter in LETTERS} == {6}
    figures = {"count": 4, "open": 0, "overdue": 0, "closed": 4}
    town = {"town": TOWNS[2], "town_name": "测试2镇", "town_name_en": "Town 2"}
    air = {"category": "environment-air", "category_name": "异味废气", "category_name_en": "Smells and fumes"}
    land = {"category": "land-boundary", "category_name": "田土界线", "category_name_en": "Field boundaries"}
    both = counted("official", by="category,town", area=TOWNS[2], status="closed")
    assert both == [{**air, **town, **figures}, {**land, **town, **figures}]
    assert counted("official-2", area=TOWNS[1]) == []
    assert (
        sum(row["count"] for row in counted("supervisor", by="category")) == 49
    )  # figures, though rows are the late ones


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"by": "person"}, 422, "invalid_input"),
        ({"by": "town,town"}, 422, "invalid_input"),
        ({"by": "town,cell,month,category"}, 422, "invalid_input"),
        ({"by": ""}, 422, "invalid_input"),
        ({"area": "no-such"}, 404, "not_found"),
        ({"drawing": "tomorrow"}, 422, "invalid_input"),
        ({"limit": "1"}, 422, "unknown_parameter"),
    ],
)
def test_counts_that_cannot_be_asked(api_shared: Api, query: dict[str, str], status: int, code: str) -> None:
    problem(api_shared.get("official", "/stats/counts", params=query), status, code)


def test_who_reads_figures(api_shared: Api) -> None:
    allowed = {user for user in SEATS if api_shared.get(user, "/stats/counts").status_code == 200}
    assert allowed == {
        "dispatcher-1", "dispatcher-k3", "supervisor", "supervisor-2", "planner", "approver",
        "official", "official-2",
    }  # fmt: skip
    assert {str(role) for role in NEEDS_REASON} == {"official"}


def test_a_dear_answer_is_made_once() -> None:
    """Of 8 who ask at once one makes it; a failure is tried again; the oldest go when there is no room."""
    cache = AnswerCache(most_bytes=25)
    made: list[str] = []
    gate, begun = threading.Barrier(8), threading.Event()

    def make() -> bytes:
        made.append("a")
        begun.wait(0.05)
        return b"0123456789"

    def ask() -> None:
        gate.wait()
        assert cache.get("a", make) == b"0123456789"

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == ["a"]

    def fail() -> bytes:
        made.append("failed")
        raise RuntimeError

    for _ in range(2):
        with pytest.raises(RuntimeError):
            cache.get("b", fail)
    assert made.count("failed") == 2
    cache.get("c", lambda: b"0123456789")
    cache.get("a", make)
    cache.get("d", lambda: b"0123456789")  # 30 bytes: "c" is the one not asked for the longest
    assert made.count("a") == 1
    cache.get("c", lambda: made.append("c") or b"")  # type: ignore[func-returns-value]
    assert made[-1] == "c"
