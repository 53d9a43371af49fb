"""The search over drawings, block by block, compiled by numba and kept on disk. Import this inside functions: it is
slow.

A drawing is one label a block. Everything a move changes (load, area, perimeter of two cells, households moved) is
carried along, so that a move costs the block's own neighbours and a walk through the cell that loses it.

All in one file: numba keeps what it compiled until the file of the function itself changes, not that of one it calls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

_Function = TypeVar("_Function", bound=Callable[..., Any])
Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

#: how often a step that does not pay alone is tried with a second one
_IN_TURN = 0.5


def compiled(function: _Function) -> _Function:
    """The function in machine code, which lets other threads run meanwhile."""
    return cast(_Function, numba.njit(cache=True, nogil=True)(function))


@compiled
def uniform(state: NDArray[np.uint64]) -> float:
    """The next number in [0, 1) of SplitMix64 (Steele, Lea and Flood 2014), whose state is one number."""
    state[0] = state[0] + np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return float(z >> np.uint64(11)) / 9007199254740992.0


@compiled
def cost(load: float, area: float, perimeter: float, target: float, weights: Floats) -> float:
    """What one cell costs: its squared relative deviation, and how far its Polsby-Popper ratio is from a circle's."""
    off = (load - target) / target
    roundness = 4.0 * np.pi * area / (perimeter * perimeter)
    return float(weights[0] * off * off + weights[1] * (1.0 - roundness))


@compiled
def total(cells: Floats, targets: Floats, weights: Floats) -> float:
    """The cost of all cells; `cells` (k, 3): load, area, perimeter."""
    found = 0.0
    for cell in range(len(targets)):
        found += cost(cells[cell, 0], cells[cell, 1], cells[cell, 2], targets[cell], weights)
    return found


@compiled
def keeps_whole(block: int, label: Ints, first: Ints, other: Ints, walk: Ints, seen: Ints, stamp: int) -> bool:
    """Whether the cell of a block stays as connected as it is without it: its neighbours there reach one another.

    `walk`, `seen`: room for n blocks; `stamp`: a number that `seen` does not hold yet.
    """
    cell = label[block]
    wanted = 0
    start = -1
    for at in range(first[block], first[block + 1]):
        if label[other[at]] == cell:
            start = other[at]
            wanted += 1
    if wanted <= 1:
        return True
    seen[block] = stamp
    seen[start] = stamp
    walk[0] = start
    head, tail, met = 0, 1, 0
    while head < tail:
        here = walk[head]
        head += 1
        for at in range(first[block], first[block + 1]):
            if other[at] == here:
                met += 1
        if met == wanted:
            return True
        for at in range(first[here], first[here + 1]):
            there = other[at]
            if label[there] == cell and seen[there] != stamp:
                seen[there] = stamp
                walk[tail] = there
                tail += 1
    return False


@compiled
def may_leave(
    block: int, label: Ints, touch: tuple[Ints, Ints, Ints, Ints, Floats], walk: Ints, seen: Ints, stamp: int
) -> bool:
    """Whether the cell of a block stays as connected without it: on foot, and across barriers (on the map) as well."""
    first, other, side_first, side, _ = touch
    if not keeps_whole(block, label, first, other, walk, seen, 2 * stamp):
        return False
    return len(side) == len(other) or keeps_whole(block, label, side_first, side, walk, seen, 2 * stamp + 1)


@compiled
def weigh(
    block: int,
    taker: int,
    label: Ints,
    cells: Floats,
    blocks: Floats,
    borders: tuple[Ints, Ints, Floats],
    targets: Floats,
    weights: Floats,
    after: Floats,
) -> float:
    """What the cells cost more when a block goes to another cell; `after` (2, 3): the cell that gives, that takes."""
    side_first, side, length = borders
    giver = label[block]
    inside_giver, inside_taker = 0.0, 0.0
    for at in range(side_first[block], side_first[block + 1]):
        if label[side[at]] == giver:
            inside_giver += length[at]
        elif label[side[at]] == taker:
            inside_taker += length[at]
    for value in range(2):
        after[0, value] = cells[giver, value] - blocks[block, value]
        after[1, value] = cells[taker, value] + blocks[block, value]
    after[0, 2] = cells[giver, 2] - blocks[block, 2] + 2.0 * inside_giver
    after[1, 2] = cells[taker, 2] + blocks[block, 2] - 2.0 * inside_taker
    change = cost(after[0, 0], after[0, 1], after[0, 2], targets[giver], weights)
    change += cost(after[1, 0], after[1, 1], after[1, 2], targets[taker], weights)
    change -= cost(cells[giver, 0], cells[giver, 1], cells[giver, 2], targets[giver], weights)
    change -= cost(cells[taker, 0], cells[taker, 1], cells[taker, 2], targets[taker], weights)
    return float(change)


