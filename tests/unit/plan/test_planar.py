"""Shapes drawn in a plane come back as edits of a drawing in degrees, whatever its borders look like."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.ground.measure import metric_crs, project, transform
from gridmap.plan import Drawing, apply, edits_from_plane
from gridmap.plan.balance import household_blocks
from gridmap.plan.rings import normal
from tests.unit.plan.county import A, B, C, county

#: borders in no simple direction, some kilometres long: straight in degrees, a millimetre off in the plane
COUNTY = county("AAAABBBB/AAAABBBB/AACCCBBB/AACCCCDD/DDCCCDDD/DDDDDDDD", bend=0.4)
CHOSEN = [A, B, C]


def drawn_anew(drawing: Drawing, seed: int, size: int) -> Drawing:
    """The blocks at the cells' common borders go to one of the cells beside them, by chance."""
    rng = np.random.default_rng(seed)
    degrees = np.array([drawing[code].shape for code in CHOSEN], dtype=object)
    crs = metric_crs(*shapely.get_coordinates(degrees).T)
    west, south, east, north = shapely.total_bounds(degrees)
    homes = project(shapely.points(rng.uniform([west, south], [east, north], (150, 2))), crs)
    blocks, _ = household_blocks(transform(degrees, "EPSG:4326", crs), homes, size=size)
    cell = blocks.cell.copy()
    for one, other in blocks.pair[rng.permutation(len(blocks.pair))]:
        if blocks.cell[one] != blocks.cell[other] and rng.random() < 0.5 and (cell == cell[one]).sum() > 1:
            cell[one] = blocks.cell[other]
    shapes = [normal(shapely.coverage_union_all(blocks.shapes[cell == row])) for row in range(len(CHOSEN))]
    edited = edits_from_plane(drawing, CHOSEN, np.array(shapes, dtype=object), crs)
    assert edited.defects == ()
    for delta in edited.deltas:
        drawing, back = apply(drawing, delta)
        assert back.inverse() == delta
    found = transform([drawing[code].shape for code in CHOSEN], "EPSG:4326", crs)
    assert shapely.area(shapely.symmetric_difference(found, shapes)).max() < 10.0  # of square kilometres
    return drawing


@given(st.integers(0, 1000), st.integers(2, 15))
@settings(max_examples=15, deadline=None)
def test_any_drawing_of_blocks_is_an_edit(seed: int, size: int) -> None:
    after = drawn_anew(COUNTY, seed, size)
    assert shapely.coverage_is_valid([cell.shape for cell in after.values()])
    total = [sum(cell.shape.area for cell in one.values()) for one in (COUNTY, after)]
    assert total[0] == pytest.approx(total[1], rel=1e-12)


def test_what_was_drawn_anew_can_be_drawn_anew() -> None:
    drawing = COUNTY
    for seed in range(4):
        drawing = drawn_anew(drawing, seed, 6)
    assert shapely.coverage_is_valid([cell.shape for cell in drawing.values()])
