"""Sixty mines, quarries and factories, and what each is meant to be: raised, populous, quiet, or background.

Positions are sought where such a place could lie: near a road, off the houses, apart from the others; the planted ones
also where about the wanted number of households lives within 1.5 km.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from gridmap.demo.boundaries import Boundaries
from gridmap.demo.mesh import Floats, Ints
from gridmap.demo.plane import Plane
from gridmap.demo.planted import FRONTS, KINDS, PLANTED, WORDS, Planted
from gridmap.errors import GridmapError

ENTERPRISES = 60
#: the distance at which the truth counts households and reports
NEAR_M = 1_500.0
_APART_M = 1_150.0
#: nobody else's influence reaches the planted ones, but for one that is meant not to be told apart
_CLEAR_M = 3_300.0


@dataclass(frozen=True, slots=True)
class Works:
    """The enterprises: canonical `frame`, plane positions (n, 2), plane grounds, and the part each plays."""

    frame: pd.DataFrame
    xy: Floats
    grounds: NDArray[np.object_]
    parts: list[Planted | None]


def make_works(ground: Boundaries, plane: Plane, until: date, rng: np.random.Generator) -> Works:
    """Place and name the enterprises."""
    at = _places(ground, plane, rng)
    parts: list[Planted | None] = [*PLANTED, *[None] * (ENTERPRISES - len(PLANTED))]
    kinds = _kinds(rng)
    names = _names(kinds, rng)
    grounds = _grounds(at, kinds, rng)
    shapes = plane.round(grounds, 6)
    status = rng.choice(
        ["active", "suspended", "closed", "planned", "unknown"], ENTERPRISES, p=[0.80, 0.09, 0.06, 0.03, 0.02]
    )
    status[: len(PLANTED)] = "active"
    age = rng.integers(700, 14_000, ENTERPRISES)
    opened = [
        None if state in {"planned", "unknown"} else until - timedelta(days=int(d))
        for state, d in zip(status, age, strict=True)
    ]
    centre = plane.lonlat(at, 6)
    frame = pd.DataFrame({
        "code": [f"YL-E{i:03d}" for i in range(1, ENTERPRISES + 1)],
        "name": [zh for zh, _ in names], "name_en": [en for _, en in names], "kind": kinds, "status": status,
        "opened_on": pd.Series(opened, dtype=object), "source": "演示数据", "geometry": shapes,
        "crs_in": "EPSG:4326", "x_in": centre[:, 0], "y_in": centre[:, 1],
    })  # fmt: skip
    return Works(frame, at, grounds, parts)


def _candidates(ground: Boundaries, plane: Plane, rng: np.random.Generator) -> Floats:
    """Points of the county within 900 m of a road, off the water and the middles of settlements."""
    county = plane.flat(ground.areas.loc[ground.areas["level"] == "county", "geometry"].to_numpy())[0]
    inner = shapely.buffer(county, -450.0)
    low_x, low_y, high_x, high_y = shapely.bounds(inner)
    points = rng.uniform((low_x, low_y), (high_x, high_y), (30_000, 2))
    shapely.prepare(inner)
    points = points[shapely.contains_xy(inner, *points.T)]
    roads = shapely.STRtree(shapely.get_parts(plane.flat(ground.roads["geometry"].to_numpy())))
    water = shapely.STRtree(shapely.get_parts(plane.flat(ground.water["geometry"].to_numpy())))
    shapes = shapely.points(points)
    _, road = roads.query_nearest(shapes, return_distance=True, all_matches=False)
    _, stream = water.query_nearest(shapes, return_distance=True, all_matches=False)
    houses = plane.xy(ground.settlements["lon"].to_numpy(), ground.settlements["lat"].to_numpy())
    clear = cKDTree(houses).query(points)[0] > 190.0
    return np.asarray(points[(road < 900.0) & (road > 130.0) & (stream > 170.0) & clear], dtype=np.float64)


def _places(ground: Boundaries, plane: Plane, rng: np.random.Generator) -> Floats:
    """(ENTERPRISES, 2) metres: the planted ones first, the rest wherever there is room."""
    points = _candidates(ground, plane, rng)
    chosen = _planted(points, ground, plane)
    room = [_APART_M if part.role == "background" else _CLEAR_M for part in PLANTED]
    for point in points:
        if (np.hypot(*(np.array(chosen) - point).T) > room).all():
            chosen.append(point)
            room.append(_APART_M)
        if len(chosen) == ENTERPRISES:
            return np.array(chosen)
    raise GridmapError(f"the demo county has room for {len(chosen)} enterprises only: take another seed")


def _planted(points: Floats, ground: Boundaries, plane: Plane) -> list[Floats]:
    """The candidate that suits each planted enterprise best: near where it is wanted, with about the wanted homes."""
    near = _households_near(points, ground, plane)
    seats = plane.xy(ground.places["lon"].to_numpy(), ground.places["lat"].to_numpy())
    known = dict(zip(ground.places["name"], seats, strict=True))
    chosen: list[Floats] = []
    for part in PLANTED:
        middle = np.array([part.x, part.y]) + (known[part.beside] if part.beside else 0.0)
        away = np.hypot(*(points - middle).T)
        if part.gap_m is not None:
            score = np.abs(away - part.gap_m) / 100.0
        else:
            score = 3.0 * np.abs(np.log(np.maximum(near, 5.0) / part.households)) + away / part.reach_m
            if chosen:
                score = score + np.where(cKDTree(chosen).query(points)[0] < _CLEAR_M, 1e6, 0.0)
        known[part.name] = points[int(np.argmin(np.where(away > part.reach_m, score + 1e9, score)))]
        chosen.append(known[part.name])
    return chosen


def _households_near(points: Floats, ground: Boundaries, plane: Plane) -> Floats:
    """Households expected within NEAR_M of each point."""
    spots = ground.settlements
    houses = cKDTree(plane.xy(spots["lon"].to_numpy(), spots["lat"].to_numpy()))
    weight = spots["households"].to_numpy()
    return np.array([weight[some].sum() for some in houses.query_ball_point(points, NEAR_M)], dtype=np.float64)


def _kinds(rng: np.random.Generator) -> NDArray[np.object_]:
    left = {kind: count - sum(part.kind == kind for part in PLANTED) for kind, count in KINDS}
    rest = np.repeat(list(left), list(left.values()))
    return np.array([part.kind for part in PLANTED] + rng.permutation(rest).tolist(), dtype=object)


def _names(kinds: NDArray[np.object_], rng: np.random.Generator) -> list[tuple[str, str]]:
    """Names that do not repeat: a front and what is made there."""
    names = [(part.name, part.name_en) for part in PLANTED]
    pairs = {kind: [(f + w, f"{fe} {we}") for f, fe in FRONTS for w, we in words] for kind, words in WORDS.items()}
    order = {kind: iter(rng.permutation(len(some)).tolist()) for kind, some in pairs.items()}
    return names + [pairs[kind][next(order[kind])] for kind in kinds[len(names) :]]


def _grounds(at: Floats, kinds: NDArray[np.object_], rng: np.random.Generator) -> NDArray[np.object_]:
    """A pit or a fence for half of them and for all planted ones that are raised, else a point (plane)."""
    corners = 14
    angle = np.sort(
        rng.uniform(0.0, 2 * np.pi / corners, (len(at), corners)) + np.arange(corners) * 2 * np.pi / corners, axis=1
    )
    size = np.select([kinds == "mine", kinds == "quarry"], [105.0, 95.0], 70.0) * rng.lognormal(0.0, 0.15, len(at))
    radius = size[:, None] * rng.lognormal(0.0, 0.13, (len(at), corners))
    ring = at[:, None] + np.stack([1.25 * radius * np.cos(angle), 0.8 * radius * np.sin(angle)], axis=2)
    pits = shapely.polygons(ring)
    tilt = rng.uniform(0.0, 90.0, len(at))
    fences = np.array([
        shapely.affinity.rotate(shapely.box(x - 1.2 * s, y - 0.8 * s, x + 1.2 * s, y + 0.8 * s), t)
        for (x, y), s, t in zip(at, size, tilt, strict=True)
    ], dtype=object)  # fmt: skip
    drawn = (rng.random(len(at)) < 0.5) | (np.arange(len(at)) < 4)
    area = np.where(np.isin(kinds, ["mine", "quarry"]), pits, fences)
    return np.asarray(np.where(drawn, area, shapely.points(at)), dtype=object)


def nearest_works(works: Works, xy: Floats, skip: NDArray[np.bool_]) -> tuple[Floats, Ints]:
    """Distance in metres and position of the nearest enterprise not skipped, for (n, 2) places."""
    rows = np.flatnonzero(~skip)
    far, at = cKDTree(works.xy[rows]).query(xy)
    return np.asarray(far, dtype=np.float64), rows[at]
