"""When people report: seasons, weekdays, hours, the Spring Festival; and how long it takes until a case is closed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridmap.demo.mesh import Floats, Ints

ZONE = ZoneInfo("Asia/Shanghai")
#: how many reports a month brings against the mean, January first
SEASONS: Mapping[str, tuple[float, ...]] = {
    "flat": (0.95, 0.85, 1.05, 1.05, 1.05, 1.0, 1.0, 1.0, 1.0, 1.0, 1.05, 1.0),
    "dry": (1.5, 1.4, 1.5, 1.3, 0.9, 0.6, 0.5, 0.55, 0.8, 1.1, 1.3, 1.5),
    "wet": (0.5, 0.5, 0.6, 0.9, 1.4, 2.0, 1.9, 1.5, 1.1, 0.8, 0.6, 0.5),
    "wages": (2.3, 1.1, 0.6, 0.6, 0.7, 0.8, 0.8, 0.8, 0.9, 1.0, 1.4, 2.2),
    "fields": (0.7, 0.9, 1.5, 1.6, 1.4, 1.0, 0.9, 0.9, 1.0, 1.0, 0.7, 0.6),
    "fires": (1.6, 2.2, 2.3, 1.8, 0.7, 0.3, 0.3, 0.4, 0.5, 0.7, 1.0, 1.3),
    "cold": (1.6, 1.5, 1.1, 0.8, 0.8, 0.7, 0.8, 0.8, 0.8, 0.8, 1.0, 1.4),
}
_SEASON_OF = {
    "mining-dust": "dry", "environment-dust": "dry", "environment-air": "dry", "safety-fire": "dry",
    "mining-waste": "wet", "environment-wastewater": "wet", "water-river": "wet", "emergency-flood": "wet",
    "emergency-landslide": "wet", "safety-landslide": "wet", "safety-house": "wet", "traffic-damage": "wet",
    "mining-roads": "wet", "mining-subsidence": "wet", "labour-wages": "wages", "land-boundary": "fields",
    "land-contract": "fields", "water-irrigation": "fields", "service-farming": "fields", "mining-water": "fields",
    "emergency-forest-fire": "fires", "forest-felling": "fires", "emergency-fire": "cold", "service-power": "cold",
    "service-elderly": "cold",
}  # fmt: skip
#: Monday first: offices hear what has gathered over the weekend
_WEEK = {
    "office": (1.30, 1.10, 1.03, 1.0, 1.05, 0.80, 0.62),
    "works": (1.15, 1.10, 1.08, 1.08, 1.10, 0.95, 0.54),
    "home": (0.98, 0.92, 0.92, 0.92, 1.02, 1.14, 1.10),
    "always": (1.0,) * 7,
}
#: 0:00 first
_DAY = {
    "office": (1, 1, 1, 1, 1, 2, 6, 18, 46, 78, 72, 50, 24, 30, 56, 64, 52, 34, 22, 16, 12, 8, 4, 2),
    "works": (2, 1, 1, 1, 1, 3, 9, 24, 46, 64, 60, 44, 32, 36, 50, 54, 50, 42, 34, 30, 24, 16, 8, 4),
    "home": (4, 2, 2, 1, 1, 3, 10, 22, 36, 48, 46, 38, 30, 30, 36, 40, 42, 44, 50, 56, 46, 28, 14, 8),
    "always": (20, 16, 14, 14, 16, 22, 34, 42, 46, 48, 48, 48, 46, 46, 48, 48, 50, 52, 52, 50, 44, 38, 32, 26),
}
_RHYTHM_OF_TOP = {
    "mining": "works", "environment": "works", "traffic": "works", "neighbour": "home", "family": "home",
    "emergency": "always",
}  # fmt: skip
#: first day of the Spring Festival
_FESTIVAL = {
    2019: (2, 5), 2020: (1, 25), 2021: (2, 12), 2022: (2, 1), 2023: (1, 22), 2024: (2, 10), 2025: (1, 29),
    2026: (2, 17), 2027: (2, 6), 2028: (1, 26), 2029: (2, 13), 2030: (2, 3), 2031: (1, 23), 2032: (2, 11),
    2033: (1, 31), 2034: (2, 19), 2035: (2, 8), 2036: (1, 28),
}  # fmt: skip


def period(until: date) -> pd.DatetimeIndex:
    """The local days of the three years before `until`."""
    return pd.date_range(
        until.replace(year=until.year - 3, day=min(until.day, 28)), until - timedelta(days=1), freq="D"
    )


def day_weights(days: pd.DatetimeIndex, season: str, rhythm: str) -> Floats:
    """How likely each day is: season, weekday, slow growth, the quiet of the Spring Festival, wages before it."""
    month = np.array(SEASONS[season])[days.month.to_numpy() - 1]
    weight = month * np.array(_WEEK[rhythm])[days.day_of_week.to_numpy()]
    weight = weight * (1.0 + 0.03 * np.arange(len(days)) / 365.25)
    for year, (m, d) in _FESTIVAL.items():
        gap = (days - pd.Timestamp(year, m, d)).days.to_numpy()
        if rhythm != "always":
            weight = np.where((gap >= -1) & (gap < 7), 0.35 * weight, weight)
        if season == "wages":
            weight = np.where((gap >= -24) & (gap < -1), 2.1 * weight, weight)
    return np.asarray(weight / weight.sum(), dtype=np.float64)


def reported_at(category: NDArray[np.object_], until: date, rng: np.random.Generator) -> pd.DatetimeIndex:
    """A local moment for each report, by its category's season and rhythm; to the second."""
    days = period(until)
    season = np.array([_SEASON_OF.get(c, "flat") for c in category], dtype=object)
    rhythm = np.array([_RHYTHM_OF_TOP.get(c.split("-")[0], "office") for c in category], dtype=object)
    day, second = np.zeros(len(category), dtype=np.int64), np.zeros(len(category), dtype=np.int64)
    for s in sorted(SEASONS):
        for r in sorted(_WEEK):
            mine = np.flatnonzero((season == s) & (rhythm == r))
            day[mine] = rng.choice(len(days), len(mine), p=day_weights(days, s, r))
            hours = np.array(_DAY[r], dtype=np.float64)
            second[mine] = rng.choice(24, len(mine), p=hours / hours.sum()) * 3600 + rng.integers(0, 3600, len(mine))
    return (days[day] + pd.to_timedelta(second, unit="s")).tz_localize(ZONE)


