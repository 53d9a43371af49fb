"""Assignment: which cell has a place, how near its border is, how sure that is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gridmap.errors import InvalidInput
from gridmap.ground import AssignmentIndex, Placement, metric_crs, transform
from tests.awkward import AWKWARD_NUMBERS, AWKWARD_POINTS, HOME, INF, INVALID_SHAPES, NAN, VALID_SHAPES
from tests.grids import LAT, LON, SIZE_DEG, grid


def letters(index: AssignmentIndex, rows: np.ndarray) -> str:
    return "".join("." if row < 0 else index.codes[row] for row in rows)


def at(i: float, j: float) -> tuple[float, float]:
    """The place `i` squares east and `j` north of the grid's south-western corner, exact in binary."""
    return LON + i * SIZE_DEG, LAT + j * SIZE_DEG


def cells_of(*shapes: shapely.Geometry | None) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"code": [f"{i}" for i in range(len(shapes))]}, geometry=list(shapes), crs="EPSG:4326")


def test_centres_borders_and_corners_go_to_the_lowest_code() -> None:
    index = AssignmentIndex(grid("AAB/ACB"))
    places = [at(0.5, 0.5), at(1.5, 0.5), at(2.5, 1.0), at(1.0, 0.5), at(1.5, 1.0), at(2.0, 0.5), at(2.0, 1.0),
              at(2.0, 1.5), at(0.0, 0.0), at(3.0, 2.0), at(3.1, 1.0), at(-1e-9, 0.5)]  # fmt: skip
    assert letters(index, index.locate(*np.array(places).T)) == "ACBAABAAAB.."


def test_codes_are_compared_as_text_and_rows_keep_their_order() -> None:
    cells = grid("AB")
    for codes, lowest in [(["9", "10"], 1), (["b", "a"], 1), ([9, 10], 1), ([2.0, 1.0], 1), (["01", "1"], 0)]:
        index = AssignmentIndex(cells.assign(code=codes))
        assert index.locate(*at(1.0, 0.5)).tolist() == [lowest], codes
        assert index.locate(*at(0.5, 0.5)).tolist() == [0]
        assert index.locate(*at(1.5, 0.5)).tolist() == [1]
    assert AssignmentIndex(cells.assign(code=[2.0, 1.0])).codes.tolist() == ["2", "1"]


def test_overlapping_cells_and_equal_codes_go_to_the_lowest_and_the_first() -> None:
    box = grid("A").geometry[0]
    cells = gpd.GeoDataFrame({"code": ["b", "a", "a"]}, geometry=[box, box, box], crs="EPSG:4326")
    assert AssignmentIndex(cells).locate(*at(0.5, 0.5)).tolist() == [1]


@pytest.mark.parametrize(("drawing", "place", "letter"), [
    ("AAA/A.A/AAA", at(1.5, 1.5), "."), ("AAA/A.A/AAA", at(1.0, 1.5), "A"), ("AAA/ABA/AAA", at(1.5, 1.5), "B"),
    ("AAA/ABA/AAA", at(1.0, 1.0), "A"), ("A.A", at(2.5, 0.5), "A"), ("A.A", at(1.5, 0.5), "."),
    ("A./.A", at(1.0, 1.0), "A"),
])  # fmt: skip
def test_holes_enclaves_and_pieces(drawing: str, place: tuple[float, float], letter: str) -> None:
    index = AssignmentIndex(grid(drawing))
    assert letters(index, index.locate(*place)) == letter


@pytest.mark.parametrize("name", AWKWARD_POINTS)
def test_awkward_points_are_in_no_cell(name: str) -> None:
    index = AssignmentIndex(grid("AAB/ACB"))
    lon, lat = AWKWARD_POINTS[name]
    assert index.locate(lon, lat).tolist() == [-1]
    placed = index.place([lon, at(0.5, 0.5)[0]], [lat, at(0.5, 0.5)[1]], 10.0)
    assert placed.cell.tolist() == [-1, 0]
    assert np.isnan(placed.border_m[0])
    assert placed.confidence[1] == 1.0
    assert (placed.nearest[0] == -1) == np.isnan(placed.nearest_m[0])


@pytest.mark.parametrize("name", VALID_SHAPES)
def test_unusual_shapes_hold_their_places(name: str) -> None:
    shape = VALID_SHAPES[name]
    index = AssignmentIndex(cells_of(shape))
    vertices = shapely.get_coordinates(shape)
    assert (index.locate(*vertices.T) == 0).all()
    inner = shapely.point_on_surface(shape)
    assert index.locate(inner.x, inner.y).tolist() == [0]
    assert np.allclose(index.place(*vertices.T).border_m, 0.0, atol=1e-6)


