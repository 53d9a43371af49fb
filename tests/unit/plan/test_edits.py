"""Edits one by one: what they do, and how they are refused."""

from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gridmap.errors import Conflict, GridmapError, InvalidInput
from gridmap.ground.topology import faults, topology
from gridmap.plan import (
    AssignCodes,
    Cell,
    ChangeCommunity,
    Delta,
    Drawing,
    Merge,
    MoveNode,
    MovePart,
    Plan,
    Redraw,
    Reshape,
    Split,
    apply,
    assignment,
    edits_between,
    fresh,
    from_json,
    rebase,
    to_json,
)
from tests.grids import LAT, LON, SIZE_DEG, grid
from tests.unit.plan.county import NORTH, SOUTH, A, B, C, D, county

TALL = ((LON + 0.7 * SIZE_DEG, LAT - 1), (LON + 0.7 * SIZE_DEG, LAT + 1))


def border(drawing: Drawing, one: str, other: str) -> tuple[tuple[float, float], ...]:
    """The longest border of two cells."""
    graph = topology(np.array([cell.shape for cell in drawing.values()], dtype=object))
    codes = list(drawing)
    pair = {codes.index(one), codes.index(other)}
    found = [i for i in range(graph.borders) if {int(graph.left[i]), int(graph.right[i])} == pair]
    way = max((graph.border(i) for i in found), key=len)
    return tuple((float(x), float(y)) for x, y in way)


def test_both_neighbours_follow_a_border_and_no_other_cell_is_rebuilt() -> None:
    before = county()
    old = border(before, A, B)
    new = (old[0], (old[0][0] + SIZE_DEG / 3, old[0][1] - SIZE_DEG / 2), *old[1:])
    after, inverse = apply(before, Reshape(old, new))
    gained = after[A].shape.area - before[A].shape.area
    assert gained != 0
    assert before[B].shape.area - after[B].shape.area == pytest.approx(gained, rel=1e-9)
    assert border(after, A, B) in (new, new[::-1])
    assert {cell.code for cell in inverse.put} == {A, B}
    assert all(after[code] is before[code] for code in (C, D))


def test_all_cells_at_a_node_follow_it() -> None:
    before = county("AAB/ACB/DDD", bend=0.0)
    node = (LON + 2 * SIZE_DEG, LAT + 2 * SIZE_DEG)
    after, inverse = apply(before, MoveNode(node, (node[0], node[1] + SIZE_DEG / 2)))
    assert {cell.code for cell in inverse.put} == {A, B, C}
    assert faults(after.to_frame()) == []


def test_a_cut_puts_its_ends_into_the_neighbours_too() -> None:
    before = county(bend=0.0)
    after, _ = apply(before, Split(A, TALL, (A, "new")))
    assert shapely.get_num_coordinates(after[D].shape) == shapely.get_num_coordinates(before[D].shape) + 1
    assert after[A].shape.centroid.x < after["new"].shape.centroid.x, "the first code is that of the western piece"
    assert after["new"].community == NORTH
    assert faults(after.to_frame()) == []


def test_a_ring_of_land_can_be_given_to_the_cell_inside() -> None:
    """The enclave's border meets no node; the part comes to lie between cell and enclave."""
    before = Drawing.from_frame(grid("AAA/ABA/AAA"))
    after, _ = apply(before, MovePart("A", "B", before["B"].shape.buffer(SIZE_DEG / 3, join_style="mitre")))
    assert after["B"].shape.area == pytest.approx(SIZE_DEG**2 * (5 / 3) ** 2)
    closed = border(before, "A", "B")
    assert closed[0] == closed[-1]
    middle = np.array([LON, LAT]) + 1.5 * SIZE_DEG
    bulge = middle + 1.3 * (np.array(closed[:2]).mean(axis=0) - middle)
    moved, _ = apply(before, Reshape(closed, (closed[0], (float(bulge[0]), float(bulge[1])), *closed[1:])))
    assert moved["B"].shape.area > before["B"].shape.area
    assert moved["A"].shape.area + moved["B"].shape.area == pytest.approx(9 * SIZE_DEG**2)


def test_whole_building_blocks_go_over_with_their_own_borders() -> None:
    """Cells of a finer drawing as blocks: no vertex is new."""
    before = county("AABB/AABB/CCDD", bend=0.0)
    block = shapely.box(LON + SIZE_DEG, LAT + SIZE_DEG, LON + 2 * SIZE_DEG, LAT + 2 * SIZE_DEG)
    after, inverse = apply(before, MovePart(A, B, block))
    assert after[B].shape.area == pytest.approx(before[B].shape.area + SIZE_DEG**2)
    assert {cell.code for cell in inverse.put} >= {A, B}
    assert apply(after, inverse)[0].digest() == before.digest()