@compiled
def leaving(block: int, taker: int, label: Ints, home: Ints, blocks: Floats) -> float:
    """How many more households are in another cell than before when a block goes to `taker`."""
    if label[block] == home[block]:
        return float(blocks[block, 3])
    return float(-blocks[block, 3]) if taker == home[block] else 0.0


@compiled
def give(block: int, taker: int, label: Ints, cells: Floats, count: NDArray[np.int64], after: Floats) -> None:
    """Let a block go to another cell, which leaves both cells as `weigh` has found them."""
    giver = label[block]
    label[block] = taker
    cells[giver], cells[taker] = after[0], after[1]
    count[giver] -= 1
    count[taker] += 1


@compiled
def neighbour(block: int, first: Ints, other: Ints, state: NDArray[np.uint64]) -> int:
    """A random neighbour of a block; itself where it has none."""
    degree = first[block + 1] - first[block]
    return int(other[first[block] + int(uniform(state) * degree)]) if degree else int(block)


@compiled
def return_of(block: int, label: Ints, first: Ints, other: Ints, state: NDArray[np.uint64]) -> tuple[int, int]:
    """A block of the cell that has just taken `block`, a few steps from it, and a cell that may take it in turn."""
    taker, here = label[block], block
    for _ in range(1 + int(uniform(state) * 3)):
        there = neighbour(here, first, other, state)
        if label[there] == taker:
            here = there
    return here, int(label[neighbour(here, first, other, state)])


@compiled
def anneal(
    label: Ints,
    home: Ints,
    best: Ints,
    blocks: Floats,
    group: Ints,
    touch: tuple[Ints, Ints, Ints, Ints, Floats],
    targets: Floats,
    weights: Floats,
    most_moved: float,
    hot: float,
    cold: float,
    moves: int,
    state: NDArray[np.uint64],
    best_cost: Floats,
) -> None:
    """So many tries to give a block to a neighbouring cell, at a temperature that falls from `hot` to `cold`.

    What does not pay alone may pay with a second block that leaves the taker in turn: where blocks are large beside
    what a cell lacks, two that change places even out what no single one can.

    `label` (n) is changed; `best` and `best_cost` (1) hold the best drawing so far. `home` (n): the cell a block had.
    `blocks` (n, 4): load, area, perimeter, households. `group` (k): cells exchange blocks within a group only.
    `touch`: for walking (`first`, `other`, without what a barrier parts), and for borders (`side_first`, `side`,
    `length` in metres, with it). `weights`: deviation, compactness, household moved. `most_moved`: households.
    """
    first, other, side_first, side, length = touch
    borders = (side_first, side, length)
    n, k = len(label), len(targets)
    cells, count = np.zeros((k, 3)), np.zeros(k, np.int64)
    moved = gather(label, home, blocks, side_first, side, length, cells, count)
    now = total(cells, targets, weights) + weights[2] * moved
    walk, seen = np.empty(n, np.int32), np.full(n, -1, np.int32)
    after, before, then = np.zeros((2, 3)), np.zeros((2, 3)), np.zeros((2, 3))
    cooling = (cold / hot) ** (1.0 / max(1, moves)) if hot > 0.0 else 1.0
    heat = hot
    for step in range(moves):
        if now < best_cost[0] - 1e-12 and moved <= most_moved:
            best_cost[0] = now
            best[:] = label
        heat *= cooling
        block = int(uniform(state) * n)
        giver, taker = label[block], label[neighbour(block, first, other, state)]
        if giver == taker or group[giver] != group[taker] or count[giver] == 1:
            continue
        bearable = -heat * np.log(1.0 - uniform(state))
        shift = leaving(block, taker, label, home, blocks)
        change = weigh(block, taker, label, cells, blocks, borders, targets, weights, after) + weights[2] * shift
        alone = change <= bearable and moved + shift <= most_moved
        if alone:
            if not may_leave(block, label, touch, walk, seen, 2 * step):
                continue
            give(block, taker, label, cells, count, after)
        elif uniform(state) < _IN_TURN:
            before[0], before[1] = cells[giver], cells[taker]
            give(block, taker, label, cells, count, after)
            back, third = return_of(block, label, first, other, state)
            fits = back != block and third != taker and group[third] == group[taker]
            if fits:
                left = leaving(back, third, label, home, blocks)
                shift += left
                change += weigh(back, third, label, cells, blocks, borders, targets, weights, then) + weights[2] * left
                fits = change <= bearable and moved + shift <= most_moved
            # what is walked through comes last, as it takes longest: first without the second block, then without both
            fits = fits and may_leave(back, label, touch, walk, seen, 2 * step)
            label[block] = giver
            if not (fits and may_leave(block, label, touch, walk, seen, 2 * step + 1)):
                cells[giver], cells[taker] = before[0], before[1]
                count[giver] += 1
                count[taker] -= 1
                continue
            label[block] = taker
            give(back, third, label, cells, count, then)
        else:
            continue
        moved += shift
        now += change
    if now < best_cost[0] - 1e-12 and moved <= most_moved:
        best_cost[0] = now
        best[:] = label