@pytest.mark.parametrize("name", INVALID_SHAPES)
def test_invalid_shapes_are_named_or_taken_without_harm(name: str) -> None:
    cells = gpd.GeoDataFrame(
        {"code": ["1", "2"], "row": [11, 12]}, geometry=[grid("A").geometry[0], INVALID_SHAPES[name]], crs="EPSG:4326"
    )
    if name in {"point", "line", "collection", "nan_vertex", "inf_vertex", "metres_called_degrees"}:
        with pytest.raises(InvalidInput, match="row 12") as caught:
            AssignmentIndex(cells)
        assert caught.value.details["row"] == 12
        return
    placed = AssignmentIndex(cells).place([at(0.5, 0.5)[0], 108.0], [at(0.5, 0.5)[1], 27.0], 2.0)
    assert placed.cell.tolist() == [0, -1]
    assert placed.confidence.tolist() == [1.0, 1.0]


def test_no_cells_one_point_and_no_points() -> None:
    empty = AssignmentIndex(grid("A").iloc[:0])
    assert len(empty) == 0
    assert empty.locate([106.5, NAN], [27.0, 1.0]).tolist() == [-1, -1]
    placed = empty.place([106.5], [27.0], [5.0])
    assert placed.cell.tolist() == placed.nearest.tolist() == placed.runner_up.tolist() == [-1]
    assert AssignmentIndex(cells_of(None, shapely.Polygon())).place(106.5, 27.0).cell.tolist() == [-1]
    index = AssignmentIndex(grid("AB"))
    for lon, lat in [([], []), (np.empty(0), np.empty(0))]:
        located, placed = index.locate(lon, lat), index.place(lon, lat, 5.0)
        assert located.dtype == np.int32
        assert len(located) == 0
        assert all(len(getattr(placed, name)) == 0 for name in Placement.__slots__)
    scalar = index.locate(*at(0.5, 0.5))
    assert scalar.shape == (1,)
    assert scalar.dtype == np.int32
    assert index.locate(pd.Series([at(0.5, 0.5)[0]], index=[7]), pd.Series([at(0.5, 0.5)[1]])).tolist() == [0]


def test_what_is_wrong_with_the_input_is_said() -> None:
    cells = grid("AB")
    with pytest.raises(InvalidInput, match=r"no column 'beat'; they have: code, geometry"):
        AssignmentIndex(cells, code="beat")
    for missing in (None, NAN, "", "  ", pd.NA):
        with pytest.raises(InvalidInput, match="row 2 has no code"):
            AssignmentIndex(cells.assign(code=pd.Series(["x", missing], dtype=object)))
    index = AssignmentIndex(cells)
    for value in AWKWARD_NUMBERS.values():
        with pytest.raises(InvalidInput):
            index.locate(value, 27.0)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="3 x or longitudes, but 2"):
        index.locate([1, 2, 3], [1, 2])
    for accuracy in (-1.0, INF, [5.0, 6.0, 7.0], "near"):
        with pytest.raises(InvalidInput, match="accuracy_m"):
            index.place([106.5, 106.6], [27.0, 27.0], accuracy)


def test_the_input_is_never_changed() -> None:
    cells = grid("AAB/ACB").set_index(pd.Index([5, 5, 9]))
    before, shapes = cells.copy(deep=True), cells.geometry.values.tolist()
    index = AssignmentIndex(cells)
    lon, lat = np.array([at(0.5, 0.5), at(9, 9)]).T
    index.place(lon, lat, 100.0)
    assert cells.equals(before)
    assert all(a is b for a, b in zip(cells.geometry.values, shapes, strict=True))
    assert not shapely.is_prepared(cells.geometry.values).any()
    assert lon.tolist() == [at(0.5, 0.5)[0], at(9, 9)[0]]
    with pytest.raises(ValueError, match="read-only"):
        index.codes[0] = "z"
    with pytest.raises(AttributeError):
        index.codes = None  # type: ignore[misc,assignment]


