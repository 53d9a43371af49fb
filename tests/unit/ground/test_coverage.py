"""Checking a coverage: every fault found, named and measured, and nothing found where nothing is."""

from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gridmap.errors import InvalidInput
from gridmap.ground import area_m2, check
from tests.awkward import INVALID_SHAPES, VALID_SHAPES
from tests.grids import LAT, LON, SIZE_DEG, grid

KEYS = ["cells", "invalid", "overlaps", "gaps", "holes", "duplicate_codes", "ok"]


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    """A rectangle in squares of the default grid."""
    return shapely.box(LON + west * SIZE_DEG, LAT + south * SIZE_DEG, LON + east * SIZE_DEG, LAT + north * SIZE_DEG)


def cells_of(*shapes: shapely.Geometry | None, codes: list[object] | None = None) -> gpd.GeoDataFrame:
    codes = codes or [f"c{i}" for i in range(len(shapes))]
    return gpd.GeoDataFrame({"code": codes}, geometry=list(shapes), crs="EPSG:4326")


@pytest.mark.parametrize("size_m", [None, 300.0])
@pytest.mark.parametrize(
    "drawing", ["A", "AAB/ACB", "AAA/ABA/AAA", "AB/CD", "AABBC/DAEBC/DDEEC/FFGGG/FHHGI", "A./.A", "A.B"]
)
def test_a_coverage_is_found_sound(drawing: str, size_m: float | None) -> None:
    cells = grid(drawing, size_m=size_m, bend=0.3)
    report = check(cells, code="code")
    assert report.as_dict() == dict(zip(KEYS, [len(cells), [], [], [], [], [], True], strict=True))


def test_a_report_is_the_json_of_the_contract() -> None:
    found = check(grid("AB"), code="code").as_dict()
    assert list(found) == KEYS
    assert json.loads(json.dumps(found)) == found


def test_no_cells_are_no_fault() -> None:
    assert check(grid("A").iloc[:0], code="code").ok
    assert not check(grid("A").iloc[:0], code="code", within=box(0, 0, 1, 1)).ok


def test_an_overlap_is_measured_and_its_two_cells_named() -> None:
    report = check(cells_of(box(0, 0, 1, 1), box(0.75, 0, 2, 1), box(2, 0, 3, 1)), code="code")
    assert [(one.a, one.b) for one in report.overlaps] == [("c0", "c1")]
    assert report.overlaps[0].area_m2 == pytest.approx(area_m2(box(0.75, 0, 1, 1))[0])
    assert not report.ok
    assert not report.gaps
    assert not report.invalid
    assert [(one.a, one.b) for one in check(cells_of(box(0, 0, 1, 1), box(0.75, 0, 2, 1))).overlaps] == [(1, 2)]


@pytest.mark.parametrize(
    "inner", [box(1, 1, 2, 2), box(0, 1, 1, 2), box(0, 0, 3, 3)], ids=["inside", "touching", "equal"]
)
def test_a_cell_in_another_is_an_overlap(inner: shapely.Polygon) -> None:
    report = check(cells_of(box(0, 0, 3, 3), inner), code="code")
    assert [one.area_m2 for one in report.overlaps] == pytest.approx([area_m2(inner)[0]])


def test_small_gaps_are_gaps_and_large_ones_holes() -> None:
    cells = grid("AAA/A.B/BBB/B.A/AAA", size_m=90.0)
    report = check(cells, code="code")
    assert [gap.area_m2 for gap in report.gaps] == pytest.approx([8100.0, 8100.0], rel=1e-5)
    assert not report.holes
    assert not report.ok
    inside = shapely.points([(gap.lon, gap.lat) for gap in report.gaps])
    assert not shapely.intersects(inside, cells.union_all()).any()
    assert shapely.covered_by(inside, shapely.union_all([shapely.convex_hull(cells.union_all())])).all()
    large = check(cells, code="code", max_gap_m2=8000.0)
    assert large.ok
    assert not large.gaps
    assert len(large.holes) == 2


