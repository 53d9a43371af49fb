"""From a plane back to the drawing: what was drawn there over some of its cells, as edits of those cells."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS
from scipy.spatial import KDTree

from gridmap.ground.arrays import Floats
from gridmap.ground.measure import Geometries, transform
from gridmap.plan.drawing import Drawing
from gridmap.plan.edited import Edited, edits_between, stitched

#: nearer than this, in metres, a place is the vertex or stands on the edge that it was made from
_NEAR_M = 1e-3


def edits_from_plane(drawing: Drawing, codes: Sequence[str], shapes: Geometries, crs: CRS) -> Edited:
    """Edits by which these cells become these shapes: polygons in a metric CRS that share their edges bit for bit, were
    made of the cells' own transformed to it, and cover together what those did.

    A straight edge of the plane is none in degrees, by millimetres; so a place on a border that stays is put on the
    border as it is drawn, and neighbours get the vertices that have come to stand there.
    """
    cells, beside = [drawing.cell(code) for code in codes], drawing.beside(codes)
    own = np.array([cell.shape for cell in cells], dtype=object)
    home = shapely.transform(shapes, _Home(own, crs))
    frame = gpd.GeoDataFrame(
        {"code": [*codes, *(one.code for one in beside)]},
        geometry=[*home, *(one.shape for one in beside)],
        crs="EPSG:4326",
    )
    return edits_between(Drawing.of([*cells, *beside]), stitched(frame))


class _Home:
    """Places of the plane as (lon, lat): of the cells' own vertices bit for bit, of their edges to within rounding."""

    def __init__(self, cells: Geometries, crs: CRS) -> None:
        self.crs = crs
        degrees, owner = shapely.get_coordinates(shapely.get_parts(shapely.boundary(cells)), return_index=True)
        plane = shapely.get_coordinates(transform(shapely.points(degrees), "EPSG:4326", crs))
        self.vertices, self.degrees = KDTree(plane), degrees
        joined = np.flatnonzero(owner[1:] == owner[:-1])
        self.edges = np.stack([degrees[joined], degrees[joined + 1]], axis=1)
        self.lines = np.stack([plane[joined], plane[joined + 1]], axis=1)
        self.tree = shapely.STRtree(shapely.linestrings(self.lines))

    def __call__(self, places: Floats) -> Floats:
        out = shapely.get_coordinates(transform(shapely.points(places), self.crs, "EPSG:4326"))
        row, edge = self.tree.query(shapely.points(places), predicate="dwithin", distance=_NEAR_M)
        start, end = self.lines[edge, 0], self.lines[edge, 1]
        along = ((places[row] - start) * (end - start)).sum(axis=1) / ((end - start) ** 2).sum(axis=1)
        out[row] = self.edges[edge, 0] + along[:, None] * (self.edges[edge, 1] - self.edges[edge, 0])
        apart, nearest = self.vertices.query(places, distance_upper_bound=_NEAR_M)
        met = np.isfinite(apart)
        out[met] = self.degrees[nearest[met]]
        return np.asarray(out, dtype=np.float64)
