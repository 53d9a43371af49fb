"""60,000 households: along lanes that branch off at every hamlet, along the streets of the seats, along roads.

All settlements are laid out at once in padded arrays (settlement x knot). Plane metres.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from gridmap.demo.frames import as_came
from gridmap.demo.mesh import Floats, Ints
from gridmap.demo.names import STREETS, people
from gridmap.demo.plane import Plane
from gridmap.errors import GridmapError
from gridmap.ground import AssignmentIndex

#: lanes reach further than this only towards a road
_SPREAD_M = 27.0
_SPUR_MAX_M = 1_600.0
_SPUR_PIECES = 6
#: no two village houses stand closer
_APART_M = 13.0
_DIGITS = ("一", "二", "三", "四", "五", "六", "七", "八", "九")
HOUSING = ("adobe", "rubble", "brick", "frame", "other")


@dataclass(frozen=True, slots=True)
class Lanes:
    """Straight pieces of lane: settlement, ends, how far houses stand off; `road` pieces are roads already drawn."""

    settlement: Ints
    start: Floats  # (n, 2)
    end: Floats
    setback: Floats
    road: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Site:
    """What a house must respect: cells, the communities of cells and settlements, and where not to build."""

    index: AssignmentIndex
    cell_area: NDArray[np.object_]
    community: NDArray[np.object_]
    urban: NDArray[np.bool_]  # per settlement
    shut: shapely.STRtree  # plane geometries that nobody builds on
    plane: Plane


def make_lanes(
    xy: Floats, expected: Floats, urban: NDArray[np.bool_], roads: NDArray[np.object_], rng: np.random.Generator
) -> Lanes:
    """Lanes of every settlement: a tree of knots around its middle, a spur to the nearest road, and that road itself.

    xy (n, 2), expected households (n,), urban (n,), roads: linestrings.
    """
    knots, parent, some = _knots(xy, expected, urban, rng)
    s, k = np.nonzero(some & (np.arange(some.shape[1]) > 0))
    a, b = knots[s, parent[s, k]], knots[s, k]
    bend = 0.5 * (a + b) + rng.normal(0.0, 0.09, (len(s), 1)) * (b - a)[:, ::-1] * (-1.0, 1.0)
    inner = _lanes(np.r_[s, s], np.vstack([a, bend]), np.vstack([bend, b]), 13.0)
    parts = [inner, _spurs(xy, roads, rng), _road_fronts(xy, urban, roads)]
    fields = ("settlement", "start", "end", "setback", "road")
    whole = Lanes(*(np.concatenate([getattr(part, field) for part in parts]) for field in fields))
    long = np.hypot(*(whole.end - whole.start).T) > 1.0
    return Lanes(*(getattr(whole, field)[long] for field in fields))


def _lanes(settlement: Ints, start: Floats, end: Floats, setback: float, *, road: bool = False) -> Lanes:
    n = len(settlement)
    return Lanes(settlement, start, end, np.full(n, setback), np.full(n, road))


def _knots(
    xy: Floats, expected: Floats, urban: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[Floats, Ints, NDArray[np.bool_]]:
    """Knots (settlement, knot, 2), their parents, which exist. Knot 0 is the middle; a parent lies nearer to it."""
    count = np.clip(expected / 2.8, 4, 26).astype(np.int64) + 2
    n, k = len(xy), int(count.max())
    some = np.arange(k) < count[:, None]
    spread = np.where(urban, 105.0, _SPREAD_M * np.sqrt(expected) * rng.lognormal(0.0, 0.2, n))
    angle = rng.uniform(0.0, np.pi, n)
    stretch = np.where(urban, 1.0, rng.uniform(1.0, 2.1, n))
    offset = rng.normal(0.0, 1.0, (n, k, 2)) * np.stack([stretch, 1.0 / stretch], axis=1)[:, None, :]
    offset *= (0.75 * spread)[:, None, None]
    grid = np.round(offset / 62.0) * 62.0 + rng.normal(0.0, 4.0, offset.shape)
    offset = np.where(urban[:, None, None], grid, offset)
    offset[:, 0] = 0.0
    turn = np.stack([np.cos(angle), np.sin(angle), -np.sin(angle), np.cos(angle)], axis=1).reshape(n, 2, 2)
    offset = np.einsum("nki,nij->nkj", offset, turn)
    away = np.where(some, np.hypot(offset[..., 0], offset[..., 1]), np.inf)
    order = np.argsort(away, axis=1)
    offset = np.take_along_axis(offset, order[..., None], axis=1)
    gap = np.hypot(*np.moveaxis(offset[:, :, None] - offset[:, None], -1, 0))
    earlier = np.tril(np.ones((k, k), dtype=bool), -1)
    parent = np.argmin(np.where(earlier, gap, np.inf), axis=2)
    return xy[:, None] + offset, parent, some


def _spurs(xy: Floats, roads: NDArray[np.object_], rng: np.random.Generator) -> Lanes:
    """A winding lane from each settlement to the nearest road, or to a nearer settlement that is closer to one."""
    points = shapely.points(xy)
    line = roads[shapely.STRtree(roads).nearest(points)]
    foot = shapely.get_coordinates(shapely.line_interpolate_point(line, shapely.line_locate_point(line, points)))
    far = np.hypot(*(foot - xy).T)
    away, other = cKDTree(xy).query(xy, k=10)
    way_to = np.where(far[other] < 0.8 * far[:, None], away, np.inf)
    best = np.argmin(way_to, axis=1)
    rows = np.arange(len(xy))
    detour = way_to[rows, best] < 0.75 * far
    goal = np.where(detour[:, None], xy[other[rows, best]], foot)
    far = np.hypot(*(goal - xy).T)
    s = np.flatnonzero((far > 25.0) & (far < _SPUR_MAX_M))
    along = np.linspace(0.0, 1.0, _SPUR_PIECES + 1)
    way = goal[s] - xy[s]
    waves = rng.normal(0.0, 1.0, (len(s), 3, 1)) * np.sin(np.outer([1.0, 2.0, 3.0], np.pi * along))
    bend = waves[:, 0] * 0.09 + waves[:, 1] * 0.055 + waves[:, 2] * 0.035
    stops = xy[s, None] + along[:, None] * way[:, None] + bend[..., None] * (way[:, ::-1] * (-1.0, 1.0))[:, None]
    start, end = stops[:, :-1].reshape(-1, 2), stops[:, 1:].reshape(-1, 2)
    return _lanes(np.repeat(s, _SPUR_PIECES), start, end, 14.0)


def _road_fronts(xy: Floats, urban: NDArray[np.bool_], roads: NDArray[np.object_]) -> Lanes:
    """Stretches of road within reach of a settlement, as lanes that houses front on."""
    points = shapely.points(xy)
    near = shapely.STRtree(roads).nearest(points)
    line = roads[near]
    at = shapely.line_locate_point(line, points)
    far = shapely.distance(line, points)
    s = np.flatnonzero(far < np.where(urban, 120.0, 330.0))
    reach = np.linspace(-260.0, 260.0, 6)
    steps = np.clip(at[s, None] + reach, 0.0, shapely.length(line[s])[:, None])
    stops = shapely.get_coordinates(shapely.line_interpolate_point(line[s, None], steps)).reshape(len(s), -1, 2)
    start, end = stops[:, :-1].reshape(-1, 2), stops[:, 1:].reshape(-1, 2)
    return _lanes(np.repeat(s, len(reach) - 1), start, end, 20.0, road=True)


def barriers(water: pd.DataFrame, plane: Plane, grounds: NDArray[np.object_]) -> shapely.STRtree:
    """Where nobody builds: streams with their banks, lakes, and `grounds` (plane polygons of pits and plants)."""
    lines = water[water["class"] == "river"]
    flat = plane.flat(lines["geometry"].to_numpy())
    ends, line = shapely.get_coordinates(flat, return_index=True)
    part = shapely.get_parts(flat, return_index=True)[0]
    piece = np.repeat(np.arange(len(part)), shapely.get_num_coordinates(part))
    joined = np.flatnonzero(piece[1:] == piece[:-1])
    pieces = shapely.linestrings(np.stack([ends[joined], ends[joined + 1]], axis=1))
    bank = 5.0 + 7.0 * lines["width"].to_numpy()[line[joined]]
    lakes = plane.flat(water.loc[water["class"] == "lake", "geometry"].to_numpy())
    shut = [shapely.buffer(pieces, bank, quad_segs=2), shapely.buffer(lakes, 15.0), shapely.buffer(grounds, 25.0)]
    return shapely.STRtree(np.concatenate(shut))


def place_houses(lanes: Lanes, xy: Floats, settlement: Ints, site: Site, rng: np.random.Generator) -> Floats:
    """A spot for each household of the given settlement: beside a lane, on dry and open ground of its own community.

    Spots that are not are drawn again; what is left after eight rounds stands close to the settlement's middle.
    Returns degrees (n, 2).
    """
    spots, placed = np.empty((len(settlement), 2)), np.empty((len(settlement), 2))
    taken = np.zeros(len(settlement), dtype=bool)
    todo = np.arange(len(settlement))
    for attempt in range(12):
        last = attempt >= 8
        draft = _beside(lanes, settlement[todo], rng)
        if last:
            draft = xy[settlement[todo]] + rng.normal(0.0, 1.0, draft.shape) * 2.0 * (11 - attempt)
        degrees = site.plane.lonlat(draft, 7)
        inside = site.index.locate(degrees[:, 0], degrees[:, 1]).astype(np.int64)
        good = (inside >= 0) & (site.cell_area[inside] == site.community[settlement[todo]])
        if not last:
            good[site.shut.query(shapely.points(draft), predicate="intersects")[0]] = False
            good &= ~_crowded(placed[taken], draft, good) | site.urban[settlement[todo]]
        spots[todo[good]], placed[todo[good]], taken[todo[good]] = degrees[good], draft[good], True
        todo = todo[~good]
        if not len(todo):
            return spots
    raise GridmapError(f"{len(todo)} households of the demo county found no place: take another seed")


def _crowded(placed: Floats, draft: Floats, good: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which drafts stand too close to a placed house or to a good draft before them."""
    close = np.zeros(len(draft), dtype=bool)
    if len(placed):
        close = cKDTree(placed).query(draft, distance_upper_bound=_APART_M)[0] < _APART_M
    rows = np.flatnonzero(good & ~close)
    pairs = cKDTree(draft[rows]).query_pairs(_APART_M, output_type="ndarray")
    close[rows[pairs.max(axis=1)]] = True
    return close


