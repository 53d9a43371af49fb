"""The county's calendar as a value: office hours, public holidays with their shifted workdays, local exceptions.

A calendar is named by the digest of what it says, and events name it so: what a clock counted can always be counted
again. Years whose schedule the State Council has published are official; any other is provisional: weekends and the
days that the law fixes, no shifted workdays. When a year is published, `with_year` makes the next version.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd

from gridmap.case.events import canonical_json
from gridmap.case.worktime import Micros, WorkTime
from gridmap.errors import InvalidInput

#: the years a compiled calendar spans
FIRST_YEAR, LAST_YEAR = 2000, 2060
DAY_MIN = 24 * 60
MONDAY_TO_FRIDAY = 0b001_1111
#: days off that the law fixes by the solar calendar (国务院令第795号); those by the moon stand in cn_festivals.csv
FIXED = {
    (1, 1): ("new-year", "元旦", "New Year's Day"),
    (5, 1): ("labour-day", "劳动节", "Labour Day"),
    (5, 2): ("labour-day", "劳动节", "Labour Day"),
    (10, 1): ("national-day", "国庆节", "National Day"),
    (10, 2): ("national-day", "国庆节", "National Day"),
    (10, 3): ("national-day", "国庆节", "National Day"),
}

#: from and to, minutes after local midnight
Hours = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Office:
    """Office hours from a day of the year on ("05-01"), until the next entry's day."""

    since: str
    hours: tuple[Hours, ...]


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A day that is not what its weekday says; `hours` None: the office's own."""

    works: bool
    code: str
    name: str = ""
    name_en: str = ""
    hours: tuple[Hours, ...] | None = None


