"""Random edits of a drawing, plausible but often wrong: whoever asks counts on refusals."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely

from gridmap.errors import Conflict, InvalidInput
from gridmap.ground.topology import topology
from gridmap.plan import (
    AssignCodes,
    ChangeCommunity,
    Delta,
    Drawing,
    Merge,
    MoveNode,
    MovePart,
    Reshape,
    Split,
    apply,
)
from tests.grids import SIZE_DEG

#: edits that give or take codes and those that do not
KINDS = ("reshape", "move_node", "split", "merge", "move_part", "assign_codes", "change_community")


def edit(drawing: Drawing, rng: np.random.Generator, kind: str | None = None) -> Delta:
    """One edit of a drawing of at least one cell, new codes drawn at random so that two edits rarely give the same."""
    kind = kind or str(rng.choice(KINDS))
    codes = list(drawing)
    one, other = (str(code) for code in rng.choice(codes, 2))
    if kind == "reshape":
        return _reshape(drawing, rng)
    if kind == "move_node":
        place = rng.choice(shapely.get_coordinates(drawing[one].shape))
        return MoveNode(_pair(place), _pair(place + rng.normal(0, SIZE_DEG / 5, 2)))
    if kind == "split":
        line = shapely.get_coordinates(drawing[one].shape.centroid)[0] + rng.normal(0, SIZE_DEG * 2, (3, 2))
        if rng.random() < 0.3:  # from vertex to vertex
            line = rng.choice(shapely.get_coordinates(drawing[one].shape), 2)
        return Split(one, tuple(map(_pair, line)), (one, new(rng)))
    if kind == "merge":
        return Merge((one, other), str(rng.choice([one, other, new(rng)])), None if rng.random() < 0.5 else "X")
    if kind == "move_part":
        middle = rng.choice(shapely.get_coordinates(drawing[one].shape))
        return MovePart(one, other, shapely.Point(middle).buffer(SIZE_DEG * rng.uniform(0.1, 1.5), quad_segs=3))
    if kind == "assign_codes":
        return AssignCodes(((one, new(rng)),) if rng.random() < 0.5 else ((one, other), (other, one)))
    return ChangeCommunity(one, str(rng.choice(["X", "Y"])))


def _reshape(drawing: Drawing, rng: np.random.Generator) -> Delta:
    """A stretch of some border, with one place more or less in the middle."""
    graph = topology(np.array([cell.shape for cell in drawing.values()], dtype=object))
    way = graph.border(int(rng.integers(graph.borders)))
    if rng.random() < 0.5 and len(way) > 2 and (way[0] != way[-1]).any():
        start = int(rng.integers(len(way) - 1))
        way = way[start : start + 2]
    middle = (way[0] + way[1]) / 2 + rng.normal(0, SIZE_DEG / 5, 2)
    old = tuple(map(_pair, way))
    return Reshape(old, (old[0], _pair(middle), *(old[1:] if rng.random() < 0.7 else old[-1:])))


def new(rng: np.random.Generator) -> str:
    return f"n{rng.integers(10**9):09}"


def _pair(place: np.ndarray) -> tuple[float, float]:
    return float(place[0]), float(place[1])


def edited(drawing: Drawing, rng: np.random.Generator, count: int) -> Iterator[tuple[Drawing, Delta, Drawing, Delta]]:
    """Edits that were not refused, one upon another: (before, delta, after, inverse)."""
    for _ in range(count):
        delta = edit(drawing, rng)
        try:
            after, inverse = apply(drawing, delta)
        except (InvalidInput, Conflict):
            continue
        yield drawing, delta, after, inverse
        drawing = after