@pytest.mark.parametrize("crs", ["EPSG:4490", "EPSG:4545", "EPSG:3857"])
def test_cells_in_any_crs_take_points_in_wgs84(crs: str) -> None:
    cells = grid("AAB/ACB", bend=0.3)
    index, plain = AssignmentIndex(cells.to_crs(crs)), AssignmentIndex(cells)
    rng = np.random.default_rng(5)
    lon, lat = LON + rng.uniform(-0.2, 3.2, 2000) * SIZE_DEG, LAT + rng.uniform(-0.2, 2.2, 2000) * SIZE_DEG
    assert np.array_equal(index.locate(lon, lat), plain.locate(lon, lat))
    assert np.allclose(index.place(lon, lat).border_m, plain.place(lon, lat).border_m, atol=1e-5, equal_nan=True)


def test_without_a_crs_places_are_found_but_nothing_is_measured() -> None:
    cells = grid("AB").set_crs(None, allow_override=True)
    cells = cells.set_geometry(shapely.transform(cells.geometry.values, lambda c: c * 1e5))
    index = AssignmentIndex(cells)
    assert index.locate(at(0.5, 0.5)[0] * 1e5, at(0.5, 0.5)[1] * 1e5).tolist() == [0]
    with pytest.raises(InvalidInput, match="no coordinate reference system"):
        index.place(106.5, 27.0)


def test_distances_to_the_border_are_metres() -> None:
    index = AssignmentIndex(grid("AB/AB", size_m=300.0))
    crs = metric_crs(LON, LAT)  # the grid's own projection has its origin here
    want = {(150.0, 300.0): 150.0, (10.0, 300.0): 10.0, (299.0, 100.0): 1.0, (590.0, 595.0): 5.0, (300.0, 300.0): 0.0}
    points = transform(shapely.points(np.array(list(want))), crs, "EPSG:4326")
    placed = index.place(shapely.get_x(points), shapely.get_y(points))
    assert np.allclose(placed.border_m, list(want.values()), atol=1e-3)
    assert (placed.nearest == -1).all()
    assert np.isnan(placed.nearest_m).all()
    assert np.isnan(placed.confidence).all()


def test_holes_have_borders_too() -> None:
    placed = AssignmentIndex(grid("AAA/A.A/AAA", size_m=100.0)).place(*_metres((95.0, 150.0)))
    assert placed.border_m[0] == pytest.approx(5.0, abs=1e-3)


def test_a_place_outside_gets_the_nearest_cell() -> None:
    index = AssignmentIndex(grid("AB", size_m=300.0))
    placed = index.place(*_metres((-40.0, 150.0), (700.0, 150.0), (300.0, 330.0), (900.0, 700.0)))
    assert letters(index, placed.cell) == "...."
    assert letters(index, placed.nearest) == "ABAB"
    assert np.allclose(placed.nearest_m, [40.0, 100.0, 30.0, 500.0], atol=1e-2)
    assert np.isnan(placed.border_m).all()


def test_beyond_a_thousand_kilometres_nothing_is_near() -> None:
    index = AssignmentIndex(grid("AB"))
    placed = index.place([LON + 9.0, LON + 11.0, -LON], [LAT, LAT, -LAT])
    assert placed.nearest.tolist() == [1, -1, -1]
    assert placed.nearest_m[0] == pytest.approx(890_000, rel=0.01)


def test_confidence_on_a_straight_border_is_that_of_the_normal_distribution() -> None:
    from scipy.stats import norm

    index = AssignmentIndex(grid("AB", size_m=10_000.0))
    offsets = np.array([0.0, 5.0, 20.0, 50.0, 400.0])
    lon, lat = _metres(*((10_000.0 - off, 5_000.0) for off in offsets))
    sigma = 30.0 / np.sqrt(-2.0 * np.log(0.32))
    placed = index.place(lon, lat, 30.0)
    assert np.allclose(placed.confidence, norm.cdf(offsets / sigma), atol=1e-4)
    assert letters(index, placed.runner_up) == "BBB.."
    assert letters(index, placed.cell) == "AAAAA"


def test_confidence_in_a_corner_is_a_quarter() -> None:
    index = AssignmentIndex(grid("AB/CD", size_m=5_000.0))
    placed = index.place(*_metres((5_000.0, 5_000.0)), 20.0)
    assert letters(index, placed.cell) == "A"
    assert placed.confidence[0] == pytest.approx(0.25, abs=1e-4)


def test_outside_confidence_is_that_of_being_outside() -> None:
    index = AssignmentIndex(grid("AB", size_m=5_000.0))
    placed = index.place(*_metres((2_500.0, 5_010.0), (2_500.0, 5_200.0)), 30.0)
    assert letters(index, placed.cell) == ".."
    assert 0.6 < placed.confidence[0] < 0.9
    assert placed.confidence[1] == 1.0
    assert letters(index, placed.runner_up) == "A."


