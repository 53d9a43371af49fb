"""Laws of a proposal: nothing is lost, cells stay whole, limits hold, one seed gives one drawing, loads get even."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.errors import InvalidInput
from gridmap.plan.balance import Aim, Blocks, balance, blocks_of, judge

SIDE = 100.0
EVEN = {"even": Aim(30.0, 0.1, 0.02)}


def lattice(columns: int, rows: int, load: np.ndarray, cell: np.ndarray, **more: object) -> Blocks:
    shapes = [
        shapely.box(x * SIDE, y * SIDE, (x + 1) * SIDE, (y + 1) * SIDE) for y in range(rows) for x in range(columns)
    ]
    return blocks_of(shapes, cell, load, load, **more)  # type: ignore[arg-type]


def stripes(columns: int, rows: int, cells: int) -> np.ndarray:
    return np.tile(np.arange(columns) * cells // columns, rows)


@st.composite
def places(draw: st.DrawFn) -> tuple[Blocks, np.ndarray]:
    columns, rows = draw(st.integers(4, 9)), draw(st.integers(2, 7))
    cells = draw(st.integers(2, min(4, columns)))
    load = np.random.default_rng(draw(st.integers(0, 1000))).integers(0, 41, columns * rows)
    walls = draw(st.sampled_from([(), (shapely.LineString([(0, SIDE), (columns * SIDE, SIDE)]),)]))
    blocks = lattice(columns, rows, load.astype(float), stripes(columns, rows, cells), barriers=walls)
    return blocks, np.zeros(cells, dtype=int)


@given(places(), st.integers(1, 9))
@settings(max_examples=15, deadline=None)
def test_a_proposal_loses_nothing_and_tears_no_cell(place: tuple[Blocks, np.ndarray], seed: int) -> None:
    blocks, groups = place
    before = judge(blocks, blocks.cell)
    for one in balance(blocks, groups=groups, seed=seed, seconds=600):
        assert len(one.cell) == len(blocks)
        assert set(one.cell) == set(blocks.cell)  # no cell vanishes, none is added
        assert one.apart <= before.apart
        # across a barrier, too: what is parted on foot may not come apart on the map
        assert all(len(shapely.get_parts(shapely.coverage_union_all(blocks.shapes[one.cell == cell]))) == 1
                   for cell in np.unique(one.cell))  # fmt: skip
        assert one.moved == blocks.households[one.cell != blocks.cell].sum()
        assert one.complete


@given(places())
@settings(max_examples=10, deadline=None)
def test_one_seed_gives_one_drawing(place: tuple[Blocks, np.ndarray]) -> None:
    first, second = (balance(place[0], aims=EVEN, seed=7, seconds=600)[0] for _ in range(2))
    assert (first.cell == second.cell).all()


@given(places(), st.floats(0.0, 0.5))
@settings(max_examples=15, deadline=None)
def test_no_more_households_move_than_may(place: tuple[Blocks, np.ndarray], share: float) -> None:
    blocks, _ = place
    most = share * blocks.households.sum()
    assert all(one.moved <= most + 1e-9 for one in balance(blocks, most_moved=most))


def test_cells_exchange_blocks_within_their_community_only() -> None:
    load = np.random.default_rng(2).integers(1, 30, 72).astype(float)
    blocks = lattice(12, 6, load, stripes(12, 6, 4))
    found = balance(blocks, groups=["a", "a", "b", "b"])
    assert all(((one.cell < 2) == (blocks.cell < 2)).all() for one in found)
    assert found[0].deviation < judge(blocks, blocks.cell, groups=["a", "a", "b", "b"]).deviation


def test_a_river_is_not_crossed() -> None:
    # the upper half has little; without the river the lower cell would take blocks from across
    cell = np.repeat([0, 1], 12)
    load = np.repeat([10.0, 1.0], 12)
    river = shapely.LineString([(0, 2 * SIDE), (6 * SIDE, 2 * SIDE)])
    assert balance(lattice(6, 4, load, cell), aims=EVEN)[0].deviation < 0.2
    stays = balance(lattice(6, 4, load, cell, barriers=[river]), aims=EVEN)[0]
    assert (stays.cell == cell).all()


def test_against_every_drawing_of_a_small_place() -> None:
    """On 3 x 4 blocks in two cells every drawing can be looked at: the search finds one of the evenest."""
    load = np.array([3.0, 9, 1, 7, 2, 8, 4, 6, 5, 11, 10, 2])
    blocks = lattice(4, 3, load, stripes(4, 3, 2))
    least = min(
        one.deviation
        for choice in itertools.product([0, 1], repeat=12)
        if 0 < sum(choice) < 12 and (one := judge(blocks, choice)).apart == 0
    )
    assert balance(blocks, aims={"even": Aim(1.0, 0.0, 0.0)})[0].deviation == pytest.approx(least)


def test_it_evens_out_what_stripes_do_not() -> None:
    load = np.random.default_rng(3).lognormal(3, 0.8, 400).round()
    blocks = lattice(20, 20, load, stripes(20, 20, 5))
    before, found = judge(blocks, blocks.cell), balance(blocks)
    assert found[0].deviation < 0.05 < before.deviation
    assert max(one.compactness for one in found) >= before.compactness
    by_aim = {one.aim: one for one in found}
    if {"even", "few moves"} <= by_aim.keys():
        assert by_aim["few moves"].moved < by_aim["even"].moved


def test_progress_ends_at_all_and_time_that_ran_out_is_said() -> None:
    blocks = lattice(10, 10, np.ones(100), stripes(10, 10, 3))
    told: list[float] = []
    balance(blocks, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)
    assert not balance(blocks, aims=EVEN, seconds=0.0)[0].complete


def test_the_figures_are_those_of_the_shapes() -> None:
    blocks = lattice(5, 4, np.arange(20.0), stripes(5, 4, 2))
    found = judge(blocks, blocks.cell)
    shapes = [shapely.union_all(blocks.shapes[blocks.cell == one]) for one in range(2)]
    assert found.compactness == pytest.approx(np.mean([4 * np.pi * one.area / one.length**2 for one in shapes]))
    loads = np.array([blocks.load[blocks.cell == one].sum() for one in range(2)])
    assert found.deviation == pytest.approx(abs(loads / loads.mean() - 1).max())


@pytest.mark.parametrize(
    ("load", "cell", "code"),
    [
        ([1, -1], [0, 1], "bad_load"),
        ([1, np.nan], [0, 1], "bad_load"),
        ([1, 1], [0, 2], "empty_cell"),
        ([0, 0], [0, 1], "no_load"),
    ],
)
def test_what_cannot_be_balanced_is_refused(load: list[float], cell: list[int], code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        balance(lattice(2, 1, np.array(load, dtype=float), np.array(cell)))
    assert caught.value.code == code
