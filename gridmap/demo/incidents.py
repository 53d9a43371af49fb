"""25,000 incidents: a background that every household shares alike, and the planted excess near three enterprises.

The model, which `truth` repeats: a household reports disputes at a constant rate, times 1 + alpha * exp(-d / beta) near
a raised enterprise at distance d. Where it lies changes what its disputes are about, never how many there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridmap.case.categories import default_categories
from gridmap.demo import times
from gridmap.demo.frames import as_came
from gridmap.demo.homes import chinese_number, invented_phone
from gridmap.demo.mesh import Floats, Ints
from gridmap.demo.names import people
from gridmap.demo.plane import Plane
from gridmap.demo.planted import PLANTED
from gridmap.demo.works import NEAR_M, Works, nearest_works

#: shares of the background
PROCESS = {"dispute": 0.780, "service": 0.190, "emergency": 0.030}
#: disputes about mines, works and the environment: the same share for every household
_WORKS_SHARE = 0.13
#: shares of the other disputes, in streets and in villages
_TOPS: Mapping[str, tuple[float, float]] = {
    "neighbour": (0.22, 0.27), "land": (0.07, 0.22), "family": (0.15, 0.16), "labour": (0.13, 0.08),
    "traffic": (0.13, 0.07), "property": (0.15, 0.01), "medical": (0.05, 0.02), "forest": (0.01, 0.08),
    "building": (0.08, 0.05), "water": (0.01, 0.04),
}  # fmt: skip
_FIT = {
    "mine": (
        "mining-water",
        "mining-trucks",
        "mining-subsidence",
        "mining-waste",
        "mining-compensation",
        "mining-roads",
    ),
    "quarry": ("mining-blasting", "mining-dust", "mining-trucks", "mining-noise", "mining-roads"),
    "factory": ("mining-dust", "mining-noise", "environment-air", "environment-wastewater"),
    "other": ("environment-livestock", "environment-air", "environment-wastewater"),
}
_AWAY = (
    ("environment-wastewater", 0.26), ("environment-air", 0.14), ("environment-noise", 0.20),
    ("environment-dust", 0.16), ("environment-livestock", 0.20), ("mining-trucks", 0.04),
)  # fmt: skip
_CHANNELS = {"worker": 0.52, "phone": 0.19, "online": 0.11, "resident": 0.10, "counter": 0.08}
_SINCE = ("最近", "近一个月", "连续几天", "近半年", "这几天", "半个月来")
_THEN = ("昨天", "今早", "前天", "昨晚", "上周", "前几天")
OUTSIDE = 10


@dataclass(frozen=True, slots=True)
class Homes:
    """The households as the incidents need them: plane positions, degrees, codes, streets or village."""

    xy: Floats
    code: NDArray[np.object_]
    urban: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Draft:
    """Incidents before they have a time and a place: household, category, and enterprise (-1: none named)."""

    household: Ints
    category: NDArray[np.object_]
    enterprise: Ints


def excess_expected(homes: Homes, works: Works, per_household: float) -> NDArray[np.object_]:
    """For each enterprise the expected excess of each household, (households,), None where nothing is planted."""
    found = np.full(len(works.parts), None, dtype=object)
    for i, part in enumerate(works.parts):
        if part is not None and part.alpha > 0.0:
            far = np.hypot(*(homes.xy - works.xy[i]).T)
            found[i] = per_household * part.alpha * np.exp(-far / part.beta_m)
    return found


def draft(homes: Homes, works: Works, total: int, rng: np.random.Generator) -> tuple[Draft, dict[int, int], float]:
    """Who reports what: the planted excess (Poisson), then background until there are `total`.

    Returns the draft, the excess drawn per enterprise, and the background rate of disputes per household.
    """
    n = len(homes.xy)
    unit = sum(float(e.sum()) for e in excess_expected(homes, works, 1.0) if e is not None)
    rate = total * PROCESS["dispute"] / (n + unit * PROCESS["dispute"])
    parts, drawn = [], {}
    for i, expected in enumerate(excess_expected(homes, works, rate)):
        if expected is not None:
            count = int(rng.poisson(expected.sum()))
            who = rng.choice(n, count, p=expected / expected.sum())
            shares: Mapping[str, float] = PLANTED[i].categories
            what = rng.choice(np.array(list(shares), dtype=object), count, p=list(shares.values()))
            named = np.where(rng.random(count) < 0.78, i, -1)
            parts.append(Draft(who, what, named))
            drawn[i] = count
    parts.append(_background(homes, works, total - sum(drawn.values()), rng))
    joined = Draft(*(np.concatenate([getattr(p, f) for p in parts]) for f in ("household", "category", "enterprise")))
    return joined, drawn, rate


def _background(homes: Homes, works: Works, count: int, rng: np.random.Generator) -> Draft:
    who = rng.integers(0, len(homes.xy), count)
    process = rng.choice(np.array(list(PROCESS), dtype=object), count, p=list(PROCESS.values()))
    category = np.empty(count, dtype=object)
    enterprise = np.full(count, -1)
    dispute = process == "dispute"
    about_works = dispute & (rng.random(count) < _WORKS_SHARE)
    category[about_works], enterprise[about_works] = _works_disputes(homes.xy[who[about_works]], works, rng)
    for urban, column in ((True, 0), (False, 1)):
        mine = dispute & ~about_works & (homes.urban[who] == urban)
        share = np.array([pair[column] for pair in _TOPS.values()])
        top = rng.choice(np.array(list(_TOPS), dtype=object), int(mine.sum()), p=share / share.sum())
        category[mine] = _leaves(top, "dispute", rng)
    for kind in ("service", "emergency"):
        mine = process == kind
        category[mine] = _leaves(np.full(int(mine.sum()), None, dtype=object), kind, rng)
    return Draft(who, category, enterprise)


def _leaves(top: NDArray[np.object_], process: str, rng: np.random.Generator) -> NDArray[np.object_]:
    """A second-level category of the process under each given top (None: any), the first in the list more often."""
    known = default_categories()
    known = known[known["parent"].notna() & (known["process"] == process)]
    found = np.empty(len(top), dtype=object)
    for parent in dict.fromkeys(top.tolist()):
        codes = (known if parent is None else known[known["parent"] == parent])["code"].to_numpy(dtype=object)
        mine = np.flatnonzero(np.array([t == parent for t in top]))
        odds = 1.0 / np.arange(2.0, len(codes) + 2.0) if parent is not None else np.ones(len(codes))
        found[mine] = rng.choice(codes, len(mine), p=odds / odds.sum())
    return found


def _works_disputes(xy: Floats, works: Works, rng: np.random.Generator) -> tuple[NDArray[np.object_], Ints]:
    """What background disputes about works and environment are about: near an active enterprise more often that.

    None within NEAR_M of a quiet one is about it or about mining.
    """
    quiet = np.array([part is not None and part.role == "quiet" for part in works.parts])
    asleep = ~np.isin(works.frame["status"].to_numpy(), ["active", "suspended"])
    far, at = nearest_works(works, xy, asleep | quiet)
    hushed = np.hypot(*(xy[:, None] - works.xy[quiet][None]).transpose(2, 0, 1)).min(axis=1) < NEAR_M
    about = (rng.random(len(xy)) < 0.75 * np.exp(-far / 1_800.0)) & ~hushed
    codes, odds = zip(*_AWAY, strict=True)
    category = rng.choice(np.array(codes, dtype=object), len(xy), p=odds)
    category[hushed & (category == "mining-trucks")] = "environment-noise"
    kinds = works.frame["kind"].to_numpy()[at]
    for kind, fitting in _FIT.items():
        mine = np.flatnonzero(about & (kinds == kind))
        category[mine] = rng.choice(np.array(fitting, dtype=object), len(mine))
    named = about & (rng.random(len(xy)) < 0.55)
    return category, np.where(named, at, -1)


def make_incidents(
    made: Draft,
    homes: Homes,
    works: Works,
    county: shapely.MultiPolygon,
    plane: Plane,
    until: date,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """The canonical frame, in order of receipt. `county` in plane metres; OUTSIDE of them lie a little beyond it."""
    n = len(made.household)
    known = default_categories().set_index("code").loc[made.category.tolist()]
    process, limit = known["process"].to_numpy(dtype=object), known["limit_hours"].to_numpy(dtype=np.float64)
    received = times.reported_at(made.category, until, rng)
    closed = times.closed_at(received, process, limit, until, rng)
    occurred = times.occurred_at(received, process, rng)
    channel = rng.choice(np.array(list(_CHANNELS), dtype=object), n, p=list(_CHANNELS.values()))
    channel[(process == "emergency") & np.isin(channel, ["counter", "online"])] = "phone"
    named = rng.random(n) < np.where(np.isin(channel, ["worker", "counter"]), 0.42, 0.26)
    xy, accuracy = _positions(homes.xy[made.household], channel, named, rng)
    strays = _strays(homes.xy[made.household], county, max(3, round(OUTSIDE * n / 25_000)), rng)
    xy[strays] = _beyond(xy[strays], county, rng)
    named[strays] = False
    reporter, phone = _reporters(n, channel, rng)
    code = works.frame["code"].to_numpy(dtype=object)
    frame = pd.DataFrame({
        "number": times.numbers(received, "YL"), "category": made.category, "channel": channel,
        "text": texts(made.category, rng), "reporter_name": reporter, "reporter_phone": phone,
        "received_at": times.moments(received), "occurred_at": times.moments(occurred),
        "closed_at": times.moments(closed),
        "accuracy_m": accuracy, "household": _where(named, homes.code[made.household]),
        "enterprise": _where(made.enterprise >= 0, code[made.enterprise]), **as_came(plane.lonlat(xy, 7)),
    })  # fmt: skip
    return frame.sort_values("number", ignore_index=True)


def _where(mask: NDArray[np.bool_], values: NDArray[np.object_]) -> NDArray[np.object_]:
    """The values where the mask holds, None elsewhere."""
    found = values.copy()
    found[~mask] = None
    return found


def _positions(
    home: Floats, channel: NDArray[np.object_], named: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Where the pin is and its accuracy (metres, read as 68 %; NaN for what was not measured)."""
    n = len(home)
    measured = np.isin(channel, ["worker", "resident", "online"])
    accuracy = np.where(measured, np.round(np.clip(rng.lognormal(2.3, 0.7, n), 3.0, 160.0), 1), np.nan)
    error = rng.normal(0.0, 1.0, (n, 2)) * (np.nan_to_num(accuracy, nan=6.0) / 1.51)[:, None]
    angle, step = rng.uniform(0.0, 2.0 * np.pi, n), np.where(named, 0.0, rng.uniform(5.0, 70.0, n))
    return home + error + step[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1), accuracy