@compiled
def gather(
    label: Ints, home: Ints, blocks: Floats, side_first: Ints, side: Ints, length: Floats, cells: Floats,
    count: NDArray[np.int64],
) -> float:  # fmt: skip
    """Fill `cells` (k, 3: load, area, perimeter) and `count` (k) from the blocks; the households that moved."""
    cells[:] = 0.0
    count[:] = 0
    moved = 0.0
    for block in range(len(label)):
        cell = label[block]
        count[cell] += 1
        for value in range(3):
            cells[cell, value] += blocks[block, value]
        for at in range(side_first[block], side_first[block + 1]):
            if label[side[at]] == cell:
                cells[cell, 2] -= length[at]
        if cell != home[block]:
            moved += blocks[block, 3]
    return moved


@compiled
def grow(
    start: int,
    label: Ints,
    first: Ints,
    other: Ints,
    state: NDArray[np.uint64],
    room: tuple[Ints, Ints, Ints, Ints, Ints],
    cells: tuple[int, int],
) -> int:
    """A random tree over the blocks of two cells, by taking a random block of the rim again and again (Prim's with
    random weights); how many it reaches.

    `room`: n numbers each for the blocks in the order they came to the tree, the place of each block in it (-1: not
    there), the block above it, and two for the rim that hold a block for each neighbour of any.
    """
    order, place, parent, rim, above = room
    rim[0], above[0] = start, -1
    waiting, found = 1, 0
    while waiting:
        pick = int(uniform(state) * waiting)
        here, over = rim[pick], above[pick]
        waiting -= 1
        rim[pick], above[pick] = rim[waiting], above[waiting]
        if place[here] >= 0:
            continue
        place[here], parent[here], order[found] = found, over, here
        found += 1
        for at in range(first[here], first[here + 1]):
            there = other[at]
            if place[there] < 0 and (label[there] == cells[0] or label[there] == cells[1]):
                rim[waiting], above[waiting] = there, here
                waiting += 1
    return found


@compiled
def cut_evenly(
    size: int, blocks: Floats, wanted: tuple[float, float], order: Ints, parent: Ints, below: Floats
) -> tuple[int, bool]:
    """Where a tree falls into the two parts nearest to the wanted loads: the block on top of the lower one, -1 where
    there is no cut, and whether that one is to have the first load. `below` (n): room."""
    everything = 0.0
    for at in range(size):
        below[order[at]] = blocks[order[at], 0]
        everything += blocks[order[at], 0]
    for at in range(size - 1, 0, -1):
        below[parent[order[at]]] += below[order[at]]
    cut, least, lower = -1, np.inf, False
    for at in range(1, size):
        under = below[order[at]]
        for turned in range(2):
            inside = everything - under if turned else under
            off = (inside - wanted[0]) / wanted[0]
            rest = (everything - inside - wanted[1]) / wanted[1]
            if off * off + rest * rest < least:
                least, cut, lower = off * off + rest * rest, order[at], turned == 0
    return cut, lower


@compiled
def staying(
    size: int, order: Ints, label: Ints, home: Ints, blocks: Floats, cells: tuple[int, int]
) -> tuple[float, float]:
    """How many households of a tree are in the cell they had, and how many would be if its two cells changed names."""
    stay, swap = 0.0, 0.0
    for at in range(size):
        here = order[at]
        if label[here] == home[here]:
            stay += blocks[here, 3]
        if cells[0] + cells[1] - label[here] == home[here]:
            swap += blocks[here, 3]
    return stay, swap