def test_radii_are_single_or_each_and_may_be_unknown() -> None:
    index = AssignmentIndex(grid("AB", size_m=300.0))
    lon, lat = _metres((290.0, 150.0), (290.0, 150.0), (290.0, 150.0))
    placed = index.place(lon, lat, [0.0, NAN, 1000.0])
    assert placed.confidence[0] == 1.0
    assert np.isnan(placed.confidence[1])
    assert placed.confidence[2] < 0.2
    assert letters(index, placed.runner_up) == "..B"
    assert np.isnan(index.place(lon, lat, None).confidence).all()
    assert (index.place(lon, lat, 3.0).confidence == 1.0).all()


def test_exact_masses_agree_with_a_sample_of_the_distribution() -> None:
    """The oracle is a sunflower of equal masses, located point by point."""
    cells = grid("AABBC/DAEBC/DDEEC/FFGGG/FHHGI", size_m=120.0, bend=0.35)
    index = AssignmentIndex(cells)
    rng = np.random.default_rng(6)
    xy = np.vstack([rng.uniform(-60.0, 660.0, (60, 2)), np.argwhere(np.ones((4, 4))) * 120.0 + 120.0])
    lon, lat = _metres(*xy)
    corners = shapely.get_coordinates(cells.geometry.values)[::7]
    lon, lat = np.r_[lon, corners[:, 0]], np.r_[lat, corners[:, 1]]
    radius = 10.0 ** rng.uniform(0.5, 2.7, len(lon))
    placed = index.place(lon, lat, radius)
    sample = _sunflower(8_000)
    crs = metric_crs(LON, LAT)
    here = shapely.get_coordinates(transform(shapely.points(lon, lat), "EPSG:4326", crs))
    for i in range(len(lon)):
        spread = here[i] + sample * radius[i] / np.sqrt(-2.0 * np.log(0.32))
        found = index.locate(*shapely.get_coordinates(transform(shapely.points(spread), crs, "EPSG:4326")).T)
        shares = np.bincount(found + 1, minlength=len(cells) + 1) / len(found)
        assert placed.confidence[i] == pytest.approx(shares[placed.cell[i] + 1], abs=4e-3)
        assert (placed.runner_up[i] >= 0) <= (placed.confidence[i] < 0.9)
        if placed.runner_up[i] >= 0:
            shares[[0, placed.cell[i] + 1]] = -1.0
            assert shares[placed.runner_up[i] + 1] >= shares.max() - 8e-3


def test_many_threads_get_the_answers_of_one() -> None:
    index = AssignmentIndex(grid("AABBC/DAEBC/DDEEC/FFGGG/FHHGI", bend=0.35))
    rng = np.random.default_rng(8)
    lon, lat = LON + rng.uniform(-0.5, 5.5, 4000) * SIZE_DEG, LAT + rng.uniform(-0.5, 5.5, 4000) * SIZE_DEG
    want = AssignmentIndex(grid("AABBC/DAEBC/DDEEC/FFGGG/FHHGI", bend=0.35)).place(lon, lat, 40.0)

    def ask(_: int) -> Placement:
        return index.place(lon, lat, 40.0)

    with ThreadPoolExecutor(8) as pool:
        for got in pool.map(ask, range(24)):
            for name in Placement.__slots__:
                assert np.array_equal(
                    getattr(got, name), getattr(want, name), equal_nan=name.endswith("_m") or name == "confidence"
                )


def test_the_extent_is_that_of_all_cells() -> None:
    assert AssignmentIndex(grid("AAB/ACB")).extent == (*at(0, 0), *at(3, 2))
    assert np.isnan(AssignmentIndex(grid("A").iloc[:0]).extent).all()


def test_home_is_in_no_grid_by_chance() -> None:
    assert AssignmentIndex(grid("A")).locate(*HOME).tolist() == [-1]


def _metres(*xy: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    points = transform(shapely.points(np.array(xy)), metric_crs(LON, LAT), "EPSG:4326")
    return shapely.get_x(points), shapely.get_y(points)


def _sunflower(n: int) -> np.ndarray:
    k = np.arange(n)
    radius, angle = np.sqrt(-2.0 * np.log(1.0 - (k + 0.5) / n)), k * np.pi * (3.0 - np.sqrt(5.0))
    return np.c_[radius * np.cos(angle), radius * np.sin(angle)]
