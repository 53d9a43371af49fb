"""The land before anyone draws a border on it: hills, streams, a reservoir, roads, and the spots where people live."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from scipy.interpolate import CubicSpline
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from gridmap.demo import layout, terrain
from gridmap.demo.mesh import Floats, Ints, Mesh, build, relaxed_points
from gridmap.demo.network import Roads

ATOMS = 42_000
HOUSEHOLDS = 60_000
#: metres added to a walk that crosses a stream of width 0 to 5, and a road of no class, minor, main
CROSSING_M = np.array([0.0, 90.0, 260.0, 600.0, 1_100.0, 1_600.0])
ROAD_CROSSING_M = np.array([0.0, 45.0, 160.0])


@dataclass(frozen=True, slots=True)
class Land:
    """Mesh, heights and what runs along the edges: stream width, road grade (0, 1 minor, 2 main) and road name."""

    mesh: Mesh
    height: Floats
    drainage: terrain.Drainage
    width: Ints
    lake: np.ndarray  # per atom
    county: np.ndarray  # per atom: within the county
    roads: Roads

    @property
    def walk(self) -> Floats:
        """The cost in metres of going from atom to atom over each edge: slopes, streams and roads part people."""
        mesh = self.mesh
        gap = np.hypot(*(mesh.sites[mesh.sides[:, 0]] - mesh.sites[mesh.sides[:, 1]]).T)
        level = atom_heights(mesh, self.height)
        climb = np.abs(np.diff(level[mesh.sides], axis=1).ravel())
        barriers = CROSSING_M[self.width] + ROAD_CROSSING_M[self.roads.grade]
        return np.asarray(gap + 6.0 * climb + barriers, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Spots:
    """Hamlets and, in the streets of the seats, blocks: the atom each stands on, and its expected households."""

    atom: Ints
    households: Floats  # 0 outside the county
    urban: np.ndarray
    inside: np.ndarray


def spline(points: Floats, step_m: float, *, closed: bool = False) -> Floats:
    """A smooth line through (k, d) points whose first two columns are metres, a point about every `step_m`."""
    knots = np.vstack([points, points[:1]]) if closed else points
    along = np.r_[0.0, np.cumsum(np.hypot(*np.diff(knots[:, :2], axis=0).T))]
    curve = CubicSpline(along, knots, bc_type="periodic" if closed else "natural")
    return np.asarray(curve(np.linspace(0.0, along[-1], int(along[-1] / step_m) + 2)), dtype=np.float64)


def outline() -> shapely.Polygon:
    """The rough outline of the county."""
    return shapely.Polygon(spline(np.array(layout.OUTLINE, dtype=np.float64), 150.0, closed=True))


def county_atoms(mesh: Mesh, sway: terrain.Noise) -> np.ndarray:
    """Which atoms make the county: those within the outline as `sway` bends it, in one piece without teeth."""
    ring = shapely.get_coordinates(outline().exterior)
    outward = np.roll(ring, -1, axis=0) - np.roll(ring, 1, axis=0)
    outward = outward[:, ::-1] * (-1.0, 1.0) / np.hypot(*outward.T)[:, None]
    bent = shapely.buffer(shapely.Polygon(ring + 420.0 * sway.at(ring)[:, None] * outward), 0.0)
    inside = np.asarray(shapely.contains_xy(bent, *mesh.sites.T))
    graph = mesh.atom_graph(np.ones(len(mesh.edges)))
    for _ in range(3):
        inside = graph @ inside.astype(np.float64) > 0.5 * graph.sum(axis=1)
    members = np.flatnonzero(inside)
    part = connected_components(graph[members][:, members], directed=False)[1]
    whole = np.zeros(len(inside), dtype=bool)
    whole[members[part == np.bincount(part).argmax()]] = True
    return whole


def atom_heights(mesh: Mesh, height: Floats) -> Floats:
    """The mean height of the vertices around each atom."""
    n = len(mesh.sites)
    around = mesh.sides.ravel()
    level = np.bincount(around, np.repeat(height[mesh.edges].mean(axis=1), 2), n)
    return np.asarray(level / np.maximum(np.bincount(around, minlength=n), 1), dtype=np.float64)


def make_mesh(rng: np.random.Generator) -> Mesh:
    """A mesh that is fine in the streets of the seats, middling in the county, coarse beyond it."""
    half = np.array(layout.HALF_M)
    samples = rng.uniform(-half, half, (900_000, 2))
    density = np.where(shapely.contains_xy(outline().buffer(1_500.0), *samples.T), 1.0, 0.22)
    for town in layout.TOWNS:
        away = np.hypot(*(samples - (town.x, town.y)).T)
        density = np.maximum(density, 7.5 * np.exp(-((away / (1.15 * town.street_m)) ** 4)))
    samples = samples[rng.random(len(samples)) < density / density.max()]
    return build(relaxed_points(samples, ATOMS, rng))


def make_land(rng: np.random.Generator) -> Land:
    """Raise the hills, let the rain run off, dam the reservoir, lay the roads between the towns."""
    mesh = make_mesh(rng)
    extent = 2.1 * layout.HALF_M[0]
    hills, ridges = terrain.fractal(rng, extent), terrain.fractal(rng, extent, longest_m=9_000.0)
    sway = terrain.fractal(rng, extent, longest_m=4_000.0)
    valleys = [_valley(np.array(course, dtype=np.float64), sway) for _, _, course in layout.VALLEYS]
    height = terrain.heights(mesh.vertices, valleys, hills, ridges)
    rim = np.flatnonzero((np.abs(mesh.vertices) > np.array(layout.HALF_M) - 900.0).any(axis=1))
    source = int(cKDTree(mesh.vertices).query(valleys[0][6, :2])[1])
    drainage = terrain.drain(mesh, height, rim[mesh.vertices[rim, 0] > valleys[0][12, 0]], {source: 430.0})
    width = terrain.river_width(mesh, drainage)
    lake = _flood(mesh, height, drainage)
    drowned = lake[mesh.sides].all(axis=1)
    width[drowned] = 0
    wet = np.asarray(lake[mesh.sides].any(axis=1))
    roads = Roads(mesh, height, width, wet)
    land = Land(mesh, height, drainage, width, lake, county_atoms(mesh, sway), roads)
    _lay_main_roads(land)
    return land


def _valley(course: Floats, sway: terrain.Noise) -> Floats:
    """A valley line that wanders a little off its given course."""
    line = spline(course, 150.0)
    fade = np.sin(np.linspace(0.0, np.pi, len(line))) ** 0.5
    line[:, 0] += 260.0 * sway.at(line[:, :2]) * fade
    line[:, 1] += 260.0 * sway.at(-line[:, 1::-1]) * fade
    return line


def _flood(mesh: Mesh, height: Floats, drainage: terrain.Drainage) -> np.ndarray:
    """The atoms of the reservoir: the lowest ones above the dam, until it is large enough."""
    near = np.hypot(*(mesh.vertices - layout.DAM).T) < 900.0
    dam = int(np.argmax(np.where(near, drainage.km2, -1.0)))
    dry = ~drainage.upstream_of(dam)[mesh.edges].all(axis=1)
    shut = np.zeros(len(mesh.sites), dtype=bool)
    shut[mesh.sides[dry].ravel()] = True
    level = atom_heights(mesh, height)
    graph = mesh.atom_graph(np.ones(len(mesh.edges)))
    start = int(np.argmin(np.hypot(*(mesh.sites - mesh.vertices[dam]).T) + np.where(shut, 1e9, 0.0)))
    lake = np.zeros(len(mesh.sites), dtype=bool)
    size = np.pi * (cKDTree(mesh.sites).query(mesh.sites, k=5)[0][:, 1:].mean(axis=1) / 1.9) ** 2 / 1e6
    queue, seen, km2 = [(level[start], start)], {start}, 0.0
    while queue and km2 < layout.RESERVOIR_KM2:
        _, atom = heapq.heappop(queue)
        lake[atom], km2 = True, km2 + size[atom]
        for other in graph.indices[graph.indptr[atom] : graph.indptr[atom + 1]].tolist():
            if other not in seen and not shut[other]:
                seen.add(other)
                heapq.heappush(queue, (level[other], other))
    return lake


def _lay_main_roads(land: Land) -> None:
    at = {town.name: land.roads.nearest((town.x, town.y)) for town in layout.TOWNS}
    at.update({gate: land.roads.nearest(xy) for gate, xy in layout.GATES.items()})
    for number, (_, _, stops) in enumerate(layout.MAIN_ROADS):
        for here, there in pairwise(stops):
            land.roads.lay(at[here], [at[there]], 2, number)
    for here, there in layout.LINKS:
        land.roads.lay(at[here], [at[there]], 1)


def make_spots(land: Land, rng: np.random.Generator) -> Spots:
    """Where people live: close together in the streets, apart in the hills, none in water."""
    mesh = land.mesh
    fitness = habitability(land)
    street = np.zeros(len(mesh.sites))
    for town in layout.TOWNS:
        away = np.hypot(*(mesh.sites - (town.x, town.y)).T)
        street = np.maximum(street, np.exp(-((away / town.street_m) ** 4)))
    urban = street > 0.35
    inside = land.county
    room = np.where(urban, 270.0 - 85.0 * street, 430.0 + 1_500.0 * (1.0 - fitness) ** 2.0)
    usable = ~land.lake & (np.abs(mesh.sites) < np.array(layout.HALF_M) - 1_200.0).all(axis=1)
    atom = _apart(mesh.sites, room, usable, fitness, rng)
    seat = layout.TOWNS[0]
    block = np.where(np.hypot(*(mesh.sites - (seat.x, seat.y)).T) < 1.6 * seat.street_m, 76.0, 50.0)
    size = np.where(urban, block, 6.0 + 17.0 * fitness)[atom] * rng.lognormal(0.0, 0.38, len(atom))
    size = np.where(inside[atom], size, 0.0)
    return Spots(atom, size * HOUSEHOLDS / size.sum(), urban[atom], inside[atom])


def habitability(land: Land) -> Floats:
    """0 to 1 for each atom: low and flat, near a road, a stream and a seat is where people settle."""
    mesh = land.mesh
    level = atom_heights(mesh, land.height)
    tree = cKDTree(mesh.sites)
    around = level[tree.query(mesh.sites, k=12)[1]]
    steep = np.ptp(around, axis=1) / 450.0
    road = cKDTree(mesh.vertices[mesh.edges[land.roads.grade > 0].ravel()]).query(mesh.sites)[0]
    stream = cKDTree(mesh.vertices[mesh.edges[land.width > 1].ravel()]).query(mesh.sites)[0]
    seat = cKDTree([(town.x, town.y) for town in layout.TOWNS]).query(mesh.sites)[0]
    score = (
        1.15 - 2.6 * steep - 0.0009 * np.maximum(level - 720.0, 0.0)
        + 0.40 * np.exp(-road / 900.0) + 0.25 * np.exp(-stream / 800.0) + 0.45 * np.exp(-seat / 2_200.0)
    )  # fmt: skip
    return np.asarray(np.clip(score, 0.0, 1.0), dtype=np.float64)


def _apart(xy: Floats, room: Floats, usable: np.ndarray, fitness: Floats, rng: np.random.Generator) -> Ints:
    """Pick points in random order, the fit first more often, none within the room of one already picked."""
    order = np.argsort(rng.exponential(size=len(xy)) / (0.05 + fitness))
    near = cKDTree(xy).query_ball_point(xy, room * 0.98)
    free = usable.copy()
    picked = []
    for i in order.tolist():
        if free[i]:
            picked.append(i)
            free[near[i]] = False
    return np.array(picked, dtype=np.int64)