def closed_at(
    received: pd.DatetimeIndex, process: NDArray[np.object_], limit_hours: Floats, until: date, rng: np.random.Generator
) -> pd.DatetimeIndex:
    """When each was closed (NaT: still open at the start of `until`).

    Lognormal about 70 % of the limit; one in twelve gets stuck and ends late, a handful in a hundred of those very
    late. So most of what is open is young, as where supervision works. What is not urgent is closed in working hours.
    """
    spread = np.where(process == "emergency", 0.75, 0.85)
    hours = np.where(process == "emergency", 1.2, 0.70) * limit_hours * rng.lognormal(0.0, spread)
    end = pd.Timestamp(datetime.combine(until, time(), ZONE))
    calm = process != "emergency"
    stuck = calm & (rng.random(len(hours)) < 1 / 12)
    hours = np.where(stuck, limit_hours * (1.0 + rng.exponential(1.2, len(hours))), hours)
    closed = received + pd.to_timedelta(np.round(hours * 3600.0), unit="s")
    office = closed.normalize() + pd.to_timedelta(np.round(rng.uniform(8.6, 17.6, len(hours)) * 3600.0), unit="s")
    late = office + pd.to_timedelta(np.where(office <= received, 1, 0), unit="D")
    closed = pd.DatetimeIndex(late.where(calm & (hours > 6.0), closed))
    return pd.DatetimeIndex(closed.where(closed < end))


def occurred_at(received: pd.DatetimeIndex, process: NDArray[np.object_], rng: np.random.Generator) -> pd.DatetimeIndex:
    """When it happened, for two in five: minutes before the report in an emergency, hours or days otherwise."""
    n = len(received)
    before = rng.exponential(np.where(process == "emergency", 600.0, 20.0 * 3600.0))
    told = rng.random(n) < 0.4
    happened = received - pd.to_timedelta(np.round(before / 60.0) * 60.0, unit="s")
    return pd.DatetimeIndex(happened.where(told))


def at_hour(now: datetime, days: float, hour: float, *, workday: bool = False) -> datetime:
    """So many whole days before `now` (after it, where negative) in the county, at an hour: 9.5 is half past nine.

    `workday`: a Saturday or Sunday gives way to the Monday after it.
    """
    day = now.astimezone(ZONE).date() - timedelta(days=int(days))
    if workday and day.weekday() > 4:
        day += timedelta(days=7 - day.weekday())
    return datetime.combine(day, time(), ZONE) + timedelta(minutes=round(hour * 60))


def moments(index: pd.DatetimeIndex) -> pd.Series[Any]:
    """Aware datetimes as objects, None where there is none."""
    return pd.Series([None if stamp is pd.NaT else stamp for stamp in index.to_pydatetime()], dtype=object)


def numbers(received: pd.DatetimeIndex, prefix: str) -> NDArray[np.object_]:
    """The register's numbers: prefix, day, running number of the day in order of receipt ("YL-260615-0042")."""
    order = np.argsort(received.asi8, kind="stable")
    day = received.strftime("%y%m%d").to_numpy()
    running: Ints = np.empty(len(day), dtype=np.int64)
    running[order] = pd.Series(day[order]).groupby(day[order]).cumcount().to_numpy() + 1
    return np.array([f"{prefix}-{d}-{i:04d}" for d, i in zip(day, running.tolist(), strict=True)], dtype=object)