def test_an_island_in_a_gap_is_not_part_of_it() -> None:
    ring, island = box(0, 0, 5, 5).difference(box(1, 1, 4, 4)), box(2, 2, 3, 3)
    report = check(cells_of(ring, island), code="code")
    assert [hole.area_m2 for hole in report.holes] == pytest.approx([area_m2(box(1, 1, 4, 4).difference(island))[0]])


def test_a_sliver_between_neighbours_is_found_from_both_sides() -> None:
    left = shapely.Polygon([(0, 0), (1, 0), (1.00001, 0.5), (1, 1), (0, 1)])
    right = shapely.Polygon([(1, 0), (2, 0), (2, 1), (1, 1), (0.99999, 0.7)])
    cells = cells_of(*shapely.transform([left, right], lambda c: c * SIZE_DEG + (LON, LAT)))
    report = check(cells, code="code")
    assert len(report.overlaps) == 1
    assert 0.1 < report.overlaps[0].area_m2 < 5.0


def test_a_vertex_on_a_neighbours_straight_edge_is_no_fault() -> None:
    """A corner of two cells somewhere along the slanted edge of a third: its rounding is below `NOISE_M2`."""
    a, b = np.array([0.0, 0.0]), np.array([1.0, 0.3])
    seamless = []
    for part in np.random.default_rng(12).uniform(0.01, 0.99, 40):
        middle = a + (b - a) * part
        below = shapely.Polygon([a, (0.5, -1.0), b])
        left, right = shapely.Polygon([a, middle, (0.3, 1.0)]), shapely.Polygon([middle, b, (0.3, 1.0)])
        cells = cells_of(*shapely.transform([below, left, right], lambda c: c * 0.1 + (LON, LAT)))
        seamless.append(shapely.coverage_is_valid(cells.geometry.values))
        report = check(cells, code="code")
        assert report.ok, report
        assert not report.holes
    assert set(seamless) == {True, False}  # both ways of looking were taken


def test_duplicate_and_missing_codes_are_told() -> None:
    cells = cells_of(box(0, 0, 1, 1), box(1, 0, 2, 1), box(2, 0, 3, 1), codes=["3100", "3100", None])
    report = check(cells, code="code")
    assert report.duplicate_codes == ["3100"]
    assert not report.ok
    assert [(one.row, one.reason) for one in report.invalid] == [(3, "no code")]
    assert check(cells.assign(code=[1, 1, 2]), code="code").duplicate_codes == ["1"]
    assert check(cells).ok


@pytest.mark.parametrize("name", INVALID_SHAPES)
def test_each_invalid_shape_is_named_by_its_row(name: str) -> None:
    cells = cells_of(box(0, 0, 1, 1), INVALID_SHAPES[name], box(1, 0, 2, 1)).assign(row=[5, 6, 7])
    report = check(cells, code="code")
    assert [(one.row, one.code) for one in report.invalid] == [(6, "c1")], report.invalid
    assert report.invalid[0].reason
    assert not report.ok
    assert not report.overlaps
    assert report.cells == 3
    json.dumps(report.as_dict(), allow_nan=False)


def test_the_place_of_a_crossing_is_told_in_degrees() -> None:
    bow = INVALID_SHAPES["bow_tie"]
    for cells in (cells_of(bow), cells_of(bow).to_crs("EPSG:4545")):
        fault = check(cells, code="code").invalid[0]
        assert fault.reason == "Self-intersection"
        assert (fault.lon, fault.lat) == pytest.approx((106.745, 27.095), abs=1e-6)


@pytest.mark.parametrize("name", VALID_SHAPES)
def test_unusual_shapes_are_no_fault(name: str) -> None:
    assert check(cells_of(VALID_SHAPES[name]), code="code").ok


