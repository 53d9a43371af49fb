"""Laws of a redraw, on random coverages and random edits."""

from __future__ import annotations

import json

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gridmap.errors import Conflict, InvalidInput
from gridmap.ground import AssignmentIndex, area_m2, check
from gridmap.ground.topology import faults, topology
from gridmap.plan import Drawing, Plan, apply, from_json, rebase, to_json
from tests.edits import edit, edited
from tests.grids import grid
from tests.properties.test_assignment import drawings

bends = st.sampled_from([0.0, 0.4])
seeds = st.integers(0, 10**6)


def drawn(text: str, bend: float = 0.4) -> Drawing:
    cells = grid(text, bend=bend)
    assume(len(cells) > 0)
    return Drawing.from_frame(cells.assign(area="X"), community="area")


@settings(max_examples=60, deadline=None)
@given(text=drawings(), bend=bends)
def test_topology_gives_the_polygons_back_bit_for_bit(text: str, bend: float) -> None:
    shapes = grid(text, bend=bend).geometry.to_numpy()
    graph = topology(shapes)
    assert (shapely.to_wkb(graph.polygons()) == shapely.to_wkb(shapes)).all()
    backwards = np.arange(len(shapes))[::-1]
    assert (shapely.to_wkb(graph.polygons(backwards)) == shapely.to_wkb(shapes[::-1])).all()


@settings(max_examples=60, deadline=None)
@given(text=drawings("ABC."), seed=seeds)
def test_topology_has_each_border_once_with_the_faces_beside_it(text: str, seed: int) -> None:
    """Against points beside the middle of each border, after edits that leave holes, parts and enclaves."""
    drawing = drawn(text)
    for _, _, after, _ in edited(drawing, np.random.default_rng(seed), 3):
        drawing = after
    shapes = np.array([cell.shape for cell in drawing.values()], dtype=object)
    graph = topology(shapes)
    assert (shapely.to_wkb(graph.polygons()) == shapely.to_wkb(shapes)).all()
    for number in range(graph.borders):
        a, b = graph.border(number)[:2]
        across = np.array([a[1] - b[1], b[0] - a[0]]) * 1e-4
        for face, place in ((graph.left[number], (a + b) / 2 + across), (graph.right[number], (a + b) / 2 - across)):
            assert np.flatnonzero(shapely.intersects_xy(shapes, *place)).tolist() == ([] if face < 0 else [face])
    length = sum(shapely.length(graph.lines()) * ((graph.left >= 0) * 1 + (graph.right >= 0) * 1))
    assert length == pytest.approx(shapely.length(shapes).sum())


@settings(max_examples=80, deadline=None)
@given(text=drawings(), bend=bends, seed=seeds)
def test_an_edit_leaves_a_coverage_of_the_same_ground(text: str, bend: float, seed: int) -> None:
    drawing = drawn(text, bend)
    ground = shapely.union_all([cell.shape for cell in drawing.values()])
    for before, delta, after, _ in edited(drawing, np.random.default_rng(seed), 6):
        frame = after.to_frame()
        assert check(frame, code="code", max_gap_m2=0.0).ok
        assert faults(frame) == [], delta
        assert shapely.coverage_is_valid(frame.geometry.to_numpy())
        # in the plane of degrees; in metres a line divided elsewhere is another polyline by a hair
        old = before.to_frame().geometry.to_numpy()
        assert shapely.area(frame.geometry).sum() == pytest.approx(shapely.area(old).sum(), rel=1e-12)
        assert area_m2(frame.geometry).sum() == pytest.approx(area_m2(old).sum(), rel=1e-6)
        left = shapely.symmetric_difference(ground, shapely.union_all(frame.geometry))
        assert left.area <= 1e-12 * ground.area
        assert set(after.retired) >= set(before) - set(after)
        assert not set(after.retired) & set(after)


