"""From polygons to topology, by sorting numbers: no loop over cells, and the cost of a few sorts of the vertices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridmap.errors import InvalidInput
from gridmap.ground.arrays import Floats
from gridmap.ground.measure import Geometries
from gridmap.ground.topology.model import NOBODY, Rows, Topology

_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Rings:
    """The rings of all shapes, open: the places along them, and whose they are."""

    xy: Floats
    place: Rows
    ring: Rows
    #: where each ring begins, and the end of the last
    start: Rows
    part: Rows
    face: Rows
    #: shells counter-clockwise, holes clockwise: the face is on the left
    on_left: NDArray[np.bool_]
    #: undirected segment from each place to the next in the ring, and the number of segments
    segment: Rows
    after: Rows


def topology(shapes: Geometries) -> Topology:
    """The topology of polygons and multipolygons that are a coverage: neighbours share the vertices of their border.

    Raises InvalidInput naming the position of a shape that is no polygon, repeats a vertex, or overlaps another; what
    it cannot see (cracks, T-shaped joints) `faults` finds. `Topology.polygons` gives the shapes back bit for bit,
    except that minus zero becomes zero.
    """
    shapes = np.asarray(shapely.force_2d(shapes), dtype=object)
    multi = shapely.get_type_id(shapes) == shapely.GeometryType.MULTIPOLYGON
    polygonal = multi | (shapely.get_type_id(shapes) == shapely.GeometryType.POLYGON)
    bad = np.flatnonzero(~polygonal | shapely.is_empty(shapes))
    if len(bad):
        raise InvalidInput(f"shape {bad[0]} is no polygon", shape=int(bad[0]))
    parts, part_face = shapely.get_parts(shapes, return_index=True)
    rings = rings_of(parts, part_face)
    _refuse_three_sides(rings)
    node = _nodes(rings)
    return _assembled(rings, node, part_face.astype(np.int64), np.asarray(multi, dtype=bool))


def rings_of(parts: Geometries, part_face: Rows) -> Rings:
    """The rings of polygons with their places numbered; raises InvalidInput for a vertex repeated in a row."""
    lines, part = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(lines, return_index=True)
    closing = np.r_[ring[1:] != ring[:-1], np.ones(min(len(ring), 1), dtype=bool)]
    xy, ring = xy[~closing] + 0.0, ring[~closing].astype(np.int64)
    size = np.bincount(ring, minlength=len(lines))
    start = np.r_[0, np.cumsum(size)]
    place, xy = _numbered(xy)
    after = np.arange(1, len(place) + 1)
    after[start[1:] - 1] = start[:-1]
    same = np.flatnonzero(place == place[after])
    if len(same):
        face, at = int(part_face[part[ring[same[0]]]]), xy[place[same[0]]]
        raise InvalidInput(f"shape {face} repeats a vertex at {at[0]}, {at[1]}", shape=face, at=at.tolist())
    low, high = np.minimum(place, place[after]), np.maximum(place, place[after])
    segment = pd.factorize(low * len(xy) + high)[0].astype(np.int64)
    shell = np.r_[True, part[1:] != part[:-1]] if len(part) else np.zeros(0, dtype=bool)
    on_left = shapely.is_ccw(lines) == shell
    return Rings(
        xy, place, ring, start, part.astype(np.int64), part_face[part].astype(np.int64), on_left, segment, after
    )


def _numbered(xy: Floats) -> tuple[Rows, Floats]:
    """A number for each distinct pair of coordinates, and the pairs by number."""
    bits = np.ascontiguousarray(xy).view(np.uint64)
    mixed = (bits[:, 0] * _MIX) ^ ((bits[:, 1] << np.uint64(31)) | (bits[:, 1] >> np.uint64(33)))
    place = pd.factorize(mixed)[0].astype(np.int64)
    first = np.zeros(int(place.max(initial=-1)) + 1, dtype=np.int64)
    first[place[::-1]] = np.arange(len(place))[::-1]
    if not np.array_equal(xy[first][place], xy):  # two pairs were mixed into one number
        _, first, back = np.unique(xy[:, 0] + 1j * xy[:, 1], return_index=True, return_inverse=True)
        place = back.astype(np.int64)
    return place, xy[first]


def _refuse_three_sides(rings: Rings) -> None:
    """Each segment has one face on each side at most; where more claim one, cells overlap."""
    forward = (rings.place < rings.place[rings.after]) == rings.on_left[rings.ring]
    side = rings.segment * 2 + forward
    count = np.bincount(side)
    twice = np.flatnonzero(count[side] > 1)
    if len(twice):
        again = twice[side[twice] == side[twice[0]]]
        faces = sorted({int(rings.face[rings.ring[i]]) for i in again})
        at = rings.xy[rings.place[again[0]]]
        raise InvalidInput(
            f"shapes {', '.join(map(str, faces))} are on the same side of their border at {at[0]}, {at[1]}",
            shapes=faces,
            at=at.tolist(),
        )


def _nodes(rings: Rings) -> NDArray[np.bool_]:
    """Which places end borders: all that have not just two segments."""
    _, first = np.unique(rings.segment, return_index=True)
    ends = np.r_[rings.place[first], rings.place[rings.after[first]]]
    return np.asarray(np.bincount(ends, minlength=len(rings.xy)) != 2)


def _assembled(rings: Rings, node: NDArray[np.bool_], part_face: Rows, multi: NDArray[np.bool_]) -> Topology:
    """Cut rings at nodes into runs; the two runs along one border are one."""
    turned, shift = _turned(rings, node)
    place, ring = rings.place[turned], rings.ring
    begins = node[place]
    begins[rings.start[:-1]] = True
    run_start = np.flatnonzero(begins)
    run_size = np.diff(np.r_[run_start, len(place)])
    key = np.minimum.reduceat(rings.segment[turned], run_start) if len(run_start) else run_start
    _, chosen, border = np.unique(key, return_index=True, return_inverse=True)
    owner, after = ring[run_start], turned[np.arange(len(turned))]
    second = rings.place[rings.after[after[run_start]]]
    # of a closed border both runs begin in one place: the second tells which way each goes
    same_way = (place[run_start] == place[run_start[chosen]][border]) & (second == second[chosen][border])
    size = run_size[chosen] + 1
    border_from = np.r_[0, np.cumsum(size)]
    step = np.arange(border_from[-1]) - np.repeat(border_from[:-1], size)
    at = turned[np.repeat(run_start[chosen], size) + np.minimum(step, np.repeat(size - 2, size))]
    places = np.where(step == np.repeat(size - 1, size), rings.place[rings.after[at]], rings.place[at])
    left, right = np.full(len(chosen), NOBODY), np.full(len(chosen), NOBODY)
    face, is_left = rings.face[owner], rings.on_left[owner] == same_way
    left[border[is_left]], right[border[~is_left]] = face[is_left], face[~is_left]
    return Topology(
        xy=rings.xy,
        nodes=np.flatnonzero(node),
        border_places=places,
        border_from=border_from,
        left=left,
        right=right,
        ring_borders=np.where(same_way, border, ~border).astype(np.int64),
        ring_from=np.searchsorted(owner, np.arange(len(rings.part) + 1)),
        ring_shift=shift,
        ring_part=rings.part,
        part_face=part_face,
        multi=multi,
    )


def _turned(rings: Rings, node: NDArray[np.bool_]) -> tuple[Rows, Rows]:
    """Positions with each ring begun at its first node, else at its lowest place; and where its own start then is."""
    if not len(rings.place):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    size, start = np.diff(rings.start), rings.start[:-1]
    step = np.arange(len(rings.place)) - start[rings.ring]
    first_node = np.minimum.reduceat(np.where(node[rings.place], step, len(step)), start)
    lowest = np.minimum.reduceat(rings.place, start)
    at_lowest = np.minimum.reduceat(np.where(rings.place == lowest[rings.ring], step, len(step)), start)
    begin = np.where(first_node < len(step), first_node, at_lowest)
    turned = start[rings.ring] + (step + begin[rings.ring]) % size[rings.ring]
    return turned, (size - begin) % size
