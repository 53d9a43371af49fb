"""Repair by rules that can be told: who keeps an overlap, who gets a gap, what is a person's to decide."""

from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gridmap.errors import InvalidInput
from gridmap.ground import area_m2, check, repair
from tests.awkward import INVALID_SHAPES, VALID_SHAPES
from tests.grids import SIZE_DEG, grid
from tests.unit.ground.test_coverage import box, cells_of


def shapes(cells: gpd.GeoDataFrame) -> np.ndarray:
    return cells.geometry.to_numpy(dtype=object)


def test_an_overlap_goes_to_the_smaller_and_the_border_is_as_it_was_drawn() -> None:
    cells = cells_of(box(0, 0, 3, 1), box(2.5, 0, 4, 1))
    out, report = repair(cells, code="code")
    assert shapely.equals_identical(shapes(out)[1], shapes(cells)[1])
    assert shapely.equals(shapes(out)[0], box(0, 0, 2.5, 1))
    assert [one.cell for one in report.changed] == ["c0"]
    [given] = report.overlaps
    assert (given.to, given.source) == ("c1", "c0")
    assert given.area_m2 == pytest.approx(area_m2(box(2.5, 0, 3, 1))[0])
    assert shapely.Point(given.lon, given.lat).within(box(2.5, 0, 3, 1))


def test_of_cells_of_one_size_the_lowest_code_keeps_the_overlap() -> None:
    for codes in (["a", "b"], ["b", "a"]):
        out, report = repair(cells_of(box(0, 0, 1, 1), box(0.75, 0, 1.75, 1), codes=codes), code="code")
        assert [(one.to, one.source) for one in report.overlaps] == [("a", "b")]
        assert check(out, code="code").ok


def test_a_cell_drawn_inside_another_keeps_its_land_and_the_other_gets_a_hole() -> None:
    out, _ = repair(cells_of(box(0, 0, 3, 3), box(1, 1, 2, 2), box(1, 2, 2, 3)), code="code")
    assert shapely.equals(shapes(out)[0], box(0, 0, 3, 3).difference(box(1, 1, 2, 3)))
    assert shapely.equals_identical(shapes(out)[1], box(1, 1, 2, 2))


def test_a_gap_goes_to_the_neighbour_with_the_longest_border() -> None:
    left = box(0, 0, 1, 2).difference(box(0.9, 0.5, 1, 1.5))
    out, report = repair(cells_of(left, box(1, 0, 2, 2)), code="code", max_gap_m2=1e6)
    [gap] = report.gaps
    assert gap.to == "c0"
    assert gap.area_m2 == pytest.approx(area_m2(box(0.9, 0.5, 1, 1.5))[0])
    assert shapely.equals(shapes(out)[0], box(0, 0, 1, 2))


def test_lakes_and_the_sea_between_islands_stay() -> None:
    """A hole above the limit, a hole with an island, and water that opens to the outside."""
    cells = grid("AAAA.BB/A.CA.B./AAAA.BB", size_m=150.0)
    out, report = repair(cells, code="code", max_gap_m2=20_000.0)
    assert not report.changed
    assert shapely.equals_identical(shapes(cells), shapes(out)).all()
    assert [hole.area_m2 for hole in report.holes] == pytest.approx([22_500.0], rel=1e-4)
    assert report.ok
    filled, _ = repair(cells, code="code", max_gap_m2=23_000.0)
    assert check(filled, code="code", max_gap_m2=23_000.0).ok
    assert area_m2(shapes(filled)).sum() == pytest.approx(area_m2(shapes(cells)).sum() + 22_500.0, rel=1e-6)


def test_a_piece_cut_off_its_cell_goes_to_the_neighbour_beside_it() -> None:
    """B's spur through A into a notch of C: A is the smaller, so what is left of the spur beyond A is C's."""
    spur, middle = box(1, 0.4, 2.2, 0.45), box(1, 0, 2, 1)
    cells = cells_of(box(-2, 0, 1, 1).union(spur), middle, box(2, 0, 5, 1).difference(spur))
    out, report = repair(cells, code="code")
    assert [(one.to, one.source) for one in report.fragments] == [("c2", "c0")]
    assert shapely.equals(shapes(out)[2], box(2, 0, 5, 1))
    assert (shapely.get_num_geometries(shapes(out)) == 1).all()
    large, none = repair(cells, code="code", max_gap_m2=100.0)
    assert not none.fragments, "a piece above the limit stays with its cell"
    assert shapely.get_num_geometries(shapes(large)).tolist() == [2, 1, 1]


@pytest.mark.parametrize(
    ("drawn", "who"),
    [
        ([box(0, 0, 1, 1), box(0, 0, 1, 1)], "c1"),
        ([box(0, 0, 1, 1), box(1, 0, 2, 1), box(0, 0, 2, 1)], "c2"),
        ([box(0, 0, 1, 1), box(0, 0, 1.001, 1)], "c1"),
    ],
    ids=["twice", "sum of others", "all but a hundredth"],
)
def test_a_cell_that_would_lose_all_is_named_and_nothing_is_done(drawn: list[shapely.Geometry], who: str) -> None:
    cells = cells_of(*drawn, box(9, 9, 10, 10))
    with pytest.raises(InvalidInput, match=rf"\({who}\): nothing would be left of it, it lies under c") as caught:
        repair(cells, code="code")
    assert [one["code"] for one in caught.value.details["faults"]] == [who]


