"""The plane as borders divide it: edges that pair off, faces between lines, who covers a face, who lies beside whom.

All in the coordinates of the shapes, whatever they are; nothing is measured here but planar lengths. Every cost is that
of sorting the vertices or of a tree; no loop is over pairs of shapes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gridmap.ground.arrays import Floats
from gridmap.ground.measure import Geometries

Rows = NDArray[np.int64]

#: a point is well inside when it is further from the rim than this part of the mean half width
_CLEAR = 0.1


@dataclass(frozen=True, slots=True)
class Edges:
    """The segments of many rings, interiors on the left: ends as numbers of places, coordinates, and whose they are."""

    start: Rows
    end: Rows
    start_xy: Floats
    end_xy: Floats
    owner: Rows
    #: numbers of the segments as they follow one another in the rings; a ring's first is no successor of another's last
    order: Rows

    def key(self) -> Rows:
        """One number for the two ends of each segment, in whichever direction."""
        most = int(max(self.start.max(initial=0), self.end.max(initial=0))) + 1
        return np.minimum(self.start, self.end) * most + np.maximum(self.start, self.end)


def edges(shapes: Geometries) -> Edges:
    """The edges of valid polygons (None has none), those of no length left out."""
    parts, shape = shapely.get_parts(shapely.orient_polygons(shapes), return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    xy = xy + 0.0  # no minus zero: equal places get equal numbers
    _, place = np.unique(xy[:, 0] + 1j * xy[:, 1], return_inverse=True)
    joined = (ring[1:] == ring[:-1]) & (place[1:] != place[:-1])
    at = np.flatnonzero(joined)
    owner = shape[part[ring[at]]] if len(at) else np.zeros(0, dtype=np.int64)
    order = at + ring[at]  # a gap between two rings
    return Edges(place[at].astype(np.int64), place[at + 1].astype(np.int64), xy[at], xy[at + 1], owner, order)


def loose_edges(shapes: Geometries) -> Geometries:
    """The edges that have not exactly one shape on each side, as lines: rims, and whatever does not fit."""
    found = edges(shapes)
    key = found.key()
    order = np.argsort(key, kind="stable")
    _, first, count = np.unique(key[order], return_index=True, return_counts=True)
    forward = (found.start < found.end)[order]
    paired = (count == 2) & (np.add.reduceat(forward, first) == 1 if len(first) else False)
    loose = np.ones(len(key), dtype=bool)
    loose[order] = ~np.repeat(paired, count)
    return _chained(found, np.flatnonzero(loose))


def _chained(found: Edges, chosen: Rows) -> Geometries:
    """Edges as few lines: those that follow one another in a ring are one."""
    if not len(chosen):
        return np.zeros(0, dtype=object)
    fresh = np.r_[True, np.diff(found.order[chosen]) != 1]
    # a line's first edge gives both its ends, each later one only its end
    at = np.cumsum(1 + fresh) - 1
    xy = np.empty((int(at[-1]) + 1, 2))
    line = np.empty(len(xy), dtype=np.int64)
    number = np.cumsum(fresh) - 1
    xy[at], line[at] = found.end_xy[chosen], number
    xy[at[fresh] - 1], line[at[fresh] - 1] = found.start_xy[chosen[fresh]], number[fresh]
    return np.asarray(shapely.linestrings(xy, indices=line), dtype=object)


def faces(lines: Geometries, digits: int | None = None) -> Geometries:
    """The bounded faces between lines that may cross, touch and coincide.

    They share their edges bit for bit. With `digits` every coordinate has so many decimals and no more; without, the
    lines' own vertices stay where they are, and only crossings are new.
    """
    if digits is None:
        noded = shapely.union_all(lines)
    else:
        noded = rounded(shapely.union_all(lines, grid_size=10.0**-digits), digits)
    found = shapely.get_parts(shapely.polygonize([noded]))
    return np.asarray(found, dtype=object)


def rounded(shapes: Any, digits: int) -> Any:
    """Geometry with coordinates of so many decimals: the float64 that is nearest to each, as a file would give back."""
    return shapely.transform(shapes, lambda xy: np.round(xy, digits) + 0.0)


def covering(found: Geometries, shapes: Geometries) -> tuple[Rows, Rows]:
    """Pairs (face, shape) where the shape covers the face, told by a point inside each face; sorted by face."""
    tree = shapely.STRtree(inner_points(found))
    shape, face = tree.query(shapes, predicate="intersects")
    order = np.lexsort((shape, face))
    return face[order].astype(np.int64), shape[order].astype(np.int64)


def inner_points(found: Geometries) -> Geometries:
    """A point inside each polygon, well away from its rim for its width.

    GEOS takes the middle of the polygon's middle line, which may be where it has no width to speak of: on the thin tail
    of a face, say. There it is the middle of the largest triangle of its triangulation.
    """
    points = np.asarray(shapely.point_on_surface(found), dtype=object)
    width = np.divide(shapely.area(found), shapely.length(found))  # half the width, of long ones
    narrow = shapely.distance(points, shapely.boundary(found)) < _CLEAR * width
    triangles, face = shapely.get_parts(shapely.constrained_delaunay_triangles(found[narrow]), return_index=True)
    rising = np.argsort(shapely.area(triangles), kind="stable")
    at = np.flatnonzero(narrow)[face[rising]]
    points[at] = shapely.centroid(triangles[rising])  # of those for one face the last, largest, stays
    return points


def parted(shapes: Geometries) -> tuple[Geometries, Geometries]:
    """What valid shapes cover, in faces, and the areas they enclose, also by touching in single points, and do not."""
    found = faces(loose_edges(shapes))
    covered = np.zeros(len(found), dtype=bool)
    covered[covering(found, shapes)[0]] = True
    return found[covered], found[~covered]


@dataclass(frozen=True, slots=True)
class Sides:
    """Pairs of faces that share a border, each pair once in each direction, and how long the border is."""

    face: Rows
    other: Rows
    length: Floats


def sides(found: Geometries, scale: tuple[float, float] = (1.0, 1.0)) -> Sides:
    """Which faces lie side by side. `scale`: what one unit of x and of y counts in lengths."""
    all_edges = edges(found)
    key = all_edges.key()
    order = np.argsort(key, kind="stable")
    twin = np.flatnonzero(key[order][1:] == key[order][:-1])
    one, two = order[twin], order[twin + 1]
    way = (all_edges.end_xy[one] - all_edges.start_xy[one]) * scale
    left, right = all_edges.owner[one], all_edges.owner[two]
    pair = np.r_[left * len(found) + right, right * len(found) + left]
    unique, back = np.unique(pair, return_inverse=True)
    length = np.zeros(len(unique))
    np.add.at(length, back, np.tile(np.hypot(way[:, 0], way[:, 1]), 2))
    count = max(len(found), 1)
    return Sides(unique // count, unique % count, length)
