"""Which community and which stream bears which name."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.spatial import cKDTree

from gridmap.demo import layout, terrain
from gridmap.demo.ground import Land, Spots
from gridmap.demo.hierarchy import Hierarchy
from gridmap.demo.mesh import Floats, Ints
from gridmap.demo.names import STREAMS, Name, quarters, villages

_NAMED_FROM_KM2 = terrain.WIDTH_KM2[1]


def community_names(land: Land, spots: Spots, tree: Hierarchy, rng: np.random.Generator) -> list[Name]:
    """A name for each community: those fixed by the layout where they fit best, the rest invented, no two alike."""
    urban = is_urban(spots, tree)
    names: dict[int, Name] = {}
    t = [town.name for town in layout.TOWNS].index(layout.NAMED_VILLAGES_TOWN)
    rural = np.flatnonzero(~urban & (tree.town_of_community == t))
    seats = land.mesh.sites[spots.atom[tree.community_seat]]
    wanted = np.array([(layout.TOWNS[t].x + x, layout.TOWNS[t].y + y) for _, _, x, y in layout.NAMED_VILLAGES])
    far = np.hypot(*(wanted[:, None, :] - seats[None, rural, :]).transpose(2, 0, 1))
    for i, j in zip(*linear_sum_assignment(far), strict=True):
        names[int(rural[j])] = Name(layout.NAMED_VILLAGES[i][0], layout.NAMED_VILLAGES[i][1])
    taken = {town.name[:-1] for town in layout.TOWNS} | {zh[:-1] for zh, *_ in layout.NAMED_VILLAGES}
    streets = iter(quarters(int(urban.sum()), taken))
    country = iter(villages(int((~urban).sum()), taken, rng))
    return [names[c] if c in names else next(streets if urban[c] else country) for c in range(len(urban))]


def is_urban(spots: Spots, tree: Hierarchy) -> NDArray[np.bool_]:
    """Per community: most of its households live in streets."""
    mine = tree.community >= 0
    community, households = tree.community[mine], spots.households[mine]
    inner = np.bincount(community, households * spots.urban[mine])
    return np.asarray(inner > 0.5 * np.bincount(community, households), dtype=bool)


def stream_names(land: Land) -> NDArray[np.object_]:
    """For each edge the Name of the stream along it, or None: small ones have none.

    A stream is followed from its mouth up the larger branch at every meeting, so one name runs the whole way.
    """
    stem = _stems(land.drainage)
    largest = np.zeros(int(stem.max()) + 1)
    np.maximum.at(largest, stem, land.drainage.km2)
    names: dict[int, Name] = {}
    wet = np.flatnonzero(land.drainage.km2 >= _NAMED_FROM_KM2)
    tree = cKDTree(land.mesh.vertices[wet])
    for zh, en, course in layout.VALLEYS:
        names.setdefault(_stem_along(np.array(course)[:, :2], tree, stem[wet], land.drainage.km2[wet]), Name(zh, en))
    spare = iter(STREAMS)
    for s in np.argsort(-largest).tolist():
        if s not in names and largest[s] >= _NAMED_FROM_KM2 * 1.6 and (pair := next(spare, None)):
            names[s] = Name(*pair)
    a, b = land.mesh.edges.T
    upper = np.where(land.drainage.down[a] == b, a, b)
    found = np.empty(len(upper), dtype=object)
    found[:] = [names.get(s) if w > 0 else None for s, w in zip(stem[upper].tolist(), land.width.tolist(), strict=True)]
    return found


def _stems(drainage: terrain.Drainage) -> Ints:
    """Number the streams: each vertex continues the stream below it if it is the largest that flows in there."""
    down, km2 = drainage.down, drainage.km2
    main = np.full(len(down), -1)
    by_size = np.argsort(km2, kind="stable")
    flowing = by_size[down[by_size] >= 0]
    main[down[flowing]] = flowing  # the last written is the largest
    stem, n = np.full(len(down), -1), 0
    for v in drainage.order.tolist():
        below = down[v]
        if below >= 0 and main[below] == v:
            stem[v] = stem[below]
        else:
            stem[v], n = n, n + 1
    return stem


def _stem_along(course: Floats, tree: cKDTree, stem: Ints, km2: Floats) -> int:
    """The stream that keeps closest company with a course: most of the points near it, the last quarter left out."""
    near = tree.query_ball_point(course[1:-1] if len(course) > 4 else course[1:2], 900.0)
    votes: dict[int, float] = {}
    for some in near:
        for s in {int(stem[i]) for i in some}:
            reach = max(float(km2[i]) for i in some if stem[i] == s)
            votes[s] = votes.get(s, 0.0) + np.log1p(reach)
    return max(votes, key=votes.__getitem__)
