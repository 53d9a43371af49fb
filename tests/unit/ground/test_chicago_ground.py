"""Chicago's police beats and sanitation complaints: real shapes, real places, compared with a loop over the beats."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gridmap.ground import AssignmentIndex, check, to_wgs84


@pytest.fixture(scope="module")
def polygons(shared_data: Path) -> gpd.GeoDataFrame:
    return gpd.read_file(shared_data / "chicago" / "police_beats.zip")


@pytest.fixture(scope="module")
def beats(polygons: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """One cell a beat: the polygons of one code together, in an order that is not that of the codes."""
    whole = polygons.dissolve("BEAT_NUM", as_index=False)
    return whole.sample(frac=1.0, random_state=1).reset_index(drop=True)


@pytest.fixture(scope="module")
def complaints(shared_data: Path) -> pd.DataFrame:
    return pd.read_csv(shared_data / "chicago" / "sanitation_complaints_before_2013.csv.gz")


@pytest.fixture(scope="module")
def index(beats: gpd.GeoDataFrame) -> AssignmentIndex:
    return AssignmentIndex(beats, code="BEAT_NUM")


def by_loop(beats: gpd.GeoDataFrame, lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    points, found = shapely.points(lon, lat), np.full(len(lon), -1)
    for row in np.argsort(beats["BEAT_NUM"].to_numpy(), kind="stable")[::-1]:
        shape = beats.geometry[row]
        shapely.prepare(shape)
        found[shapely.intersects(shape, points)] = row
    return found


def test_277_polygons_are_275_beats(polygons: gpd.GeoDataFrame, beats: gpd.GeoDataFrame) -> None:
    assert (len(polygons), len(beats)) == (277, 275)
    report = check(polygons, code="BEAT_NUM")
    assert report.cells == 277
    assert report.duplicate_codes == ["3100"]
    assert not report.ok


def test_the_check_finds_what_a_loop_finds(polygons: gpd.GeoDataFrame) -> None:
    report = check(polygons)
    flat = polygons.to_crs("EPSG:26916")  # UTM: the areas of the loop are planar, so they agree only roughly
    left, right = flat.sindex.query(flat.geometry, predicate="intersects")
    pairs = [(i, j) for i, j in zip(left, right, strict=True) if i < j]
    shapes = flat.geometry.to_numpy()
    areas = {(i + 1, j + 1): shapes[i].intersection(shapes[j]).area for i, j in pairs}
    want = {pair: area for pair, area in areas.items() if area > 0.01}
    found = {(one.a, one.b): one.area_m2 for one in report.overlaps if one.area_m2 > 0.01}
    assert found.keys() == want.keys()
    assert all(found[pair] == pytest.approx(want[pair], rel=0.01, abs=0.01) for pair in want)


def test_every_complaint_is_where_a_loop_finds_it(
    beats: gpd.GeoDataFrame, complaints: pd.DataFrame, index: AssignmentIndex
) -> None:
    lon, lat = complaints["Longitude"].to_numpy(), complaints["Latitude"].to_numpy()
    located = index.locate(lon, lat)
    known = np.isfinite(lon) & np.isfinite(lat)
    assert len(located) == len(complaints) == 37_230
    assert (located[~known] == -1).all()
    assert np.array_equal(located[known], by_loop(beats, lon[known], lat[known]))
    assert (located[known] >= 0).mean() > 0.99
    assert ((located == -1) & known).any()  # some lie outside every beat


def test_beats_vertices_and_midpoints_of_edges_are_where_a_loop_finds_them(
    beats: gpd.GeoDataFrame, index: AssignmentIndex
) -> None:
    coords = shapely.get_coordinates(beats.geometry.to_numpy())
    some = np.random.default_rng(2).choice(len(coords) - 1, 10_000, replace=False)
    hard = np.vstack([coords[some], (coords[some] + coords[some + 1]) / 2.0])
    assert np.array_equal(index.locate(*hard.T), by_loop(beats, *hard.T))
    assert (index.locate(*coords[some].T) >= 0).all()


def test_feet_and_degrees_name_the_same_places(complaints: pd.DataFrame, index: AssignmentIndex) -> None:
    """The same complaints by their Illinois state plane coordinates, in US survey feet."""
    both = complaints.dropna(subset=["X_Coordinate", "Y_Coordinate", "Longitude", "Latitude"])
    by_feet = to_wgs84(both["X_Coordinate"], both["Y_Coordinate"], "EPSG:3435")
    lon, lat = both["Longitude"].to_numpy(), both["Latitude"].to_numpy()
    assert np.nanmedian(np.hypot(by_feet[0] - lon, by_feet[1] - lat)) < 2e-5
    placed = index.place(lon, lat)
    clear = placed.border_m > 5.0
    assert (index.locate(*by_feet)[clear] == placed.cell[clear]).mean() > 0.999


def test_distances_and_confidence_over_real_beats(
    beats: gpd.GeoDataFrame, complaints: pd.DataFrame, index: AssignmentIndex
) -> None:
    some = complaints.dropna(subset=["Longitude", "Latitude"]).iloc[::40]
    lon, lat = some["Longitude"].to_numpy(), some["Latitude"].to_numpy()
    placed = index.place(lon, lat, 30.0)
    inside = np.flatnonzero(placed.cell >= 0)
    flat = beats.to_crs("EPSG:26916").geometry.boundary.to_numpy()
    points = gpd.GeoSeries(gpd.points_from_xy(lon, lat, crs="EPSG:4326")).to_crs("EPSG:26916").to_numpy()
    planar = shapely.distance(flat[placed.cell[inside]], points[inside])
    assert np.allclose(placed.border_m[inside], planar, rtol=1e-3, atol=0.01)  # UTM's own scale is off by 4e-4
    near = placed.border_m < 5.0
    assert near.any()
    assert (placed.confidence[near] < 0.9).all()
    assert (placed.confidence[placed.border_m > 100.0] == 1.0).all()