@pytest.mark.parametrize("name", INVALID_SHAPES)
def test_each_invalid_shape_is_mended_or_named(name: str) -> None:
    shape = INVALID_SHAPES[name]
    cells = cells_of(box(0, 0, 1, 1), shape, box(1, 0, 2, 1)).assign(row=[5, 6, 7])
    mendable = name in {
        "bow_tie", "spike", "figure_of_eight", "hole_outside", "hole_across", "parts_overlap",
    }  # fmt: skip
    if not mendable:
        with pytest.raises(InvalidInput, match=r"row 6 \(c1\)"):
            repair(cells, code="code")
        return
    out, report = repair(cells, code="code")
    assert [(one.row, one.code) for one in report.mended] == [(6, "c1")]
    assert check(out, code="code").ok
    assert repair(out, code="code")[1].as_dict()["changed"] == []


@pytest.mark.parametrize("name", VALID_SHAPES)
def test_unusual_shapes_beside_damage_stay_right(name: str) -> None:
    cells = cells_of(VALID_SHAPES[name], VALID_SHAPES["pieces"])
    alone, report = repair(cells.iloc[:1], code="code")
    assert shapes(alone)[0] is shapes(cells)[0] or shapely.equals_identical(shapes(alone)[0], shapes(cells)[0])
    assert not report.changed
    beside = cells_of(VALID_SHAPES[name], box(-9, -9, -8, -8), box(-8.5, -9, -7, -8))
    out, report = repair(beside, code="code")
    assert [one.cell for one in report.changed] == ["c2"]
    assert check(out, code="code").ok


def test_tangles_are_refused_before_they_cost_minutes() -> None:
    rng = np.random.default_rng(11)
    tangles = [shapely.Polygon(rng.random((700, 2)) * SIZE_DEG + 0.1 * n) for n in range(4)]
    with pytest.raises(InvalidInput, match=r"row 2 \(c1\): too tangled to mend"):
        repair(cells_of(*tangles), code="code")


def test_heights_stay_where_nothing_is_done() -> None:
    high = shapely.force_3d(np.array([box(0, 0, 1, 1), box(1, 0, 2, 1)], dtype=object), 900.0)
    out, _ = repair(cells_of(*high), code="code")
    assert shapely.equals_identical(shapes(out), high).all()
    out, _ = repair(cells_of(*high, box(1.9, 0, 3, 1)), code="code")
    assert not shapely.has_z(shapes(out)).any()


def test_codes_given_twice_are_told_and_left() -> None:
    cells = cells_of(box(0, 0, 1.5, 1), box(1, 0, 2, 1), box(2, 0, 3, 1), codes=["7", "7", None])
    out, report = repair(cells, code="code")
    assert out["code"].tolist() == cells["code"].tolist()
    assert (report.duplicate_codes, report.without_code, report.ok) == (["7"], [3], False)
    assert [(one.to, one.source) for one in report.overlaps] == [("7 (row 2)", "7 (row 1)")]
    assert check(out).ok


def test_within_a_boundary_the_rim_is_drawn_anew() -> None:
    cells = cells_of(box(0, 0.001, 1, 1), box(1, 0, 2.001, 1))
    out, report = repair(cells, code="code", within=box(0, 0, 2, 1))
    assert check(out, code="code", within=box(0, 0, 2, 1)).ok
    assert report.ok
    assert [one.source for one in report.cut] == ["c1"]
    assert [one.to for one in report.gaps] == ["c0"]
    far, report = repair(cells, code="code", within=box(0, 0, 2, 1), max_gap_m2=1.0)
    assert not report.ok
    assert (len(report.outside or []), len(report.holes)) == (1, 1)
    assert shapely.equals_identical(shapes(far), shapes(cells)).all()


def test_a_report_is_json_with_sums_that_add_up() -> None:
    _, report = repair(cells_of(box(0, 0, 1, 1), box(0.9, 0, 2, 1), box(0.99, 0, 3, 1)), code="code")
    told = json.loads(json.dumps(report.as_dict(), allow_nan=False))
    assert told["overlaps"][0].keys() == {"to", "from", "area_m2", "lon", "lat"}
    left = told["before_m2"] - told["claimed_twice_m2"] - told["cut_m2"] + told["filled_m2"]
    assert told["after_m2"] == pytest.approx(left + told["moved_m2"])
    assert abs(told["moved_m2"]) < 1.0
    assert "cut" not in told


@pytest.mark.parametrize("crs", ["EPSG:4490", "EPSG:4545", "EPSG:3857"])
def test_any_crs_is_kept_and_measured_in_metres(crs: str) -> None:
    cells = cells_of(box(0, 0, 1, 1), box(0.9, 0, 2, 1)).to_crs(crs)
    out, report = repair(cells, code="code")
    assert out.crs == cells.crs
    assert report.overlaps[0].area_m2 == pytest.approx(area_m2(box(0.9, 0, 1, 1))[0], rel=1e-3)
    assert check(out, code="code").ok


def test_no_cells_and_no_crs() -> None:
    out, report = repair(grid("A").iloc[:0], code="code")
    assert len(out) == 0
    assert report.ok
    with pytest.raises(InvalidInput, match="no coordinate reference system"):
        repair(grid("A").set_crs(None, allow_override=True))


def test_the_input_is_never_changed() -> None:
    cells = cells_of(box(0, 0, 1, 1), box(0.9, 0, 2, 1), INVALID_SHAPES["bow_tie"])
    before = shapely.to_wkb(shapes(cells)).tolist()
    repair(cells, code="code")
    assert shapely.to_wkb(shapes(cells)).tolist() == before
