"""Laws of checking a coverage, on random drawings that are then spoilt at random."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.ground import area_m2, check, length_m
from gridmap.ground.coverage import NOISE_M
from tests.grids import SIZE_DEG, grid
from tests.properties.test_assignment import drawings


@settings(max_examples=60, deadline=None)
@given(drawing=drawings(), bend=st.sampled_from([0.0, 0.4]), size_m=st.sampled_from([None, 60.0]))
def test_a_drawing_is_always_a_coverage_with_its_holes(drawing: str, bend: float, size_m: float | None) -> None:
    cells = grid(drawing, bend=bend, size_m=size_m)
    report = check(cells, code="code", max_gap_m2=0.0)
    assert report.ok
    assert not report.overlaps
    assert not report.duplicate_codes
    filled = _filled(cells.geometry.to_numpy())
    assert sum(hole.area_m2 for hole in report.holes) == pytest.approx(
        area_m2(filled)[0] - area_m2(shapely.union_all(cells.geometry)).sum(), abs=1.0
    )


@settings(max_examples=60, deadline=None)
@given(drawing=drawings(), which=st.integers(0, 4), shift=st.tuples(st.floats(-1.2, 1.2), st.floats(-1.2, 1.2)))
def test_what_is_found_is_what_a_loop_finds(drawing: str, which: int, shift: tuple[float, float]) -> None:
    cells = grid(drawing, bend=0.3)
    if cells.empty:
        return
    row = which % len(cells)
    cells.loc[row, "geometry"] = shapely.affinity.translate(cells.geometry[row], *(SIZE_DEG * s for s in shift))
    report = check(cells, code="code", max_gap_m2=1e12)
    want = {}
    for i, j in itertools.combinations(range(len(cells)), 2):
        area = area_m2(shapely.intersection(cells.geometry[i], cells.geometry[j]))[0]
        if area > 1e-2:
            want[cells["code"][i], cells["code"][j]] = area
    found = {(one.a, one.b): one.area_m2 for one in report.overlaps if one.area_m2 > 1e-2}
    assert found.keys() == want.keys()
    assert all(found[pair] == pytest.approx(want[pair], rel=1e-6) for pair in want)
    missing = shapely.difference(_filled(cells.geometry.to_numpy()), shapely.union_all(cells.geometry))
    # a crack narrower than `NOISE_M` is rounding, however long it is
    rounding = 1e-2 + NOISE_M * length_m(missing)[0] / 2
    assert sum(gap.area_m2 for gap in report.gaps) == pytest.approx(area_m2(missing)[0], abs=rounding)
    places = shapely.points([(gap.lon, gap.lat) for gap in report.gaps if gap.area_m2 > 1e-2] or np.empty((0, 2)))
    assert shapely.covered_by(places, missing).all()


@settings(max_examples=40, deadline=None)
@given(drawing=drawings("ABCD"), gone=st.integers(0, 3))
def test_within_its_own_outline_a_full_drawing_is_sound_and_a_missing_cell_is_not(drawing: str, gone: int) -> None:
    cells = grid(drawing)
    outline = shapely.box(*cells.total_bounds)
    assert check(cells, code="code", within=outline).ok
    left = cells.drop(index=gone % len(cells)).reset_index(drop=True)
    report = check(left, code="code", within=outline)
    lost = area_m2(cells.geometry[gone % len(cells)])[0]
    assert not report.ok
    assert sum(one.area_m2 for one in [*report.gaps, *report.holes]) == pytest.approx(lost, rel=1e-5)


def _filled(shapes: np.ndarray) -> shapely.Geometry:
    """The cells with all that they enclose, also by meeting in points: what a flood from outside does not reach."""
    covered = shapely.union_all(shapes)
    world = shapely.buffer(shapely.envelope(covered), 1.0)
    dry = shapely.get_parts(shapely.difference(world, covered))
    dry = [part for part in dry if shapely.intersection(part.boundary, world.boundary).is_empty]
    return shapely.union_all([covered, *dry])
