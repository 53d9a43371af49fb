"""Cells as the rings of their corners."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from gridmap.ground.arrays import Floats
from gridmap.ground.measure import Geometries


class Rings(NamedTuple):
    """Rings of polygons; `firsts` has one entry more than there are rings."""

    #: shape (n, 2); the first corner of a ring comes again as its last
    corners: Floats
    firsts: NDArray[np.int64]
    #: row position of the ring's cell, plus 1
    labels: NDArray[np.int32]
    #: 1 where the ring is a hole's
    holes: NDArray[np.int32]


def rings_of(cells: Geometries) -> Rings:
    """The rings of polygons and multipolygons; None and empty ones have none."""
    parts, cell = shapely.get_parts(cells, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    sizes = shapely.get_num_coordinates(rings)
    first_of_part = np.ones(len(part), dtype=bool)
    first_of_part[1:] = part[1:] != part[:-1]
    return Rings(
        corners=shapely.get_coordinates(rings) + 0.0,  # of 0.0 and -0.0 there is one left
        firsts=np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]),
        labels=(cell[part] + 1).astype(np.int32),
        holes=(~first_of_part).astype(np.int32),
    )


def without(rings: Rings, cells: NDArray[np.bool_]) -> Rings:
    """The rings of the other cells."""
    kept = ~cells[rings.labels - 1]
    sizes = np.diff(rings.firsts)
    corners = rings.corners[np.repeat(kept, sizes)]
    firsts = np.concatenate([[0], np.cumsum(sizes[kept], dtype=np.int64)])
    return Rings(corners, firsts, rings.labels[kept], rings.holes[kept])


def digest(rings: Rings, codes: NDArray[np.object_]) -> str:
    """A fingerprint of shapes and codes: all that an index is made of."""
    made_of = hashlib.sha256()
    for array in rings:
        made_of.update(str(array.shape).encode())
        made_of.update(np.ascontiguousarray(array).data)
    made_of.update("\0".join(codes.tolist()).encode())
    return made_of.hexdigest()
