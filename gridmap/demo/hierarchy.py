"""County, towns, communities and cells as nested groups of settlements, and the land that goes with each.

Settlements are divided first, on the graph of who is next to whom; each atom of land then belongs to the settlement
from which it is the shortest walk. So every area is connected, borders keep away from houses, and streams and roads
often become borders.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from gridmap.demo import layout
from gridmap.demo.ground import Land, Spots
from gridmap.demo.mesh import Floats, Ints
from gridmap.demo.regions import divide, grow

COMMUNITIES = 170
HOUSEHOLDS_PER_CELL = 75.0


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """Labels per spot (-1 outside the county), the spots that are seats, and the owning spot of each atom."""

    spot: Ints  # per atom
    town: Ints  # per spot
    community: Ints
    cell: Ints
    town_seat: Ints  # spot of each town
    community_seat: Ints
    town_of_community: Ints

    def of_atoms(self, label: Ints) -> Ints:
        """A label of spots carried to the atoms."""
        return label[self.spot]


def make_hierarchy(land: Land, spots: Spots, rng: np.random.Generator) -> Hierarchy:
    """Divide the county into towns, these into communities, these into cells."""
    spot, graph = _neighbours(land, spots)
    town, town_seat = _towns(land, spots, graph)
    xy = land.mesh.sites[spots.atom]
    lived = np.bincount(town[town >= 0], spots.households[town >= 0])
    count = _shares(np.asarray(lived, dtype=np.float64), COMMUNITIES)
    community = np.full(len(town), -1)
    community_seat: list[int] = []
    parent: list[int] = []
    for t, k in enumerate(count.tolist()):
        here = np.flatnonzero(town == t)
        first = int(np.flatnonzero(here == town_seat[t])[0])
        weight = spots.households[here] * np.where(spots.urban[here], 0.6, 1.0)
        label, seeds = divide(graph[here][:, here], xy[here], weight, k, rng, first=first)
        community[here] = label + len(parent)
        community_seat.extend(here[seeds].tolist())
        parent.extend([t] * k)
    cell = _cells(graph, xy, spots, community, rng)
    return Hierarchy(spot, town, community, cell, town_seat, np.array(community_seat), np.array(parent))


def _neighbours(land: Land, spots: Spots) -> tuple[Ints, csr_array]:
    """The spot each atom belongs to, and the graph of spots with the shortest walk between neighbours."""
    mesh, walk = land.mesh, land.walk
    parted = np.logical_xor(*land.county[mesh.sides].T)
    graph = mesh.atom_graph(np.where(parted, np.inf, walk))
    far, _, source = dijkstra(graph, indices=spots.atom, min_only=True, return_predecessors=True)
    place = np.full(len(mesh.sites), -1)
    place[spots.atom] = np.arange(len(spots.atom))
    spot = place[np.where(source >= 0, source, spots.atom[0])]
    a, b = spot[mesh.sides].T
    length = np.where(parted, np.inf, far[mesh.sides].sum(axis=1) + walk)
    pairs = pd.DataFrame({"a": np.minimum(a, b), "b": np.maximum(a, b), "m": length})
    pairs = pairs[(pairs["a"] != pairs["b"]) & np.isfinite(pairs["m"])].groupby(["a", "b"], as_index=False)["m"].min()
    ends, metres, n = pairs[["a", "b"]].to_numpy(), pairs["m"].to_numpy(), len(spots.atom)
    both = (np.r_[ends[:, 0], ends[:, 1]], np.r_[ends[:, 1], ends[:, 0]])
    return spot, csr_array((np.r_[metres, metres], both), shape=(n, n))


def _towns(land: Land, spots: Spots, graph: csr_array) -> tuple[Ints, Ints]:
    """The town of each spot, -1 outside; the larger a town, the faster it grows."""
    inside = np.flatnonzero(spots.inside)
    within = graph[inside][:, inside]
    xy = land.mesh.sites[spots.atom[inside]]
    seats = cKDTree(xy).query([(town.x, town.y) for town in layout.TOWNS])[1]
    pace = np.array([1.25 if town.suffix == "101" else 0.85 if town.suffix >= "200" else 1.0 for town in layout.TOWNS])
    town = np.full(len(spots.atom), -1)
    town[inside] = grow(within, seats, pace)
    return town, inside[seats]


def _shares(weight: Floats, total: int) -> Ints:
    """Whole shares of `total` in proportion to weight^0.85, by largest remainder, at least six each."""
    exact = weight**0.85 / (weight**0.85).sum() * total
    share: Ints = np.maximum(np.floor(exact), 6).astype(np.int64)
    rest = np.argsort(-(exact - np.floor(exact)))
    share[rest[: total - share.sum()]] += 1
    return share


def _cells(graph: csr_array, xy: Floats, spots: Spots, community: Ints, rng: np.random.Generator) -> Ints:
    cell, n = np.full(len(community), -1), 0
    for c in range(int(community.max()) + 1):
        here = np.flatnonzero(community == c)
        households = spots.households[here]
        size = HOUSEHOLDS_PER_CELL * (1.5 if spots.urban[here].mean() > 0.5 else 1.0)
        k = int(np.clip(round(households.sum() / size), 1, len(here)))
        cell[here] = divide(graph[here][:, here], xy[here], households, k, rng)[0] + n
        n += k
    return cell
