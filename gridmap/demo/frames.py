"""Small things that all frames of the demo county share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridmap.demo.mesh import Floats


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with its texts as objects, None where there is none: what the canonical frames promise."""
    frame = frame.copy()
    for column in frame.columns:
        if isinstance(frame[column].dtype, pd.StringDtype) or frame[column].dtype == object:
            values = frame[column].astype(object)
            frame[column] = values.where(values.notna(), None)
    return frame


def numbered(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with `row`, 1 for the first."""
    frame = plain(frame).reset_index(drop=True)
    frame.insert(0, "row", np.arange(1, len(frame) + 1))
    return frame


def as_came(lonlat: Floats) -> dict[str, Any]:
    """The point columns of places that came in WGS84; (n, 2) degrees."""
    lon, lat = lonlat.T
    return {"lon": lon, "lat": lat, "crs_in": "EPSG:4326", "x_in": lon, "y_in": lat}