def _beside(lanes: Lanes, settlement: Ints, rng: np.random.Generator) -> Floats:
    """A random spot beside the lanes of each given settlement, every metre of lane alike (roads a third)."""
    order = np.argsort(lanes.settlement, kind="stable")
    run = np.hypot(*(lanes.end - lanes.start)[order].T)
    total = np.cumsum(run * np.where(lanes.road[order], 0.33, 1.0))
    first = np.searchsorted(lanes.settlement[order], settlement, side="left")
    last = np.searchsorted(lanes.settlement[order], settlement, side="right") - 1
    low = np.where(first > 0, total[first - 1], 0.0)
    along = low + rng.random(len(settlement)) * (total[last] - low) * (1.0 - 1e-12)
    piece = order[np.searchsorted(total, along, side="right")]
    a, b = lanes.start[piece], lanes.end[piece]
    way = (b - a) / np.maximum(np.hypot(*(b - a).T), 1e-9)[:, None]
    off = rng.choice([-1.0, 1.0], len(piece)) * lanes.setback[piece] * rng.lognormal(0.0, 0.35, len(piece))
    spot: Floats = a + rng.random((len(piece), 1)) * (b - a) + off[:, None] * way[:, ::-1] * (-1.0, 1.0)
    return spot


def tracks(lanes: Lanes, plane: Plane, first: int) -> pd.DataFrame:
    """The lanes as roads of class "track", one feature for each settlement, numbered from `first`."""
    mine = ~lanes.road
    pieces = plane.round(shapely.linestrings(np.stack([lanes.start[mine], lanes.end[mine]], axis=1)), 6)
    order = np.argsort(lanes.settlement[mine], kind="stable")
    shapes = shapely.multilinestrings(pieces[order], indices=_dense(lanes.settlement[mine][order]))
    frame = pd.DataFrame({"code": [f"RD{i:04d}" for i in range(first, first + len(shapes))]}, dtype=object)
    return frame.assign(**{"name": None, "name_en": None, "class": "track", "geometry": shapes})


