"""The demo county as files, the way a newcomer's own data would come: GeoJSON, CSV, and the truth as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from gridmap.demo.county import County
from gridmap.demo.geojson import collection

#: kinds with lines or areas; the others are tables, points as two columns
_SHAPES = ("areas", "cells", "enterprises", "roads", "water")
_TABLES = ("bodies", "workers", "duties", "leaves", "households", "incidents", "places")
_MADE_ON_READING = ["row", "crs_in", "x_in", "y_in"]


def write(county: County, folder: Path) -> list[Path]:
    """Write each kind to a file that `gridmap import KIND FILE` takes as it is, and truth.json; returns the files.

    Contacts and reporters are written as they are: the numbers are invented.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for kind in _SHAPES:
        path = folder / f"{kind}.geojson"
        path.write_text(collection(kind, _source(county, kind)), encoding="utf-8")
        written.append(path)
    for kind in _TABLES:
        path = folder / f"{kind}.csv"
        _source(county, kind).to_csv(path, index=False, lineterminator="\n")
        written.append(path)
    truth = folder / "truth.json"
    truth.write_text(json.dumps(county.truth, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return [*written, truth]


def _source(county: County, kind: str) -> pd.DataFrame:
    """The frame without the columns that reading a file adds."""
    frame: pd.DataFrame = getattr(county, kind)
    return frame.drop(columns=_MADE_ON_READING, errors="ignore")
