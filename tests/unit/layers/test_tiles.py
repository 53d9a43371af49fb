"""Heat tiles: within 1 % of the sum over all points, the same across every seam, and equal however they came about."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from gridmap.errors import NotFound
from layers import style
from layers.heat import LEAST_HOUSEHOLDS
from layers.mercator import check_tile, degrees, metres_a_pixel, width, world
from layers.tiles import Measure, Points, Raster, Shape, Surface, zoom_for
from layers.tiles.kernel import LEAST_SIGMA, kernel_sums
from layers.tiles.png import paletted
from layers.tiles.raster import WHOLE, parts
from layers.tiles.surface import NOTHING, breaks_of_density

LON, LAT = 106.6, 27.1
COUNTY = shapely.box(106.4, 26.95, 106.8, 27.25)


def scattered(n: int, seed: int = 1, spread: float = 0.03) -> tuple[np.ndarray, np.ndarray]:
    """Longitudes and latitudes around the county's middle."""
    rng = np.random.default_rng(seed)
    return LON + rng.normal(0, spread, n), LAT + rng.normal(0, spread, n)


def raster_of(lon: np.ndarray, lat: np.ndarray, zoom: int) -> Raster:
    return Points.at(zoom, np.arange(len(lon)), lon, lat).raster(zoom)


def truth(lon: np.ndarray, lat: np.ndarray, zoom: int, window: tuple[int, int, int, int], sigma: float) -> np.ndarray:
    """The kernel summed over every point, at every pixel's centre."""
    left, top, columns, rows = window
    x, y = (part * width(zoom) for part in world(lon, lat))
    across = np.exp(-0.5 * (((left + np.arange(columns) + 0.5)[:, None] - x) / sigma) ** 2)
    along = np.exp(-0.5 * (((top + np.arange(rows) + 0.5)[:, None] - y) / sigma) ** 2)
    return along @ across.T


def around(lon: float, lat: float, zoom: int, size: int = 160) -> tuple[int, int, int, int]:
    """A window of pixels with a place in its middle."""
    x, y = (int(part * width(zoom)) for part in world(lon, lat))
    return x - size // 2, y - size // 2, size, size


# --- exact ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bandwidth_m", [300.0, 500.0, 620.0, 900.0, 5000.0])
@pytest.mark.parametrize("n", [1, 2, 40, 3000])
def test_within_a_percent_of_the_sum_over_all_points(n: int, bandwidth_m: float) -> None:
    """From sigma 1.5 px on, a lone point among them, at zooms above and below the raster's."""
    lon, lat = scattered(n, seed=n)
    own = zoom_for(bandwidth_m, LAT)
    raster, seen = raster_of(lon, lat, own), []
    for zoom in range(own - 2, own + 6):
        sigma = bandwidth_m / metres_a_pixel(zoom, LAT)
        if sigma >= 1.0:
            window = around(float(lon[0]), float(lat[0]), zoom)
            exact = truth(lon, lat, zoom, window, sigma)
            error = np.abs(kernel_sums(raster, zoom, *window, sigma) - exact).max() / exact.max()
            assert error < 0.005, (zoom, sigma, error)
            seen.append(sigma)
    assert min(seen) < 3.0
    assert max(seen) > 50.0


@pytest.mark.parametrize("sigma", [1.5, 1.6, 1.9, 2.0, 2.2, 2.6, 3.0])
def test_narrow_kernels_where_a_plain_count_of_pixels_fails(sigma: float) -> None:
    """1.5 to 3 px: counting points in their pixels and blurring errs by more than a tenth; ours by less than 0.4 %."""
    zoom = 11
    worst, plain = 0.0, 0.0
    for seed in range(12):
        lon, lat = scattered(1, seed=seed)
        window = around(float(lon[0]), float(lat[0]), zoom, 40)
        exact = truth(lon, lat, zoom, window, sigma)
        for own in (zoom, zoom + 1) if sigma >= LEAST_SIGMA else (zoom + 1, zoom + 2):
            got = kernel_sums(raster_of(lon, lat, own), zoom, *window, sigma)
            worst = max(worst, float(np.abs(got - exact).max()))
        counts = np.zeros((40, 40))
        counts[20, 20] = 1  # the window has the point's pixel in its middle
        taps = np.exp(-0.5 * (np.arange(-20, 21) / sigma) ** 2)
        plain = max(plain, float(np.abs(cv2.sepFilter2D(counts, -1, taps, taps) - exact).max()))
    assert worst < 0.004
    assert plain > 0.1


