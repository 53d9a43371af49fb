"""Each enterprise against the ground around it: rings add up, what is planted is found, what is not is not."""

import numpy as np
import pytest
import shapely
from scipy.stats import poisson

from gridmap.stats.focused import RINGS_M, focus, interval
from gridmap.stats.nearby import Ground


def county(seed: int, raised: float = 0.0, towns: bool = True) -> Ground:
    """Squares over 16 x 16 km with uneven households; disputes rise around (8000, 8000) by 1 + raised exp(-d / 650)."""
    rng = np.random.default_rng(seed)
    x, y = (v.ravel().astype(float) for v in np.meshgrid(np.arange(0, 16_000, 400), np.arange(0, 16_000, 400)))
    households = np.round(rng.lognormal(2.6, 0.8, len(x)) if towns else np.full(len(x), 15.0)) + 1.0
    away = np.hypot(x - 8000, y - 8000)
    mean = households * 0.01 * (1 + raised * np.exp(-away / 650))
    cases = rng.poisson(np.repeat(mean[:, None], 4, axis=1)).astype(float)
    return Ground(x, y, households, cases, cases.sum(axis=0) / households.sum())


MIDDLE, FAR = shapely.Point(8000, 8000), shapely.Point(2000, 13_000)


def test_rings_and_months_add_up() -> None:
    ground = county(1, 4.0)
    pit = shapely.Point(8000, 8000).buffer(300)
    (found,) = focus(ground, [pit], [0], 1_500.0, np.random.default_rng(1))
    distance = shapely.distance(shapely.points(ground.x, ground.y), pit)
    for ring, outer in zip(found.rings, RINGS_M, strict=True):
        inside = (distance <= outer) & (distance > ring.inner_m if ring.inner_m else True)
        assert ring.observed == ground.cases[inside].sum()
        assert ring.households == ground.households[inside].sum()
        assert ring.expected == pytest.approx(ring.households * ground.rate.sum())
    assert found.near.observed == sum(ring.observed for ring in found.rings[:3])
    assert sum(found.observed_by_month) == found.near.observed
    assert found.expected_by_month == pytest.approx(found.near.households * ground.rate)


def test_only_the_months_in_which_it_was_there_count() -> None:
    ground = county(2, 4.0)
    (found,) = focus(ground, [MIDDLE], [2], 1_500.0, np.random.default_rng(1))
    near = np.hypot(ground.x - 8000, ground.y - 8000) <= 1_500.0
    assert found.near.observed == ground.cases[near][:, 2:].sum()
    assert found.near.expected == pytest.approx(ground.households[near].sum() * ground.rate[2:].sum())
    assert found.expected_by_month[:2] == [0.0, 0.0]


def test_the_planted_one_is_found_and_a_place_beside_it_is_not_told_apart() -> None:
    beside = shapely.Point(8500, 8400)
    first, second, third = focus(county(3, 6.0), [MIDDLE, FAR, beside], [0, 0, 0], 1_500.0, np.random.default_rng(1))
    assert first.verdict in {"clear", "raised"}
    assert second.verdict == "not_raised"
    assert (third.verdict, third.rivals) == ("inseparable", [0])


def test_what_is_one_place_twice_is_told_of_neither() -> None:
    found = focus(county(3, 6.0), [MIDDLE, MIDDLE], [0, 0], 1_500.0, np.random.default_rng(1))
    assert [one.verdict for one in found] == ["inseparable", "inseparable"]


def test_a_crowded_place_is_not_raised_for_being_crowded() -> None:
    raised = 0
    for seed in range(20):
        ground = county(seed)
        crowded = int(np.argmax(ground.households))
        (found,) = focus(
            ground, [shapely.Point(ground.x[crowded], ground.y[crowded])], [0], 1_500.0, np.random.default_rng(seed)
        )
        raised += found.verdict in {"clear", "raised"}
    assert raised <= poisson.ppf(0.999, 20 * 0.05)


def test_few_cases_are_said_to_be_few() -> None:
    plain = county(4, towns=False)
    ground = Ground(plain.x, plain.y, plain.households, plain.cases * 0.0, plain.rate * 0.0)
    ground.cases[0, 0] = 1.0
    (found,) = focus(ground, [MIDDLE], [0], 1_500.0, np.random.default_rng(1))
    assert (found.verdict, found.p) == ("too_few", None)


@pytest.mark.parametrize(("observed", "low", "high"), [(0, 0.0, 3.689), (9, 4.115, 17.085), (38, 26.89, 52.16)])
def test_intervals_are_those_of_the_tables(observed: int, low: float, high: float) -> None:
    """Garwood's table, as in Ulm 1990."""
    assert interval(observed, 1.0) == pytest.approx((low, high), abs=0.01)