@pytest.mark.parametrize(
    ("delta", "kind", "cell", "why"),
    [
        (MoveNode((LON, LAT), (LON, LAT - 1)), InvalidInput, D, "edge of the area"),
        (MoveNode((0.0, 0.0), (1.0, 1.0)), Conflict, None, "no border has a vertex there"),
        (Reshape(((0.0, 0.0), (1.0, 1.0)), ((0.0, 0.0), (1.0, 1.0))), Conflict, None, "no border runs there"),
        (Reshape(((0.0, 0.0), (1.0, 1.0)), ((0.0, 0.0), (2.0, 1.0))), InvalidInput, None, "two ends"),
        (Split(A, ((0.0, 0.0), (1.0, 1.0)), (A, "x")), InvalidInput, A, "does not cross"),
        (Split(A, TALL, (A, B)), Conflict, B, "belongs to another cell"),
        (Split(A, TALL, (A, "x", "y")), InvalidInput, A, "2 pieces"),
        (Merge((A, A), A), InvalidInput, A, "two cells"),
        (Merge((A, "gone"), A), Conflict, "gone", "no cell gone"),
        (Merge((A, C), A), InvalidInput, A, "say in which"),
        (MovePart(A, A, shapely.box(0, 0, 1, 1)), InvalidInput, A, "already"),
        (MovePart(A, B, shapely.box(0, 0, 1, 1)), InvalidInput, A, "nothing of cell"),
        (MovePart(A, B, shapely.box(100, 20, 110, 30)), InvalidInput, A, "merge the two"),
        (AssignCodes(((A, B),)), Conflict, B, "belongs to another cell"),
        (AssignCodes(((A, "x"), (B, "x"))), InvalidInput, "x", "2 cells"),
        (ChangeCommunity("gone", SOUTH), Conflict, "gone", "no cell gone"),
    ],
)  # fmt: skip
def test_a_refusal_says_which_cell_and_why(delta: Delta, kind: type[GridmapError], cell: str | None, why: str) -> None:
    with pytest.raises(kind, match=why) as refused:
        apply(county(bend=0.0), delta)
    assert cell is None or cell in refused.value.details["cells"]


def test_a_border_that_would_cross_another_is_refused_where_it_does() -> None:
    before = county()
    old = border(before, A, B)
    far = (LON + 0.5 * SIZE_DEG, LAT + 0.5 * SIZE_DEG)  # in D
    with pytest.raises(InvalidInput, match="not be sound: self-intersection") as refused:
        apply(before, Reshape(old, (old[0], far, *old[1:])))
    assert LON < refused.value.details["lon"] < LON + 3 * SIZE_DEG


def test_a_vertex_is_not_put_on_another_but_can_be_taken_out() -> None:
    before = county(bend=0.0)
    old = border(before, A, B)
    bent, _ = apply(before, Reshape(old, (old[0], (old[0][0] + SIZE_DEG / 4, old[0][1] - SIZE_DEG / 4), *old[1:])))
    way = border(bent, A, B)
    with pytest.raises(InvalidInput, match="a vertex would be twice"):
        apply(bent, MoveNode(way[1], way[0]))
    straight, _ = apply(bent, Reshape(way, (way[0], *way[2:])))
    assert straight[A].shape.area + straight[B].shape.area == pytest.approx(bent[A].shape.area + bent[B].shape.area)
    assert shapely.get_num_coordinates(straight[A].shape) == shapely.get_num_coordinates(bent[A].shape) - 1


def test_a_code_that_fell_out_of_use_comes_back_only_by_undoing() -> None:
    before = county()
    after, inverse = apply(before, Merge((A, B), A))
    assert after.retired == {B}
    with pytest.raises(Conflict, match="not given again"):
        apply(after, Split(A, TALL, (A, B)))
    back, _ = apply(after, inverse)
    assert back == before
    assert B in back


def test_new_codes_follow_the_highest_ever_used_from_west_to_east() -> None:
    before = Drawing.of(county(bend=0.0).values(), retired=[NORTH + "007", SOUTH + "001x"])
    assert fresh(before, NORTH, 2) == (NORTH + "008", NORTH + "009")
    after, _ = apply(before, Split(A, TALL, ("west", "east")))
    assert assignment(after).codes == (("west", NORTH + "008"), ("east", NORTH + "009"))
    done, _ = apply(after, assignment(after))
    assert {NORTH + "008", NORTH + "009"} < set(done)
    swapped, _ = apply(done, AssignCodes(((B, C), (C, B))))
    assert swapped[C].shape == done[B].shape


