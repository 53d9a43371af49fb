"""Degrees to metres and back, for the layers that measure: one local transverse Mercator around what is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import contourpy
import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from gridmap.ground import metric_crs, transform, transformer

Floats = npt.NDArray[np.float64]
Geometries = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Plane:
    """A metric plane: x east and y north in metres, scale within 1 in 10,000 over a county."""

    crs: pyproj.CRS

    @classmethod
    def around(cls, west: float, south: float, east: float, north: float) -> Self:
        """The plane centred on a box in degrees (EPSG:4326)."""
        return cls(metric_crs((west + east) / 2, (south + north) / 2))

    def metres(self, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """x and y in metres of arrays of degrees."""
        x, y = transformer("EPSG:4326", self.crs).transform(lon, lat)
        return np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)

    def geometries_to_metres(self, geometries: Geometries) -> Geometries:
        """Geometries in degrees, in metres."""
        return transform(geometries, "EPSG:4326", self.crs)

    def geometries_to_degrees(self, geometries: Geometries) -> Geometries:
        """Geometries in metres, in degrees."""
        return transform(geometries, self.crs, "EPSG:4326")


def filled(x: Floats, y: Floats, values: npt.NDArray[np.floating[Any]], low: float, high: float) -> Geometries:
    """The part of a plane with low <= value < high, as valid polygons with their holes.

    x (columns) and y (rows) are the coordinates of a grid whose `values` are given; between grid points values are
    interpolated along the sides of the squares (contourpy). Neighbouring intervals share their borders exactly.
    """
    generator = contourpy.contour_generator(x, y, values, fill_type=contourpy.FillType.OuterOffset)
    outlines: Any = generator.filled(low, high)
    shapes = []
    for points, offsets in zip(*outlines, strict=True):
        outer, *holes = np.split(points, offsets[1:-1].astype(np.int64))
        shapes.append(shapely.Polygon(outer, holes))
    found = np.array(shapes, dtype=object)
    # rings that touch themselves in a point are lawful contours but no lawful polygons
    valid: Geometries = np.where(shapely.is_valid(found), found, shapely.make_valid(found)) if len(found) else found
    return valid