def test_within_a_boundary_everything_is_to_be_covered() -> None:
    cells = grid("AB/CD")
    assert check(cells, code="code", within=box(0, 0, 2, 2)).as_dict()["outside"] == []
    assert check(cells, code="code", within=box(0, 0, 2, 2)).ok
    more = check(cells, code="code", within=box(0, 0, 2.01, 2))
    assert len(more.gaps) == 1
    assert not more.ok
    assert more.gaps[0].area_m2 == pytest.approx(area_m2(box(2, 0, 2.01, 2))[0])
    less = check(cells, code="code", within=box(0, 0.5, 2, 2))
    assert less.outside is not None
    assert len(less.outside) == 1
    assert not less.ok
    assert not less.gaps
    assert less.outside[0].area_m2 == pytest.approx(area_m2(box(0, 0, 2, 0.5))[0])
    one_gone = check(cells.iloc[:3], code="code", within=box(0, 0, 2, 2))
    assert len(one_gone.holes) == 1
    assert not one_gone.ok


def test_a_boundary_may_be_a_frame_in_another_crs() -> None:
    cells = grid("AB/CD")
    boundary = gpd.GeoDataFrame(geometry=[box(0, 0, 1, 2), box(1, 0, 3, 2)], crs="EPSG:4326")
    for within in (boundary, boundary.geometry, boundary.to_crs("EPSG:4490")):
        assert len(check(cells, code="code", within=within).holes) == 1


@pytest.mark.parametrize("crs", ["EPSG:4490", "EPSG:4545"])
def test_faults_are_the_same_in_any_crs(crs: str) -> None:
    cells = grid("AAB/A.B/CCB", size_m=90.0)
    cells.loc[2, "geometry"] = shapely.affinity.translate(cells.geometry[2], 0.0001, 0.0001)
    here, there = check(cells, code="code"), check(cells.to_crs(crs), code="code")
    assert len(here.overlaps) == 2 == len(there.overlaps)
    assert len(here.gaps) == 1 == len(there.gaps)
    for one, other in zip([*here.overlaps, *here.gaps], [*there.overlaps, *there.gaps], strict=True):
        assert one.area_m2 == pytest.approx(other.area_m2, rel=1e-4)


def test_the_input_is_never_changed() -> None:
    cells = cells_of(box(0, 0, 1, 1), INVALID_SHAPES["bow_tie"], None)
    shapes = cells.geometry.values.tolist()
    check(cells, code="code")
    assert all(a is b for a, b in zip(cells.geometry.values.tolist(), shapes, strict=True))


def test_what_cannot_be_checked_is_refused() -> None:
    cells = grid("AB")
    with pytest.raises(InvalidInput, match="no coordinate reference system"):
        check(cells.set_crs(None, allow_override=True))
    with pytest.raises(InvalidInput, match="no column 'beat'"):
        check(cells, code="beat")
    with pytest.raises(InvalidInput, match="boundary has no coordinate reference system"):
        check(cells, within=gpd.GeoSeries([box(0, 0, 2, 1)]))
    for none in (shapely.Point(106, 27), shapely.Polygon(), gpd.GeoSeries([None], crs="EPSG:4326")):
        with pytest.raises(InvalidInput, match="boundary holds no area"):
            check(cells, within=none)


def test_a_tangle_is_told_and_not_untangled() -> None:
    rng = np.random.default_rng(11)
    tangle = shapely.Polygon(rng.random((3_000, 2)) * SIZE_DEG + (LON, LAT))
    report = check(cells_of(box(0, 0, 1, 1), tangle), code="code")
    assert report.invalid[0].reason.startswith("too tangled")
    assert not report.overlaps


def test_the_cost_follows_the_borders_not_the_square_of_the_cells() -> None:
    """2,500 cells with a fault among them, so that the slow way is taken."""
    side = 50
    shapes = [box(i, j, i + 1, j + 1) for i in range(side) for j in range(side)]
    shapes[40] = shapes[40].buffer(SIZE_DEG / 100, join_style="mitre")
    cells = cells_of(*shapes)
    cells = pd.concat([cells, cells_of(None, codes=["none"])], ignore_index=True)
    report = check(cells, code="code")
    # cell 40 is in the westernmost column: five neighbours
    assert len(report.overlaps) == 5
    assert len(report.invalid) == 1
    assert not report.gaps