def test_the_bandwidth_is_metres_on_the_ground() -> None:
    """A lone point weighs exp(-1/2) where the geodesic says that it is one bandwidth away, in every direction."""
    bandwidth_m, zoom = 700.0, 15
    raster = raster_of(np.array([LON]), np.array([LAT]), zoom_for(bandwidth_m, LAT))
    for azimuth in (0, 45, 90, 200, 270):
        lon, lat, _ = Geod(ellps="WGS84").fwd(LON, LAT, azimuth, bandwidth_m)
        x, y = (int(part * width(zoom)) for part in world(lon, lat))
        got = float(kernel_sums(raster, zoom, x, y, 1, 1, bandwidth_m / metres_a_pixel(zoom, LAT))[0, 0])
        # the sphere of web mercator and the ellipsoid differ by up to 0.6 % of a length
        assert got == pytest.approx(np.exp(-0.5), rel=0.015), azimuth


def test_a_level_is_what_the_points_themselves_would_give() -> None:
    lon, lat = scattered(500)
    fine = raster_of(lon, lat, 12)
    for zoom in (11, 10, 8):
        window = around(LON, LAT, zoom, 700)
        direct = raster_of(lon, lat, zoom).window(zoom, *window)
        assert np.abs(fine.window(zoom, *window) - direct).max() < 0.02 * direct.max()  # places are rounded twice
        assert fine.window(zoom, *window).sum() == pytest.approx(500, rel=1e-5)


# --- seamless ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("offset", [-3, -2, -1, 0, 1, 3])
def test_pixels_at_seams_equal_those_of_a_larger_render(offset: int) -> None:
    bandwidth_m = 620.0
    lon, lat = scattered(800)
    own = zoom_for(bandwidth_m, LAT)
    raster, zoom = raster_of(lon, lat, own), own + offset
    sigma = bandwidth_m / metres_a_pixel(zoom, LAT)
    x, y = (int(part * 2**zoom) for part in world(LON, LAT))
    left, top = 256 * x - 256, 256 * y - 256
    whole = kernel_sums(raster, zoom, left, top, 768, 768, sigma)
    assert whole.max() > 1
    for column in range(3):
        for row in range(3):
            part = kernel_sums(raster, zoom, left + 256 * column, top + 256 * row, 256, 256, sigma)
            seen = whole[256 * row : 256 * row + 256, 256 * column : 256 * column + 256]
            np.testing.assert_allclose(part, seen, rtol=2e-5, atol=2e-6 * whole.max())


def test_classes_at_seams_equal_those_of_a_larger_render(surface: Surface) -> None:
    """Borders of the area and of its households among them."""
    for zoom in (9, 10, 11, 13):
        x, y = (int(part * 2**zoom) for part in world(106.4, 27.1))
        whole = surface.classes(zoom, 256 * x, 256 * y, 512, 512)
        tiles = [[surface.classes(zoom, 256 * (x + i), 256 * (y + j), 256, 256) for i in (0, 1)] for j in (0, 1)]
        assert (np.block(tiles) != whole).mean() < 1e-4  # a pixel on a break may fall to either side
        assert len(np.unique(whole)) > 3


# --- what changes -----------------------------------------------------------------------------------------------------

places = st.tuples(st.floats(106.4, 106.8), st.floats(26.95, 27.25))
steps = st.lists(st.tuples(st.sampled_from(["add", "move", "drop"]), st.integers(0, 30), places), max_size=12)


def equal(one: Raster, other: Raster) -> bool:
    """Bit for bit, in all levels."""
    return one.zoom == other.zoom and all(
        a.keys() == b.keys() and all(np.array_equal(a[key], b[key]) for key in a)
        for a, b in zip(one.levels, other.levels, strict=True)
    )


@settings(max_examples=40, deadline=None)
@given(start=st.dictionaries(st.integers(0, 30), places, max_size=20), changes=steps)
def test_changed_equals_made_anew_bit_for_bit(
    start: dict[int, tuple[float, float]], changes: list[tuple[str, int, tuple[float, float]]]
) -> None:
    zoom, now = 11, dict(start)
    points = of(zoom, now)
    raster = points.raster(zoom)
    for what, identity, place in changes:
        if what == "drop":
            now.pop(identity, None)
        elif what == "add" or identity in now:
            now[identity] = place
        # told of more than changed, as a change log does: it does no harm
        told = np.array(sorted({identity, 3}), dtype=np.int64)
        points, raster = points.replaced(raster, told, of(zoom, {key: now[key] for key in told.tolist() if key in now}))
    anew = of(zoom, now)
    assert points.ids.tolist() == sorted(now)
    assert np.array_equal(points.x, anew.x)
    assert np.array_equal(points.y, anew.y)
    assert equal(raster, anew.raster(zoom))
    assert sum(int(block.sum()) for block in raster.levels[0].values()) == len(now) * WHOLE


