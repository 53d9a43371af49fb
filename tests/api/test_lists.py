"""Lists: pages, filters, boxes, GeoJSON, ETags, gzip."""

from __future__ import annotations

from typing import Any

import pytest
import shapely
from sqlalchemy import select

from gridmap.store import tables as t
from tests.api.client import Api, problem
from tests.county import CELL, COMMUNITY, LAT, LON, SIZE_DEG, TOWNS, centre


def refs(api: Api, rows: list[dict[str, Any]]) -> set[str]:
    found = api.county.run(select(t.incidents.c.source_ref).where(t.incidents.c.id.in_([row["id"] for row in rows])))
    return {row[0] for row in found}


@pytest.mark.parametrize("limit", [1, 4, 7, 8, 1000])
def test_pages_join_without_gap_or_repeat(api: Api, limit: int) -> None:
    rows = api.rows("worker-a", "/incidents", limit=limit)
    assert refs(api, rows) == {*(f"R-A{i}" for i in range(6)), "R-B0"}
    assert len(rows) == 7
    assert [row["id"] for row in rows] == sorted((row["id"] for row in rows), reverse=True)


def test_the_link_header_leads_on(api_shared: Api) -> None:
    first = api_shared.get("dispatcher-1", "/incidents?limit=10&status=assigned")
    link = first.headers["link"]
    assert link.endswith('>; rel="next"')
    target = link[1:].split(">")[0]
    assert target.startswith("/api/v1/incidents?")
    second = api_shared.get("dispatcher-1", "/" + target)
    assert second.status_code == 200
    assert second.json()["next"] is None
    assert "link" not in second.headers
    ids = [row["id"] for row in first.json()["items"] + second.json()["items"]]
    assert len(ids) == len(set(ids)) == 16


def test_a_cursor_is_good_for_its_own_list_only(api_shared: Api) -> None:
    cursor = api_shared.get("dispatcher-1", "/incidents?limit=2").json()["next"]
    assert api_shared.get("dispatcher-1", f"/incidents?limit=5&cursor={cursor}").status_code == 200
    for user, path in (
        ("dispatcher-1", f"/incidents?limit=2&status=closed&cursor={cursor}"),
        ("dispatcher-1", f"/cells?limit=2&cursor={cursor}"),
        ("dispatcher-k3", f"/incidents?limit=2&cursor={cursor}"),
        ("dispatcher-1", f"/incidents?limit=2&cursor={cursor[:-1]}"),
        ("dispatcher-1", f"/incidents?limit=2&cursor={cursor}%00"),
        ("dispatcher-1", "/incidents?cursor=" + "A" * 400),
    ):
        problem(api_shared.get(user, path), 422, "bad_cursor")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"category": "mining-dust"}, {"R-A1", "R-B1", "R-C1", "R-D1"}),
        ({"category": "mining", "cell": CELL["B"]}, {"R-B1", "R-B3"}),
        ({"category": "no-such"}, set()),
        ({"status": "closed", "cell": CELL["C"]}, {"R-C4", "R-C5"}),
        ({"light": "green", "cell": CELL["C"]}, {"R-C0"}),
        ({"light": "yellow", "cell": CELL["C"]}, {"R-C1"}),
        ({"light": "red", "cell": CELL["C"]}, {"R-C2"}),
        ({"light": "very_late", "cell": CELL["C"]}, {"R-C3"}),
        ({"cell": CELL["A"], "light": "green"}, {"R-A0", "R-B0"}),
        ({"cell": CELL["G"]}, set()),
        ({"from": "2026-07-02", "cell": CELL["D"]}, {"R-D0"}),
        ({"from": "2026-06-25", "to": "2026-06-27", "cell": CELL["D"]}, {"R-D2"}),
        ({"to": "2026-01-01", "cell": CELL["D"]}, {"R-D5"}),
        ({"from": "2026-07-04"}, set()),
    ],
)
def test_filters(api: Api, query: dict[str, str], expected: set[str]) -> None:
    assert refs(api, api.rows("dispatcher-1", "/incidents", **query)) == expected


def test_days_begin_at_the_county_s_midnight(api: Api) -> None:
    """R-A0 came in at 07:36 on 3 July in the county, which is 2 July in UTC."""
    assert "R-A0" in refs(api, api.rows("worker-a", "/incidents", **{"from": "2026-07-03"}))
    assert "R-A0" not in refs(api, api.rows("worker-a", "/incidents", to="2026-07-03"))