@settings(max_examples=80, deadline=None)
@given(text=drawings(), bend=bends, seed=seeds)
def test_apply_then_undo_is_the_identity_bit_for_bit(text: str, bend: float, seed: int) -> None:
    first = drawing = drawn(text, bend)
    digest, plan = drawing.digest(), Plan("v1")
    states = [drawing]
    for _, delta, after, _ in edited(drawing, np.random.default_rng(seed), 6):
        plan, drawing = plan.do(drawing, delta)
        assert drawing == after
        states.append(drawing)
    last = drawing
    for state in states[-2::-1]:
        plan, drawing = plan.undo(drawing)
        assert drawing == state
        assert drawing.digest() == state.digest()
    assert (drawing, drawing.digest()) == (first, digest)
    for state in states[1:]:
        plan, drawing = plan.redo(drawing)
        assert drawing.digest() == state.digest()
    assert not plan.undone
    again = Plan.from_dict(json.loads(json.dumps(plan.as_dict())))
    assert again == plan
    assert again.drawing(first).digest() == last.digest()


@settings(max_examples=80, deadline=None)
@given(text=drawings(), seed=seeds)
def test_an_edit_survives_json(text: str, seed: int) -> None:
    delta = edit(drawn(text), np.random.default_rng(seed))
    assert from_json(json.loads(json.dumps(to_json(delta)))) == delta


@settings(max_examples=120, deadline=None)
@given(text=drawings(), bend=bends, seed=seeds)
def test_the_order_of_independent_edits_leaves_no_trace(text: str, bend: float, seed: int) -> None:
    drawing = drawn(text, bend)
    rng = np.random.default_rng(seed)
    try:
        (one, two) = (edit(drawing, rng) for _ in range(2))
        (after_one, back_one), (after_two, back_two) = apply(drawing, one), apply(drawing, two)
    except (InvalidInput, Conflict):
        return
    taken = [{cell.code for cell in (*back.put, *back.take)} for back in (back_one, back_two)]
    if taken[0] & taken[1]:
        return
    forth, _ = apply(after_one, two)
    back, _ = apply(after_two, one)
    assert forth == back
    assert forth.digest() == back.digest()


@settings(max_examples=80, deadline=None)
@given(text=drawings("ABCD"), seed=seeds)
def test_edits_of_two_borders_of_one_cell_change_places(text: str, seed: int) -> None:
    drawing = drawn(text)
    rng = np.random.default_rng(seed)
    one, two = edit(drawing, rng, "reshape"), edit(drawing, rng, "reshape")
    if {one.old[0], *one.old} & {two.old[0], *two.old}:
        return
    try:
        forth = apply(apply(drawing, one)[0], two)[0]
        back = apply(apply(drawing, two)[0], one)[0]
    except (InvalidInput, Conflict):
        return
    assert forth.digest() == back.digest()


@settings(max_examples=60, deadline=None)
@given(text=drawings(), seed=seeds)
def test_every_place_is_in_one_cell_before_and_after(text: str, seed: int) -> None:
    """Households and incidents are conserved: whoever was in a cell is in one, and nobody else is."""
    drawing = drawn(text)
    rng = np.random.default_rng(seed)
    west, south, east, north = shapely.total_bounds([cell.shape for cell in drawing.values()])
    lon, lat = rng.uniform(west, east, 200), rng.uniform(south, north, 200)
    inside = AssignmentIndex(drawing.to_frame()).locate(lon, lat) >= 0
    for _, _, after, _ in edited(drawing, rng, 4):
        assert ((AssignmentIndex(after.to_frame()).locate(lon, lat) >= 0) == inside).all()


@settings(max_examples=60, deadline=None)
@given(text=drawings(), seed=seeds)
def test_a_plan_moves_to_the_base_it_has_and_names_what_another_base_forbids(text: str, seed: int) -> None:
    base = drawn(text)
    rng = np.random.default_rng(seed)
    plan, drawing = Plan("v1"), base
    for _, delta, _, _ in edited(base, rng, 4):
        plan, drawing = plan.do(drawing, delta)
    same, again, trouble = rebase(plan, base, base, "v2")
    assert (again, trouble, same.base) == (drawing, [], "v2")
    newer = base
    for _, _, after, _ in edited(base, rng, 3):
        newer = after
    moved, there, trouble = rebase(plan, base, newer, "v2")
    assert moved.drawing(newer) == there
    assert len(moved.steps) + sum(one.blocked for one in trouble) == len(plan.steps)
    assert all(one.why and one.cells for one in trouble if not one.blocked)
    assert check(there.to_frame(), code="code", max_gap_m2=0.0).ok
