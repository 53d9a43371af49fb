"""A plan goes to QGIS, is edited there by QGIS's own tools, and comes back as the deltas that were meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import shapely

from tests.api.client import Api
from tests.api.test_plan_help import GEOPACKAGE, exported
from tests.api.test_plans import begun, tag
from tests.county import CELL, LETTERS, centre
from tests.grids import LAT, LON, SIZE_DEG
from tests.qgis.conftest import Qgis


def at(east: float, north: float) -> list[float]:
    """A place by the county's grid: (0, 0) is its south-western corner, (4, 2) its north-eastern."""
    return [LON + east * SIZE_DEG, LAT + north * SIZE_DEG]


def sent(api: Api, plan: int, path: Path, version: int, *, mend: bool = False) -> dict[str, Any]:
    answer = api.ask(
        "planner", "POST", f"/plans/{plan}/import?mend={str(mend).lower()}", content=path.read_bytes(),
        headers={**GEOPACKAGE, **tag(version)},
    )  # fmt: skip
    return {"status": answer.status_code, **answer.json()}


def drawn(api: Api, plan: int) -> dict[str, shapely.Geometry]:
    features = api.get("planner", f"/plans/{plan}/drawing").json()["features"]
    return {one["id"]: shapely.geometry.shape(one["geometry"]) for one in features}


def edited(api: Api, plan: int, path: Path, version: int, *, mend: bool = False) -> set[str]:
    """Import what was saved; the cells that the deltas touch, and the drawing is a coverage of the same ground."""
    before = drawn(api, plan)
    done = sent(api, plan, path, version, mend=mend)
    assert done["status"] == 200, done
    after = drawn(api, plan)
    shapes = list(after.values())
    assert shapely.coverage_is_valid(shapes)
    ground = shapely.coverage_union_all(list(before.values()))
    assert shapely.area(shapely.symmetric_difference(shapely.coverage_union_all(shapes), ground)) < 1e-15
    return {code for code in before.keys() | after.keys() if not same(before.get(code), after.get(code))}


def same(one: shapely.Geometry | None, other: shapely.Geometry | None) -> bool:
    return one is not None and other is not None and bool(shapely.normalize(one) == shapely.normalize(other))


@pytest.fixture
def plan(api_lite: Api) -> int:
    return begun(api_lite)


@pytest.fixture
def path(api_lite: Api, plan: int, tmp_path: Path) -> Path:
    return exported(api_lite, plan, tmp_path)


def test_qgis_sees_every_column(qgis: Qgis, plan: int, path: Path) -> None:
    (layer,) = qgis("look", path)
    assert layer["fields"] == {
        "fid": "Integer64", "code": "String", "community": "String", "plan": "Integer64", "version": "Integer64",
    }  # fmt: skip
    assert (layer["crs"], layer["geometry"], layer["invalid"], layer["without"]) == ("EPSG:4326", "Polygon", 0, 0)
    assert [row[1:] for row in layer["rows"]] == [[CELL[one], CELL[one][:12], plan, 1] for one in LETTERS]


def test_opening_and_saving_a_style_changes_nothing(api_lite: Api, qgis: Qgis, plan: int, path: Path) -> None:
    qgis("edit", path, [["style"]])
    assert sent(api_lite, plan, path, 1)["code"] == "nothing_changed"


def test_a_shared_vertex_moved_in_both_neighbours(api_lite: Api, qgis: Qgis, plan: int, path: Path) -> None:
    qgis("edit", path, [["move", at(1, 1), at(1.2, 0.9)]])
    assert edited(api_lite, plan, path, 1) == {CELL[letter] for letter in "ABEF"}
    assert shapely.Point(at(1.2, 0.9)).touches(drawn(api_lite, plan)[CELL["A"]])


def test_a_cell_split_and_its_new_piece_named(api_lite: Api, qgis: Qgis, plan: int, path: Path) -> None:
    # the line begins north of the county and ends south of C, so that G below gets a vertex, too
    qgis("edit", path, [["split", CELL["C"], [at(2.4, 2.1), at(2.6, 0.9)]], ["name", at(2.9, 1.5), "new"]])
    assert edited(api_lite, plan, path, 1) == {CELL["C"], CELL["G"], "new"}
    assert shapely.area(drawn(api_lite, plan)["new"]) == pytest.approx(SIZE_DEG**2 / 2)


def test_two_cells_merged(api_lite: Api, qgis: Qgis, plan: int, path: Path) -> None:
    qgis("edit", path, [["merge", CELL["G"], CELL["H"]]])
    assert edited(api_lite, plan, path, 1) == {CELL["G"], CELL["H"]}
    assert CELL["H"] not in drawn(api_lite, plan)


def test_a_session_of_several_edits(api_lite: Api, qgis: Qgis, plan: int, path: Path) -> None:
    steps = [
        ["move", at(1, 1), at(0.9, 1.1)],
        ["merge", CELL["G"], CELL["H"]],
        ["split", CELL["E"], [at(-0.1, 0.5), at(1.1, 0.6)]],
        ["name", at(0.3, 0.2), "south"],
    ]
    qgis("edit", path, steps)
    assert edited(api_lite, plan, path, 1) == {*(CELL[letter] for letter in "ABEFGH"), "south"}


def test_cells_dissolved_by_the_toolbox(api_lite: Api, qgis: Qgis, plan: int, path: Path, tmp_path: Path) -> None:
    out = tmp_path / "dissolved.gpkg"
    qgis("edit", path, [["name", list(centre("D")), CELL["C"]]])
    qgis("run", path, out, "native:dissolve", {"FIELD": ["code"]})
    assert edited(api_lite, plan, out, 1) == {CELL["C"], CELL["D"]}


def test_a_vertex_moved_in_one_neighbour_only_is_shown_and_repaired(
    api_lite: Api, qgis: Qgis, plan: int, path: Path
) -> None:
    qgis("edit", path, [["move", at(1, 1), at(0.9, 1.0), CELL["A"]]])
    refused = sent(api_lite, plan, path, 1)
    assert (refused["status"], refused["code"]) == (422, "plan_defects")
    assert refused["defects"]
    for one in refused["defects"]:
        assert shapely.Point(one["lon"], one["lat"]).distance(shapely.Point(at(0.95, 1.25))) < SIZE_DEG / 2
    assert CELL["A"] in edited(api_lite, plan, path, 1, mend=True)


def test_a_piece_that_was_not_named_is_shown_and_named_on_request(
    api_lite: Api, qgis: Qgis, plan: int, path: Path
) -> None:
    qgis("edit", path, [["split", CELL["C"], [at(2.2, 2.1), at(2.4, 0.9)]]])
    refused = sent(api_lite, plan, path, 1)
    assert (refused["status"], refused["code"]) == (422, "plan_defects")
    assert CELL["C"] in refused["detail"]
    touched = edited(api_lite, plan, path, 1, mend=True)
    assert {CELL["C"], CELL["G"]} < touched
    (new,) = touched - {CELL["C"], CELL["G"]}
    # the larger piece keeps the code
    cells = drawn(api_lite, plan)
    assert cells[new].area < cells[CELL["C"]].area