@dataclass(frozen=True)
class Calendar:
    """One version of a calendar. `official` gives, for each official year, where it was published."""

    zone: str
    office: tuple[Office, ...]
    workdays: int = MONDAY_TO_FRIDAY  # bit 0 is Monday
    days: Mapping[date, SpecialDay] = field(default_factory=dict)
    exceptions: Mapping[date, SpecialDay] = field(default_factory=dict)
    official: Mapping[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise InvalidInput(f"there is no time zone {self.zone!r}", field="zone") from None
        if not 0 < self.workdays < 1 << 7:
            raise InvalidInput("at least one day of the week must be a workday", field="workdays")
        if not self.office or [one.since for one in self.office] != sorted({one.since for one in self.office}):
            raise InvalidInput("office hours must stand in the order of their first days, each once", field="office")
        for where, hours in self._all_hours():
            _check_hours(where, hours)

    def _all_hours(self) -> Iterable[tuple[str, tuple[Hours, ...]]]:
        yield from ((f"office since {one.since}", one.hours) for one in self.office)
        special = [*self.days.items(), *self.exceptions.items()]
        yield from ((f"{day}", one.hours) for day, one in special if one.hours is not None)

    @cached_property
    def version(self) -> str:
        """Sixteen hexadecimal digits that name exactly this calendar."""
        return hashlib.sha256(canonical_json(self.to_json()).encode("utf-8")).hexdigest()[:16]

    @property
    def workday_min(self) -> int:
        """Office minutes of one workday: what a limit in workdays is counted in (those of the year's first hours)."""
        return sum(end - start for start, end in self.office[0].hours)

    @cached_property
    def work_time(self) -> WorkTime:
        """The clock that this calendar makes, compiled once."""
        return compiled(self)

    def provisional(self, year: int) -> bool:
        """Whether the year is only weekends and fixed days: its official schedule is not in yet."""
        return year not in self.official

    def special(self, day: date) -> SpecialDay | None:
        """What is special about a day: a local exception, a published day, or one that the law fixes."""
        known = self.exceptions.get(day) or self.days.get(day)
        if known is None and self.provisional(day.year) and (day.month, day.day) in FIXED:
            return SpecialDay(False, *FIXED[day.month, day.day])
        return known

    def hours_of(self, day: date) -> tuple[Hours, ...]:
        """When the office is open on a day; empty on a day off."""
        special = self.special(day)
        works = bool(self.workdays >> day.weekday() & 1) if special is None else special.works
        if not works:
            return ()
        if special is not None and special.hours is not None:
            return special.hours
        return _office_on(self.office, f"{day:%m-%d}").hours

    def with_year(self, year: int, days: Mapping[date, SpecialDay], source: str) -> Self:
        """The next version, in which this year is official and has exactly these days. Raises InvalidInput."""
        wrong = sorted(day for day in days if day.year != year)
        if wrong:
            raise InvalidInput(f"{wrong[0]} is not a day of {year}", field="day")
        if not days:
            raise InvalidInput(f"the schedule of {year} names no day", field="day")
        if not source.strip():
            raise InvalidInput(f"say where the schedule of {year} was published", field="source")
        kept = {day: one for day, one in self.days.items() if day.year != year}
        return replace(self, days={**kept, **days}, official={**self.official, year: source})

    def with_exception(self, day: date, what: SpecialDay | None) -> Self:
        """The next version with a local exception (a typhoon, a fair); None takes it away again."""
        kept = {known: one for known, one in self.exceptions.items() if known != day}
        return replace(self, exceptions=kept if what is None else {**kept, day: what})

    def with_office(self, office: tuple[Office, ...]) -> Self:
        """The next version with other office hours. Raises InvalidInput."""
        return replace(self, office=office)

    def to_json(self) -> dict[str, Any]:
        """As it is stored, and as the version is reckoned from."""
        return {
            "zone": self.zone,
            "office": [{"since": one.since, "hours": [list(span) for span in one.hours]} for one in self.office],
            "workdays": self.workdays,
            "days": _days_to_json(self.days),
            "exceptions": _days_to_json(self.exceptions),
            "official": {str(year): source for year, source in sorted(self.official.items())},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote. Raises InvalidInput saying what is wrong."""
        try:
            return cls(
                zone=str(data["zone"]),
                office=tuple(Office(str(one["since"]), _hours(one["hours"])) for one in data["office"]),
                workdays=int(data["workdays"]),
                days=_days_from_json(data["days"]),
                exceptions=_days_from_json(data["exceptions"]),
                official={int(year): str(source) for year, source in data["official"].items()},
            )
        except (KeyError, TypeError, ValueError, AttributeError) as wrong:
            raise InvalidInput(f"this is no calendar: {wrong!r}", field="calendar") from wrong


def default_calendar(zone: str = "Asia/Shanghai") -> Calendar:
    """The calendar that ships: China's official years 2010 to 2026, the next by the law alone, 8:30-12:00, 14:30-18:00.

    Checked day by day against `chinesecalendar` and `holidays`, which agree with it on all 6,209 days.
    """
    days = {date.fromisoformat(row["day"]): _special(row["kind"], row) for row in _shipped("cn_days.csv")}
    moon = {date.fromisoformat(row["day"]): _special("off", row) for row in _shipped("cn_festivals.csv")}
    official = {int(row["year"]): f"{row['notice']} {row['url']}" for row in _shipped("cn_years.csv")}
    office = (Office("01-01", ((8 * 60 + 30, 12 * 60), (14 * 60 + 30, 18 * 60))),)
    return Calendar(zone=zone, office=office, days={**moon, **days}, official=official)


def read_schedule(lines: Iterable[str]) -> dict[date, SpecialDay]:
    """A published schedule as CSV: day, kind (off or work), code, name, name_en. InvalidInput names the line."""
    found: dict[date, SpecialDay] = {}
    reader = csv.DictReader(lines)
    missing = {"day", "kind"} - set(reader.fieldnames or ())
    if missing:
        raise InvalidInput(f"the schedule lacks the columns {', '.join(sorted(missing))}", field="day")
    for row in reader:
        try:
            day = date.fromisoformat((row["day"] or "").strip())
        except ValueError:
            raise InvalidInput(
                f"line {reader.line_num}: {row['day']!r} is no day", code="calendar_day", line=reader.line_num
            ) from None
        if row["kind"] not in ("off", "work"):
            raise InvalidInput(
                f"line {reader.line_num}: kind is off or work", code="calendar_kind", line=reader.line_num
            )
        if day in found:
            raise InvalidInput(
                f"line {reader.line_num}: {day} stands there twice", code="calendar_twice", line=reader.line_num
            )
        found[day] = _special(row["kind"], row)
    return found


def changed_days(old: Calendar, new: Calendar, first: date, last: date) -> list[date]:
    """The days from `first` to `last` whose hours differ: a case that touches none of them keeps its deadline."""
    span = (date.fromordinal(number) for number in range(first.toordinal(), last.toordinal() + 1))
    return [day for day in span if old.hours_of(day) != new.hours_of(day)]


def compiled(calendar: Calendar, first_year: int = FIRST_YEAR, last_year: int = LAST_YEAR) -> WorkTime:
    """The intervals in which this calendar's offices work, in UTC.

    Where clocks jump forward, hours that do not exist begin at the jump; where they fall back, an hour that comes twice
    is worked from its first coming: no interval overlaps another.
    """
    begin, end = date(first_year, 1, 1).toordinal(), date(last_year + 1, 1, 1).toordinal()
    local = [
        (number * DAY_MIN + start, number * DAY_MIN + stop)
        for number in range(begin, end)
        for start, stop in calendar.hours_of(date.fromordinal(number))
    ]
    edges = _to_utc(np.array(local, dtype=np.int64).reshape(-1, 2), calendar.zone)
    kept = edges[edges[:, 1] > edges[:, 0]]
    limits = _to_utc(np.array([[begin * DAY_MIN, end * DAY_MIN]], dtype=np.int64), calendar.zone)[0]
    return WorkTime(kept[:, 0], kept[:, 1], first=int(limits[0]), last=int(limits[1]))


def _to_utc(minutes: Micros, zone: str) -> Micros:
    """Local minutes since day 0 of the proleptic calendar as microseconds since 1970 in UTC; same shape."""
    since_1970 = minutes.ravel() - date(1970, 1, 1).toordinal() * DAY_MIN
    local = pd.DatetimeIndex((since_1970 * 60_000_000).astype("datetime64[us]"))
    first_of_two = np.ones(len(local), dtype=bool)
    aware = local.tz_localize(ZoneInfo(zone), ambiguous=first_of_two, nonexistent="shift_forward")
    utc: Micros = aware.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[us]").astype(np.int64)
    return utc.reshape(minutes.shape)


def _check_hours(where: str, hours: tuple[Hours, ...]) -> None:
    flat = [minute for span in hours for minute in span]
    inside = all(0 <= minute <= DAY_MIN for minute in flat)
    if not flat or not inside or any(start >= stop for start, stop in hours) or flat != sorted(flat):
        raise InvalidInput(f"{where}: hours must follow one another within 0 to {DAY_MIN} minutes", field="hours")


@lru_cache(maxsize=2048)
def _office_on(office: tuple[Office, ...], month_day: str) -> Office:
    """The entry in force on a day such as "07-03"; before the first entry's day last year's last one still holds."""
    begun = [one for one in office if one.since <= month_day]
    return begun[-1] if begun else office[-1]


def _special(kind: str, row: Mapping[str, str | None]) -> SpecialDay:
    return SpecialDay(kind == "work", row.get("code") or "holiday", row.get("name") or "", row.get("name_en") or "")


def _shipped(name: str) -> list[dict[str, str]]:
    with files("gridmap.case").joinpath("calendars", name).open(encoding="utf-8") as source:
        return list(csv.DictReader(source))


def _hours(spans: Iterable[Iterable[int]]) -> tuple[Hours, ...]:
    return tuple((int(start), int(stop)) for start, stop in spans)


def _days_to_json(days: Mapping[date, SpecialDay]) -> dict[str, Any]:
    return {
        day.isoformat(): {
            "works": one.works, "code": one.code, "name": one.name, "name_en": one.name_en,
            "hours": None if one.hours is None else [list(span) for span in one.hours],
        }
        for day, one in sorted(days.items())
    }  # fmt: skip


def _days_from_json(days: Mapping[str, Any]) -> dict[date, SpecialDay]:
    return {
        date.fromisoformat(day): SpecialDay(
            bool(one["works"]), str(one["code"]), str(one["name"]), str(one["name_en"]),
            None if one["hours"] is None else _hours(one["hours"]),
        )
        for day, one in days.items()
    }  # fmt: skip
