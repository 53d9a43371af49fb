"""Cells as Mapbox vector tiles (MVT 2.1), made here and not by PostGIS, so that both databases give the same bytes.

Borders stay shared: each vertex is moved to the tile's grid by itself, whatever cell it belongs to, and none is left
out that its neighbour keeps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import mapbox_vector_tile
import numpy as np
import numpy.typing as npt
import shapely

from layers import mercator

#: grid units along a tile's side, and how far beyond its edge shapes go on, so that no seam shows
EXTENT, BUFFER = 4096, 64
#: the last zoom that there are tiles of; a unit is then 2 mm
DEEPEST = 22
Floats = npt.NDArray[np.float64]
_POLYGON = 3
_OPTIONS = {"y_coord_down": True, "extents": EXTENT, "check_winding_order": False}


class TileSource:
    """Polygons with what is told of each, ready to be cut into tiles of the layer `name`.

    `shapes` are shapely polygons or multipolygons (WGS84), `ids` and `properties` as long. A property that is None is
    left out, as MVT has no word for it. Safe to share between threads.
    """

    def __init__(
        self, name: str, shapes: npt.NDArray[np.object_], ids: Sequence[int], properties: Sequence[Mapping[str, Any]]
    ) -> None:
        self._name = name
        self._shapes = mercator.to_world(shapes)
        self._ids = ids
        self._properties = properties
        self._tree = shapely.STRtree(self._shapes)

    def tile(self, z: int, x: int, y: int) -> bytes:
        """The tile z/x/y, y counted from the north; empty bytes where there is nothing."""
        features = []
        for row in np.sort(self._near(z, x, y)).tolist():
            shape = _on_grid(self._shapes[row], 2.0**z, x, y)
            if shape is not None:
                features.append({"geometry": shape, "id": self._ids[row], "properties": self._properties[row]})
        if not features:
            return b""
        tile: bytes = mapbox_vector_tile.encode([{"name": self._name, "features": features}], default_options=_OPTIONS)
        return tile

    def has(self, z: int, x: int, y: int) -> bool:
        """Whether any shape's box reaches into the tile."""
        return len(self._near(z, x, y)) > 0

    def _near(self, z: int, x: int, y: int) -> npt.NDArray[np.int64]:
        reach = BUFFER / EXTENT
        near: npt.NDArray[np.int64] = self._tree.query(
            shapely.box(*(np.array([x - reach, y - reach, x + 1 + reach, y + 1 + reach]) / 2.0**z))
        )
        return near


def _on_grid(shape: shapely.Geometry, scale: float, x: int, y: int) -> shapely.Geometry | None:
    """A shape of the world's square on a tile's grid, its outer rings turning as MVT asks; None when nothing is left.

    Polygons of no area (smaller than a unit) are left out: their neighbours' vertices meet where they were.
    """
    moved = shapely.transform(shape, lambda xy: (xy * scale - (x, y)) * EXTENT)
    west, south, east, north = moved.bounds
    if min(west, south) < -BUFFER or max(east, north) > EXTENT + BUFFER:
        moved = shapely.clip_by_rect(moved, -BUFFER, -BUFFER, EXTENT + BUFFER, EXTENT + BUFFER)
    parts = shapely.get_parts(moved)
    parts = shapely.transform(parts[shapely.get_type_id(parts) == _POLYGON], np.rint)
    parts = [_without_empty_holes(part) for part in parts[shapely.area(parts) > 0]]
    if not parts:
        return None
    return shapely.orient_polygons(shapely.MultiPolygon(parts), exterior_cw=False)


def _without_empty_holes(part: shapely.Polygon) -> shapely.Polygon:
    if not len(part.interiors):
        return part
    return shapely.Polygon(part.exterior, [ring for ring in part.interiors if shapely.Polygon(ring).area > 0])
