"""The square of web mercator that tiles are cut from: degrees to pixels and back, tiles, and metres on the ground.

At zoom z the world is `TILE * 2**z` pixels wide; x grows to the east, y to the south, both 0 in the north-west corner.
The centre of pixel (column, row) is at (column + 0.5, row + 0.5).
"""

from __future__ import annotations

from typing import Final, TypeVar

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from gridmap.errors import NotFound

TILE: Final = 256
#: tiles are asked for down to this zoom: 15 cm a pixel at the equator
DEEPEST: Final = 20
#: metres around the equator of the sphere that web mercator is drawn from
AROUND_M: Final = 2 * np.pi * 6_378_137.0

Floats = NDArray[np.float64]
Shapes = TypeVar("Shapes", shapely.Geometry, NDArray[np.object_])


def world(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """x and y of degrees (EPSG:4326) as parts of the world's width, 0 to 1; multiply by `width(zoom)` for pixels.

    Latitudes beyond 85.05° lie outside 0 to 1, as tiles end there; NaN stays NaN.
    """
    sine = np.sin(np.radians(np.asarray(lat, dtype=np.float64)))
    y: Floats = 0.5 - np.arctanh(sine) / (2 * np.pi)
    return np.asarray(lon, dtype=np.float64) / 360 + 0.5, y


def degrees(x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    """Longitude and latitude of parts of the world's width; the inverse of `world`."""
    lat: Floats = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * np.asarray(y, dtype=np.float64)))))
    return (np.asarray(x, dtype=np.float64) - 0.5) * 360, lat


def width(zoom: int) -> int:
    """How many pixels wide the world is."""
    return TILE << zoom


def metres_a_pixel(zoom: int, lat: float) -> float:
    """How many metres on the ground a pixel spans at this latitude."""
    return AROUND_M * float(np.cos(np.radians(lat))) / width(zoom)


def check_tile(zoom: int, x: int, y: int) -> None:
    """Raise NotFound for a tile that there is not."""
    if not (0 <= zoom <= DEEPEST and 0 <= x < 1 << zoom and 0 <= y < 1 << zoom):
        raise NotFound(f"there is no such tile: zoom goes from 0 to {DEEPEST}, x and y from 0 to 2^zoom - 1")


def to_world(shape: Shapes) -> Shapes:
    """A geometry in degrees, or an array of them, in parts of the world's width (y to the south: rings turn round)."""

    def move(xy: Floats) -> Floats:
        return np.column_stack(world(xy[:, 0], xy[:, 1]))

    moved: Shapes = shapely.transform(shapely.force_2d(shape), move)
    return moved
