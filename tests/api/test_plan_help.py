"""Help with a plan: proposals that are more even and can be made, and the road out to QGIS and back."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import shapely.ops

from gridmap.plan import to_json
from gridmap.plan.deltas import MovePart
from tests.api.client import Api
from tests.api.test_layers import settle
from tests.api.test_plans import begun, tag
from tests.county import CELL
from tests.grids import LAT, LON, SIZE_DEG

GEOPACKAGE = {"Content-Type": "application/geopackage+sqlite3"}


def test_proposals_are_edits_that_even_the_load(api_lite: Api) -> None:
    settle(api_lite)
    plan = begun(api_lite)
    west = shapely.box(LON + SIZE_DEG, LAT + SIZE_DEG, LON + 1.5 * SIZE_DEG, LAT + 2 * SIZE_DEG)
    uneven = to_json(MovePart(CELL["B"], CELL["A"], west))
    assert api_lite.post("planner", f"/plans/{plan}/edits", {"edits": [uneven]}, headers=tag(1)).status_code == 200
    asked = {"cells": [CELL["A"], CELL["B"]], "seconds": 5, "load": "households"}
    answer = api_lite.post("planner", f"/plans/{plan}/balance", asked)
    assert answer.status_code == 200, answer.text
    drawn = api_lite.get("planner", f"/plans/{plan}/drawing", params={"codes": ",".join(asked["cells"])}).json()
    loads = [one["properties"]["households"] for one in drawn["features"]]
    before = max(abs(load / np.mean(loads) - 1) for load in loads)
    items = answer.json()["items"]
    assert len(items) >= 1
    assert max(one["deviation"] for one in items) < 0.1 < before
    done = api_lite.post("planner", f"/plans/{plan}/edits", {"edits": items[0]["edits"]}, headers=tag(2))
    assert done.status_code == 200, done.text
    after = {cell["code"]: cell["after"]["households"] for cell in done.json()["impact"]["cells"]}
    even = [after[CELL["A"]], after[CELL["B"]]]
    assert sum(even) == sum(loads)
    assert max(abs(load / np.mean(even) - 1) for load in even) == pytest.approx(items[0]["deviation"])


def exported(api: Api, plan: int, folder: Path) -> Path:
    answer = api.get("planner", f"/plans/{plan}/export")
    assert answer.status_code == 200, answer.text
    path = folder / "plan.gpkg"
    path.write_bytes(answer.content)
    return path


def sent(api: Api, plan: int, frame: gpd.GeoDataFrame, path: Path, version: int, *, mend: bool = False) -> dict:
    path.unlink()
    frame.to_file(path, driver="GPKG")
    answer = api.ask(
        "planner", "POST", f"/plans/{plan}/import?mend={str(mend).lower()}", content=path.read_bytes(),
        headers={**GEOPACKAGE, **tag(version)},
    )  # fmt: skip
    return {"status": answer.status_code, **answer.json()}


def test_a_drawing_goes_to_qgis_and_comes_back(api_lite: Api, tmp_path: Path) -> None:
    plan = begun(api_lite)
    path = exported(api_lite, plan, tmp_path)
    frame = gpd.read_file(path)
    assert (set(frame["plan"]), set(frame["version"]), len(frame)) == ({plan}, {1}, 8)
    assert sent(api_lite, plan, frame, path, 1)["code"] == "nothing_changed"
    corner = shapely.get_coordinates(frame.geometry[frame["code"] == CELL["A"]].iloc[0])
    middle = max(corner.tolist(), key=lambda at: at[0] - at[1])

    def shifted(xy: np.ndarray) -> np.ndarray:
        there = np.isclose(xy, middle, atol=1e-12).all(axis=1)
        return np.where(there[:, None], xy + np.array([0.1, -0.2]) * SIZE_DEG, xy)

    edited = frame.set_geometry(shapely.transform(frame.geometry.to_numpy(), shifted), crs=frame.crs)
    torn = edited.copy()
    torn.loc[torn["code"] == CELL["F"], "geometry"] = frame.geometry[frame["code"] == CELL["F"]].to_numpy()
    refused = sent(api_lite, plan, torn, path, 1)
    assert (refused["status"], refused["code"]) == (422, "plan_defects")
    assert any(one["lon"] is not None for one in refused["defects"]), refused["defects"]
    assert CELL["F"] in {code for one in refused["defects"] for code in one["cells"]}, refused["defects"]
    done = sent(api_lite, plan, edited, path, 1)
    assert done["status"] == 200, done
    assert {one["id"] for one in done["cells"]["features"]} == {CELL[letter] for letter in "ABEF"}
    assert sent(api_lite, plan, edited, path, 1)["status"] == 412
    assert sent(api_lite, plan, edited, path, 2)["code"] == "changed_meanwhile"


def test_defects_are_repaired_on_request(api_lite: Api, tmp_path: Path) -> None:
    plan = begun(api_lite)
    path = exported(api_lite, plan, tmp_path)
    frame = gpd.read_file(path)
    cell = frame["code"] == CELL["F"]
    # somebody drew over the neighbours
    frame.loc[cell, "geometry"] = frame.geometry[cell].buffer(0.01 * SIZE_DEG, join_style="mitre").to_numpy()
    whole = shapely.coverage_union_all(gpd.read_file(path).geometry.to_numpy())
    frame["geometry"] = frame.geometry.intersection(whole)
    assert sent(api_lite, plan, frame, path, 1)["code"] == "plan_defects"
    done = sent(api_lite, plan, frame, path, 1, mend=True)
    assert done["status"] == 200, done
    mended = gpd.read_file(exported(api_lite, plan, tmp_path)).geometry.to_numpy()
    assert shapely.coverage_is_valid(mended)
    assert shapely.area(shapely.symmetric_difference(shapely.coverage_union_all(mended), whole)) < 1e-12


@pytest.mark.parametrize("vertex", [(1, 1), (1, 2)])
@pytest.mark.parametrize("by", [(-0.1, 0.0), (-0.5, -0.1), (0.4, 0.0), (0.1, 0.1)])
def test_untouched_cells_follow_one_whose_vertex_was_moved_alone(
    api_lite: Api, tmp_path: Path, vertex: tuple[int, int], by: tuple[float, float]
) -> None:
    plan = begun(api_lite)
    path = exported(api_lite, plan, tmp_path)
    frame = gpd.read_file(path)
    shapes = frame.geometry.to_numpy()
    whole = shapely.coverage_union_all(shapes)
    start = np.array([LON + vertex[0] * SIZE_DEG, LAT + vertex[1] * SIZE_DEG])

    def shifted(xy: np.ndarray) -> np.ndarray:
        there = np.isclose(xy, start, atol=1e-12).all(axis=1)
        return np.where(there[:, None], start + np.array(by) * SIZE_DEG, xy)

    drawn = shapely.transform(shapes[0], shifted)  # A
    edited = frame.set_geometry([drawn, *shapes[1:]], crs=frame.crs)
    assert sent(api_lite, plan, edited, path, 1)["code"] == "plan_defects"
    done = sent(api_lite, plan, edited, path, 1, mend=True)
    assert done["status"] == 200, done
    mended = gpd.read_file(exported(api_lite, plan, tmp_path)).geometry.to_numpy()
    assert shapely.coverage_is_valid(mended)
    # A is as somebody drew it, but for what reached beyond the county
    meant = shapely.intersection(drawn, whole)
    assert shapely.area(shapely.symmetric_difference(mended[0], meant)) < 1e-9 * SIZE_DEG**2


@pytest.mark.parametrize("crs", ["EPSG:32648", "EPSG:4544", "EPSG:3857"])
def test_a_file_in_another_reference_system_changes_what_was_touched_alone(
    api_lite: Api, tmp_path: Path, crs: str
) -> None:
    """Metres are what one measures with in QGIS. What nobody touched is the same bit for bit when it comes back."""
    plan = begun(api_lite)
    path = exported(api_lite, plan, tmp_path)
    before = gpd.read_file(path).set_index("code").geometry
    frame = gpd.read_file(path).to_crs(crs)
    assert sent(api_lite, plan, frame, path, 1)["code"] == "nothing_changed"
    at = gpd.GeoSeries([shapely.Point(LON + SIZE_DEG, LAT + SIZE_DEG)], crs="EPSG:4326").to_crs(crs).iloc[0]
    start = np.array([at.x, at.y])

    def shifted(xy: np.ndarray) -> np.ndarray:
        return np.where((np.hypot(*(xy - start).T) < 1e-3)[:, None], start + np.array([60.0, -40.0]), xy)

    own = frame["code"] == CELL["A"]  # its neighbours are left as they were
    edited = frame.set_geometry(frame.geometry.where(~own, shapely.transform(frame.geometry.to_numpy(), shifted)))
    assert sent(api_lite, plan, edited, path, 1)["code"] == "plan_defects"
    done = sent(api_lite, plan, edited, path, 1, mend=True)
    assert done["status"] == 200, done
    after = gpd.read_file(exported(api_lite, plan, tmp_path)).set_index("code").geometry
    assert shapely.coverage_is_valid(after.to_numpy())
    same = {code for code in before.index if before[code].equals_exact(after[code], 0.0)}
    assert {CELL[letter] for letter in "CDGH"} <= same
    moved = gpd.GeoSeries([shapely.Point(at.x + 60.0, at.y - 40.0)], crs=crs).to_crs("EPSG:4326").iloc[0]
    assert shapely.distance(shapely.points(shapely.get_coordinates(after[CELL["A"]])), moved).min() < 1e-9


def test_a_piece_without_a_code_of_its_own_gets_one_on_request(api_lite: Api, tmp_path: Path) -> None:
    plan = begun(api_lite)
    path = exported(api_lite, plan, tmp_path)
    frame = gpd.read_file(path)
    west, south, east, north = frame.geometry.iloc[0].bounds
    line = shapely.LineString([(west + 0.3 * (east - west), south - 1), (west + 0.3 * (east - west), north + 1)])
    pieces = shapely.get_parts(shapely.ops.split(frame.geometry.iloc[0], line))
    cut = frame.iloc[[0] * len(pieces)].set_geometry(pieces, crs=frame.crs)
    edited = gpd.GeoDataFrame(pd.concat([cut, frame.iloc[1:]], ignore_index=True), crs=frame.crs)
    refused = sent(api_lite, plan, edited, path, 1)
    assert [one["kind"] for one in refused["defects"]] == ["duplicate"]
    assert refused["defects"][0]["cells"] == [CELL["A"]]
    assert sent(api_lite, plan, edited, path, 1, mend=True)["status"] == 200
    after = gpd.read_file(exported(api_lite, plan, tmp_path)).set_index("code")
    areas = shapely.area(after.geometry) / SIZE_DEG**2
    assert areas[CELL["A"]] == pytest.approx(0.7)
    (new,) = set(after.index) - set(CELL.values())
    assert areas[new] == pytest.approx(0.3)
    assert after["community"][new] == CELL["A"][:12]
