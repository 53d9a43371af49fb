"""Load of cells: carried per primary worker, in five classes around the mean."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layers import LAYERS, cells


def frame(households: list[int], workers: list[int], open_incidents: list[int] | None = None) -> pd.DataFrame:
    n = len(households)
    return pd.DataFrame(
        {"households": households, "workers": workers, "open_incidents": open_incidents or [0] * n}, dtype="int64"
    )


def test_load_is_per_primary_worker_and_unknown_without_one() -> None:
    loads = cells.load(frame([120, 120, 90, 0], [1, 2, 0, 1]))
    assert loads[[0, 1, 3]].tolist() == [120.0, 60.0, 0.0]
    assert np.isnan(loads[2])
    assert cells.load(frame([9, 9], [3, 3], [6, 3]), "open_incidents").tolist() == [2.0, 1.0]


def test_shading_puts_the_fair_share_in_the_middle() -> None:
    shaded = cells.shaded(frame([40, 70, 100, 130, 160, 100], [1, 1, 1, 1, 1, 0]))
    assert shaded.attrs["breaks"] == (50.0, 80.0, 120.0, 160.0)
    assert shaded["load_class"].tolist()[:5] == [0, 1, 2, 3, 4]
    assert np.isnan(shaded["load_class"][5])
    ramp = LAYERS["cells"].legend("en", shaded)[0]
    assert ramp["draw"] == "ramp"
    assert ramp["breaks"] == [50.0, 80.0, 120.0, 160.0]
    assert len(ramp["colours"]) == 5
    assert ramp["label"] == "Households per worker"


def test_the_callers_frame_is_not_changed() -> None:
    given_ = frame([10], [1])
    cells.shaded(given_)
    assert list(given_.columns) == ["households", "workers", "open_incidents"]
    assert given_.attrs == {}


@given(st.lists(st.floats(min_value=0, max_value=1e6) | st.just(float("nan")), max_size=30))
def test_breaks_always_rise(values: list[float]) -> None:
    breaks = cells.load_breaks(np.array(values, dtype=float))
    assert len(breaks) == 4
    assert all(low < high for low, high in pairwise(breaks))


@pytest.mark.parametrize("values", [[], [float("nan")], [0.0, 0.0]])
def test_nothing_known_still_has_classes(values: list[float]) -> None:
    assert cells.load_breaks(np.array(values, dtype=float)) == (0.5, 0.8, 1.2, 1.6)
