"""Heat: right where it can be computed by hand, silent where households are few, and never from points for release."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gridmap.errors import InvalidInput
from layers import heat, style
from layers.heat import BANDWIDTH_M, breaks_around, near, released, surface
from layers.plane import Plane

COUNTY = shapely.box(106.5, 27.0, 106.6, 27.1)
RNG = np.random.default_rng(20260703)


def uniform(n: int, box: shapely.Polygon = COUNTY, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    west, south, east, north = box.bounds
    rng = np.random.default_rng(seed)
    return rng.uniform(west, east, n), rng.uniform(south, north, n)


def area_m2(frame: pd.DataFrame) -> np.ndarray:
    plane = Plane.around(*COUNTY.bounds)
    return shapely.area(plane.geometries_to_metres(frame["geom"].to_numpy()))


def at(frame: pd.DataFrame, lon: float, lat: float) -> list[int]:
    """The classes that cover a place."""
    return frame.loc[shapely.intersects_xy(frame["geom"].to_numpy(), lon, lat), "class"].tolist()


def test_an_even_county_is_all_mean() -> None:
    homes = uniform(40_000)
    # every 22nd household reports: 4.5 per 100, the same everywhere
    cases = homes[0][::22], homes[1][::22]
    frame = surface(cases, homes, COUNTY)
    assert frame.attrs["mean"] == pytest.approx(100 / 22, rel=1e-3)
    assert frame.attrs["breaks"] == style.HEAT_BREAKS
    whole = area_m2(frame)
    assert whole[frame["class"].between(1, 3)].sum() > 0.97 * whole.sum()
    assert at(frame, 106.55, 27.05)[0] in {1, 2, 3}


def test_a_hot_place_is_hot_and_a_crowd_is_not() -> None:
    homes = uniform(20_000)
    town = (np.full(20_000, 106.525), np.full(20_000, 27.025))
    all_homes = np.concatenate([homes[0], town[0]]), np.concatenate([homes[1], town[1]])
    cases = all_homes[0][::22], all_homes[1][::22]
    raised = uniform(400, shapely.box(106.57, 27.07, 106.58, 27.08))
    frame = surface((np.r_[cases[0], raised[0]], np.r_[cases[1], raised[1]]), all_homes, COUNTY, mean=4.5)
    assert at(frame, 106.575, 27.075) == [6]  # four hundred more cases around few homes
    assert at(frame, 106.525, 27.025) in ([2], [3])  # twenty thousand homes, the usual rate


def test_kernel_sums_are_those_of_the_exact_kernel() -> None:
    raster, _ = heat._raster_over(COUNTY, BANDWIDTH_M)
    lon, lat = uniform(500, seed=3)
    x, y = raster.plane.metres(lon, lat)
    sums = raster.smoothed(x, y, BANDWIDTH_M)
    rows, columns = np.meshgrid(np.arange(0, sums.shape[0], 7), np.arange(0, sums.shape[1], 7), indexing="ij")
    px, py = raster.x0 + raster.step * columns.ravel(), raster.y0 + raster.step * rows.ravel()
    squared = (px[:, None] - x) ** 2 + (py[:, None] - y) ** 2
    exact = np.exp(-squared / (2 * BANDWIDTH_M**2)).sum(axis=1)
    assert np.abs(sums[rows, columns].ravel() - exact).max() < 0.002 * exact.max()


def test_no_colour_where_households_are_few() -> None:
    west = uniform(5_000, shapely.box(106.5, 27.0, 106.53, 27.1))
    cases = west[0][::20], west[1][::20]
    lonely = np.r_[west[0], 106.595], np.r_[west[1], 27.05]
    frame = surface((np.r_[cases[0], 106.595], np.r_[cases[1], 27.05]), lonely, COUNTY)
    assert at(frame, 106.51, 27.05) != []
    assert at(frame, 106.595, 27.05) == []  # one household, one case: 100 %, and nobody's business


def test_classes_share_borders_and_never_overlap() -> None:
    homes = uniform(6_000, seed=5)
    cases = uniform(300, seed=6)
    frame = surface(cases, homes, COUNTY)
    shapes = frame["geom"].to_numpy()
    assert len(frame) >= 4
    assert shapely.is_valid(shapes).all()
    together = shapely.union_all(shapes)
    assert area_m2(frame).sum() == pytest.approx(area_m2(pd.DataFrame({"geom": [together]}))[0], rel=1e-6)
    assert shapely.difference(together, COUNTY.buffer(1e-5)).is_empty


def test_points_beyond_the_border_count_for_neither() -> None:
    homes, cases = uniform(5_000), uniform(250, seed=2)
    beyond = uniform(3_000, shapely.box(106.6001, 27.0, 106.62, 27.1), seed=4)
    alone = surface(cases, homes, COUNTY)
    crowded = surface(cases, (np.r_[homes[0], beyond[0]], np.r_[homes[1], beyond[1]]), COUNTY)
    assert alone.attrs == crowded.attrs
    assert shapely.equals(alone["geom"].to_numpy(), crowded["geom"].to_numpy()).all()


@pytest.mark.parametrize("n_cases", [0, 1])
@pytest.mark.parametrize("n_homes", [0, 1, 24])
def test_almost_nothing_draws_nothing(n_cases: int, n_homes: int) -> None:
    frame = surface(uniform(n_cases), uniform(n_homes), COUNTY)
    assert frame.columns.tolist() == ["class", "low", "high", "geom"]
    assert len(frame) == 0
    assert heat.LAYER.legend("en", frame)[0]["breaks"]


def test_wrong_coordinates_are_left_out() -> None:
    homes, cases = uniform(3_000), uniform(150)
    odd = np.r_[np.nan, np.inf, 0.0]
    frame = surface((np.r_[cases[0], odd], np.r_[cases[1], odd]), (np.r_[homes[0], odd], np.r_[homes[1], odd]), COUNTY)
    assert frame.attrs["incidents"] == 150
    assert frame.attrs["households"] == 3_000


def test_refuses_what_it_cannot_draw() -> None:
    with pytest.raises(InvalidInput, match="bandwidth"):
        surface(uniform(1), uniform(1), COUNTY, bandwidth_m=0)
    with pytest.raises(InvalidInput, match="border"):
        surface(uniform(1), uniform(1), shapely.Polygon())
    with pytest.raises(InvalidInput, match="too large"):
        surface(uniform(1), uniform(1), shapely.box(100, 20, 112, 32))


@given(st.floats(min_value=1e-6, max_value=1e6))
def test_the_mean_is_always_in_the_third_class(mean: float) -> None:
    breaks = breaks_around(mean)
    assert len(breaks) == 6
    assert all(low < high for low, high in pairwise(breaks))
    assert breaks[1] <= mean < breaks[2]


@pytest.mark.parametrize("mean", [float("nan"), 0.0, -1.0, float("inf"), 4.0, 4.999])
def test_the_looks_breaks_where_they_fit(mean: float) -> None:
    assert breaks_around(mean) == (3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


def test_near_is_inclusive_and_measured_in_metres() -> None:
    works = np.array([shapely.Point(106.55, 27.05), shapely.box(106.51, 27.01, 106.52, 27.02)], dtype=object)
    # 0.01 degrees of latitude are about 1,108 m here
    lon, lat = np.array([106.55, 106.55, 106.515, np.nan]), np.array([27.06, 27.0601, 27.015, 27.0])
    assert near(lon, lat, works, 1_110.0).tolist() == [True, False, True, False]
    assert near(lon, lat, np.empty(0, dtype=object), 1_000.0).tolist() == [False] * 4
    assert near(np.empty(0), np.empty(0), works, 1_000.0).shape == (0,)


def test_released_heat_is_of_areas_alone() -> None:
    areas = pd.DataFrame(
        {
            "name": ["甲、乙", "丙", "丁", "戊"],
            "geom": [shapely.box(x, 0, x + 1, 1) for x in range(4)],
            "count": [45, 5, 0, 100],
            "households": [1_000, 20, 900, 500],
        }
    )
    frame = released(areas)
    assert frame["rate"].tolist()[:1] == [4.5]
    assert np.isnan(frame["rate"][1])  # 20 households: a rate would speak of each of them
    assert frame["class"].tolist()[2:] == [0.0, 6.0]
    assert frame.attrs["incidents"] == 150
    assert released(areas.iloc[:0]).attrs["households"] == 0
    collection = heat.RELEASED.features(frame, "zh", heat.Audience.RELEASE)
    assert collection["features"][1]["properties"]["class"] is None
