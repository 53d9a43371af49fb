"""data/boundaries: the drawn ground as plain GeoJSON and CSV, written once and read at every start."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from shapely.geometry import shape

from gridmap.demo.boundaries import Boundaries, draw
from gridmap.demo.frames import plain
from gridmap.demo.geojson import collection
from gridmap.errors import InvalidInput

FOLDER = Path(__file__).resolve().parents[2] / "data" / "boundaries"
_LAYERS = ("cells", "areas", "roads", "water", "places")


def ground(folder: Path | None = None) -> Boundaries:
    """The ground kept in `folder` (by default data/boundaries of the source tree), or drawn where that is not there.

    Raises InvalidInput when a folder is named and lacks a file.
    """
    if folder is None and not (FOLDER / "cells.geojson").exists():
        return draw()
    return load(folder or FOLDER)


def keep(ground: Boundaries, folder: Path) -> None:
    """Write every frame to `folder`: GeoJSON with one feature a line, settlements as CSV."""
    folder.mkdir(parents=True, exist_ok=True)
    for layer in _LAYERS:
        frame: pd.DataFrame = getattr(ground, layer)
        (folder / f"{layer}.geojson").write_text(collection(layer, frame), encoding="utf-8")
    ground.settlements.to_csv(folder / "settlements.csv", index=False, lineterminator="\n")


def load(folder: Path) -> Boundaries:
    """Read what `keep` wrote, value for value."""
    missing = [f"{layer}.geojson" for layer in _LAYERS if not (folder / f"{layer}.geojson").exists()]
    if missing:
        lacking = ", ".join(missing)
        raise InvalidInput(f"{folder} lacks {lacking}: point to a folder made like data/boundaries", missing=missing)
    frames = {layer: _frame(folder / f"{layer}.geojson") for layer in _LAYERS}
    cells = frames["cells"]
    cells["valid_from"] = [date.fromisoformat(day) for day in cells["valid_from"]]
    places = frames["places"]
    points = places.pop("geometry").to_numpy()
    frames["places"] = places.assign(lon=shapely.get_x(points), lat=shapely.get_y(points))
    settlements = pd.read_csv(folder / "settlements.csv", dtype={"community": str})
    return Boundaries(**frames, settlements=plain(settlements))


def _frame(path: Path) -> pd.DataFrame:
    features: Iterable[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["features"]
    rows = [feature["properties"] for feature in features]
    geometry = np.empty(len(rows), dtype=object)
    geometry[:] = [shape(feature["geometry"]) for feature in features]
    return plain(pd.DataFrame(rows).assign(geometry=geometry))
