"""From mesh edges to smooth lines that everything shares: borders, streams and roads are cut into the same arcs.

An arc runs between two nodes (where lines meet, or change what they are). It is smoothed and rounded once, and whatever
runs along it takes those points, so neighbours, and a border and its river, agree to the last digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from gridmap.demo.mesh import Floats, Ints, Mesh

SIMPLIFY_M = 5.0
#: how far, as a share of its length, the middle of an edge is pushed aside (standard deviation)
SWAY = 0.10


@dataclass(frozen=True, slots=True)
class Arcs:
    """Lines between nodes; `edge` is one mesh edge of each, which says what runs along it."""

    lines: list[Floats]  # (k, 2) plane metres
    edge: Ints
    chain: list[Ints]  # the vertices of the mesh along each


def trace(mesh: Mesh, kept: np.ndarray, kind: Ints) -> list[tuple[Ints, int]]:
    """Cut the kept edges into chains of vertices, ending where not exactly two edges of one kind meet.

    Returns (vertex ids along the chain, one of its edges); a ring without a node starts anywhere on it.
    """
    ids = np.flatnonzero(kept)
    at: dict[int, list[int]] = {}
    for e in ids.tolist():
        for v in mesh.edges[e].tolist():
            at.setdefault(v, []).append(e)
    ends, what = mesh.edges.tolist(), kind.tolist()
    node = {v for v, es in at.items() if len(es) != 2 or what[es[0]] != what[es[1]]}
    done: set[int] = set()
    chains: list[tuple[Ints, int]] = []

    def follow(v: int, e: int) -> list[int]:
        chain = [v]
        while True:
            done.add(e)
            v = ends[e][0] if ends[e][1] == v else ends[e][1]
            chain.append(v)
            if v in node:
                return chain
            following = [x for x in at[v] if x != e]
            if not following or following[0] in done:
                return chain
            e = following[0]

    for v in sorted(node):
        chains.extend((np.array(follow(v, e)), e) for e in at[v] if e not in done)
    chains.extend((np.array(follow(ends[e][0], e)), e) for e in ids.tolist() if e not in done)
    return chains


def relax(mesh: Mesh, kept: np.ndarray, fixed: np.ndarray, rounds: int = 4) -> Floats:
    """Vertex positions after pulling each towards the mean of its neighbours along kept edges; meeting points less."""
    a, b = mesh.edges[kept].T
    n = len(mesh.vertices)
    degree = np.bincount(np.r_[a, b], minlength=n)
    pull = np.where(degree == 2, 0.5, np.where(degree > 2, 0.25, 0.0))
    pull[fixed] = 0.0
    xy = mesh.vertices.copy()
    for _ in range(rounds):
        sums = np.column_stack([np.bincount(np.r_[a, b], np.r_[xy[b, axis], xy[a, axis]], n) for axis in (0, 1)])
        xy += pull[:, None] * (sums / np.maximum(degree, 1)[:, None] - xy)
    return xy


def chaikin(line: Floats) -> Floats:
    """One round of corner cutting that keeps the ends."""
    first, second = line[:-1], line[1:]
    cut = np.empty((2 * len(first), 2))
    cut[0::2], cut[1::2] = 0.75 * first + 0.25 * second, 0.25 * first + 0.75 * second
    return np.vstack([line[:1], cut[1:-1], line[-1:]]) if len(line) > 2 else line


def smooth_arcs(mesh: Mesh, kept: np.ndarray, kind: Ints, solid: np.ndarray, rng: np.random.Generator) -> Arcs:
    """Smooth arcs along the kept edges, with a little sway between the vertices.

    `kind` says per edge what runs there (arcs never mix kinds). Arcs with a `solid` edge must not touch one another but
    at their ends; where smoothing would make them, their vertices stay as the mesh has them.
    """
    chains = trace(mesh, kept, kind)
    edge = np.array([e for _, e in chains], dtype=np.int64)
    sway = [rng.normal(0.0, SWAY, len(chain) - 1) for chain, _ in chains]
    fixed = np.zeros(len(mesh.vertices), dtype=bool)
    for _ in range(12):
        xy = relax(mesh, kept, fixed)
        lines = [_smooth(xy[c], bend, bool(fixed[c].any())) for (c, _), bend in zip(chains, sway, strict=True)]
        bad = _touching(lines, solid[edge])
        if not bad:
            break
        for i in bad:
            fixed[chains[i][0]] = True
    return Arcs(lines, edge, [chain for chain, _ in chains])


def _smooth(line: Floats, bend: Floats, plain: bool) -> Floats:
    if plain:
        return line
    step = np.diff(line, axis=0)
    middle = line[:-1] + 0.5 * step + bend[:, None] * step[:, ::-1] * (-1.0, 1.0)
    swaying = np.empty((2 * len(line) - 1, 2))
    swaying[0::2], swaying[1::2] = line, middle
    fine = chaikin(chaikin(swaying))
    simple = shapely.simplify(shapely.linestrings(fine), SIMPLIFY_M)
    return np.asarray(shapely.get_coordinates(simple), dtype=np.float64)


def _touching(lines: Sequence[Floats], solid: np.ndarray) -> list[int]:
    """Solid arcs that meet themselves, or one another elsewhere than at shared ends."""
    ids = np.flatnonzero(solid)
    index = np.repeat(np.arange(len(ids)), [len(lines[i]) for i in ids.tolist()])
    shapes = shapely.linestrings(np.round(np.vstack([lines[i] for i in ids.tolist()]), 1), indices=index)
    bad = set(ids[~shapely.is_simple(shapes)].tolist())
    a, b = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    a, b = a[a < b], b[a < b]
    shared = shapely.intersection(shapes[a], shapes[b])
    ends = shapely.intersection(shapely.boundary(shapes[a]), shapely.boundary(shapes[b]))
    wrong = ~shapely.equals(shared, ends)
    bad.update(ids[a[wrong]].tolist(), ids[b[wrong]].tolist())
    return sorted(bad)
