"""Built-up land: settlements grown from households, never a house on its own in what leaves."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from layers.basemap import GROWN_M, SHRUNK_M, STEP_M, built_up
from layers.plane import Plane

LON, LAT = 106.5, 27.0
PLANE = Plane.around(LON, LAT, LON, LAT)


def at(*metres: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Degrees of places given in metres east and north of a corner."""
    moved = PLANE.geometries_to_degrees(shapely.points(np.array(metres, dtype=float)))
    return shapely.get_x(moved), shapely.get_y(moved)


def areas_m2(geometries: np.ndarray) -> np.ndarray:
    return shapely.area(PLANE.geometries_to_metres(geometries))


def test_a_lone_house_is_a_small_disc() -> None:
    lon, lat = at((0, 0))
    frame = built_up(lon, lat)
    assert frame["households"].tolist() == [1]
    expected = np.pi * (GROWN_M - SHRUNK_M) ** 2
    assert areas_m2(frame["geom"].to_numpy())[0] == pytest.approx(expected, rel=0.6)
    assert shapely.intersects_xy(frame["geom"][0], lon[0], lat[0])


def test_a_village_grows_together_and_a_far_house_stays_apart() -> None:
    village = [(x * 45.0, y * 45.0) for x in range(4) for y in range(4)]
    frame = built_up(*at(*village, (2_000, 2_000)))
    assert sorted(frame["households"]) == [1, 16]
    shape = frame.loc[frame["households"] == 16, "geom"].iloc[0]
    inside = at((67, 67))  # between the houses
    assert shapely.intersects_xy(shape, inside[0][0], inside[1][0])
    far = at((135 + GROWN_M, 67))
    assert not shapely.intersects_xy(shape, far[0][0], far[1][0])


def test_what_leaves_shows_no_single_family() -> None:
    village = [(x * 40.0, y * 40.0) for x in range(3) for y in range(3)]
    places = at(*village, (1_500, 0), (1_500, 30), (3_000, 3_000))
    frame = built_up(*places, least=8)
    assert frame["households"].tolist() == [9]
    assert built_up(*at((0, 0)), least=8).empty


def test_outlines_stay_within_their_tolerance() -> None:
    rng = np.random.default_rng(4)
    places = at(*rng.uniform(0, 1_500, (300, 2)))
    fine, coarse = (built_up(*places, tolerance_m=metres) for metres in (1.0, 25.0))
    assert (
        shapely.get_num_coordinates(coarse["geom"].to_numpy()).sum()
        < 0.7 * shapely.get_num_coordinates(fine["geom"].to_numpy()).sum()
    )
    for frame in (fine, coarse):
        assert shapely.is_valid(frame["geom"].to_numpy()).all()
    assert fine["households"].sum() == 300
    # every household lies on the land drawn around it, to a square of the raster
    land = shapely.union_all(PLANE.geometries_to_metres(fine["geom"].to_numpy()))
    homes = PLANE.geometries_to_metres(shapely.points(*places))
    assert shapely.distance(homes, land).max() <= STEP_M


@pytest.mark.parametrize("odd", [[], [np.nan], [np.inf, np.nan]])
def test_no_households_no_land(odd: list[float]) -> None:
    frame = built_up(np.array(odd, dtype=float), np.array(odd, dtype=float))
    assert frame.columns.tolist() == ["geom", "households"]
    assert frame.empty
