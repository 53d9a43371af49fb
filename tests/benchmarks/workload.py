"""What the races run on: the shared synthetic coverage, kept between runs, laid over degrees."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path
from types import ModuleType

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCE = ROOT.parent / "shared" / "workload" / "coverage.py"
KEPT = ROOT / "var" / "benchmarks"

#: the coverage is a square of 500 km; it becomes 5 degrees of longitude and 4.5 of latitude
WEST, SOUTH, WIDTH, HEIGHT = 104.0, 24.0, 5.0, 4.5


def generator() -> ModuleType:
    """The shared generator. Raises FileNotFoundError where `../shared` is missing."""
    if not SOURCE.exists():
        raise FileNotFoundError(f"the benchmarks' workload is missing: {SOURCE}")
    spec = importlib.util.spec_from_file_location("coverage_workload", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def degrees(xy: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """Metres of the square, shape (n, 2), as longitude and latitude; equal places stay equal."""
    return np.column_stack([WEST + xy[:, 0] / width * WIDTH, SOUTH + xy[:, 1] / width * HEIGHT])


def cells(count: int, vertices: int) -> gpd.GeoDataFrame:
    """A true coverage of about `count` cells in WGS84, with 15-digit codes; made once, then read from var/."""
    made_by = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:12]
    path = KEPT / f"coverage-{count}-{vertices}-{made_by}.npy"
    made = generator()
    if path.exists():
        metres = shapely.from_wkb(np.load(path, allow_pickle=True))
    else:
        metres, _ = made.coverage(count, vertices)
        KEPT.mkdir(parents=True, exist_ok=True)
        np.save(path, np.array(shapely.to_wkb(metres), dtype=object), allow_pickle=True)
    laid = shapely.transform(metres, lambda xy: degrees(xy, made.W))
    codes = [f"520100{number:09}" for number in range(len(laid))]
    return gpd.GeoDataFrame({"code": codes}, geometry=laid, crs="EPSG:4326")


def points(count: int) -> NDArray[np.float64]:
    """Points gathered like settlements, 3 % of them outside: longitude and latitude, shape (count, 2)."""
    made = generator()
    return degrees(made.points(count, None), made.W)
