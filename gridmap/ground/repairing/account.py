"""The account of one round: overlaps given to whom, gaps filled to whom, fragments moved, ends cut off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely

from gridmap.ground.arrangement import Rows, inner_points
from gridmap.ground.arrays import Floats
from gridmap.ground.coverage import NOISE_M2
from gridmap.ground.measure import Geometries, transform
from gridmap.ground.repairing.owners import NOBODY
from gridmap.ground.repairing.redraw import Round
from gridmap.ground.repairing.report import Cut, Filled, Given, Name, RepairReport

#: who, from whom, how much, and the face to tell a place from
_Sum = tuple[int, int, float, int]


def account(done: Round, names: Sequence[Name], crs: Any, report: RepairReport) -> None:
    """Add what a round did to the report; sums below rounding are not listed, but count."""
    claims, owners, area = done.claims, done.owners, done.area
    more = ~claims.first()
    face, loser = claims.face[more], claims.cell[more]
    overlaps = _sums(owners.claimed[face], loser, face, area)
    filled = np.flatnonzero(done.gap & (owners.final != NOBODY))
    gaps = _sums(owners.clump[filled], owners.final[filled], filled, area)
    moved = np.flatnonzero((owners.claimed != NOBODY) & (owners.claimed != owners.final))
    fragments = _sums(owners.final[moved], owners.claimed[moved], moved, area)
    cut = _sums(done.lost.cell, done.lost.cell, done.lost.face, area)
    report.claimed_twice_m2 += float(area[face].sum())
    report.filled_m2 += float(area[filled].sum())
    report.cut_m2 += float(area[done.lost.face].sum())
    places = _places(done.faces, [one[3] for one in (*overlaps, *gaps, *fragments, *cut)], crs)
    report.overlaps += [Given(names[a], names[b], m2, *places[at]) for a, b, m2, at in overlaps]
    report.gaps += [Filled(names[to], m2, *places[at]) for _, to, m2, at in gaps]
    report.fragments += [Given(names[a], names[b], m2, *places[at]) for a, b, m2, at in fragments]
    report.cut += [Cut(names[a], m2, *places[at]) for a, _, m2, at in cut]


def _sums(one: Rows, other: Rows, face: Rows, area: Floats) -> list[_Sum]:
    """For each pair (one, other) the m2 of its faces and the largest of these, the most m2 first."""
    if not len(face):
        return []
    pair, back = np.unique(np.stack([one, other]), axis=1, return_inverse=True)
    back = back.ravel()
    m2 = np.bincount(back, weights=area[face])
    largest = np.empty(len(m2), dtype=np.int64)
    rising = np.argsort(area[face], kind="stable")
    largest[back[rising]] = face[rising]
    told = np.flatnonzero(m2 >= NOISE_M2)
    told = told[np.argsort(-m2[told], kind="stable")]
    return [(int(pair[0, i]), int(pair[1, i]), float(m2[i]), int(largest[i])) for i in told]


def _places(found: Geometries, chosen: list[int], crs: Any) -> dict[int, tuple[float, float]]:
    """A WGS84 point in each of the chosen faces."""
    at = np.unique(np.array(chosen, dtype=np.int64))
    xy = shapely.get_coordinates(transform(inner_points(found[at]), crs, "EPSG:4326"))
    return {int(face): (float(x), float(y)) for face, (x, y) in zip(at, xy, strict=True)}
