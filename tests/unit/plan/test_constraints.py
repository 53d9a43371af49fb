"""Each rule finds what breaks it, names the cell and points at the place; nothing else does."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import shapely

from gridmap.ground import area_m2
from gridmap.plan import Cell, ChangeCommunity, Drawing, Facts, apply, judge, standard
from gridmap.plan import constraints as rules
from gridmap.plan.constraints import Finding, polsby_popper
from tests.grids import LAT, LON, SIZE_DEG
from tests.unit.plan.county import NORTH, SOUTH, A, B, C, D, county

FACTS = Facts(
    households=dict.fromkeys((A, B, C, D), 400),
    hours=dict.fromkeys((A, B, C, D), 30.0),
    workers={A: 1, B: 2, C: 3, D: 4},
    communities=(NORTH, SOUTH),
)


def found(drawing: Drawing, facts: Facts, rule: rules.Constraint) -> list[tuple[str, str, bool]]:
    return [(one.rule, one.cell, one.blocker) for one in judge(drawing, facts, [rule])]


def test_a_good_drawing_keeps_all_rules() -> None:
    assert judge(county("AABB/AABB/CCDD/CCDD"), FACTS, standard()) == []


def test_communities() -> None:
    drawing, _ = apply(county(), ChangeCommunity(A, "520122009001"))
    drawing = Drawing.of([*drawing.values(), Cell("x", "", shapely.box(0, 0, 1, 1))])
    assert found(drawing, FACTS, rules.one_community) == [("one_community", A, True), ("one_community", "x", True)]


def test_pieces_and_holes_point_at_the_culprit() -> None:
    drawing = county("AAAA/ABAC/AAAA/..CC", bend=0.0)
    pieces = judge(drawing, FACTS, [rules.contiguous])
    assert [(one.cell, one.value) for one in pieces] == [(C, 2)]
    assert pieces[0].lat > LAT + 2 * SIZE_DEG, "the smaller piece"
    holes = judge(drawing, FACTS, [rules.no_holes])
    assert [one.cell for one in holes] == [A]
    assert shapely.intersects_xy(drawing[B].shape, holes[0].lon, holes[0].lat)


def test_sizes_are_inclusive_at_both_limits() -> None:
    facts = replace(FACTS, households={A: 299, B: 300, C: 500, D: 501})
    assert found(county(), facts, rules.households_between) == [("households", A, False), ("households", D, False)]
    assert found(county(), Facts(), rules.households_between) == []
    areas = area_m2([cell.shape for cell in county().values()])
    limits = partial(rules.area_between, low=float(areas.min()), high=float(np.sort(areas)[-2]), blocker=True)
    assert found(county(), FACTS, limits) == [("area", list(county())[int(areas.argmax())], True)]


def test_compactness_is_that_of_a_circle_and_of_a_strip() -> None:
    circle = shapely.Point(LON, 0.0).buffer(0.01, quad_segs=64)
    strip = shapely.box(LON, 0.0, LON + 0.1, 0.001)
    assert polsby_popper(np.array([circle, strip])) == pytest.approx([1.0, 4 * np.pi * 100 / 202**2], abs=0.02)
    drawing = Drawing.of([Cell("circle", "", circle), Cell("strip", "", strip)])
    assert found(drawing, FACTS, rules.compact) == [("compact", "strip", False)]


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ([(1.0, -1), (1.0, 4)], [A, D]),  # through both
        ([(0.02, -1), (0.02, 4)], []),  # strays a little over the border
        ([(1.0, 1.5), (1.0, 2.5)], []),  # ends inside
        ([(1.5, 2.5), (1.5, 0.5), (4, 0.5)], [C, D]),  # turns in D
    ],
)
def test_barriers(line: list[tuple[float, float]], cells: list[str]) -> None:
    river = shapely.LineString(np.array([LON, LAT]) + np.array(line) * SIZE_DEG)
    facts = replace(FACTS, barriers=np.array([river], dtype=object))
    drawing = county("AAB/AAB/DDD" if C not in cells else "AAA/ACA/DDD", bend=0.0)
    got = judge(drawing, facts, [rules.no_barrier_crossed])
    assert [one.cell for one in got] == cells
    assert all(shapely.intersects_xy(drawing[one.cell].shape, one.lon, one.lat) for one in got)


def test_codes() -> None:
    drawing, _ = apply(county(), ChangeCommunity(A, SOUTH))
    drawing = Drawing.of([*drawing.values(), Cell("new", NORTH, shapely.box(0, 0, 1, 1))], retired=[B])
    told = {one.cell: one.why for one in judge(drawing, FACTS, [rules.codes_follow])}
    assert set(told) == {A, B, "new"}
    assert "not one of the community" in told[A]
    assert "another cell's before" in told[B]
    assert "no code" in told["new"]


def test_workers_and_their_hours() -> None:
    facts = replace(FACTS, workers={A: 1, B: 1, C: 2, D: None})
    assert found(county(), facts, rules.a_worker_each) == [("a_worker_each", D, True)]
    uneven = judge(county(), facts, [partial(rules.even_work, most=0.3)])
    assert [(one.cell, one.value) for one in uneven] == [(A, pytest.approx(1 / 3)), (C, pytest.approx(-1 / 3))]
    assert found(county(), replace(FACTS, workers=None), rules.even_work) == []


def test_only_the_cells_asked_about_are_judged_and_blockers_come_first() -> None:
    facts = replace(FACTS, households={}, workers={})
    every = judge(county(), facts)
    assert [one.blocker for one in every] == sorted((one.blocker for one in every), reverse=True)
    some: list[Finding] = judge(county(), facts, cells=[B, "gone"])
    assert some == [one for one in every if one.cell == B]
    assert some
