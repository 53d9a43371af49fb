"""Doing an edit: from a drawing and a delta to another drawing and the delta that leads back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import singledispatch

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gridmap.ground.arrangement import faces, inner_points
from gridmap.ground.codes import west_to_east
from gridmap.ground.measure import Geometries
from gridmap.plan.deltas import (
    AssignCodes,
    ChangeCommunity,
    Delta,
    Merge,
    MoveNode,
    MovePart,
    Places,
    Redraw,
    Reshape,
    Split,
)
from gridmap.plan.drawing import Cell, Drawing
from gridmap.plan.patch import patch, patched
from gridmap.plan.refusing import Place, middle, stale, wrong
from gridmap.plan.rings import Parts, cuts, edges_of, moved, normal, parts_of, replaced, rim, shape_of


def apply(drawing: Drawing, delta: Delta) -> tuple[Drawing, Redraw]:
    """The drawing after an edit, and the inverse: applied to that drawing it gives this one, bit for bit.

    Only the cells that the edit touches are rebuilt. Raises InvalidInput (`edit_refused`) where the edit would make
    the drawing invalid, Conflict (`edit_conflict`) where what it speaks of is not in this drawing; `details` has the
    cells, and lon and lat where known.
    """
    redraw = redraw_of(delta, drawing)
    return patched(drawing, redraw), redraw.inverse()


@singledispatch
def redraw_of(delta: Delta, drawing: Drawing) -> Redraw:
    """What an edit comes to in a drawing: the cells it takes and those it puts; see `apply` for what is raised."""
    raise TypeError(f"{delta!r} is no edit of {drawing!r}")


@redraw_of.register
def _(delta: Redraw, drawing: Drawing) -> Redraw:  # noqa: ARG001
    return delta


@redraw_of.register
def _(delta: Reshape, drawing: Drawing) -> Redraw:
    if len(delta.old) < 2 or len(delta.new) < 2 or (delta.old[0], delta.old[-1]) != (delta.new[0], delta.new[-1]):
        raise wrong("a border is reshaped between its two ends, and those stay where they are")
    put = _rerouted([(delta.old, delta.new)], drawing.near(shapely.LineString(delta.old)))
    if not put:
        raise stale("no border runs there", at=delta.old[0])
    if len(put) == 1:
        raise wrong(f"this border of cell {put[0].code} is the edge of the area, which a redraw does not move",
                    [put[0].code], delta.old[0])  # fmt: skip
    return patch(drawing, (cell.code for cell in put), put)


@redraw_of.register
def _(delta: MoveNode, drawing: Drawing) -> Redraw:
    place, to = delta.place, delta.to
    having = [
        (cell, parts)
        for cell in drawing.near(shapely.Point(place))
        for parts in [parts_of(cell.shape)]
        if any(place in ring for rings in parts for ring in rings)
    ]
    codes = [cell.code for cell, _ in having]
    if not having:
        raise stale("no border has a vertex there", at=place)
    outer, _ = rim(edge for cell, _ in having for edge in edges_of(cell.shape))
    if any(place in edge for edge in outer):
        raise wrong("this vertex is on the edge of the area, which a redraw does not move", codes, place)
    return patch(drawing, codes, [_shaped(cell, moved(parts, place, to), to) for cell, parts in having])


@redraw_of.register
def _(delta: Split, drawing: Drawing) -> Redraw:
    cell = drawing.cell(delta.cell)
    if len(delta.line) < 2:
        raise wrong("a line of two places or more is needed to split a cell", [cell.code])
    pieces = _pieces(cell, shapely.LineString(delta.line))
    centre = shapely.get_coordinates(shapely.centroid(pieces))
    pieces = pieces[west_to_east(centre[:, 0], centre[:, 1])]
    if len(pieces) < 2:
        raise wrong(f"the line does not cross cell {cell.code} from border to border", [cell.code], delta.line[0])
    if len(pieces) != len(delta.codes):
        raise wrong(f"the line divides cell {cell.code} into {len(pieces)} pieces, for which {len(delta.codes)} codes "
                    "are given", [cell.code], delta.line[0])  # fmt: skip
    put = [Cell(code, cell.community, normal(piece)) for code, piece in zip(delta.codes, pieces, strict=True)]
    others = _with_cuts(cell, pieces, drawing.beside([cell.code]))
    return patch(drawing, [cell.code, *others], [*put, *others.values()])


@redraw_of.register
def _(delta: Merge, drawing: Drawing) -> Redraw:
    cells = [drawing.cell(code) for code in sorted(set(delta.cells))]
    if len(cells) < 2:
        raise wrong("it takes two cells or more to merge", delta.cells)
    communities = {cell.community for cell in cells}
    if delta.community is None and len(communities) > 1:
        raise wrong(f"cells of the communities {', '.join(sorted(communities))} are to be one: say in which",
                    delta.cells, middle(cells[0].shape))  # fmt: skip
    whole = _union([cell.shape for cell in cells])
    merged = Cell(delta.code, delta.community or communities.pop(), whole)
    return patch(drawing, (cell.code for cell in cells), [merged])


@redraw_of.register
def _(delta: MovePart, drawing: Drawing) -> Redraw:
    source, target = drawing.cell(delta.source), drawing.cell(delta.target)
    if source.code == target.code:
        raise wrong(f"cell {source.code} has this part already", [source.code])
    if shapely.get_dimensions(delta.area) != 2 or not delta.area.is_valid:
        raise wrong("the part to be moved is no sound area", [source.code, target.code])
    pieces = _pieces(source, shapely.boundary(delta.area))
    goes = shapely.covers(delta.area, inner_points(pieces))
    if not goes.any():
        raise wrong(f"nothing of cell {source.code} lies in the part to be moved", [source.code], middle(delta.area))
    if goes.all():
        raise wrong(f"all of cell {source.code} lies in the part to be moved: merge the two instead",
                    [source.code, target.code], middle(source.shape))  # fmt: skip
    others = _with_cuts(source, pieces, drawing.beside([source.code]))
    grown = others.pop(target.code, target)
    put = [Cell(source.code, source.community, _union(pieces[~goes])),
           Cell(target.code, target.community, _union([grown.shape, *pieces[goes]]))]  # fmt: skip
    return patch(drawing, [source.code, target.code, *others], [*put, *others.values()])


@redraw_of.register
def _(delta: AssignCodes, drawing: Drawing) -> Redraw:
    codes = dict(delta.codes)
    if len(codes) != len(delta.codes):
        raise wrong("a cell is given two codes", [old for old, _ in delta.codes])
    cells = [drawing.cell(old) for old in codes]
    return patch(drawing, codes, [Cell(codes[cell.code], cell.community, cell.shape) for cell in cells])


@redraw_of.register
def _(delta: ChangeCommunity, drawing: Drawing) -> Redraw:
    cell = drawing.cell(delta.cell)
    return patch(drawing, [cell.code], [Cell(cell.code, delta.community, cell.shape)])


# --- shapes ---------------------------------------------------------------------------------------------------------


def _pieces(cell: Cell, lines: BaseGeometry) -> Geometries:
    """The pieces into which lines divide a cell; they share their edges bit for bit."""
    found = faces(np.array([cell.shape.boundary, lines], dtype=object))
    return np.asarray(found[shapely.covers(cell.shape, inner_points(found))], dtype=object)


def _with_cuts(cell: Cell, pieces: Geometries, beside: Iterable[Cell]) -> dict[str, Cell]:
    """Neighbours that get the vertices which a cell's pieces have on their common border and the cell had not."""
    old, _ = rim(edges_of(cell.shape))
    new, _ = rim(edge for piece in pieces for edge in edges_of(piece))
    ways, _ = cuts(old, new)
    turns = [((edge[0], edge[1]), tuple(way)) for edge, way in ways.items()]
    return {one.code: one for one in _rerouted(turns, beside)}


def _rerouted(turns: Sequence[tuple[Places, Places]], cells: Iterable[Cell]) -> list[Cell]:
    """Those of the cells along which one of the ways runs, with the new way instead."""
    found = []
    for cell in cells:
        parts = parts_of(cell.shape)
        touched = False
        for old, new in turns:
            again = replaced(parts, old, new)
            if again is not None:
                parts, touched = again, True
        if touched:
            found.append(_shaped(cell, parts, turns[0][1][0]))
    return found


def _shaped(cell: Cell, parts: Parts, at: Place) -> Cell:
    try:
        return Cell(cell.code, cell.community, shape_of(parts))
    except ValueError:
        raise wrong(f"nothing would be left of a part of cell {cell.code}", [cell.code], at) from None


def _union(shapes: Iterable[BaseGeometry]) -> BaseGeometry:
    """One shape of shapes that share their edges bit for bit: edges that meet their like go, the others stay."""
    return normal(shapely.coverage_union_all(np.array(list(shapes), dtype=object)))
