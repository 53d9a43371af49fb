"""Laws of work time: inverse, additive, monotone, equal to a loop; in zones whose clocks jump and over leap days."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.case.calendar import Calendar, Office, SpecialDay, compiled
from gridmap.case.worktime import WorkTime, to_micros

ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "UTC")
#: ordinary offices, one open through the night in which clocks jump, one with a minute at midnight
HOURS = (((510, 720), (870, 1080)), ((0, 1440),), ((0, 1), (90, 150), (1439, 1440)))
FIRST, LAST = 2015, 2025
BEGIN, END = to_micros(datetime(FIRST, 1, 2, tzinfo=UTC)), to_micros(datetime(LAST, 6, 30, tzinfo=UTC))
HOUR_US = 3_600_000_000


@cache
def calendar(zone: str, hours: tuple[tuple[int, int], ...]) -> Calendar:
    days = {
        date(2024, 2, 29): SpecialDay(False, "leap"),
        date(2024, 3, 2): SpecialDay(True, "shifted"),
        date(2020, 2, 29): SpecialDay(True, "shifted", hours=((60, 180),)),
    }
    return Calendar(zone, (Office("01-01", hours),), days=days)


@cache
def work(zone: str, hours: tuple[tuple[int, int], ...]) -> WorkTime:
    # 800 hours at an office that opens 62 minutes a day take three years
    return compiled(calendar(zone, hours), FIRST, LAST + 4)


moments = st.one_of(
    st.integers(BEGIN, END),
    # around leap days and the jumps of 2024
    st.sampled_from([(2024, 2, 29), (2024, 3, 10), (2024, 3, 31), (2024, 4, 7), (2024, 10, 27), (2018, 11, 4)]).flatmap(
        lambda day: st.integers(0, 48 * 3600).map(
            lambda second: to_micros(datetime(*day, tzinfo=UTC)) - 12 * HOUR_US + second * 1_000_000
        )
    ),
)
spans = st.one_of(st.integers(0, 400 * HOUR_US), st.sampled_from([0, 1, HOUR_US, 7 * HOUR_US]))
offices = st.tuples(st.sampled_from(ZONES), st.sampled_from(HOURS))


def at(*micros: int) -> np.ndarray:
    return np.array(micros, dtype=np.int64)


@settings(max_examples=80, deadline=None)
@given(office=offices, start=moments, span=spans)
def test_between_undoes_adding(office: tuple[str, tuple[tuple[int, int], ...]], start: int, span: int) -> None:
    clock = work(*office)
    end = clock.after(at(start), at(span))
    assert clock.passed(at(start), end) == span
    if span:  # the earliest such moment: an instant before, less has passed
        assert clock.passed(at(start), end - 1) == span - 1


@settings(max_examples=80, deadline=None)
@given(office=offices, start=moments, one=spans, two=spans)
def test_adding_is_additive(office: tuple[str, tuple[tuple[int, int], ...]], start: int, one: int, two: int) -> None:
    clock = work(*office)
    once = clock.after(at(start), at(one + two))
    twice = clock.after(clock.after(at(start), at(one)), at(two))
    assert once == twice


@settings(max_examples=80, deadline=None)
@given(office=offices, points=st.lists(moments, min_size=3, max_size=3), span=spans)
def test_monotone_and_additive_between(
    office: tuple[str, tuple[tuple[int, int], ...]], points: list[int], span: int
) -> None:
    clock, (a, b, c) = work(*office), sorted(points)
    assert 0 <= clock.passed(at(a), at(b))[0] <= b - a
    assert clock.passed(at(a), at(b)) + clock.passed(at(b), at(c)) == clock.passed(at(a), at(c))
    assert clock.passed(at(b), at(a)) == -clock.passed(at(a), at(b))
    assert clock.after(at(a), at(span)) <= clock.after(at(b), at(span))
    assert clock.after(at(a), at(span)) <= clock.after(at(a), at(span + 1))


@settings(max_examples=25, deadline=None)
@given(office=offices, start=moments, hours=st.integers(0, 72))
def test_equal_to_a_walk_through_the_minutes(
    office: tuple[str, tuple[tuple[int, int], ...]], start: int, hours: int
) -> None:
    """The definition: a minute counts when the clock on the wall shows one of the office's minutes."""
    zone, kept = ZoneInfo(office[0]), calendar(*office)
    start -= start % 60_000_000
    counted = 0
    for minute in range(hours * 60):
        local = (datetime.fromtimestamp(start // 1_000_000, UTC) + timedelta(minutes=minute)).astimezone(zone)
        of_day = local.hour * 60 + local.minute
        counted += any(begin <= of_day < stop for begin, stop in kept.hours_of(local.date()))
    passed = int(work(*office).passed(at(start), at(start + hours * HOUR_US))[0]) // 60_000_000
    # an hour that comes twice is worked through from its first coming to the end of its interval
    assert passed == counted or (office[1] != HOURS[0] and _near_a_jump(start, hours, zone))


def _near_a_jump(start: int, hours: int, zone: ZoneInfo) -> bool:
    first = datetime.fromtimestamp(start // 1_000_000, UTC).astimezone(zone)
    last = (datetime.fromtimestamp(start // 1_000_000, UTC) + timedelta(hours=hours)).astimezone(zone)
    return first.utcoffset() != last.utcoffset()


@settings(max_examples=60, deadline=None)
@given(office=offices, starts=st.lists(moments, min_size=1, max_size=40), span=spans)
def test_many_at_once_as_one_by_one(
    office: tuple[str, tuple[tuple[int, int], ...]], starts: list[int], span: int
) -> None:
    clock = work(*office)
    together = clock.after(at(*starts), at(span))
    assert together.tolist() == [clock.after_one(one, span) for one in starts]
    assert clock.passed(at(*starts), together).tolist() == [
        clock.passed_one(one, end) for one, end in zip(starts, together.tolist(), strict=True)
    ]


def test_midnight_is_a_moment_like_any_other() -> None:
    clock = work("Asia/Shanghai", HOURS[2])
    midnight = to_micros(datetime.combine(date(2024, 2, 28), time(16), tzinfo=UTC))
    assert clock.passed(at(midnight - 60_000_000), at(midnight)) == 60_000_000
