"""Proposals for cells that carry alike: a given drawing is improved, block by block, under an annealed search.

Simulated annealing over single blocks (Kirkpatrick, Gelatt and Vecchi 1983, Science 220, 671-680), with pairs of cells
drawn anew by spanning trees in between (ReCom, see `compiled.split_again`), which gets it out of dead ends. What is
weighed is the squared relative deviation of the load, the Polsby-Popper ratio, and the households that change cell.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gridmap.errors import InvalidInput
from gridmap.plan.balance.blocks import Blocks, Floats, Rows, blocks_of

Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Aim:
    """What a proposal is after: how much even loads, round cells and households that stay weigh beside one another."""

    even: float
    round: float
    stay: float


#: what is proposed unless something else is asked for
AIMS: Final[Mapping[str, Aim]] = MappingProxyType(
    {
        "even": Aim(100.0, 0.2, 0.02),
        "even and round": Aim(30.0, 0.3, 0.02),
        "round": Aim(10.0, 0.3, 0.02),
        "few moves": Aim(30.0, 0.3, 0.5),
    }
)
#: each search begins so often, at these parts of the mean cost of a cell as its temperature: hot ones find other
#: drawings, cool ones mend the one that is there, and which does better depends on the place
_STARTS = (0.1, 0.03, 0.01) * 2
#: where the temperature ends, as part of where it began
_COLD = 1e-4
#: tries for each block and start, and how many rounds they are cut into, to look at the clock in between
_TRIES, _ROUNDS = 500, 10
#: pairs drawn anew in a round, for each cell
_RECOMBINED = 24


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """A drawing of the blocks.

    `cell` (n): the row of each block's cell. `deviation`: the largest relative distance of a cell's load from its
    target; `mean_deviation`: their mean; `compactness`: mean Polsby-Popper ratio of the cells; `moved`: households in
    another cell than before; `apart`: cells in several pieces; `complete`: False when the time ran out before the
    search ended.
    """

    aim: str
    cell: Rows
    deviation: float
    mean_deviation: float
    compactness: float
    moved: float
    apart: int
    complete: bool


def balance(
    blocks: Blocks,
    *,
    groups: ArrayLike | None = None,
    aims: Mapping[str, Aim] = AIMS,
    most_moved: float | None = None,
    seed: int = 1,
    seconds: float = 30.0,
    progress: Progress | None = None,
) -> list[Proposal]:
    """A proposal for each aim, the smallest deviation first; those that another beats in everything are left out.

    `groups`: the community of each cell: cells exchange blocks within it only, and share its load evenly; None: all are
    one. `most_moved`: households that may change their cell at most. A cell in one piece stays so, also where barriers
    count as gaps; none vanishes, none is added. `seconds`: what all aims together may take; a search that comes to its
    end sooner gives the same drawing for the same seed. `progress`: called with the share that is done.

    Refuses cells without a block, and groups without load.
    """
    start = blocks.cell.astype(np.int32)
    k = int(start.max(initial=-1)) + 1
    if not k or np.bincount(start, minlength=k).min() == 0:
        raise InvalidInput("Each cell needs at least one block; number the cells from 0 on.", code="empty_cell")
    group = np.zeros(k, dtype=np.int32) if groups is None else _numbered(groups, k)
    targets = _targets(blocks.load, start, group)
    limit = float(blocks.households.sum()) if most_moved is None else float(most_moved)
    make_ready()
    made, ends = [], time.monotonic() + seconds
    for turn, (name, aim) in enumerate(aims.items()):
        until = time.monotonic() + (ends - time.monotonic()) / (len(aims) - turn)
        told = None if progress is None else _part(progress, turn, len(aims))
        cell, complete = _search(blocks, start, group, targets, aim, limit, seed + turn, until, told)
        made.append(_judged(name, blocks, cell, start, targets, complete))
    return sorted(_unbeaten(made), key=lambda one: one.deviation)


@functools.cache
def make_ready() -> None:
    """Compile the search, or take it from numba's cache, before a request waits and a clock runs: some ten seconds,
    once for each machine and version."""
    x, y = np.divmod(np.arange(4.0), 2)
    four = blocks_of(shapely.box(x, y, x + 1, y + 1), x, np.ones(4), np.ones(4))
    start, group = four.cell.astype(np.int32), np.zeros(2, dtype=np.int32)
    _search(four, start, group, _targets(four.load, start, group), AIMS["even"], 4.0, 1, 0.0, None)


def judge(blocks: Blocks, cell: ArrayLike, *, groups: ArrayLike | None = None, name: str = "as drawn") -> Proposal:
    """The figures of any drawing of the blocks, to compare proposals with: the one in force, or another program's."""
    label = np.asarray(cell, dtype=np.int32)
    start = blocks.cell.astype(np.int32)
    k = int(start.max()) + 1
    group = np.zeros(k, dtype=np.int32) if groups is None else _numbered(groups, k)
    return _judged(name, blocks, label, start, _targets(blocks.load, start, group), True)


