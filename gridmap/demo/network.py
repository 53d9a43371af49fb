"""Roads: cheapest ways over the mesh, flat rather than steep, using what is there already."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from gridmap.demo.mesh import Floats, Ints, Mesh


class Roads:
    """A road network that grows: `lay` adds the cheapest way between two vertices and remembers its class.

    Streams are dear to run along (a road crosses them), a lake cannot be crossed, an existing road is cheap.
    """

    def __init__(self, mesh: Mesh, height: Floats, width: Ints, lake: np.ndarray) -> None:
        self.mesh = mesh
        rise = np.abs(np.diff(height[mesh.edges], axis=1).ravel())
        steep = rise / np.maximum(mesh.length, 1.0)
        wet = np.zeros(len(mesh.vertices), dtype=np.int64)
        for end in (0, 1):
            np.maximum.at(wet, mesh.edges[:, end], width)
        beside = wet[mesh.edges].max(axis=1)
        self.cost = mesh.length * (1.0 + 9.0 * steep) * (1.0 + 0.35 * beside) * np.where(width > 0, 4.0, 1.0)
        self.cost[lake] = 1e7
        self.grade = np.zeros(len(mesh.edges), dtype=np.int64)  # 0 none, 1 minor, 2 main
        self.name = np.full(len(mesh.edges), -1, dtype=np.int64)
        a, b = mesh.edges.T
        self._edge = {(min(p, q), max(p, q)): i for i, (p, q) in enumerate(zip(a.tolist(), b.tolist(), strict=True))}
        self._tree = cKDTree(mesh.vertices)

    def nearest(self, xy: Sequence[float]) -> int:
        """The vertex nearest to a point."""
        return int(self._tree.query(xy)[1])

    def lay(self, start: int, ends: Sequence[int], grade: int, name: int = -1) -> None:
        """Lay the cheapest ways from `start` to each of `ends`; where a road lies already, the higher grade stays."""
        cheap = np.where(self.grade > 0, 0.45, 1.0)
        before = dijkstra(self.mesh.vertex_graph(self.cost * cheap), indices=start, return_predecessors=True)[1]
        for end in ends:
            at = end
            while before[at] >= 0:
                edge = self._edge[(min(at, before[at]), max(at, before[at]))]
                if grade > self.grade[edge]:
                    self.grade[edge], self.name[edge] = grade, name
                at = int(before[at])
