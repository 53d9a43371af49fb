"""Metres and square metres against geodesics, and no measure in degrees."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest
import shapely

from gridmap.errors import InvalidInput
from gridmap.ground import area_m2, distance_m, length_m, metric_crs, project, require_metric, transform
from tests.awkward import INF, NAN, VALID_SHAPES
from tests.grids import grid

GEOD = pyproj.Geod(ellps="WGS84")


@pytest.mark.parametrize("name", VALID_SHAPES)
def test_areas_and_lengths_are_those_of_the_ellipsoid(name: str) -> None:
    shape = VALID_SHAPES[name]
    polygons = shapely.get_parts(shapely.orient_polygons(shapely.normalize(shape)))
    want = sum(abs(GEOD.geometry_area_perimeter(polygon)[0]) for polygon in polygons)
    assert area_m2(shape)[0] == pytest.approx(want, rel=2e-6, abs=1e-3)
    rings = shapely.get_rings(polygons)
    assert length_m(shape)[0] == pytest.approx(sum(GEOD.line_length(*ring.xy) for ring in rings), rel=1e-9)


@pytest.mark.parametrize("lat", [0.0, 27.0, 53.0, -41.0])
def test_a_square_kilometre_is_one_at_every_latitude(lat: float) -> None:
    cell = grid("A", lat=lat, size_m=1000.0).geometry[0]
    assert area_m2(cell)[0] == pytest.approx(1e6, rel=1e-5)
    assert length_m(cell)[0] == pytest.approx(4e3, rel=1e-5)


def test_what_has_no_area_or_length_says_so() -> None:
    line = shapely.LineString([(106.0, 27.0), (106.01, 27.0)])
    shapes = [None, shapely.Point(106, 27), line, shapely.Polygon(), shapely.box(106, 27, 106.01, 27.01)]
    areas, lengths = area_m2(shapes), length_m(shapes)
    assert np.isnan(areas[0])
    assert areas[1:4].tolist() == [0.0, 0.0, 0.0]
    assert areas[4] > 1e6
    assert np.isnan(lengths[0])
    assert lengths[1] == lengths[3] == 0.0
    assert lengths[2] == pytest.approx(GEOD.line_length(*line.xy))
    assert len(area_m2([])) == len(length_m([])) == 0


def test_the_local_projection_is_centred_and_true() -> None:
    crs = metric_crs([106.5, NAN, 107.1], [26.8, 3.0, 27.4])
    assert transform(shapely.Point(106.8, 27.1), "EPSG:4326", crs)[0].distance(shapely.Point(0, 0)) < 1e-3
    rng = np.random.default_rng(3)
    lon, lat = rng.uniform(106.5, 107.1, 200), rng.uniform(26.8, 27.4, 200)
    points = project(shapely.points(lon, lat), crs)
    flat = shapely.distance(points[:-1], points[1:])
    assert np.allclose(flat, distance_m(lon[:-1], lat[:-1], lon[1:], lat[1:]), rtol=2e-5)


def test_long_edges_stay_in_their_place_when_projected() -> None:
    edge = shapely.LineString([(106.0, 27.0), (107.0, 27.0)])
    crs = metric_crs([106.0, 107.0], [27.0, 27.0])
    flat = project(edge, crs)[0]
    on_it = project(shapely.points(np.linspace(106.0, 107.0, 1001), 27.0), crs)
    assert shapely.distance(on_it, flat).max() < 0.02
    assert shapely.distance(on_it, transform(edge, "EPSG:4326", crs)[0]).max() > 90.0


@pytest.mark.parametrize(
    ("crs", "why"),
    [("EPSG:4326", "degrees"), ("EPSG:4490", "degrees"), ("EPSG:3435", "US survey foot"), (None, "no coordinate")],
)
def test_measuring_in_degrees_or_feet_is_an_error(crs: str | None, why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        require_metric(crs)
    if crs is not None:
        with pytest.raises(InvalidInput, match=why):
            project(shapely.Point(106, 27), pyproj.CRS.from_user_input(crs))


def test_a_metric_crs_passes() -> None:
    assert require_metric("EPSG:4547").to_epsg() == 4547
    assert require_metric(metric_crs(106.0, 27.0)).is_projected


@pytest.mark.parametrize("shape", [shapely.box(670_000, 2_998_000, 671_000, 2_999_000), shapely.box(106, 27, INF, 28)])
def test_projected_coordinates_are_not_taken_for_degrees(shape: shapely.Geometry) -> None:
    for measure in (area_m2, length_m):
        with pytest.raises(InvalidInput, match="no longitudes and latitudes"):
            measure(shape)


def test_there_must_be_a_place_to_measure_around() -> None:
    with pytest.raises(InvalidInput, match="missing or not finite"):
        metric_crs([NAN], [27.0])
    with pytest.raises(InvalidInput):
        metric_crs([], [])


def test_a_shape_around_the_globe_is_measured_within_bounds() -> None:
    zigzag = shapely.Polygon([*((180.0 * (-1) ** i, -80.0 + i / 10) for i in range(1600)), (-180.0, -80.0)])
    assert np.isfinite(area_m2(zigzag)[0])
