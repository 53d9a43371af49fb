"""Cells as they come in a GeoDataFrame, read without changing it: codes as text, polygons in WGS84."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridmap.errors import InvalidInput
from gridmap.ground.measure import Geometries

POLYGONAL = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


def source_rows(cells: pd.DataFrame) -> NDArray[np.int64]:
    """The 1-based row of the source for each row: the column `row` where there is one, else the position."""
    if "row" in cells.columns and pd.api.types.is_integer_dtype(cells["row"]):
        return cells["row"].to_numpy(dtype=np.int64)
    return np.arange(1, len(cells) + 1)


def code_texts(cells: pd.DataFrame, code: str) -> list[str | None]:
    """Codes as text, None where missing. Raises InvalidInput, naming the columns there are, when `code` is none."""
    if code not in cells.columns:
        present = ", ".join(map(str, cells.columns))
        raise InvalidInput(f"the cells have no column {code!r}; they have: {present}", field=code)
    return [_text(value) for value in cells[code].tolist()]


def _text(value: Any) -> str | None:
    if value is None or pd.isna(value):
        return None
    if isinstance(value, float) and value.is_integer():  # a file without a type for whole numbers
        value = int(value)
    return str(value).strip() or None


def wgs84_polygons(cells: gpd.GeoDataFrame) -> Geometries:
    """New two-dimensional geometries in WGS84, or as they stand when the frame has no CRS.

    Raises InvalidInput naming the row of a geometry that is neither polygon nor multipolygon (None and empty ones
    pass), or whose coordinates are not finite.
    """
    series = cells.geometry
    refuse(cells, ~np.isin(shapely.get_type_id(series.values), (-1, *POLYGONAL)) & ~series.is_empty.to_numpy(),
           "is no polygon: a cell is a polygon or multipolygon")  # fmt: skip
    refuse(cells, not_finite(np.asarray(series.values)), "has coordinates that are not finite")
    if series.crs is not None and not series.crs.equals("EPSG:4326", ignore_axis_order=True):
        series = series.to_crs("EPSG:4326")
    # force_2d makes new geometries, so that preparing them leaves the caller's alone
    geoms = np.asarray(shapely.force_2d(np.asarray(series.values)), dtype=object)
    refuse(cells, not_finite(geoms), f"lies where {cells.crs} has no longitude and latitude")
    if series.crs is not None:
        low_high = shapely.bounds(geoms)
        far = np.nanmax(np.abs(low_high), axis=1, initial=0.0, where=~np.isnan(low_high)) > 360.0
        refuse(cells, far, "has no longitudes and latitudes: is its reference system declared rightly?")
    return geoms


def not_finite(geoms: Geometries) -> NDArray[np.bool_]:
    """Which geometries hold a coordinate that is NaN or infinite."""
    coords, owner = shapely.get_coordinates(geoms, return_index=True)
    bad = np.zeros(len(geoms), dtype=bool)
    bad[owner[~np.isfinite(coords).all(axis=1)]] = True
    return bad


def refuse(cells: pd.DataFrame, bad: NDArray[np.bool_], what: str) -> None:
    """Raise InvalidInput about the first row that is bad, and say how many there are."""
    if bad.any():
        rows = source_rows(cells)[bad]
        more = f" (and {len(rows) - 1} more)" if len(rows) > 1 else ""
        raise InvalidInput(f"row {rows[0]}{more} {what}", row=int(rows[0]), rows=[int(r) for r in rows[:100]])
