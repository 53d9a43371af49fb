"""The area that a surface is drawn in: which pixels of a window lie in it."""

from __future__ import annotations

import threading
from typing import Final, Literal

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray

from layers.mercator import to_world, width

#: bits after the point of a ring's pixels: 1/256 pixel
_BITS: Final = 8
#: pixels of the area that are kept around a window, so that its cut edges are not seen in it
_MARGIN: Final = 4


class Shape:
    """An area (polygons in degrees, EPSG:4326), ready to be asked for windows from several threads at once."""

    def __init__(self, area: shapely.Geometry) -> None:
        self._area = shapely.make_valid(to_world(area))
        shapely.prepare(self._area)
        # a prepared area is for one thread at a time: GEOS makes its indexes when first asked, and lays what it is
        # asked beside them; shapely lets go of the GIL meanwhile. Two at once killed the server's process.
        self._turn = threading.Lock()

    def covers(self, zoom: int, left: int, top: int, columns: int, rows: int) -> Literal["all", "some", "none"]:
        """How much of a window of pixels lies in the area."""
        window = self._window(zoom, left, top, columns, rows)
        with self._turn:
            if not shapely.intersects(self._area, window):
                return "none"
            return "all" if shapely.contains_properly(self._area, window) else "some"

    def mask(self, zoom: int, left: int, top: int, columns: int, rows: int) -> NDArray[np.uint8]:
        """1 where a pixel of the window lies in the area or on its border, (rows, columns)."""
        x0, y0, x1, y1 = self._window(zoom, left, top, columns, rows).bounds
        clipped = shapely.clip_by_rect(self._area, x0, y0, x1, y1)
        out = np.zeros((rows, columns), dtype=np.uint8)
        corner = np.array([left + 0.5, top + 0.5])
        for polygon in shapely.get_parts(clipped):
            if polygon.geom_type == "Polygon":
                rings = [polygon.exterior, *polygon.interiors]
                pixels = [shapely.get_coordinates(ring) * width(zoom) - corner for ring in rings]
                cv2.fillPoly(out, [np.rint(one * 2**_BITS).astype(np.int32) for one in pixels], 1, shift=_BITS)
        return out

    @staticmethod
    def _window(zoom: int, left: int, top: int, columns: int, rows: int) -> shapely.Geometry:
        pixels = (left - _MARGIN, top - _MARGIN, left + columns + _MARGIN, top + rows + _MARGIN)
        return shapely.box(*(pixel / width(zoom) for pixel in pixels))
