"""One round of repair: borders of damaged cells and of their neighbours divide the ground, each face gets one owner.

Cells that nothing happens to keep their very shape, vertex for vertex.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from gridmap.ground.arrangement import Rows, Sides, covering, faces, parted, sides
from gridmap.ground.arrays import Floats
from gridmap.ground.coverage import areas_m2, more_than_rounding
from gridmap.ground.measure import Geometries
from gridmap.ground.repairing.drawing import Drawing, beside
from gridmap.ground.repairing.owners import NOBODY, Claims, Mask, Owners, components, settle
from gridmap.ground.repairing.straight import straightened


@dataclass(frozen=True, slots=True)
class Round:
    """The shapes after a round, and what it was about: faces, their m2, who claimed them and who has them.

    `gap`: faces in no cell that were to be filled. `lost`: claims beyond the boundary that were cut off.
    """

    shapes: Geometries
    faces: Geometries
    area: Floats
    claims: Claims
    owners: Owners
    gap: Mask
    lost: Claims


def redraw(drawing: Drawing, hurt: Mask) -> Round:
    """Give each face between the hurt cells and around them to one owner; see `owners` for the rules."""
    shapes = drawing.shapes
    chosen = hurt.copy()
    rest = np.flatnonzero(~hurt)
    chosen[rest] = beside(shapes[hurt], shapes[rest], drawing.touch)
    found, claims = _claimed(drawing, chosen)
    area, beside_one_another = areas_m2(found, drawing.crs), sides(found, drawing.scale)
    beyond = _beyond(drawing, found, claims, area, beside_one_another)
    lost, claims = claims.among(beyond), claims.among(~beyond)
    gap = _gaps(drawing, chosen, found, ~beyond, claims, area, beside_one_another)
    parts = areas_m2(shapely.get_parts(shapes[chosen]), drawing.crs)
    owners = settle(claims, parts, area, beside_one_another, gap, drawing.limit_m2)
    return Round(_rebuilt(shapes, chosen, found, owners.final), found, area, claims, owners, gap, lost)


def _claimed(drawing: Drawing, chosen: Mask) -> tuple[Geometries, Claims]:
    """The faces that the chosen cells' borders make and no other cell covers, and who claims them."""
    own, others = drawing.shapes[chosen], drawing.shapes[~chosen]
    lines = [shapely.boundary(own)]
    if drawing.within is not None:
        lines.append(np.array([shapely.boundary(drawing.within)], dtype=object))
    found = faces(np.concatenate(lines), drawing.digits)
    found = found[~_covered(found, others)]
    parts, row = shapely.get_parts(own, return_index=True)
    face, part = covering(found, parts)
    return found, Claims.of(face, part, np.flatnonzero(chosen)[row[part]])


def _covered(found: Geometries, shapes: Geometries) -> Mask:
    covered = np.zeros(len(found), dtype=bool)
    covered[covering(found, shapes)[0]] = True
    return covered


def _beyond(drawing: Drawing, found: Geometries, claims: Claims, area: Floats, border: Sides) -> Mask:
    """Claimed faces beyond the boundary, in pieces up to the limit."""
    beyond = np.zeros(len(found), dtype=bool)
    if drawing.within is not None:
        beyond[claims.face] = True
        beyond &= ~_covered(found, np.array([drawing.within], dtype=object))
        beyond &= _up_to(drawing.limit_m2, beyond, area, border)
    return beyond


def _gaps(
    drawing: Drawing, chosen: Mask, found: Geometries, among: Mask, claims: Claims, area: Floats, border: Sides
) -> Mask:
    """Faces in no cell that are to be filled: up to the limit, enclosed by cells or in the area to be covered."""
    dry = among.copy()
    dry[claims.face] = False
    if drawing.within is not None:
        shut_in = np.r_[parted(drawing.shapes[chosen])[1], drawing.within]
        dry &= _covered(found, shut_in)
    small = dry & _up_to(drawing.limit_m2, dry, area, border)
    noise = np.flatnonzero(dry & ~small)
    small[noise] = ~more_than_rounding(found[noise], drawing.crs)[0]
    return small & ~_inhabited(found, small, drawing.shapes[~chosen])


def _up_to(limit: float, among: Mask, area: Floats, border: Sides) -> Mask:
    """Which faces belong to pieces of at most the limit."""
    piece = components(len(area), border, among)
    return np.asarray(np.bincount(piece, weights=area, minlength=len(area))[piece] <= limit)


def _inhabited(found: Geometries, asked: Mask, shapes: Geometries) -> Mask:
    """Which of the faces asked about hold other cells: a face is told by one point, which may lie beside them."""
    at = np.flatnonzero(asked)
    face, shape = shapely.STRtree(shapes).query(found[at])
    inner = shapely.relate_pattern(found[at][face], shapes[shape], "T********")
    answer = np.zeros(len(found), dtype=bool)
    answer[at[face[inner]]] = True
    return answer


def _rebuilt(shapes: Geometries, chosen: Mask, found: Geometries, owner: Rows) -> Geometries:
    """All shapes, the chosen ones as the faces they own; None where nothing is left."""
    new = shapes.copy()
    new[chosen] = None
    order = np.argsort(owner, kind="stable")
    order = order[owner[order] != NOBODY]
    cells, first = np.unique(owner[order], return_index=True)
    for cell, own in zip(cells, np.split(found[order], first[1:]), strict=True):
        new[cell] = own[0] if len(own) == 1 else shapely.coverage_union_all(own)
    at = np.flatnonzero(chosen & ~shapely.is_missing(new))
    new[at] = _kept_where_equal(shapes[at], straightened(new[at], shapes[at]))
    return new


def _kept_where_equal(old: Geometries, new: Geometries) -> Geometries:
    """The old shape where the new one has the same vertices; else the new one, of the old one's type where possible."""
    multi = shapely.get_type_id(old) == shapely.GeometryType.MULTIPOLYGON
    typed = np.empty(len(new), dtype=object)
    typed[:] = [_typed(shape, want) for shape, want in zip(shapely.normalize(new), multi, strict=True)]
    plain = shapely.normalize(shapely.remove_repeated_points(old))
    return np.where(shapely.equals_identical(plain, typed), old, typed)


def _typed(shape: shapely.Geometry, multi: bool) -> shapely.Geometry:
    parts = shapely.get_parts(shape)
    return shapely.MultiPolygon(list(parts)) if multi or len(parts) > 1 else parts[0]