def _dense(sorted_ids: Ints) -> Ints:
    """0, 0, 1, ... for sorted ids: the number of each among those that occur."""
    return np.asarray(np.cumsum(np.r_[0, np.diff(sorted_ids) > 0]), dtype=np.int64)


def households(
    settlements: pd.DataFrame, names: dict[str, str], settlement: Ints, spots: Floats, rng: np.random.Generator
) -> pd.DataFrame:
    """The canonical frame of households, by community and group, with an extra column `urban`.

    `settlement` (n,) is the row of each in `settlements`; `names` gives the name of each community.
    """
    community = settlements["community"].to_numpy()[settlement]
    group = settlements["group"].to_numpy()[settlement]
    urban = settlements["urban"].to_numpy()[settlement]
    order = np.lexsort((spots[:, 0], group, community))
    community, group, urban, spots = community[order], group[order], urban[order], spots[order]
    frame = pd.DataFrame({"community": community, "group": group})
    number = frame.groupby(["community", "group"]).cumcount().to_numpy() + 1
    within = frame.groupby("community").cumcount().to_numpy() + 1
    address = [
        _address(names[c], int(g), int(n), bool(u)) for c, g, n, u in zip(community, group, number, urban, strict=True)
    ]
    code = [f"{c}{i:04d}" for c, i in zip(community, within, strict=True)]
    members, housing, contacts = _members(urban, rng), _housing(urban, rng), _contacts(len(code), rng)
    columns = {"code": code, "address": address, **members, "housing": housing, **contacts, **as_came(spots)}
    return pd.DataFrame(columns).assign(urban=urban)


