"""Points moved by looking beside an edit are where they would be if all were placed anew; none is lost."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gridmap.plan import OUTSIDE, Drawing, Labelled, moved, moves
from tests.edits import edited
from tests.grids import grid
from tests.properties.test_assignment import drawings


@settings(max_examples=80, deadline=None)
@given(text=drawings(), bend=st.sampled_from([0.0, 0.4]), seed=st.integers(0, 10**6))
def test_moved_points_are_those_of_placing_all_anew(text: str, bend: float, seed: int) -> None:
    """Also points on borders, vertices and the edge of the area, where the lowest code has them."""
    cells = grid(text, bend=bend)
    assume(len(cells) > 0)
    drawing = Drawing.from_frame(cells.assign(area="X"), community="area")
    rng = np.random.default_rng(seed)
    steps = list(edited(drawing, rng, 5))
    shapes = [cell.shape for after in (drawing, *(step[2] for step in steps)) for cell in after.values()]
    corners = np.unique(shapely.get_coordinates(shapes), axis=0)
    middles = (corners + np.roll(corners, 1, axis=0)) / 2
    west, south, east, north = shapely.total_bounds(shapes)
    strewn = rng.uniform((west - 1e-3, south - 1e-3), (east + 1e-3, north + 1e-3), (300, 2))
    lon, lat = np.concatenate([corners, middles, strewn]).T
    labelled = Labelled.of(drawing, lon, lat)
    for before, _, after, inverse in steps:
        take, put = [cell.code for cell in inverse.put], [cell.code for cell in inverse.take]
        next_one = moved(labelled, before, after, take, put)
        anew = Labelled.of(after, lon, lat)
        assert set(next_one) == set(anew)
        for code, group in anew.items():
            assert all(np.array_equal(a, b) for a, b in zip(group, next_one[code], strict=True)), code
        every = [OUTSIDE, *sorted({*before, *after})]
        gone = moves(labelled, next_one, {*take, *put, *before, *after})
        differ = np.flatnonzero(labelled.labels(every) != anew.labels(every))
        assert np.array_equal(gone.row, differ)
        assert moved(next_one, after, before, put, take)[OUTSIDE].row.tolist() == labelled[OUTSIDE].row.tolist()
        labelled = next_one
