"""Plane metres around the county, and back to degrees."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from gridmap.demo import layout
from gridmap.demo.mesh import Floats
from gridmap.ground import metric_crs, transformer


class Plane:
    """A transverse Mercator centred on the county's seat."""

    def __init__(self) -> None:
        lon, lat = layout.ORIGIN
        self._to = transformer("EPSG:4326", metric_crs([lon], [lat]))

    def xy(self, lon: Floats, lat: Floats) -> Floats:
        """(n, 2) metres of (n,) degrees."""
        return np.column_stack(self._to.transform(lon, lat))

    def lonlat(self, xy: Floats, digits: int) -> Floats:
        """(n, 2) degrees of (n, 2) metres, rounded."""
        lon, lat = self._to.transform(xy[:, 0], xy[:, 1], direction="INVERSE")
        return np.round(np.column_stack([lon, lat]), digits)

    def flat(self, geometry: NDArray[np.object_]) -> NDArray[np.object_]:
        """Geometries in degrees as geometries in metres."""
        moved = shapely.transform(geometry, lambda c: self.xy(c[:, 0], c[:, 1]))
        return np.asarray(moved, dtype=object)

    def round(self, geometry: NDArray[np.object_], digits: int) -> NDArray[np.object_]:
        """Geometries in metres as geometries in degrees, rounded."""
        moved = shapely.transform(geometry, lambda c: self.lonlat(c, digits))
        return np.asarray(moved, dtype=object)