def _address(community: str, group: int, number: int, urban: bool) -> str:
    if urban:
        street = STREETS[(group * 7 + len(community) + ord(community[0])) % len(STREETS)]
        return f"{community}{street} {(group % 20) * 40 + (number - 1) // 2 + 1} 号 {(number - 1) % 2 + 1} 单元"
    return f"{community}{chinese_number(group)}组 {number} 号"


def chinese_number(n: int) -> str:
    """1 to 99 in Chinese: 三, 十二, 二十."""
    tens, ones = divmod(n, 10)
    head = "" if tens == 0 else "十" if tens == 1 else f"{_DIGITS[tens - 1]}十"
    return head + (_DIGITS[ones - 1] if ones else "")


def _members(urban: NDArray[np.bool_], rng: np.random.Generator) -> dict[str, Ints]:
    """Members by age band; in the villages a fifth of the homes hold only the old, their children being away."""
    n = len(urban)
    alone = rng.random(n) < np.where(urban, 0.07, 0.20)
    children = np.where(alone, 0, np.minimum(rng.poisson(0.75, n), 4))
    adults = np.where(alone, 0, 1 + rng.binomial(3, 0.45, n))
    elders = np.where(alone, 1 + (rng.random(n) < 0.45), rng.binomial(2, np.where(urban, 0.14, 0.24)))
    return {"children": children, "adults": adults, "elders": elders}


def _housing(urban: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.object_]:
    """Kind of house, None where nobody has noted it."""
    share = np.where(urban[:, None], [0.01, 0.01, 0.24, 0.70, 0.02], [0.11, 0.09, 0.56, 0.17, 0.04])
    at = (rng.random((len(urban), 1)) > np.cumsum(share, axis=1)).sum(axis=1)
    kinds: NDArray[np.object_] = np.array([*HOUSING, None], dtype=object)[at]
    return kinds


def _contacts(n: int, rng: np.random.Generator) -> dict[str, NDArray[np.object_] | NDArray[np.bool_]]:
    """A contact for one home in twenty-two, all of whom have agreed to be kept on file. Numbers are invented."""
    consent = rng.random(n) < 0.045
    have = np.flatnonzero(consent)
    name, phone = np.full(n, None, dtype=object), np.full(n, None, dtype=object)
    name[have] = [person.zh for person in people(len(have), rng)]
    phone[have] = [invented_phone(number) for number in rng.integers(0, 10_000, len(have)).tolist()]
    return {"contact_name": name, "contact_phone": phone, "contact_consent": consent}


def invented_phone(number: int) -> str:
    """A number that nobody has: 199-0000-0000 to 199-0000-9999."""
    return f"199-0000-{number:04d}"
