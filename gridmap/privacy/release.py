"""The gate for counts that leave: one fixed laminar set of areas and closed months, each published count 0 or >= 5.

The areas of each town, in the order of their codes, form a fixed binary tree; towns hang below the county. For a month
a node is opened into its two parts only when each part holds 0 or at least `LEAST`; else it is published whole. So the
published parts of a month partition the county, every union of parts is a sum of safe counts, and no difference of two
published figures lies between 1 and 4. Months that have not ended are refused: a count that still grows tells, by
subtraction, the report that came in between. A period shows the coarsest parts of its months, for the same reason.

Categories are told for the county alone, in groups that hold 0 or at least `LEAST` in each month: a second margin of
the same table. Two margins determine no cell of it but those that are 0 or a whole margin (Frechet's bounds), while
categories by community would be two hierarchies that cross, whose differences nobody can keep safe. After a redraw a
month may be told in the new drawing as well only if each old-by-new piece of its parts is 0 or at least `LEAST`
(`may_redraw`): every difference of the two drawings is a sum of pieces.

A month is told once: what was told of it is kept, and a period is joined of its months (`joined`). So neither a late
import nor a new community lets a release be subtracted from an older one.

Numbers that are no sum of areas and months (households of a part, houses shaken, cases on an agenda) leave in steps
(`in_steps`): they grow by one from one day to the next, and what was told yesterday is subtracted today.

What leaves takes its counts from here and nowhere else: map, table, export, API, and the card for the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from gridmap.errors import InvalidInput

LEAST = 5
#: top categories that nothing that leaves counts: who petitions against whom is nobody else's business
LEFT_OUT = ("petition",)

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Node:
    """A run of area positions [start, stop) in the fixed order, and its parts."""

    start: int
    stop: int
    parts: tuple[_Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Released:
    """Published parts of a period: `members[i]` are the area codes of part i, `counts[i]` its count (0 or >= 5).

    `withheld` says that even the whole county holds 1 to 4 and nothing is published.
    """

    members: tuple[tuple[str, ...], ...]
    counts: Counts
    withheld: bool = False


def release_counts(
    codes: Sequence[str], towns: Sequence[str], months: Sequence[date], counts: Counts, *, today: date
) -> Released:
    """Counts of a period that may leave.

    codes, towns: per area (community) its code and its town's code, length n. months: first days of the period's
    months, length m. counts: int array (n, m). Raises InvalidInput for a month that has not ended by `today`.
    """
    counts = np.asarray(counts, dtype=np.int64)
    if counts.shape != (len(codes), len(months)):
        raise InvalidInput(f"counts is {counts.shape}, but there are {len(codes)} areas and {len(months)} months")
    open_months = [month for month in months if (month.year, month.month) >= (today.year, today.month)]
    if open_months:
        raise InvalidInput(f"{open_months[0]:%Y-%m} has not ended; only closed months are published")
    order = sorted(range(len(codes)), key=lambda i: (towns[i], codes[i]))
    tree = _tree([towns[i] for i in order])
    sums = np.vstack([np.zeros((1, len(months)), np.int64), np.cumsum(counts[order], axis=0)])
    parts = _open(tree, sums)
    if parts is None:
        return Released((), np.zeros(0, np.int64), withheld=True)
    return Released(
        tuple(tuple(codes[order[i]] for i in range(part.start, part.stop)) for part in parts),
        np.array([_held(part, sums).sum() for part in parts], dtype=np.int64),
    )


@dataclass(frozen=True, slots=True)
class ReleasedKinds:
    """Groups of categories that may leave, for the whole county: `groups[i]` are codes, `counts[i]` 0 or >= 5."""

    groups: tuple[tuple[str, ...], ...]
    counts: Counts
    withheld: bool = False


def release_kinds(codes: Sequence[str], months: Sequence[date], counts: Counts, *, today: date) -> ReleasedKinds:
    """Counts of a period by category, in the order of the codes given, small ones with their neighbours.

    codes: top categories, length k, always in the same order. counts: int array (k, months) of the whole county.
    Raises InvalidInput for a month that has not ended by `today`.
    """
    found = release_counts(codes, [""] * len(codes), months, counts, today=today)
    return ReleasedKinds(found.members, found.counts, found.withheld)


def joined(months: Sequence[Released]) -> Released:
    """A period of months that were told singly: the finest parts that are unions of parts of every month.

    Each count is a sum of counts told, so no period tells more than its months do, whatever drawings or trees they were
    told in. Withheld where a month is, or where there is none.
    """
    if not months or any(month.withheld for month in months):
        return Released((), np.zeros(0, np.int64), withheld=True)
    above: dict[str, str] = {}

    def root(code: str) -> str:
        while above.setdefault(code, code) != code:
            above[code] = above[above[code]]
            code = above[code]
        return code

    for month in months:
        for members in month.members:
            for code in members:
                above[root(code)] = root(members[0])
    parts: dict[str, list[str]] = {}
    for code in dict.fromkeys(code for month in months for members in month.members for code in members):
        parts.setdefault(root(code), []).append(code)
    sums = dict.fromkeys(parts, 0)
    for month in months:
        for members, count in zip(month.members, month.counts.tolist(), strict=True):
            if members:
                sums[root(members[0])] += count
    members_of = tuple(tuple(codes) for codes in parts.values())
    return Released(members_of, np.array(list(sums.values()), dtype=np.int64))


def in_steps(count: int) -> int:
    """A number that no closed month holds still, down to a multiple of `LEAST`: "at least so many".

    Any two so told differ by 0 or at least `LEAST`, whatever came in between and whatever either is a part of.
    """
    return count // LEAST * LEAST


def may_redraw(pieces: Counts) -> bool:
    """Whether a month may be told in a new drawing beside the old one.

    pieces: int array (published parts of the old drawing, published parts of the new one), the month's count in both.
    Parts, not single areas: areas that stay may be published with other neighbours than before.
    """
    pieces = np.asarray(pieces, dtype=np.int64)
    return bool(np.all((pieces == 0) | (pieces >= LEAST)))


def _tree(towns: Sequence[str]) -> _Node:
    """The county: runs of one town each, halved; then each town's areas, halved. Fixed by the codes alone."""
    starts = [i for i in range(len(towns)) if i == 0 or towns[i] != towns[i - 1]]
    edges = [*starts, len(towns)]
    return _halved([_halved([_Node(i, i + 1) for i in range(a, b)]) for a, b in pairwise(edges)])


def _halved(nodes: Sequence[_Node]) -> _Node:
    if not nodes:
        return _Node(0, 0)
    if len(nodes) == 1:
        return nodes[0]
    middle = len(nodes) // 2
    left, right = _halved(nodes[:middle]), _halved(nodes[middle:])
    return _Node(left.start, right.stop, (left, right))


def _held(node: _Node, sums: Counts) -> Counts:
    """The node's count in each month."""
    held: Counts = sums[node.stop] - sums[node.start]
    return held


def _safe(node: _Node, sums: Counts) -> bool:
    held = _held(node, sums)
    return bool(np.all((held == 0) | (held >= LEAST)))


def _open(node: _Node, sums: Counts) -> list[_Node] | None:
    """The finest parts below a node that are safe in every month; None when the node itself is not."""
    if not _safe(node, sums):
        return None
    if not node.parts or not all(_safe(part, sums) for part in node.parts):
        return [node]
    return [leaf for part in node.parts for leaf in _open(part, sums) or ()]
