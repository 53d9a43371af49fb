"""Visits: the quota of a month, whom to visit in which order, and whether the hours suffice."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

#: where a quota applies, a household not seen for longer is red
RED_AFTER = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Quota:
    """At least `least` visits a month, on the days from `first_day` to `last_day` of it, both counted."""

    first_day: int = 1
    last_day: int = 5
    least: int = 5

    def window(self, month: date) -> tuple[date, date]:
        """The first day of the visits in a month, and the first day after them."""
        first = month.replace(day=1)
        after = (first + timedelta(days=32)).replace(day=1)
        days = (after - first).days
        start, end = min(self.first_day, days), min(self.last_day, days)
        return first + timedelta(days=start - 1), first + timedelta(days=end)


def quota_of(worker_id: int, area_path: str, by_worker: Mapping[int, Quota], by_area: Mapping[str, Quota]) -> Quota:
    """A worker's own quota, else that of the nearest area above (`by_area` by path), else the default."""
    if worker_id in by_worker:
        return by_worker[worker_id]
    over = [path for path in by_area if area_path.startswith(path)]
    return by_area[max(over, key=len)] if over else Quota()


@dataclass(frozen=True, slots=True)
class Home:
    """A household as the plan sees it. `needs`: open requests, an agreed return visit, care asked for: how many."""

    id: int
    last_visit: date | None
    return_on: date | None = None
    needs: int = 0


@dataclass(frozen=True, slots=True)
class Planned:
    """A household in the plan. `days`: since the last visit, None for never; `due`: belongs to this month's least."""

    id: int
    days: int | None
    red: bool
    due: bool


def plan(homes: Iterable[Home], quota: Quota, today: date, done: int = 0) -> list[Planned]:
    """Whom to visit, first to last: agreed return visits that have come due, then who needs something, then those not
    seen for longest (never: before all others). So all come in turn. `done`: visits made this month already.

    With a quota of 0 none applies, and nobody is red.
    """
    left = max(0, quota.least - done)
    found = []
    for place, home in enumerate(sorted(homes, key=lambda home: _order(home, today))):
        days = None if home.last_visit is None else (today - home.last_visit).days
        red = quota.least > 0 and (days is None or days > RED_AFTER.days)
        promised = home.return_on is not None and home.return_on <= today
        found.append(Planned(home.id, days, red, place < left or promised))
    return found


def _order(home: Home, today: date) -> tuple[bool, bool, date, int]:
    promised = home.return_on is not None and home.return_on <= today
    stale = home.last_visit is None or today - home.last_visit > RED_AFTER
    # a need puts one first among those that are equally stale, not before somebody long unseen
    return (not promised, not (stale and home.needs > 0), home.last_visit or date.min, home.id)


@dataclass(frozen=True, slots=True)
class Feasibility:
    """Hours that a quota needs and hours there are."""

    need_h: float
    capacity_h: float

    @property
    def enough(self) -> bool:
        return self.need_h <= self.capacity_h


def feasibility(
    visits: int,
    hops_m: Sequence[float],
    *,
    days: int,
    hours_a_day: float = 4.0,
    visit_min: float = 30.0,
    walk_km_h: float = 4.0,
    detour: float = 1.4,
) -> Feasibility:
    """Whether so many visits fit into so many days.

    `hops_m`: straight metres from each home to its nearest neighbour; their mean, lengthened by `detour`, is walked
    before each visit. All of these are assumptions to be set by the county, and shown beside the figure.
    """  # fmt: skip
    mean = math.fsum(hops_m) / len(hops_m) if len(hops_m) else 0.0
    need = visits * (visit_min / 60.0 + mean * detour / 1000.0 / walk_km_h)
    return Feasibility(need, days * hours_a_day)
