"""Numbers as they come from people and files, as the float64 arrays that the ground works on."""

from __future__ import annotations

import numpy as np
import pandas as pd
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