def test_boxes(api: Api) -> None:
    east = ",".join(
        str(value) for value in (LON + 1.05 * SIZE_DEG, LAT + SIZE_DEG, LON + 2 * SIZE_DEG, LAT + 2 * SIZE_DEG)
    )
    found = refs(api, api.rows("dispatcher-1", "/incidents", bbox=east))
    assert found == {f"R-B{i}" for i in range(6)}
    west = api.rows("dispatcher-1", "/cells", bbox=f"{LON},{LAT},{LON + 0.1 * SIZE_DEG},{LAT + 0.1 * SIZE_DEG}")
    assert {row["code"] for row in west} == {CELL["E"]}
    assert api.rows("dispatcher-1", "/incidents", bbox="0,0,1,1") == []
    assert len(api.rows("dispatcher-1", "/incidents", bbox="-180,-90,180,90", limit=5)) == 24


def test_geojson_by_format_and_by_accept(api_shared: Api) -> None:
    by_format = api_shared.get("worker-a", "/cells?format=geojson")
    by_accept = api_shared.get("worker-a", "/cells", headers={"Accept": "application/geo+json"})
    plain = api_shared.get("worker-a", "/cells?format=json", headers={"Accept": "application/geo+json"})
    assert by_format.headers["content-type"] == by_accept.headers["content-type"] == "application/geo+json"
    assert by_format.json() == by_accept.json()
    assert plain.headers["content-type"] == "application/json"
    assert "Accept" in by_format.headers["vary"]
    drawn = by_format.json()
    assert drawn["type"] == "FeatureCollection"
    for one in drawn["features"]:
        shape = shapely.geometry.shape(one["geometry"])
        rings = [part.exterior for part in shape.geoms]
        assert all(ring.is_ccw for ring in rings)
        assert all(round(value, 7) == value for ring in rings for xy in ring.coords for value in xy)
    letter = next(one for one in drawn["features"] if one["properties"]["code"] == CELL["A"])
    exact = shapely.box(LON, LAT + SIZE_DEG, LON + SIZE_DEG, LAT + 2 * SIZE_DEG)
    assert shapely.geometry.shape(letter["geometry"]).symmetric_difference(exact).area < 1e-9


def test_areas_cells_and_their_filters(api: Api) -> None:
    assert {row["code"] for row in api.rows("admin", "/areas", level="town")} == set(TOWNS.values())
    assert {row["code"] for row in api.rows("admin", "/cells", area=TOWNS[2])} == {CELL[one] for one in "EFGH"}
    assert {row["code"] for row in api.rows("admin", "/cells", area=COMMUNITY["A"])} == {CELL["A"], CELL["B"]}
    assert {row["code"] for row in api.rows("admin", "/enterprises", kind="quarry")} == {"E-QUARRY"}
    assert {row["code"] for row in api.rows("admin", "/workers", cell=CELL["A"])} >= {"W-A", "W-BACKUP"}
    quarry = api.get("admin", "/enterprises/2").json()
    assert quarry["geometry"]["type"] == "Polygon"
    assert quarry["cell"]["code"] == CELL["G"]
    mine = api.get("admin", "/enterprises/1").json()
    assert (mine["lon"], mine["lat"]) == centre("A", 0.3, 0.3)


