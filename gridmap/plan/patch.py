"""What every edit comes to: some cells taken, others put; and the proof that the ground stays covered once.

The proof: each put shape is valid, so that it covers exactly what is left of its edges. Edges that meet their like in
the other direction add nothing, and the rest are the edges that the taken shapes had. So both cover the same places,
equally often: once. No overlay is computed and nothing is compared within a tolerance, except that an edge may be
divided at a new vertex, which stands on it to within rounding.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

import shapely
from shapely.geometry.base import BaseGeometry

from gridmap.plan.deltas import Redraw
from gridmap.plan.drawing import Cell, Drawing
from gridmap.plan.refusing import Place, middle, stale, wrong
from gridmap.plan.rings import Edge, cuts, edges_of, rim

_AT = re.compile(r"^(.*)\[(\S+) (\S+)\]$")


def patch(drawing: Drawing, take: Iterable[str], put: Iterable[Cell]) -> Redraw:
    """The redraw that puts cells for others; codes that fall out of use are retired. Raises as `checked` does."""
    taken = tuple(drawing.cell(code) for code in sorted(take))
    placed = tuple(sorted(put, key=lambda cell: cell.code))
    kept = {cell.code for cell in placed}
    retire = tuple(cell.code for cell in taken if cell.code not in kept)
    return Redraw(taken, placed, retire)


def patched(drawing: Drawing, redraw: Redraw) -> Drawing:
    """The drawing after a redraw.

    Raises Conflict where a taken cell is not there or not the same bit for bit, or a code is in use or retired, and
    InvalidInput where the put cells would not be as good a coverage.
    """
    for cell in redraw.take:
        if drawing.cell(cell.code) != cell:
            raise stale(f"cell {cell.code} is not as it was when it was edited", [cell.code], middle(cell.shape))
    retired = drawing.retired - set(redraw.revive)
    _refuse_codes(drawing, redraw, retired)
    _refuse_shapes(redraw.put)
    _refuse_rims(redraw)
    return drawing.changed([cell.code for cell in redraw.take], redraw.put, retired | set(redraw.retire))


def _refuse_codes(drawing: Drawing, redraw: Redraw, retired: frozenset[str]) -> None:
    taken = {cell.code for cell in redraw.take}
    count = Counter(cell.code for cell in redraw.put)
    for code, times in count.items():
        if times > 1:
            raise wrong(f"the code {code} is given to {times} cells", [code])
        if code not in taken and code in drawing:
            raise stale(f"the code {code} belongs to another cell", [code])
        if code in retired:
            raise stale(f"the code {code} was a cell's that is no more: codes are not given again", [code])


def _refuse_shapes(put: Sequence[Cell]) -> None:
    for cell in put:
        shape = cell.shape
        if shape.geom_type not in ("Polygon", "MultiPolygon") or shape.is_empty:
            raise wrong(f"nothing would be left of cell {cell.code}", [cell.code])
        if not shape.is_valid:
            reason, at = _reason(shape)
            raise wrong(f"the border of cell {cell.code} would not be sound: {reason}", [cell.code], at)
        if shapely.get_num_coordinates(shapely.remove_repeated_points(shape)) < shapely.get_num_coordinates(shape):
            raise wrong(f"a vertex would be twice in the border of cell {cell.code}", [cell.code])


def _reason(shape: BaseGeometry) -> tuple[str, Place | None]:
    found = _AT.match(shapely.is_valid_reason(shape))
    return ("it is invalid", None) if found is None else (found[1].lower(), (float(found[2]), float(found[3])))


def _refuse_rims(redraw: Redraw) -> None:
    """The rims before and after are the same, edges divided or joined aside."""
    codes = [cell.code for cell in (*redraw.take, *redraw.put)]
    before, _ = rim(edge for cell in redraw.take for edge in edges_of(cell.shape))
    after, twice = rim(edge for cell in redraw.put for edge in edges_of(cell.shape))
    if twice is not None:
        raise wrong(f"cells would overlap: {_between(redraw.put, twice)}", codes, twice[0])
    divided, lost = cuts(before, after)
    joined, added = cuts(after, before)
    lost = [edge for edge in lost if not _explained(edge, joined)]
    added = [edge for edge in added if not _explained(edge, divided)]
    if added:
        raise wrong(
            f"the outer border of the edited cells would move: {_between(redraw.put, added[0])}", codes, added[0][0]
        )
    if lost:
        raise wrong(f"land would be in no cell: {_between(redraw.take, lost[0])}", codes, lost[0][0])


def _explained(edge: Edge, ways: dict[Edge, list[Place]]) -> bool:
    """Whether an edge is a piece of another that was divided."""
    return any(edge in set(pairwise(way)) for way in ways.values())


def _between(cells: Sequence[Cell], edge: Edge) -> str:
    """Whose border this edge is."""
    beside = sorted({cell.code for cell in cells if edge in edges_of(cell.shape)})
    return f"there lies cell {' and '.join(beside)}"