@compiled
def sum_up(
    size: int,
    order: Ints,
    label: Ints,
    blocks: Floats,
    borders: tuple[Ints, Ints, Floats],
    first_cell: int,
    after: Floats,
) -> int:
    """Load, area and perimeter of the two cells of a tree, the first one's in the first row; its number of blocks."""
    side_first, side, length = borders
    after[:] = 0.0
    count = 0
    for at in range(size):
        here = order[at]
        row = 0 if label[here] == first_cell else 1
        count += 1 - row
        for value in range(3):
            after[row, value] += blocks[here, value]
        for near in range(side_first[here], side_first[here + 1]):
            if label[side[near]] == label[here]:
                after[row, 2] -= length[near]
    return count


@compiled
def part(size: int, cut: int, lower: int, upper: int, order: Ints, parent: Ints, label: Ints) -> None:
    """Give the blocks of a tree under `cut`, with it, to the cell `lower`, all others to `upper`."""
    for at in range(size):
        here = order[at]
        under = here == cut or (at > 0 and label[parent[here]] == lower)
        label[here] = lower if under else upper


@compiled
def recombine(
    label: Ints,
    home: Ints,
    best: Ints,
    blocks: Floats,
    group: Ints,
    touch: tuple[Ints, Ints, Ints, Ints, Floats],
    targets: Floats,
    weights: Floats,
    most_moved: float,
    tries: int,
    state: NDArray[np.uint64],
    best_cost: Floats,
) -> None:
    """So many tries to draw two neighbouring cells anew, kept where the drawing as a whole gets no worse.

    ReCom (DeFord, Duchin and Solomon 2021, Harvard Data Science Review 3.1) with the best cut of the tree taken instead
    of any within a tolerance. A try costs the blocks of the two cells, whatever the others are.

    Arguments as for `anneal`; a new pair keeps the names that leave most households where they are.
    """
    first, other, side_first, side, length = touch
    borders = (side_first, side, length)
    n, k = len(label), len(targets)
    cells, count = np.zeros((k, 3)), np.zeros(k, np.int64)
    moved = gather(label, home, blocks, side_first, side, length, cells, count)
    now = total(cells, targets, weights) + weights[2] * moved
    order, place, parent = np.empty(n, np.int32), np.full(n, -1, np.int32), np.empty(n, np.int32)
    room = (order, place, parent, np.empty(len(other) + 1, np.int32), np.empty(len(other) + 1, np.int32))
    old, below, after = np.empty(n, np.int32), np.empty(n), np.zeros((2, 3))
    for _ in range(tries):
        block = int(uniform(state) * n)
        one, two = label[block], label[neighbour(block, first, other, state)]
        if one == two or group[one] != group[two]:
            continue
        size = grow(block, label, first, other, state, room, (one, two))
        cut, lower = -1, False
        if size == count[one] + count[two]:
            cut, lower = cut_evenly(size, blocks, (targets[one], targets[two]), order, parent, below)
        stayed, _ = staying(size, order, label, home, blocks, (one, two))
        for at in range(size):
            place[order[at]] = -1
            old[at] = label[order[at]]
        if cut < 0:
            continue
        part(size, cut, one if lower else two, two if lower else one, order, parent, label)
        stay, swap = staying(size, order, label, home, blocks, (one, two))
        if swap > stay and targets[one] == targets[two]:
            stay = swap
            for at in range(size):
                label[order[at]] = one + two - label[order[at]]
        of_one = sum_up(size, order, label, blocks, borders, one, after)
        change = weights[2] * (stayed - stay)
        for row, cell in enumerate((one, two)):
            change += cost(after[row, 0], after[row, 1], after[row, 2], targets[cell], weights)
            change -= cost(cells[cell, 0], cells[cell, 1], cells[cell, 2], targets[cell], weights)
        if change > 0.0 or moved + stayed - stay > most_moved:
            for at in range(size):
                label[order[at]] = old[at]
            continue
        cells[one], cells[two] = after[0], after[1]
        count[one], count[two] = of_one, size - of_one
        moved += stayed - stay
        now += change
        if now < best_cost[0] - 1e-12:
            best_cost[0] = now
            best[:] = label
