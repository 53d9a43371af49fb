"""Topology as arrays: places, borders between nodes, rings made of borders, faces made of rings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from gridmap.ground.arrays import Floats
from gridmap.ground.measure import Geometries

Rows = NDArray[np.int64]
NOBODY = -1


@dataclass(frozen=True, slots=True)
class Topology:
    """A coverage as a planar graph. Arrays of arrays are flat, with `*_from` telling where each one begins.

    A border (an edge of the graph) runs from node to node and has the same two faces beside it all the way; one that
    meets no node is closed and begins at its lowest place. Coordinates are those of the shapes, bit for bit.
    """

    #: coordinates of the places, shape (places, 2); each occurs once
    xy: Floats
    #: places where a border ends: all but those with exactly two segments
    nodes: Rows
    #: places along each border, both ends included
    border_places: Rows
    border_from: Rows
    #: the faces on the left and on the right of a border, `NOBODY` outside
    left: Rows
    right: Rows
    #: borders along each ring, ~border (-1 - border) where it runs backwards; a ring starts `ring_shift` places later
    ring_borders: Rows
    ring_from: Rows
    ring_shift: Rows
    #: the polygon of each ring (its shell first), and the face of each polygon
    ring_part: Rows
    part_face: Rows
    #: faces that came as multipolygons, also those of one part
    multi: NDArray[np.bool_]

    @property
    def faces(self) -> int:
        return len(self.multi)

    @property
    def borders(self) -> int:
        return len(self.left)

    def border(self, number: int) -> Floats:
        """Coordinates along a border, shape (n, 2)."""
        return self.xy[self.border_places[self.border_from[number] : self.border_from[number + 1]]]

    def lines(self) -> Geometries:
        """All borders as lines."""
        owner = np.repeat(np.arange(self.borders), np.diff(self.border_from))
        return np.asarray(shapely.linestrings(self.xy[self.border_places], indices=owner), dtype=object)

    def borders_of(self, faces: Rows) -> Rows:
        """Borders with one of these faces on a side, ascending."""
        return np.flatnonzero(np.isin(self.left, faces) | np.isin(self.right, faces))

    def neighbours(self) -> tuple[Rows, Rows]:
        """Pairs (face, other) that share a border of some length, each pair once, the lower first."""
        inner = (self.left != NOBODY) & (self.right != NOBODY) & (self.left != self.right)
        low, high = np.minimum(self.left, self.right)[inner], np.maximum(self.left, self.right)[inner]
        pairs = np.unique(low * max(self.faces, 1) + high)
        return pairs // max(self.faces, 1), pairs % max(self.faces, 1)

    def polygons(self, faces: Rows | None = None) -> Geometries:
        """The shapes of faces (all, or those asked for), as they came: same vertices, starts, turns and kinds."""
        wanted = np.arange(self.faces) if faces is None else np.asarray(faces, dtype=np.int64)
        number = np.full(self.faces, NOBODY)
        number[wanted] = np.arange(len(wanted))
        ring = np.flatnonzero(number[self.part_face[self.ring_part]] != NOBODY)
        xy, owner = self._ring_coordinates(ring)
        rings = shapely.linearrings(xy, indices=owner)
        parts, part_of_ring = np.unique(self.ring_part[ring], return_inverse=True)
        polygons = np.asarray(shapely.polygons(rings, indices=part_of_ring), dtype=object)
        face = number[self.part_face[parts]]
        order = np.argsort(face, kind="stable")
        shapes = np.asarray(shapely.multipolygons(polygons[order], indices=face[order]), dtype=object)
        single = ~self.multi[wanted]
        shapes[single] = shapely.get_geometry(shapes[single], 0)
        return shapes

    def _ring_coordinates(self, rings: Rows) -> tuple[Floats, Rows]:
        """Coordinates of open rings and the position of the ring that each belongs to."""
        at, ring = spread(self.ring_from, rings)
        signed = self.ring_borders[at]
        border = np.where(signed < 0, ~signed, signed)
        size = (self.border_from[border + 1] - self.border_from[border]) - 1  # the last place begins the next border
        step = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
        back = np.repeat(signed < 0, size)
        first, last = self.border_from[border], self.border_from[border + 1] - 1
        places = self.border_places[np.where(back, np.repeat(last, size) - step, np.repeat(first, size) + step)]
        owner = np.repeat(ring, size)
        length = np.bincount(owner, minlength=len(rings))
        start = np.cumsum(length) - length
        turned = np.arange(len(places)) - start[owner]
        turned = start[owner] + (turned + self.ring_shift[rings][owner]) % length[owner]
        return self.xy[places[turned]], owner


def spread(starts: Rows, chosen: Rows) -> tuple[Rows, Rows]:
    """Positions of all entries of the chosen lists of a flat array, and which of the chosen each belongs to."""
    size = starts[chosen + 1] - starts[chosen]
    owner = np.repeat(np.arange(len(chosen)), size)
    step = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
    return starts[chosen][owner] + step, owner
