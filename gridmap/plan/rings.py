"""The rings of one polygon or of a few, as lists of places: where an edit has to find its way along a border.

A place is (lon, lat), equal bit for bit on both sides of a border. Only the cells an edit touches come here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import shapely
from shapely.geometry.base import BaseGeometry

from gridmap.plan.refusing import Place

Ring = list[Place]
#: polygons, each a shell and its holes
Parts = list[list[Ring]]
#: a segment with its cell on the left
Edge = tuple[Place, Place]


def parts_of(shape: BaseGeometry) -> Parts:
    """The open rings of a polygon or multipolygon."""
    return [
        [[(x, y) for x, y in ring.coords[:-1]] for ring in (part.exterior, *part.interiors)]
        for part in shapely.get_parts(shape)
    ]


def shape_of(parts: Parts) -> BaseGeometry:
    """The polygon, or the multipolygon of several, in GEOS's normal form: it depends on the places alone.

    Raises ValueError for a ring of fewer than three places.
    """
    polygons = []
    for rings in parts:
        if any(len(ring) < 3 for ring in rings):
            raise ValueError("a ring of fewer than three places")
        polygons.append(shapely.Polygon(rings[0], rings[1:]))
    return normal(shapely.multipolygons(polygons))


def normal(shape: BaseGeometry) -> BaseGeometry:
    """A polygonal shape in normal form; a multipolygon of one part is that part."""
    parts = shapely.get_parts(shape)
    return shapely.normalize(parts[0] if len(parts) == 1 else shape)


def replaced(parts: Parts, old: Sequence[Place], new: Sequence[Place]) -> Parts | None:
    """The rings with the way `old` replaced by `new`, wherever it runs, in either direction; None where it does not."""
    found = False
    changed: Parts = []
    for rings in parts:
        changed.append([])
        for ring in rings:
            again = _replaced(ring, old, new) or _replaced(ring, old[::-1], new[::-1])
            found |= again is not None
            changed[-1].append(again or ring)
    return changed if found else None


def _replaced(ring: Ring, old: Sequence[Place], new: Sequence[Place]) -> Ring | None:
    closed = old[0] == old[-1]
    if old[0] not in ring or len(old) > len(ring) + closed:
        return None
    at = ring.index(old[0])
    turned = ring[at:] + ring[:at]
    if closed:
        return list(new[:-1]) if [*turned, turned[0]] == list(old) else None
    return [*new, *turned[len(old) :]] if turned[: len(old)] == list(old) else None


def moved(parts: Parts, place: Place, to: Place) -> Parts:
    """The rings with one place moved."""
    return [[[to if at == place else at for at in ring] for ring in rings] for rings in parts]


def edges_of(shape: BaseGeometry) -> list[Edge]:
    """The segments of a valid shape, its inside on their left."""
    return [
        edge
        for rings in parts_of(shapely.orient_polygons(shape))
        for ring in rings
        for edge in zip(ring, [*ring[1:], ring[0]], strict=True)
    ]


def rim(edges: Iterable[Edge]) -> tuple[set[Edge], Edge | None]:
    """Edges without a partner the other way; and one that is there twice, if there is one: there cells overlap."""
    seen: set[Edge] = set()
    twice = None
    for edge in edges:
        if edge in seen:
            twice = edge
        seen.add(edge)
    return {(a, b) for a, b in seen if (b, a) not in seen}, twice


def cuts(old: set[Edge], new: set[Edge]) -> tuple[dict[Edge, list[Place]], list[Edge]]:
    """How edges of an old rim are divided in a new one: the way along each; and the old edges that are not.

    An old edge is divided when edges of the new rim lead from its start to its end, each on it to within rounding.
    """
    ahead: dict[Place, list[Place]] = {}
    for a, b in new - old:
        ahead.setdefault(a, []).append(b)
    found: dict[Edge, list[Place]] = {}
    lost = []
    for edge in sorted(old - new):
        way = _way(edge, ahead)
        if way is None:
            lost.append(edge)
        else:
            found[edge] = way
    return found, lost


def _way(edge: Edge, ahead: dict[Place, list[Place]]) -> list[Place] | None:
    start, end = edge
    way = [start]
    while way[-1] != end:
        onward = [to for to in ahead.get(way[-1], ()) if to == end or on_line(to, start, end)]
        if not onward or len(way) > len(ahead) + 1:
            return None
        way.append(onward[0])
    return way if len(way) > 2 else None


def on_line(place: Place, start: Place, end: Place) -> bool:
    """Whether a place is on a segment, strictly between its ends, to within a few roundings of its coordinates."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    px, py = place[0] - start[0], place[1] - start[1]
    length = math.hypot(dx, dy)
    allowed = 2.0**-49 * max(1.0, abs(start[0]), abs(start[1]), abs(end[0]), abs(end[1]))
    return abs(dx * py - dy * px) <= allowed * length and 0.0 < dx * px + dy * py < length * length
