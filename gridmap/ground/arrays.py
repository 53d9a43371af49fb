"""Numbers as they come from people and files, as the float64 arrays that the ground works on."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import shapely.errors
from numpy.typing import ArrayLike, NDArray

from gridmap.errors import InvalidInput

Floats = NDArray[np.float64]


def floats(values: ArrayLike, name: str) -> Floats:
    """A one-dimensional float64 array of a number or any sequence; None and NA become NaN.

    Raises InvalidInput when something is no number, or when there is more than one dimension.
    """
    try:
        if isinstance(values, (pd.Series, pd.Index, pd.api.extensions.ExtensionArray)):
            array = values.to_numpy(dtype=np.float64, na_value=np.nan)
        else:
            array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidInput(f"{name} must be numbers", field=name) from None
    if array.ndim > 1:
        raise InvalidInput(f"{name} must be one number or a list of numbers, not a table of them", field=name)
    return np.atleast_1d(array)


def paired(x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    """Two arrays of one length; see `floats`. Raises InvalidInput when the lengths differ."""
    first, second = floats(x, "x or longitude"), floats(y, "y or latitude")
    if len(first) != len(second):
        raise InvalidInput(
            f"there are {len(first)} x or longitudes, but {len(second)} y or latitudes", x=len(first), y=len(second)
        )
    return first, second


def columns(points: gpd.GeoSeries) -> tuple[Floats, Floats]:
    """Longitudes and latitudes (WGS84) of points, NaN for missing and empty ones; as they stand without a CRS.

    Raises InvalidInput naming the first, counted from 1, that is no point.
    """
    if points.crs is not None and not points.crs.equals("EPSG:4326", ignore_axis_order=True):
        points = points.to_crs("EPSG:4326")
    shapes = np.asarray(points.values)
    try:
        x, y = shapely.get_x(shapes), shapely.get_y(shapes)
    except shapely.errors.GEOSException:  # some are empty: looking for those first costs as much again
        shapes = shapes.copy()
        shapes[shapely.is_empty(shapes)] = None
        x, y = shapely.get_x(shapes), shapely.get_y(shapes)
    unknown = np.flatnonzero(np.isnan(x))
    wrong = unknown[~np.isin(shapely.get_type_id(shapes[unknown]), (-1, shapely.GeometryType.POINT))]
    if len(wrong):
        raise InvalidInput(f"{shapes[wrong[0]].geom_type} {wrong[0] + 1} is no point", row=int(wrong[0]) + 1)
    return x, y
