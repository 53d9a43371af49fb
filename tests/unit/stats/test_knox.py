"""Knox's test: published figures of Burkitt's lymphoma, and every pair one after another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gridmap.errors import InvalidInput
from gridmap.stats import knox


def test_burkitt_s_lymphoma(shared_data: Path) -> None:
    """Uganda, 20 km and 5 days. R's surveillance 1.20.3 (`knox`): 13, 10.14382, 0.146245581971, and p 0.1992 of 9,999
    permutations; PySAL's pointpats gives the same 13 and 0.14624558197140414."""
    events = pd.read_csv(shared_data / "bench/burkitt/burkitt.csv")
    found = knox(events["x"], events["y"], events["t"], 20.0, 5.0, np.random.default_rng(1), 9_999)
    assert (found.pairs, found.near_space, found.near_time) == (13, 13 + 3_416, 13 + 39)
    assert found.expected == pytest.approx(10.1438161338)
    assert found.p_poisson == pytest.approx(0.146245581971)
    assert found.p_sim == pytest.approx(0.1992, abs=0.015)


@pytest.mark.parametrize("seed", range(3))
def test_pairs_are_those_of_every_pair_in_turn(seed: int) -> None:
    """On a lattice, so that many distances and times are exactly at the limit: both are inclusive."""
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 12, (2, 70)).astype(float)
    t = rng.integers(0, 90, 70)
    found = knox(x, y, t / 10.0, 5.0, 0.3, rng, 19)
    space = [(i, j) for i in range(70) for j in range(i) if (x[i] - x[j]) ** 2 + (y[i] - y[j]) ** 2 <= 25.0]
    time = {(i, j) for i in range(70) for j in range(i) if abs(t[i] - t[j]) <= 3}
    assert (found.near_space, found.near_time) == (len(space), len(time))
    assert found.pairs == len(time.intersection(space))
    assert found.expected == pytest.approx(len(space) * len(time) / (70 * 69 / 2))


def test_near_repeats_are_found() -> None:
    rng = np.random.default_rng(2)
    x, y, t = rng.random((3, 200)) * [[1000.0], [1000.0], [365.0]]
    repeats = rng.permutation(200)[:30]
    x, y = (np.append(v, v[repeats] + rng.normal(0, 5, 30)) for v in (x, y))
    t = np.append(t, t[repeats] + rng.random(30) * 7)
    assert knox(x, y, t, 20.0, 7.0, rng).p_sim == 0.001


def test_what_is_no_pair_is_refused() -> None:
    rng = np.random.default_rng(1)
    for args in (([1.0], [1.0], [1.0]), ([1.0, 2.0], [1.0, 2.0], [1.0, np.nan]), ([1.0, 2.0], [1.0, 2.0], [1.0])):
        with pytest.raises(InvalidInput):
            knox(*args, 1.0, 1.0, rng)
    with pytest.raises(InvalidInput):
        knox([1.0, 2.0], [1.0, 2.0], [1.0, 2.0], -1.0, 1.0, rng)