def _strays(home: Floats, county: shapely.MultiPolygon, count: int, rng: np.random.Generator) -> Ints:
    """Reports from homes near the county's border, whose pins will lie beyond it."""
    to_border = shapely.distance(shapely.points(home), shapely.boundary(county))
    nearest = np.argsort(to_border, kind="stable")[: max(count * 8, 20)]
    return np.asarray(np.sort(rng.choice(nearest, count, replace=False)), dtype=np.int64)


def _beyond(xy: Floats, county: shapely.MultiPolygon, rng: np.random.Generator) -> Floats:
    """Points 30 to 450 m outside, off the nearest border."""
    border = shapely.boundary(county)
    ring = shapely.get_coordinates(border)
    away = rng.uniform(30.0, 450.0, (len(xy), 1))
    centre = shapely.get_coordinates(shapely.centroid(county))[0]
    near = ring[np.argmin(np.hypot(*(xy[:, None] - ring[None]).transpose(2, 0, 1)), axis=1)]
    outward = (near - centre) / np.hypot(*(near - centre).T)[:, None]
    moved = near + away * outward
    inside = shapely.contains_xy(county, *moved.T)
    return np.asarray(np.where(inside[:, None], near + 3_000.0 * outward, moved), dtype=np.float64)


def texts(category: NDArray[np.object_], rng: np.random.Generator) -> NDArray[np.object_]:
    """A sentence or two for each category, no person named."""
    with files("gridmap.demo").joinpath("texts.csv").open(encoding="utf-8") as source:
        known = pd.read_csv(source).groupby("category")["text"].agg(list)
    n = len(category)
    pick, group, when = rng.random(n), rng.integers(1, 10, n), rng.integers(0, len(_SINCE), n)
    again = rng.random(n) < 0.06
    found = np.empty(n, dtype=object)
    for i, (c, p, g, w) in enumerate(zip(category.tolist(), pick.tolist(), group.tolist(), when.tolist(), strict=True)):
        line = known[c][int(p * len(known[c]))].format(g=f"{chinese_number(g)}组", t=_SINCE[w], d=_THEN[w])
        found[i] = f"{line}，已反映过一次" if again[i] else line
    return found


def _reporters(
    n: int, channel: NDArray[np.object_], rng: np.random.Generator
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Invented names and numbers of those who called, wrote or came; what workers find themselves has no reporter."""
    name, phone = np.full(n, None, dtype=object), np.full(n, None, dtype=object)
    who = np.flatnonzero((channel != "worker") & (rng.random(n) < 0.8))
    name[who] = [person.zh for person in people(len(who), rng)]
    phone[who] = [invented_phone(i) for i in rng.integers(0, 10_000, len(who)).tolist()]
    return name, phone
