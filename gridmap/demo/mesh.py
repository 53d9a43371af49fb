"""A fine Voronoi mesh: every border, river and road of the demo county runs along its edges.

So a border that follows a river shares the river's points exactly, and neighbours share their border by construction.
Plane metres throughout.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import Voronoi, cKDTree

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: edges shorter than this are collapsed: they would be lost when coordinates are rounded
SHORTEST_M = 14.0


@dataclass(frozen=True, slots=True)
class Mesh:
    """Atoms (Voronoi cells of `sites`) and the edges between them; unbounded edges are left out."""

    sites: Floats  # (atoms, 2)
    vertices: Floats  # (vertices, 2)
    edges: Ints  # (edges, 2) vertex ids
    sides: Ints  # (edges, 2) the atoms on either side

    @property
    def length(self) -> Floats:
        """Metres, for each edge."""
        ends = self.vertices[self.edges]
        return np.asarray(np.hypot(*(ends[:, 0] - ends[:, 1]).T), dtype=np.float64)

    @property
    def vertex_area(self) -> Floats:
        """Square metres that drain to each vertex at once: a share of the atoms around it."""
        near = cKDTree(self.sites).query(self.vertices, k=3)[0].mean(axis=1)
        return np.asarray(1.3 * near**2, dtype=np.float64)

    def vertex_graph(self, cost: Floats) -> csr_array:
        """Symmetric graph of the vertices; `cost` per edge."""
        return _symmetric(self.edges, cost, len(self.vertices))

    def atom_graph(self, cost: Floats) -> csr_array:
        """Symmetric graph of the atoms; `cost` per edge, of crossing it."""
        return _symmetric(self.sides, cost, len(self.sites))


def _symmetric(pairs: Ints, cost: Floats, n: int) -> csr_array:
    a, b = pairs.T
    return csr_array((np.r_[cost, cost], (np.r_[a, b], np.r_[b, a])), shape=(n, n))


def relaxed_points(samples: Floats, n: int, rng: np.random.Generator, rounds: int = 3) -> Floats:
    """(n, 2) points spread evenly over the density that `samples` (many, 2) stand for, by Lloyd's method."""
    points = samples[rng.choice(len(samples), n, replace=False)]
    for _ in range(rounds):
        owner = cKDTree(points).query(samples)[1]
        count = np.bincount(owner, minlength=n)
        sums = np.column_stack([np.bincount(owner, samples[:, axis], n) for axis in (0, 1)])
        points = np.where(count[:, None] > 0, sums / np.maximum(count, 1)[:, None], points)
    return points


def build(points: Floats) -> Mesh:
    """The Voronoi mesh of (n, 2) points, short edges collapsed."""
    diagram = Voronoi(points)
    ends = np.asarray(diagram.ridge_vertices, dtype=np.int64)
    sides = np.asarray(diagram.ridge_points, dtype=np.int64)
    bounded = (ends >= 0).all(axis=1)
    ends, sides = ends[bounded], sides[bounded]
    low, high = points.min(axis=0), points.max(axis=0)
    inside = ((diagram.vertices >= low) & (diagram.vertices <= high)).all(axis=1)
    kept = inside[ends].all(axis=1)
    return _collapse(points, diagram.vertices, ends[kept], sides[kept])


def _collapse(sites: Floats, vertices: Floats, edges: Ints, sides: Ints) -> Mesh:
    length = np.hypot(*(vertices[edges[:, 0]] - vertices[edges[:, 1]]).T)
    short = edges[length < SHORTEST_M]
    used = np.zeros(len(vertices), dtype=bool)
    used[edges] = True
    graph = _symmetric(short, np.ones(len(short)), len(vertices))
    merged = connected_components(graph, directed=False)[1]
    _, group = np.unique(np.where(used, merged, -1), return_inverse=True)
    group = group - (0 if used.all() else 1)
    count = np.bincount(group[used])
    centre = np.column_stack([np.bincount(group[used], vertices[used, axis]) / count for axis in (0, 1)])
    edges = group[edges]
    kept = edges[:, 0] != edges[:, 1]
    return Mesh(sites, centre, edges[kept], sides[kept])
