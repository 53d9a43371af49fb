"""`gridmap locate` of a few points, cold: a new process each time, beside the same by its tree alone, and a script."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import pandas as pd

from tests.benchmarks.harness import Contender, Race
from tests.benchmarks.workload import cells, points

POINTS: Final = 1_000
OURS: Final = "from gridmap.cli import main; main()"
#: pixels are never thought worth their while
BY_TREE: Final = (
    "from gridmap.ground import AssignmentIndex; AssignmentIndex._worth_a_grid = lambda self, points: None; " + OURS
)
#: the same work by hand: `intersects`, as a point on a border is in a cell, too; of several the lowest code
BY_HAND: Final = """
import sys, geopandas as gpd, pandas as pd
rows, drawn = pd.read_csv(sys.argv[1]), gpd.read_file(sys.argv[2])[["code", "geometry"]]
places = gpd.GeoDataFrame(rows, geometry=gpd.points_from_xy(rows["lon"], rows["lat"], crs="EPSG:4326"))
found = gpd.sjoin(places, drawn, predicate="intersects", how="left").sort_values("code")
found[~found.index.duplicated()].sort_index()[["lon", "lat", "code"]].to_csv(sys.argv[3], index=False)
"""


def races(quick: bool) -> Iterator[Race]:
    """Among a county's cells."""
    drawn = cells(300, 33) if quick else cells(5_000, 64)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        drawn.assign(code=[f"{row:06}" for row in range(len(drawn))]).to_file(folder / "cells.gpkg")
        pd.DataFrame(points(POINTS), columns=["lon", "lat"]).to_csv(folder / "points.csv", index=False)
        yield Race(
            title=f"Cold: a file of {POINTS:,} points to {len(drawn):,} cells",
            about="A new process each time, from a CSV and a GeoPackage to a CSV. Ours reads both in processes apart, "
            "which have limits, and measures how far each point is from its border; the script is five lines around "
            "geopandas.sjoin and does neither.",
            ours=Contender("gridmap locate", _run(folder, OURS, "ours.csv", _arguments)),
            others=[
                Contender("the same by its tree", _run(folder, BY_TREE, "tree.csv", _arguments)),
                Contender("a script", _run(folder, BY_HAND, "script.csv", _places)),
            ],
            amount=POINTS,
            unit="points",
            agree=partial(_agree, len(drawn)),
            at_least={} if quick else {"the same by its tree": 0.9},
            most_rounds=3,
        )


def _arguments(out: str) -> list[str]:
    return ["locate", "points.csv", "--cells", "cells.gpkg", "--code", "code", "-o", out]


def _places(out: str) -> list[str]:
    return ["points.csv", "cells.gpkg", out]


def _run(folder: Path, program: str, out: str, words: Callable[[str], list[str]]) -> Callable[[], pd.Series[Any]]:
    """Called, it runs the program to its end; the cell that it wrote for each point, "" for none."""

    def run() -> pd.Series[Any]:
        (folder / out).unlink(missing_ok=True)
        command = [sys.executable, "-c", program, *words(out)]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        return pd.read_csv(folder / out, dtype=str).iloc[:, 2].fillna("")

    return run


def _agree(count: int, answers: Mapping[str, pd.Series[Any]]) -> str:
    first, *others = answers.values()
    assert all(first.tolist() == other.tolist() for other in others)
    return f"Equal at all points, {int((first != '').sum())} of them in one of {count:,} cells."
