"""What lies near a place, found in spatial order: the same as by a look at all, and the same figures bit for bit."""

from __future__ import annotations

from dataclasses import asdict
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gridmap.stats import focused
from gridmap.stats.focused import CLEARLY, SCREEN, focus
from gridmap.stats.many import q_values
from gridmap.stats.nearby import Ground, Nearby, Spot

REACH = 40.0
whole = st.integers(0, 100)
places = st.one_of(
    st.builds(shapely.Point, whole, whole),
    st.builds(lambda x, y, a, b: shapely.box(x, y, x + a, y + b), whole, whole, st.integers(1, 60), st.integers(1, 60)),
    st.builds(lambda x, y, r: shapely.Point(x, y).buffer(r), whole, whole, st.integers(1, 30)),
    st.just(shapely.Point()),
)


class _Everything(Nearby):
    """Looks at every block for every place."""

    def around(self, place: Any, reach: float) -> Spot:
        rows = np.arange(len(self._points))
        return Spot(rows, self.apart(rows, place))


@given(st.lists(st.tuples(whole, whole), min_size=1, max_size=60), places)
def test_near_are_those_whose_distance_says_so(points: list[tuple[int, int]], place: shapely.Geometry) -> None:
    """Whole numbers lie on the reach itself often."""
    x, y = np.array(points, dtype=float).T
    found = Nearby(x, y).around(place, REACH)
    distance = shapely.distance(shapely.points(x, y), place)
    assert found.rows.tolist() == np.flatnonzero(distance <= REACH).tolist()
    assert found.apart.tolist() == distance[found.rows].tolist()
    assert found.within(10.0).tolist() == np.flatnonzero(distance <= 10.0).tolist()


def ground(seed: int, side_km: int = 30, months: int = 4) -> tuple[Ground, np.random.Generator]:
    """Hamlets over a square, with disputes raised near its middle."""
    rng = np.random.default_rng(seed)
    at = rng.uniform(0, side_km * 1000, (side_km * side_km * 3, 2))
    homes = rng.integers(1, 60, len(at)).astype(float)
    away = np.hypot(*(at - side_km * 500).T)
    mean = homes[:, None] * 0.02 * (1 + 4 * np.exp(-away / 700))[:, None]
    cases = rng.poisson(np.repeat(mean, months, axis=1)).astype(float)
    return Ground(at[:, 0], at[:, 1], homes, cases, cases.sum(axis=0) / homes.sum()), rng


def test_the_figures_are_those_of_a_look_at_everything_bit_for_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    made, rng = ground(1)
    middle = shapely.Point(15_000, 15_000)
    sources = [middle, middle.buffer(400), shapely.Point(15_600, 15_200), shapely.Point(-9e4, 0), shapely.Point()]
    sources += [shapely.Point(*xy).buffer(r) for *xy, r in rng.uniform([0, 0, 1], [30_000, 30_000, 900], (25, 3))]
    since = [int(one) for one in rng.integers(0, 5, len(sources))]
    since[:3] = [0, 1, 0]

    def told() -> list[str]:
        return [repr(asdict(one)) for one in focus(made, sources, since, 1_500.0, np.random.default_rng(2))]

    ours = told()
    monkeypatch.setattr(focused, "Nearby", _Everything)
    assert ours == told()
    assert sum("'inseparable'" in one for one in ours) >= 2


class _Drawn:
    """Stands in for the tests of a place: the first `true` are raised beyond any replication, the rest by chance."""

    def __init__(self, true: int) -> None:
        self.true = true
        self.rounds: list[int] = []

    def __call__(self, place: Any, _apart: Any, _since: int, rng: np.random.Generator, replications: int) -> Any:
        self.rounds.append(replications)
        share = 0.0 if place < self.true else np.random.default_rng(place).random()  # its own p, whatever is drawn
        p = (1 + rng.binomial(replications, share)) / (replications + 1)
        return SimpleNamespace(lawson_waller=SimpleNamespace(p_sim=p))


def rounds(monkeypatch: pytest.MonkeyPatch, count: int, true: int) -> tuple[_Drawn, Any]:
    drawn = _Drawn(true)
    monkeypatch.setattr(focused, "_tests", drawn)
    found: Any = focused._in_rounds([(i, None, 0) for i in range(count)], np.random.default_rng(1), lambda _: None)  # type: ignore[misc]
    return drawn, q_values(np.array([one.lawson_waller.p_sim for one in found]))


@pytest.mark.parametrize("true", [0, 1, 5])
def test_the_replications_grow_with_the_enterprises_not_with_their_square(
    monkeypatch: pytest.MonkeyPatch, true: int
) -> None:
    """The raised ones stand clear however many others there are; few of the others are drawn often."""
    for count in (100, 1_000, 10_000):
        drawn, q = rounds(monkeypatch, count, true)
        assert sum(drawn.rounds) / count < 8_000
        assert (q[:true] <= CLEARLY).all()
        assert (q[true:] > CLEARLY).all()


def test_many_raised_ones_cost_no_more_each(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn, q = rounds(monkeypatch, 3_000, 300)
    assert sum(drawn.rounds) / 3_000 < 8_000
    assert (q[:300] <= CLEARLY).all()


@pytest.mark.parametrize(("count", "second"), [(20, 9_999), (60, 12_000), (100, 20_000)])
def test_up_to_a_hundred_there_are_two_rounds(monkeypatch: pytest.MonkeyPatch, count: int, second: int) -> None:
    drawn, _ = rounds(monkeypatch, count, 2)
    assert set(drawn.rounds) == {SCREEN, second}
