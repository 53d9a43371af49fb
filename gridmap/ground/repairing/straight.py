"""Borders without the places where something met them once: what two neighbours share straight on needs no vertex."""

from __future__ import annotations

import numpy as np
import shapely

from gridmap.ground.arrangement import Rows
from gridmap.ground.arrays import Floats
from gridmap.ground.measure import Geometries
from gridmap.ground.repairing.owners import Mask

#: a place is on the straight line between its neighbours when it misses it by no more than this part of its
#: coordinates: a few roundings
_ROUNDING = 2.0**-50


def straightened(new: Geometries, old: Geometries) -> Geometries:
    """The new shapes as multipolygons without stray vertices; `old`: the same cells as they were, vertices to keep.

    A vertex is stray where no border ends, no shape beside it had it before, and it lies straight between its
    neighbours. It goes from all shapes at once, so that they keep fitting.
    """
    parts, shape = shapely.get_parts(new, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    closing = np.r_[ring[1:] != ring[:-1], True]
    xy, ring = xy[~closing], ring[~closing]
    keep = ~_stray(xy, ring, shape[part[ring]], old)
    whole = shapely.linearrings(xy[keep], indices=ring[keep])
    polygons = shapely.polygons(whole, indices=part)
    return np.asarray(shapely.multipolygons(polygons, indices=shape), dtype=object)


def _stray(xy: Floats, ring: Rows, shape: Rows, old: Geometries) -> Mask:
    """Which vertices are stray: `xy` of unclosed rings, their ring and their shape."""
    at = np.arange(len(ring))
    first = np.r_[True, ring[1:] != ring[:-1]]
    last = np.r_[first[1:], True]
    after, before = at + 1, at - 1
    after[last], before[first] = at[first], at[last]
    was, whose = shapely.get_coordinates(old, return_index=True)
    every = np.concatenate([xy, was]) + 0.0
    places, place = np.unique(every[:, 0] + 1j * every[:, 1], return_inverse=True)
    here, there = place[: len(xy)], place[len(xy) :]
    needed = np.isin(shape * len(places) + here, whose * len(places) + there) | ~_straight(xy, before, after)
    fixed = _ends(here, here[after], len(places))
    fixed[here[needed]] = True
    return np.asarray(~fixed[here])


def _straight(xy: Floats, before: Rows, after: Rows) -> Mask:
    """Which vertices lie on the straight line between the ones before and after them."""
    come, go, way = xy - xy[before], xy[after] - xy, xy[after] - xy[before]
    aside = np.abs(way[:, 0] * come[:, 1] - way[:, 1] * come[:, 0])
    onwards = (come * go).sum(axis=1) > 0.0
    close = aside <= _ROUNDING * np.abs(xy).max(axis=1) * np.hypot(way[:, 0], way[:, 1])
    return np.asarray(onwards & close)


def _ends(start: Rows, end: Rows, count: int) -> Mask:
    """Which places have not exactly two borders, an edge that two shapes share counted once."""
    pairs = np.unique(np.minimum(start, end) * count + np.maximum(start, end))
    borders = np.bincount(pairs // count, minlength=count) + np.bincount(pairs % count, minlength=count)
    return np.asarray(borders != 2)
