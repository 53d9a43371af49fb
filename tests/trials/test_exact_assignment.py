"""Pixels against GEOS, on a country's cells: not one point of millions may be in another cell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gridmap.ground import AssignmentIndex
from tests.benchmarks.joins import tree
from tests.benchmarks.workload import cells, generator, points

COUNTS = [(1, 64), (10, 64), (1_000, 64), (5_000, 64), (100_000, 33)]
ROUNDS, POINTS = 5, 200_000


def differing(drawn: gpd.GeoDataFrame, index: AssignmentIndex, seed: int, count: int) -> int:
    """How many of `count` vertices, places on edges and one ulp beside them, and of as many others, differ."""
    hard = generator().hard_points(drawn.geometry.array, count, seed)
    places = np.vstack([hard, np.nextafter(hard, hard + 1.0), np.nextafter(hard, hard - 1.0), points(count)])
    series = gpd.GeoSeries(gpd.points_from_xy(places[:, 0], places[:, 1], crs="EPSG:4326"))
    assert index.method == ("pixels", "")
    return int((index.locate(places[:, 0], places[:, 1]) != tree(drawn, series).run()).sum())


def some_cells(count: int, vertices: int) -> gpd.GeoDataFrame:
    """That many cells of the workload; the generator makes no fewer than some dozens."""
    return cells(max(count, 300), vertices).iloc[:count].reset_index(drop=True)


def test_a_sample(shared_data: Path) -> None:
    drawn = some_cells(300, 33)
    index = AssignmentIndex(drawn)
    index.make_ready()
    assert differing(drawn, index, 1, 4_000) == 0


@pytest.mark.trial
@pytest.mark.parametrize(("count", "vertices"), COUNTS)
def test_millions_of_hard_points(count: int, vertices: int, shared_data: Path, trial: Callable[..., Any]) -> None:
    """Five times 800,000 points on each coverage."""
    ledger, remaining = trial(f"hard points among {count:,} cells", [f"seed {seed}" for seed in range(1, ROUNDS + 1)])
    drawn = some_cells(count, vertices)
    assert not shapely.is_empty(drawn.geometry.array).any()
    index = AssignmentIndex(drawn)
    index.make_ready()
    for case in remaining:
        wrong = differing(drawn, index, int(case.split()[1]), POINTS)
        ledger.record(case, "all equal" if wrong == 0 else f"{wrong} differ", wrong == 0)
    assert ledger.bad == []