def of(zoom: int, placed: dict[int, tuple[float, float]]) -> Points:
    lon, lat = (np.array([place[axis] for place in placed.values()], dtype=np.float64) for axis in (0, 1))
    return Points.at(zoom, np.array(list(placed), dtype=np.int64), lon, lat)


def test_a_change_leaves_the_old_raster_as_it_was() -> None:
    lon, lat = scattered(50)
    raster = raster_of(lon, lat, 11)
    before = {place: block.copy() for place, block in raster.levels[0].items()}
    raster.changed(parts(*world(lon[:5], lat[:5]), 11))
    assert raster.levels[0].keys() == before.keys()
    assert all(np.array_equal(raster.levels[0][place], block) for place, block in before.items())


def test_the_last_point_takes_its_blocks_with_it() -> None:
    there = parts(*world([LON], [LAT]), 11)
    nowhere = (there[0][:0], there[1][:0])
    emptied = Raster(11).changed(there).changed(nowhere, there)
    assert emptied.nbytes == 0
    assert not kernel_sums(emptied, 11, *around(LON, LAT, 11), 3.0).any()


def test_no_points_at_all() -> None:
    assert equal(raster_of(np.empty(0), np.empty(0), 10), Raster(10))


# --- classes and colours ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def surface() -> Surface:
    """Rates of a county whose east is hot and whose south-west is empty of people."""
    rng = np.random.default_rng(4)
    lon, lat = rng.uniform(106.41, 106.79, 30_000), rng.uniform(26.96, 27.24, 30_000)
    kept = (lon > 106.55) | (lat > 27.05)
    lon, lat = lon[kept], lat[kept]
    reports = rng.random(len(lon)) < np.interp(lon, [106.4, 106.8], [0.01, 0.12])
    zoom = zoom_for(900.0, 27.1)
    return Surface(
        raster_of(lon[reports], lat[reports], zoom), raster_of(lon, lat, zoom), Shape(COUNTY), 900.0, 27.1,
        Measure.RATE, style.HEAT_BREAKS,
    )  # fmt: skip


def picture(png: bytes) -> np.ndarray:
    """Red, green, blue, alpha (256, 256, 4)."""
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED), cv2.COLOR_BGRA2RGBA)


def test_a_tile_shows_its_classes_in_the_looks_colours(surface: Surface) -> None:
    zoom = 11
    x, y = (int(part * 2**zoom) for part in world(106.62, 27.1))
    seen = picture(surface.tile(zoom, x, y))
    classes = surface.classes(zoom, 256 * x, 256 * y, 256, 256)
    assert len(np.unique(classes)) >= 4
    for number in np.unique(classes[classes > 0]).tolist():
        colour = bytes.fromhex(style.HEAT_RAMP[number - 1][1:])
        assert set(map(tuple, seen[classes == number])) == {(*colour, 255)}
    assert (seen[classes == 0][:, 3] == 0).all()


def test_the_same_class_at_the_same_place_at_every_zoom(surface: Surface) -> None:
    rng = np.random.default_rng(7)
    lon, lat = rng.uniform(106.42, 106.78, 60), rng.uniform(27.07, 27.23, 60)
    found = []
    for zoom in (11, 12, 14, 17, 20):
        at = [(int(x), int(y)) for x, y in zip(*(part * width(zoom) for part in world(lon, lat)), strict=True)]
        found.append([int(surface.classes(zoom, x, y, 2, 2)[0, 0]) for x, y in at])
    assert all(np.mean(np.array(a) == np.array(b)) > 0.9 for a, b in pairwise(found))
    assert np.corrcoef(lon, found[-1])[0, 1] > 0.8


def test_no_colour_outside_of_the_area_and_where_households_are_few(surface: Surface) -> None:
    for lon, lat, coloured in (
        (106.39, 27.1, False),
        (106.6, 27.26, False),
        (106.46, 26.99, False),
        (106.7, 27.1, True),
    ):
        for zoom in (12, 15):
            x, y = (int(part * width(zoom)) for part in world(lon, lat))
            assert bool(surface.classes(zoom, x, y, 2, 2).any()) == coloured, (lon, lat)
    one = Surface(surface.cases, raster_of(*scattered(20, spread=1e-4), 9), Shape(COUNTY), 900.0, 27.1, Measure.COUNT,
                  style.HEAT_BREAKS)  # fmt: skip
    assert LEAST_HOUSEHOLDS > 20
    assert not one.classes(12, *around(LON, LAT, 12)).any()


