"""Hills and the rivers that run off them: a fractal surface, drained over the mesh.

Draining is the priority flood of Barnes, Lehman and Mulla (2014): from the rim inwards, lowest first, so that every
vertex has a way down and no pit is left.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import map_coordinates
from scipy.spatial import cKDTree

from gridmap.demo.mesh import Floats, Ints, Mesh

#: square kilometres drained from which a stream has width 1, 2, 3, 4, 5
WIDTH_KM2 = (2.5, 9.0, 32.0, 120.0, 420.0)


@dataclass(frozen=True, slots=True)
class Noise:
    """A fractal surface of mean 0 and deviation 1 over a square of `extent_m` metres around the origin."""

    grid: Floats
    extent_m: float

    def at(self, xy: Floats) -> Floats:
        """Values at (n, 2) metres, linear between grid points."""
        n = len(self.grid)
        position = (xy / self.extent_m + 0.5) * (n - 1)
        return np.asarray(map_coordinates(self.grid, position.T, order=1, mode="nearest"), dtype=np.float64)


def fractal(
    rng: np.random.Generator, extent_m: float, *, slope: float = 2.2, longest_m: float = 14_000.0, n: int = 512
) -> Noise:
    """A random surface with power spectrum k^-slope, waves longer than `longest_m` damped."""
    k = np.hypot(*np.meshgrid(np.fft.fftfreq(n), np.fft.fftfreq(n))) * n / extent_m
    k[0, 0] = np.inf
    power = np.maximum(k, 1.0 / longest_m) ** -slope * np.where(k < 0.4 / longest_m, 0.2, 1.0)
    phases = np.exp(2j * np.pi * rng.random((n, n)))
    grid = np.fft.ifft2(power * phases * rng.rayleigh(size=(n, n))).real
    return Noise((grid - grid.mean()) / grid.std(), extent_m)


def heights(xy: Floats, valleys: list[Floats], hills: Noise, ridges: Noise) -> Floats:
    """Metres above the sea at (n, 2) points: hills and ridges that sink towards the given valley lines.

    A valley line is (k, 3): x, y and the height of its floor.
    """
    rough = 900.0 + 130.0 * hills.at(xy) + 150.0 * (1.0 - np.abs(ridges.at(xy)))
    for line in valleys:
        distance, at = cKDTree(line[:, :2]).query(xy)
        near = np.exp(-((distance / 3_800.0) ** 2))
        rough = rough * (1.0 - 0.75 * near) + 0.75 * near * (line[at, 2] + 0.03 * distance)
    return np.asarray(rough, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Drainage:
    """Where water goes from each vertex (`down`, -1 at the rim), and how much comes by (`km2`)."""

    down: Ints
    km2: Floats
    order: Ints  # the vertices, each after the one it drains to

    def upstream_of(self, vertex: int) -> np.ndarray:
        """Which vertices drain through `vertex` (itself included)."""
        through = np.zeros(len(self.down), dtype=bool)
        through[vertex] = True
        for v in self.order.tolist():
            if not through[v] and self.down[v] >= 0:
                through[v] = through[self.down[v]]
        return through


def drain(mesh: Mesh, height: Floats, rim: Ints, inflow: dict[int, float]) -> Drainage:
    """Drain every vertex to the `rim`; `inflow` gives km2 that come in from beyond the map at a vertex."""
    n = len(mesh.vertices)
    graph = mesh.vertex_graph(np.ones(len(mesh.edges)))
    pointers, neighbours = graph.indptr.tolist(), graph.indices.tolist()
    level = height.tolist()
    down, seen, order = [-1] * n, [False] * n, []
    queue = [(level[v], v) for v in rim.tolist()]
    heapq.heapify(queue)
    for v in rim.tolist():
        seen[v] = True
    while queue:
        h, v = heapq.heappop(queue)
        order.append(v)
        for w in neighbours[pointers[v] : pointers[v + 1]]:
            if not seen[w]:
                seen[w] = True
                down[w] = v
                heapq.heappush(queue, (max(level[w], h + 1e-3), w))
    km2 = mesh.vertex_area / 1e6
    for v, extra in inflow.items():
        km2[v] += extra
    total = km2.tolist()
    for v in reversed(order):
        if down[v] >= 0:
            total[down[v]] += total[v]
    return Drainage(np.array(down), np.array(total), np.array(order))


def river_width(mesh: Mesh, drainage: Drainage) -> Ints:
    """For each edge 0 (no stream) or the width 1 to 5 of the stream that runs along it."""
    a, b = mesh.edges.T
    upper = np.where(drainage.down[a] == b, a, np.where(drainage.down[b] == a, b, -1))
    return np.where(upper >= 0, np.searchsorted(WIDTH_KM2, drainage.km2[upper], side="right"), 0)
