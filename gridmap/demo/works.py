"""Sixty mines, quarries and factories, and what each is meant to be: raised, populous, quiet, or background.

Positions are sought where such a place could lie: near a road, off the houses, apart from the others; the planted ones
also where about the wanted number of households lives within 1.5 km.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from gridmap.demo.boundaries import Boundaries
from gridmap.demo.mesh import Floats, Ints
from gridmap.demo.plane import Plane

ENTERPRISES = 60
#: the distance at which the truth counts households and reports
NEAR_M = 1_500.0
_APART_M = 1_150.0
#: nobody else's influence reaches the planted ones, but for one that is meant not to be told apart
_CLEAR_M = 3_300.0


@dataclass(frozen=True, slots=True)
class Planted:
    """An enterprise with a part to play.

    Reports of disputes by a household at d metres are multiplied by 1 + alpha * exp(-d / beta_m); the excess falls on
    `categories` (code -> share).
    """

    name: str
    name_en: str
    kind: str
    role: str  # raised, populous, quiet, background
    x: float  # metres, or metres from the place or enterprise called `beside`
    y: float
    reach_m: float  # how far from there it may be put
    households: float  # wanted within NEAR_M
    beside: str | None = None
    gap_m: float | None = None  # how far from there it should be put
    alpha: float = 0.0
    beta_m: float = 0.0
    categories: dict[str, float] = field(default_factory=dict)


PLANTED = (
    Planted(
        "云岭水泥厂", "Yunling Cement Works", "factory", "raised", 14_000.0, 4_800.0, 4_500.0, 1_400.0, alpha=4.2, beta_m=650.0, categories={"mining-dust": 0.44, "mining-noise": 0.14, "mining-trucks": 0.15, "environment-air": 0.13, "mining-roads": 0.08,
         "environment-wastewater": 0.06},
    ),
    Planted(
        "鸿发铅锌矿", "Hongfa Lead and Zinc Mine", "mine", "raised", -11_500.0, 8_800.0, 4_000.0, 950.0, alpha=4.6, beta_m=650.0, categories={"mining-water": 0.36, "mining-roads": 0.22, "mining-waste": 0.14, "mining-trucks": 0.11, "mining-compensation": 0.09,
         "mining-subsidence": 0.08},
    ),
    Planted(
        "青石采石场", "Qingshi Quarry", "quarry", "raised", 0.0, 0.0, 1_300.0, 450.0, beside="柳湾村", alpha=5.6, beta_m=550.0,
        categories={"mining-blasting": 0.46, "mining-dust": 0.20, "mining-trucks": 0.20, "mining-noise": 0.14},
    ),
    Planted("城关机械厂", "Chengguan Machine Works", "factory", "populous", -500.0, -700.0, 1_300.0, 6_000.0),
    Planted("望云石英砂厂", "Wangyun Quartz Sand Works", "factory", "quiet", 1_500.0, 6_500.0, 7_500.0, 120.0),
    Planted("宏远砖厂", "Hongyuan Brickworks", "factory", "background", 0.0, 0.0, 1_400.0, 900.0, beside="云岭水泥厂", gap_m=1_100.0),
)  # fmt: skip
_KINDS = (("mine", 21), ("quarry", 19), ("factory", 18), ("other", 2))
_WORDS = {
    "mine": (("煤矿", "Coal Mine"), ("铁矿", "Iron Mine"), ("磷矿", "Phosphate Mine"), ("铝土矿", "Bauxite Mine"),
             ("重晶石矿", "Barite Mine"), ("锰矿", "Manganese Mine")),
    "quarry": (("采石场", "Quarry"), ("砂石厂", "Gravel Works"), ("石料厂", "Stone Works"), ("石灰石矿场", "Limestone Quarry")),
    "factory": (("砖厂", "Brickworks"), ("石灰厂", "Lime Works"), ("化肥厂", "Fertiliser Works"), ("酒厂", "Distillery"),
                ("木材加工厂", "Sawmill"), ("食品厂", "Food Factory"), ("洗煤厂", "Coal Washery"), ("家具厂", "Furniture Factory")),
    "other": (("养殖场", "Livestock Farm"), ("垃圾处理站", "Waste Station")),
}  # fmt: skip
_FRONTS = (
    ("鑫源", "Xinyuan"), ("恒泰", "Hengtai"), ("金岭", "Jinling"), ("福兴", "Fuxing"), ("永盛", "Yongsheng"), ("顺达", "Shunda"),
    ("华丰", "Huafeng"), ("宏达", "Hongda"), ("天成", "Tiancheng"), ("新世纪", "Xinshiji"), ("大通", "Datong"), ("万利", "Wanli"),
    ("兴业", "Xingye"), ("富民", "Fumin"), ("同心", "Tongxin"), ("长兴", "Changxing"), ("裕民", "Yumin"), ("远大", "Yuanda"),
    ("聚源", "Juyuan"), ("合力", "Heli"), ("春晖", "Chunhui"), ("东升", "Dongsheng"), ("开源", "Kaiyuan"), ("安泰", "Antai"),
    ("盛隆", "Shenglong"), ("佳信", "Jiaxin"), ("三鑫", "Sanxin"), ("众诚", "Zhongcheng"), ("润丰", "Runfeng"), ("中远", "Zhongyuan"),
)  # fmt: skip


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
    status = rng.choice(["active", "suspended", "closed", "planned", "unknown"], ENTERPRISES, p=[0.80, 0.09, 0.06, 0.03, 0.02])
    status[: len(PLANTED)] = "active"
    age = rng.integers(700, 14_000, ENTERPRISES)
    opened = [None if state in {"planned", "unknown"} else until - timedelta(days=int(d)) for state, d in zip(status, age, strict=True)]
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
    return points[(road < 900.0) & (road > 130.0) & (stream > 170.0) & clear]


def _places(ground: Boundaries, plane: Plane, rng: np.random.Generator) -> Floats:
    """(ENTERPRISES, 2) metres: the planted ones first, the rest wherever there is room."""
    points = _candidates(ground, plane, rng)
    near = _households_near(points, ground, plane)
    known = dict(zip(ground.places["name"], plane.xy(ground.places["lon"].to_numpy(), ground.places["lat"].to_numpy()), strict=True))
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
    room = np.where(np.isin([p.role for p in PLANTED], ["raised", "quiet", "populous"]), _CLEAR_M, _APART_M)
    for point in points:
        gap = np.hypot(*(np.array(chosen) - point).T)
        if (gap > np.r_[room, np.full(len(chosen) - len(room), _APART_M)]).all():
            chosen.append(point)
        if len(chosen) == ENTERPRISES:
            break
    return np.array(chosen)


def _households_near(points: Floats, ground: Boundaries, plane: Plane) -> Floats:
    """Households expected within NEAR_M of each point."""
    spots = ground.settlements
    houses = cKDTree(plane.xy(spots["lon"].to_numpy(), spots["lat"].to_numpy()))
    weight = spots["households"].to_numpy()
    return np.array([weight[some].sum() for some in houses.query_ball_point(points, NEAR_M)])


def _kinds(rng: np.random.Generator) -> NDArray[np.object_]:
    left = {kind: count - sum(part.kind == kind for part in PLANTED) for kind, count in _KINDS}
    rest = np.repeat(list(left), list(left.values()))
    return np.array([part.kind for part in PLANTED] + rng.permutation(rest).tolist(), dtype=object)


def _names(kinds: NDArray[np.object_], rng: np.random.Generator) -> list[tuple[str, str]]:
    """Names that do not repeat: a front and what is made there."""
    names = [(part.name, part.name_en) for part in PLANTED]
    pairs = {kind: [(f + w, f"{fe} {we}") for f, fe in _FRONTS for w, we in words] for kind, words in _WORDS.items()}
    order = {kind: iter(rng.permutation(len(some)).tolist()) for kind, some in pairs.items()}
    return names + [pairs[kind][next(order[kind])] for kind in kinds[len(names) :]]


def _grounds(at: Floats, kinds: NDArray[np.object_], rng: np.random.Generator) -> NDArray[np.object_]:
    """A pit or a fence for half of them and for all planted ones that are raised, else a point (plane)."""
    corners = 14
    angle = np.sort(rng.uniform(0.0, 2 * np.pi / corners, (len(at), corners)) + np.arange(corners) * 2 * np.pi / corners, axis=1)
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