def _search(
    blocks: Blocks,
    start: NDArray[np.int32],
    group: NDArray[np.int32],
    targets: Floats,
    aim: Aim,
    limit: float,
    seed: int,
    until: float,
    progress: Progress | None,
) -> tuple[NDArray[np.int32], bool]:
    """The best drawing found, and whether the search came to its end."""
    from gridmap.plan.balance import compiled

    label, best, best_cost = start.copy(), start.copy(), np.array([np.inf])
    state = np.array([np.uint64(seed)])
    table = np.column_stack([blocks.load, blocks.area_m2, blocks.perimeter_m, blocks.households])
    touch = _touching(blocks)
    # a household's share of all, so that the same weights serve few cells and many
    weights = np.array([aim.even, aim.round, aim.stay * len(targets) / max(1.0, blocks.households.sum())])
    scale = aim.even * float(np.mean(_deviations(blocks.load, start, targets) ** 2)) + 0.1 * aim.round
    cooling = _COLD ** np.linspace(0.0, 1.0, _ROUNDS + 1)
    moves = max(1, _TRIES * len(blocks) // _ROUNDS)
    arguments = (label, start, best, table, group, touch, targets, weights, limit)
    for turn in range(_ROUNDS * len(_STARTS)):
        begun, at = divmod(turn, _ROUNDS)
        if at == 0:
            label[:] = start
        heats = _STARTS[begun] * scale * cooling
        compiled.recombine(*arguments, _RECOMBINED * len(targets), state, best_cost)
        compiled.anneal(*arguments, heats[at], heats[at + 1], moves, state, best_cost)
        if progress is not None:
            progress((turn + 1) / (_ROUNDS * len(_STARTS)))
        if time.monotonic() > until:
            return best, turn + 1 == _ROUNDS * len(_STARTS)
    return best, True


def _touching(
    blocks: Blocks,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], Floats]:
    """Neighbours as lists: `first`, `other` without barriers; `first`, `other` and metres of border with them."""
    both = np.concatenate([blocks.pair, blocks.pair[:, ::-1]])
    metres, passable = np.tile(blocks.border_m, 2), np.tile(blocks.open, 2)
    order = np.lexsort((both[:, 1], both[:, 0]))
    both, metres, passable = both[order], metres[order], passable[order]
    walk = both[passable]
    return (*_rows(walk, len(blocks)), *_rows(both, len(blocks)), metres)


def _rows(pairs: Rows, n: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    first = np.zeros(n + 1, dtype=np.int32)
    np.cumsum(np.bincount(pairs[:, 0], minlength=n), out=first[1:])
    return first, pairs[:, 1].astype(np.int32)


def _numbered(groups: ArrayLike, k: int) -> NDArray[np.int32]:
    given = np.asarray(groups)
    if len(given) != k:
        raise InvalidInput(f"{k} cells, but {len(given)} communities.", code="lengths_differ")
    return np.unique(given, return_inverse=True)[1].astype(np.int32)


def _targets(load: Floats, cell: NDArray[np.int32], group: NDArray[np.int32]) -> Floats:
    """The even share of each cell in the load of its group."""
    sums = np.bincount(group[cell], weights=load, minlength=int(group.max()) + 1)
    if (sums <= 0).any():
        raise InvalidInput("A community has no load at all, so there is nothing to share evenly.", code="no_load")
    shares: Floats = (sums / np.bincount(group))[group]
    return shares


def _deviations(load: Floats, cell: NDArray[np.int32], targets: Floats) -> Floats:
    found: Floats = np.bincount(cell, weights=load, minlength=len(targets)) / targets - 1
    return found


def _judged(
    name: str, blocks: Blocks, cell: NDArray[np.int32], start: NDArray[np.int32], targets: Floats, complete: bool
) -> Proposal:
    off = np.abs(_deviations(blocks.load, cell, targets))
    one, two = blocks.pair.T
    inside = cell[one] == cell[two]
    k = len(targets)
    rim = np.bincount(cell, weights=blocks.perimeter_m, minlength=k)
    rim -= 2 * np.bincount(cell[one[inside]], weights=blocks.border_m[inside], minlength=k)
    roundness = 4 * np.pi * np.bincount(cell, weights=blocks.area_m2, minlength=k) / rim**2
    return Proposal(
        name, cell.astype(np.int64), float(off.max()), float(off.mean()), float(roundness.mean()),
        float(blocks.households[cell != start].sum()), _apart(blocks, cell), complete,
    )  # fmt: skip


def _apart(blocks: Blocks, cell: NDArray[np.int32]) -> int:
    """How many cells are in several pieces, a barrier counting as a gap."""
    one, two = blocks.pair.T
    joined = (cell[one] == cell[two]) & blocks.open
    graph = coo_array((np.ones(joined.sum()), (one[joined], two[joined])), shape=(len(blocks), len(blocks)))
    piece = connected_components(graph, directed=False)[1]
    _, first = np.unique(piece, return_index=True)
    return int((np.bincount(cell[first]) > 1).sum())


def _unbeaten(made: Sequence[Proposal]) -> list[Proposal]:
    """Without those that another proposal equals or beats in deviation, compactness and households moved."""
    kept: list[Proposal] = []
    for one in made:
        if not any(_beats(other, one) for other in made if other is not one) and not any(_equal(one, k) for k in kept):
            kept.append(one)
    return kept


def _figures(one: Proposal) -> tuple[float, float, float]:
    return one.deviation, -one.compactness, one.moved


def _beats(one: Proposal, other: Proposal) -> bool:
    pairs = list(zip(_figures(one), _figures(other), strict=True))
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)


def _equal(one: Proposal, other: Proposal) -> bool:
    return _figures(one) == _figures(other)


def _part(progress: Progress, turn: int, turns: int) -> Progress:
    return lambda share: progress((turn + share) / turns)
