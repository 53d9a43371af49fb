"""A frame as GeoJSON text, a feature a line, so that a changed border shows as a changed line."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pandas as pd
import shapely


def collection(name: str, frame: pd.DataFrame) -> str:
    """A FeatureCollection (RFC 7946) of a frame in WGS84 with a column `geometry`, or with `lon` and `lat`.

    All other columns become properties; dates and moments are written in ISO 8601, coordinates as they are.
    """
    if "geometry" in frame:
        geometry = shapely.orient_polygons(frame["geometry"].to_numpy())
    else:
        geometry = shapely.points(frame["lon"].to_numpy(), frame["lat"].to_numpy())
    columns = [column for column in frame.columns if column not in {"geometry", "lon", "lat"}]
    lines = [
        f'{{"type":"Feature","properties":{json.dumps(_properties(row), ensure_ascii=False)},"geometry":{text}}}'
        for row, text in zip(frame[columns].to_dict("records"), shapely.to_geojson(geometry), strict=True)
    ]
    return f'{{"type":"FeatureCollection","name":"{name}","features":[\n' + ",\n".join(lines) + "\n]}\n"


def _properties(row: dict[Any, Any]) -> dict[Any, Any]:
    return {key: value.isoformat() if isinstance(value, date) else value for key, value in row.items()}
