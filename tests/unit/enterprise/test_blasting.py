"""Sadovsky's law and the limits of GB 6722-2014, by hand, turned round, and house by house."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gridmap.enterprise import (
    Building,
    Rock,
    Side,
    Site,
    fit,
    limit_cm_s,
    safe_charge_kg,
    safe_radius_m,
    shaking,
    site_of,
    velocity_cm_s,
)
from gridmap.errors import InvalidInput

positive = st.floats(0.01, 5000)
sites = st.builds(Site, st.floats(50, 350), st.floats(1.3, 2.0))


def test_the_safe_radius_by_hand() -> None:
    # 64 kg, K 200, alpha 2, 0.5 cm/s: (200 / 0.5)^(1/2) x 64^(1/3) = 20 x 4
    assert safe_radius_m(64.0, 0.5, Site(200, 2)) == pytest.approx(80.0)
    assert velocity_cm_s(64.0, 80.0, Site(200, 2)) == pytest.approx(0.5)
    assert safe_charge_kg(80.0, 0.5, Site(200, 2)) == pytest.approx(64.0)


@given(positive, st.floats(0.1, 10), sites)
def test_at_the_safe_radius_the_limit_is_just_reached(charge: float, limit: float, site: Site) -> None:
    radius = safe_radius_m(charge, limit, site)
    if radius > 1:
        assert velocity_cm_s(charge, radius, site) == pytest.approx(limit)
        assert safe_charge_kg(radius, limit, site) == pytest.approx(charge)


@pytest.mark.parametrize(
    ("building", "hertz", "side", "limit"),
    [
        (Building.FRAGILE, 10.0, Side.CAUTIOUS, 0.15),  # the end of a band belongs to it
        (Building.FRAGILE, 10.1, Side.CAUTIOUS, 0.45),
        (Building.ORDINARY, 50.0, Side.LENIENT, 2.5),
        (Building.INDUSTRIAL, 50.1, Side.CAUTIOUS, 4.2),
        (Building.ORDINARY, None, Side.CAUTIOUS, 1.5),
    ],
)
def test_limits_by_building_and_frequency(building: Building, hertz: float | None, side: Side, limit: float) -> None:
    assert limit_cm_s(building, hertz, side) == limit


@pytest.mark.parametrize("rock", list(Rock))
@given(charge=positive, distance=st.floats(20, 5000))
def test_the_cautious_pair_shakes_more_where_houses_stand(rock: Rock, charge: float, distance: float) -> None:
    if np.cbrt(charge) < distance:
        cautious = velocity_cm_s(charge, distance, site_of(rock))
        assert cautious > velocity_cm_s(charge, distance, site_of(rock, Side.LENIENT))


def test_houses_against_a_loop() -> None:
    random = np.random.default_rng(5)
    houses, shots = shapely.points(random.uniform(0, 3000, (70, 2))), shapely.points(random.uniform(0, 3000, (40, 2)))
    buildings = [list(Building)[i] for i in random.integers(0, 3, 70)]
    charges, hertz = random.uniform(5, 400, 40), random.choice([5.0, 20.0, 80.0, np.nan], 40)
    site = site_of(Rock.MEDIUM)
    found = shaking(houses, buildings, charges, shots, site, hertz)
    for row, house in enumerate(houses):
        excess, times = [], 0
        for charge, place, f in zip(charges, shots, hertz, strict=True):
            velocity = site.k * (charge ** (1 / 3) / house.distance(place)) ** site.alpha
            limit = limit_cm_s(buildings[row], None if np.isnan(f) else f)
            excess.append(velocity / limit)
            times += velocity > limit
        assert found.times_over[row] == times
        assert found.blast[row] == np.argmax(excess)
        assert found.worst_cm_s[row] / found.limit_cm_s[row] == pytest.approx(max(excess))
    assert 0 < found.over.sum() < 70


def test_no_blast_shakes_no_house() -> None:
    found = shaking(shapely.points([[0.0, 0.0]]), [Building.FRAGILE], [], [], site_of(Rock.HARD))
    assert found.blast.tolist() == [-1]
    assert not found.over.any()


def test_a_house_inside_the_pit_counts_as_one_metre_away() -> None:
    pit = shapely.box(0, 0, 100, 100)
    found = shaking(shapely.points([[50.0, 50.0]]), [Building.ORDINARY], [8.0], [pit], Site(100, 1.5))
    assert found.worst_cm_s[0] == pytest.approx(100 * 2**1.5)


@given(sites)
def test_readings_without_scatter_give_their_site_back(site: Site) -> None:
    charge, distance = np.array([10.0, 50, 100, 20, 80]), np.array([100.0, 200, 400, 50, 300])
    found = fit(charge, distance, velocity_cm_s(charge, distance, site))
    assert (found.k, found.alpha) == pytest.approx((site.k, site.alpha))


@pytest.mark.parametrize(
    ("charge", "distance", "measured", "code"),
    [
        ([1.0] * 4, [10.0, 20, 30, 40], [4.0, 3, 2, 1], "too_few_readings"),
        ([8.0] * 5, [100.0] * 5, [1.0, 2, 1, 2, 1], "too_few_readings"),
        ([8.0] * 5, [10.0, 20, 30, 40, 50], [1.0, 2, 3, 4, 5], "bad_readings"),
        ([8.0, -1, 8, 8, 8], [10.0, 20, 30, 40, 50], [1.0] * 5, "not_positive"),
    ],
)
def test_readings_that_tell_nothing_are_refused(
    charge: list[float], distance: list[float], measured: list[float], code: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        fit(charge, distance, measured)
    assert caught.value.code == code