@pytest.mark.parametrize(
    "given",
    [{}, {"kind": "dance"}, {"kind": "split", "cell": "A"}, {"kind": "merge", "cells": "AB", "code": 3},
     {"kind": "move_node", "place": [1, 2], "to": ["x", 2]},
     {"kind": "move_node", "place": [1, float("nan")], "to": [1, 2]},
     {"kind": "redraw", "take": [{"code": "A"}], "put": []},
     {"kind": "move_part", "source": "A", "target": "B", "area": "zz"}],
)  # fmt: skip
def test_json_that_is_no_edit_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        from_json(given)


def test_a_newer_base_names_what_was_changed_and_what_cannot_be_done() -> None:
    base = county(bend=0.0)
    plan, drawing = Plan("v1"), base
    for delta in (ChangeCommunity(B, SOUTH), Split(A, TALL, (A, "new")), Merge(("new", C), "new", NORTH)):
        plan, drawing = plan.do(drawing, delta)
    newer, _ = apply(base, Merge((A, C), A, NORTH))
    newer, _ = apply(newer, ChangeCommunity(B, "520122001003"))
    moved, _, trouble = rebase(plan, base, newer, "v2")
    assert [(one.number, one.blocked) for one in trouble] == [(1, False), (2, False), (3, True)]
    assert trouble[0].cells == (B,)
    assert A in trouble[1].cells
    assert C in trouble[2].cells
    assert "no cell" in trouble[2].why
    assert [type(step.delta) for step in moved.steps] == [ChangeCommunity, Split]
    assert moved.base == "v2"


def test_undo_and_redo_have_their_ends() -> None:
    with pytest.raises(Conflict, match="nothing to undo"):
        Plan("v1").undo(county())
    with pytest.raises(Conflict, match="nothing to do again"):
        Plan("v1").redo(county())


# --- QGIS -----------------------------------------------------------------------------------------------------------


def test_edits_made_elsewhere_come_back_as_edits_group_by_group() -> None:
    before = county("AABB/AABB/....", bend=0.0)
    far = county("DDCC/DDCC", bend=0.0)
    apart = Drawing.of([*before.values(), *(_shifted(cell, 0.2) for cell in far.values())])
    plan, after = Plan("v"), apart
    for delta in (Split(A, TALL, (A, NORTH + "003")), Merge((C, D), C)):
        plan, after = plan.do(after, delta)
    frame = after.to_frame().sample(frac=1, random_state=3)
    frame["geometry"] = shapely.multipolygons([[s] for s in frame.geometry])  # what a GeoPackage makes of it
    found = edits_between(apart, frame)
    assert found.defects == ()
    assert [{cell.code for cell in one.take} for one in found.deltas] in ([{A}, {C, D}], [{C, D}, {A}])
    drawing = apart
    for one in found.deltas:
        drawing, _ = apply(drawing, from_json(json.loads(json.dumps(to_json(one)))))
    assert drawing.digest() == after.digest()
    assert edits_between(drawing, frame).deltas == ()


def test_defects_of_edits_made_elsewhere_are_named() -> None:
    before = county()
    frame = before.to_frame()
    frame.loc[0, "geometry"] = shapely.affinity.translate(frame.geometry[0], SIZE_DEG / 3)
    found = edits_between(before, frame)
    assert found.deltas == ()
    assert {"overlap"} <= {defect.kind for defect in found.defects}
    whole = before.to_frame()
    place = np.array([LON, LAT])
    whole["geometry"] = [
        shapely.transform(s, lambda xy: np.where((xy == place).all(axis=1)[:, None], xy - SIZE_DEG / 4, xy))
        for s in whole.geometry
    ]
    found = edits_between(before, whole)
    assert [(defect.kind, defect.cells) for defect in found.defects] == [("refused", (D,))]
    assert "outer border" in found.defects[0].why


def test_a_redraw_for_another_state_of_a_cell_is_a_conflict() -> None:
    before = county()
    after, inverse = apply(before, ChangeCommunity(A, SOUTH))
    with pytest.raises(Conflict, match="not as it was"):
        apply(before, Redraw(inverse.take, inverse.put))
    assert apply(after, inverse)[0] == before


def test_a_frame_with_faults_is_no_drawing() -> None:
    cells = grid("AB")
    cells = gpd.GeoDataFrame({"code": ["A", "A"]}, geometry=cells.geometry)
    with pytest.raises(InvalidInput, match="code A is there twice"):
        Drawing.from_frame(cells)


def _shifted(cell: Cell, by: float) -> Cell:
    return Cell(cell.code, cell.community, shapely.affinity.translate(cell.shape, by))
