"""A thinned coverage stays one: shared borders, no gaps, nodes where they were, and fewer vertices."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from gridmap.ground.measure import M_PER_DEGREE
from gridmap.ground.thinned import MOST_M, level, thinned
from tests.benchmarks.bench_redraw import wavy


@pytest.mark.parametrize("metres", [1.0, 4.0, 16.0, 64.0])
def test_neighbours_share_what_is_left_of_their_borders(metres: float) -> None:
    cells = wavy(6, 5, 16)
    found = thinned(cells, metres)
    assert shapely.coverage_is_valid(found)
    assert shapely.is_valid(found).all()
    assert shapely.get_num_coordinates(found).sum() < shapely.get_num_coordinates(cells).sum()
    whole = shapely.union_all(cells)
    # the county's straight rim stays, so no land is lost; only the rounding to a tenth of a metre shows
    assert shapely.symmetric_difference(shapely.union_all(found), whole).area < 1e-4 * whole.area
    off = np.array([shapely.hausdorff_distance(a, b) for a, b in zip(cells, found, strict=True)])
    assert off.max() * M_PER_DEGREE < 0.05 * 0.002 * M_PER_DEGREE + metres  # a wave's height at most


def test_nothing_is_left_out_below_a_metre() -> None:
    cells = wavy(2, 2, 8)
    assert (thinned(cells, 0.0) == cells).all()


@pytest.mark.parametrize(
    ("metres", "kept"), [(0.0, 0.0), (0.99, 0.0), (1.0, 1.0), (7.9, 4.0), (8.0, 8.0), (1e9, MOST_M)]
)
def test_levels_are_powers_of_two(metres: float, kept: float) -> None:
    assert level(metres) == kept