@pytest.mark.parametrize(
    "path", ["/cells", "/areas", "/enterprises", "/bodies", "/categories", "/layers/cells", "/layers/land"]
)
def test_what_is_unchanged_is_304(api: Api, path: str) -> None:
    first = api.get("worker-a", path)
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    again = api.get("worker-a", path, headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == tag
    assert "Cookie" in again.headers["vary"]
    stale = api.get("worker-a", path, headers={"If-None-Match": '"other"'})
    assert (stale.status_code, stale.content) == (200, first.content)


def test_etags_follow_data_view_and_address(api: Api) -> None:
    def tag(user: str, path: str, **headers: str) -> str:
        return str(api.get(user, path, headers=headers).headers["etag"])

    seen = [
        tag("worker-a", "/layers/cells"), tag("worker-b", "/layers/cells"), tag("planner", "/layers/cells"),
        tag("worker-a", "/layers/cells?lang=en"), tag("planner", "/layers/cells?measure=open_incidents"),
        tag("worker-a", "/cells"), tag("worker-a", "/cells?limit=3"), tag("worker-a", "/cells?format=geojson"),
    ]  # fmt: skip
    assert len(set(seen)) == len(seen)
    assert tag("worker-a", "/layers/cells") == seen[0]
    lon, lat = centre("A")
    loads = api.get("dispatcher-1", "/layers/cells").json()
    assert api.post("worker-a", "/incidents", {"category": "mining-dust", "lon": lon, "lat": lat}).status_code == 201
    assert tag("worker-a", "/layers/cells") != seen[0]
    assert tag("worker-a", "/cells") == seen[5]

    def load(body: dict[str, Any]) -> int:
        cell = next(one for one in body["features"] if one["properties"]["code"] == CELL["A"])
        found: int = cell["properties"]["open_incidents"]
        return found

    assert load(api.get("dispatcher-1", "/layers/cells").json()) == load(loads) + 1
    api.county.clock.forward(hours=-11)  # another day, another roster
    assert tag("planner", "/layers/cells") != seen[2]


def test_large_answers_are_zipped_and_small_ones_not(api_shared: Api) -> None:
    large = api_shared.get("worker-a", "/categories", headers={"Accept-Encoding": "gzip"})
    assert large.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in large.headers["vary"]
    assert len(large.json()) > 50
    small = api_shared.get("worker-a", "/layers/roads", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in small.headers
    plain = api_shared.get("worker-a", "/categories", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers


def test_static_files_are_kept_for_a_year_under_their_fingerprint(api_shared: Api) -> None:
    assets = api_shared.app.state.assets
    lasting = api_shared.get(None, "/" + assets.url("css/app.css"))
    assert lasting.status_code == 200
    assert lasting.headers["cache-control"] == "public, max-age=31536000, immutable"
    plain = api_shared.get(None, "//static/css/app.css")
    assert plain.headers["cache-control"] == "no-cache"
    assert plain.content == lasting.content
    for path in (
        "//static/../app.py",
        "//static/%2e%2e/app.py",
        "//static/0123456789ab/css/app.css",
        "//static/",
        "//static/css",
    ):
        assert api_shared.get(None, path).status_code == 404, path


def test_the_document_describes_every_route(api_shared: Api) -> None:
    document = api_shared.get(None, "//openapi.json").json()
    assert document["openapi"].startswith("3.1")
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            where = f"{method} {path}"
            assert operation["summary"], where
            assert len(operation.get("description", "")) > 40, where
            assert "422" in operation["responses"], where
            problems = {code: one for code, one in operation["responses"].items() if code[0] in "45"}
            assert all("application/problem+json" in one["content"] for one in problems.values()), where
            for parameter in operation.get("parameters", []):
                assert parameter.get("description"), (where, parameter["name"])
    assert set(document["components"]["securitySchemes"]) == {"bearer", "cookie"}
    assert api_shared.get(None, "//docs").status_code == 404


def test_metrics_name_routes_and_no_addresses(api_lite: Api) -> None:
    api_lite.get("worker-a", "/incidents/1")
    api_lite.get("worker-a", "/incidents/999999")
    api_lite.get(None, "//no/such/Wang")
    api_lite.client.request("BREW", "/api/v1/me")
    text = api_lite.get(None, "//metrics").text
    assert 'gridmap_requests_total{method="GET",route="/api/v1/incidents/{incident_id}",status="200"} 1.0' in text
    assert 'gridmap_requests_total{method="GET",route="/api/v1/incidents/{incident_id}",status="404"} 1.0' in text
    assert 'route="unmatched",status="404"' in text
    assert 'method="other"' in text
    assert "Wang" not in text
    assert "gridmap_request_seconds_bucket" in text


def test_ready_means_migrated(api_lite: Api) -> None:
    assert api_lite.get(None, "//readyz").status_code == 200
    from sqlalchemy import text

    api_lite.county.run(text("UPDATE alembic_version SET version_num = '0001'"))
    told = problem(api_lite.get(None, "//readyz"), 503, "not_migrated")
    assert "gridmap init" in told["detail"]
    assert api_lite.get(None, "//healthz").json() == {"status": "ok"}