def test_classes_of_counts_are_cases_a_square_kilometre() -> None:
    """An even field of 20 a km² lies between breaks of 19 and 21."""
    lon, lat = (grid.ravel() for grid in np.meshgrid(np.linspace(106.5, 106.7, 180), np.linspace(27.0, 27.2, 200)))
    km2 = (0.2 * 111.32 * np.cos(np.radians(27.1))) * (0.2 * 110.8)
    raster = raster_of(lon, lat, zoom_for(500.0, 27.1))
    density = len(lon) / km2
    breaks = tuple(density * part for part in (0.2, 0.5, 0.95, 1.05, 2.0, 3.0))
    even = Surface(raster, raster, Shape(COUNTY), 500.0, 27.1, Measure.COUNT, breaks)
    assert set(np.unique(even.classes(12, *around(106.6, 27.1, 12, 100))).tolist()) == {4}


def test_breaks_of_density() -> None:
    assert breaks_of_density(1.234) == (1.2, 2.5, 4.9, 9.9, 20.0, 39.0)
    assert breaks_of_density(0.0) == breaks_of_density(float("nan")) == (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)


def test_png_is_read_as_written() -> None:
    classes = np.random.default_rng(2).integers(0, 8, (256, 256)).astype(np.uint8)
    seen = picture(paletted(classes, style.HEAT_RAMP))
    palette = np.array([[0, 0, 0, 0], *([*bytes.fromhex(one[1:]), 255] for one in style.HEAT_RAMP)], dtype=np.uint8)
    assert (seen == palette[classes]).all()
    assert (picture(NOTHING)[..., 3] == 0).all()


# --- the area ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "area",
    [
        shapely.Point(LON, LAT).buffer(0.05).difference(shapely.Point(LON, LAT).buffer(0.02)),
        shapely.MultiPolygon([shapely.box(106.55, 27.05, 106.6, 27.1), shapely.box(106.62, 27.12, 106.66, 27.15)]),
        shapely.box(106.0, 26.0, 107.0, 28.0),
        shapely.Polygon(),
    ],
    ids=["ring", "two parts", "all around", "empty"],
)
def test_a_mask_is_the_area_to_a_pixel(area: shapely.Geometry) -> None:
    zoom = 12
    left, top, columns, rows = around(LON, LAT, zoom, 400)
    x, y = np.meshgrid(left + np.arange(columns) + 0.5, top + np.arange(rows) + 0.5)
    inside = shapely.intersects_xy(area, *degrees(x / width(zoom), y / width(zoom)))
    shape = Shape(area)
    covers = shape.covers(zoom, left, top, columns, rows)
    assert covers == ("all" if inside.all() else "some" if inside.any() else "none")
    mask = shape.mask(zoom, left, top, columns, rows).astype(np.uint8)
    wider, narrower = (change(inside.astype(np.uint8), np.ones((3, 3), np.uint8)) for change in (cv2.dilate, cv2.erode))
    assert (mask <= wider).all()
    assert (mask >= narrower).all()


@pytest.mark.parametrize("tile", [(-1, 0, 0), (21, 0, 0), (3, 8, 0), (3, 0, 8), (0, -1, 0)])
def test_tiles_that_there_are_not(tile: tuple[int, int, int]) -> None:
    with pytest.raises(NotFound, match="no such tile"):
        check_tile(*tile)


def test_degrees_and_pixels_are_inverse() -> None:
    lon, lat = np.array([-180.0, 0.0, 106.6, 180.0]), np.array([-85.0, 0.0, 27.1, 85.0])
    back = degrees(*world(lon, lat))
    np.testing.assert_allclose(back, (lon, lat), atol=1e-12)
    assert world(0.0, 85.0511287798066)[1] == pytest.approx(0.0, abs=1e-12)


def test_many_threads_may_draw_from_one_surface(surface: Surface) -> None:
    from concurrent.futures import ThreadPoolExecutor

    x, y = (int(part * 2**11) for part in world(106.4, 27.1))
    asked = [(11, x + i, y + j) for i in range(3) for j in range(-1, 3)] * 4
    draw: Callable[[Any], bytes] = lambda tile: surface.tile(*tile)  # noqa: E731
    alone = [draw(tile) for tile in asked]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(draw, asked)) == alone
