"""Blocks of households: they tile their cells, hold every household once, and follow roads."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.plan.balance import balance, household_blocks, judge

CELLS = [shapely.box(0, 0, 1000, 800), shapely.box(1000, 0, 2000, 800), shapely.box(0, 800, 2000, 1500)]
ROADS = [shapely.LineString([(0, 400), (2000, 400)]), shapely.LineString([(700, 0), (700, 1500)])]
RIVER = shapely.LineString([(0, 1000), (900, 1100), (2000, 1050)])


def homes(n: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return shapely.points(random.uniform([-20, -20], [2020, 1520], (n, 2)))


@given(st.integers(0, 120), st.integers(0, 50), st.integers(1, 20), st.booleans())
@settings(max_examples=25, deadline=None)
def test_blocks_tile_their_cells_and_hold_every_household_once(n: int, seed: int, size: int, river: bool) -> None:
    points = homes(n, seed)
    blocks, block = household_blocks(CELLS, points, roads=ROADS, barriers=[RIVER] if river else [], size=size)
    for row, cell in enumerate(CELLS):
        assert np.isclose(shapely.area(blocks.shapes[blocks.cell == row]).sum(), cell.area)
    assert shapely.coverage_is_valid(blocks.shapes)
    inside = shapely.intersects(shapely.union_all(CELLS), points)
    assert (block[inside] >= 0).all()
    assert (block[~inside] == -1).all()
    assert blocks.households.sum() == inside.sum()
    assert shapely.covers(shapely.buffer(blocks.shapes[block[inside]], 1e-6), points[inside]).all()


def test_neighbours_along_a_road_are_together() -> None:
    points = shapely.points([(x, 410.0) for x in np.arange(20, 1000, 20)])
    _, block = household_blocks(CELLS, points, roads=ROADS, size=10)
    held = [np.flatnonzero(block == one) for one in np.unique(block)]
    assert all(np.ptp(one) + 1 == len(one) for one in held)  # each is one stretch of the road
    assert max(len(one) for one in held) <= 10


def test_blocks_stay_on_their_bank() -> None:
    blocks, _ = household_blocks(CELLS, homes(80, 4), roads=ROADS, barriers=[RIVER])
    over = shapely.length(shapely.intersection(shapely.buffer(blocks.shapes, -1.0), RIVER))
    assert (over == 0).all()
    assert not blocks.open.all()


def test_a_load_of_ones_own() -> None:
    points = homes(60, 6)
    hours = np.random.default_rng(1).uniform(0, 5, 60)
    blocks, block = household_blocks(CELLS, points, load=hours)
    assert np.isclose(blocks.load.sum(), hours[block >= 0].sum())


def test_cells_are_balanced_by_their_households() -> None:
    random = np.random.default_rng(8)
    crowd = shapely.points(
        np.r_[random.uniform([0, 0], [990, 790], (240, 2)), random.uniform([0, 0], [2000, 1500], (120, 2))]
    )
    blocks, _ = household_blocks(CELLS, crowd, roads=ROADS, size=8)
    assert judge(blocks, blocks.cell).deviation > 0.5
    assert balance(blocks)[0].deviation < 0.05
