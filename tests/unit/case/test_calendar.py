"""The calendar: official days by hand from the notices, provisional years, local exceptions, versions, imports."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from gridmap.case.calendar import (
    Calendar,
    Office,
    SpecialDay,
    changed_days,
    compiled,
    default_calendar,
    read_schedule,
)
from gridmap.case.worktime import WorkTime, from_micros, to_micros
from gridmap.errors import InvalidInput

CALENDAR = default_calendar()
DAY_US = 24 * 3600 * 1_000_000


def works(day: str) -> bool:
    return bool(CALENDAR.hours_of(date.fromisoformat(day)))


def test_2026_as_the_state_council_wrote_it() -> None:
    """国办发明电〔2025〕7号, read in the papers of 5 November 2025."""
    off = {
        "01-01": 3, "02-15": 9, "04-04": 3, "05-01": 5, "06-19": 3, "09-25": 3, "10-01": 7,
    }  # fmt: skip
    shifted = ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"]
    expected = {date(2026, 1, 1) + timedelta(days=n) for n in range(365)}
    expected = {day for day in expected if day.weekday() < 5}
    for first, days in off.items():
        expected -= {date.fromisoformat(f"2026-{first}") + timedelta(days=n) for n in range(days)}
    expected |= {date.fromisoformat(f"2026-{day}") for day in shifted}
    assert {d for n in range(365) if CALENDAR.hours_of(d := date(2026, 1, 1) + timedelta(days=n))} == expected


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2023-01-28", True), ("2023-06-25", True), ("2023-10-08", True), ("2023-09-29", False),
        ("2024-02-09", True), ("2024-02-18", True), ("2024-10-12", True), ("2024-02-16", False),
        ("2025-01-26", True), ("2025-10-08", False), ("2025-10-11", True), ("2020-01-31", False),
    ],
)  # fmt: skip
def test_days_of_other_years(day: str, expected: bool) -> None:
    assert works(day) is expected


def test_a_year_without_a_schedule_is_provisional() -> None:
    assert [year for year in range(2009, 2029) if CALENDAR.provisional(year)] == [2009, 2027, 2028]
    assert not works("2027-01-01")
    assert not works("2027-05-03") or date(2027, 5, 3).weekday() == 0  # no day in lieu is guessed
    assert not works("2027-02-08")  # the third day of the new year, by the law
    assert not works("2027-10-02")
    assert works("2027-10-04")
    assert not works("2031-05-01")


SCHEDULE = """day,kind,code,name,name_en
2027-01-01,off,new-year,元旦,New Year's Day
2027-10-04,off,national-day,国庆节,National Day
2027-10-09,work,national-day,国庆节,National Day
"""


def test_importing_a_year_makes_a_new_version() -> None:
    days = read_schedule(SCHEDULE.splitlines())
    later = CALENDAR.with_year(2027, days, "https://example.org/2027")
    assert later.version != CALENDAR.version
    assert not later.provisional(2027)
    assert later.hours_of(date(2027, 10, 9)) == CALENDAR.office[0].hours
    assert changed_days(CALENDAR, later, date(2026, 1, 1), date(2026, 12, 31)) == []
    changed = changed_days(CALENDAR, later, date(2027, 9, 1), date(2027, 12, 31))
    assert changed == [date(2027, 9, 15), date(2027, 10, 1), date(2027, 10, 4), date(2027, 10, 9)]
    assert later.with_year(2027, days, "https://example.org/2027").version == later.version
    assert CALENDAR.provisional(2027)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("day,name\n2027-01-01,x", "kind"),
        ("day,kind\n2027-02-30,off", "line 2"),
        ("day,kind\n2027-01-01,off\n2027-01-02,maybe", "line 3"),
        ("day,kind\n2027-01-01,off\n2027-01-01,work", "twice"),
        ("day,kind\n", "names no day"),
        ("day,kind\n2026-01-01,off", "2026-01-01"),
    ],
)
def test_a_bad_schedule_names_its_line(text: str, word: str) -> None:
    with pytest.raises(InvalidInput, match=word):
        CALENDAR.with_year(2027, read_schedule(text.splitlines()), "somewhere")


def test_json_goes_both_ways_and_names_the_version() -> None:
    special = SpecialDay(True, "fair", "集市", "Fair", hours=((600, 720),))
    changed = CALENDAR.with_exception(date(2026, 7, 4), special)
    again = Calendar.from_json(changed.to_json())
    assert (again, again.version) == (changed, changed.version)
    assert changed.with_exception(date(2026, 7, 4), None).version == CALENDAR.version
    with pytest.raises(InvalidInput):
        Calendar.from_json({"zone": "Asia/Shanghai"})


def test_local_exceptions_win() -> None:
    typhoon = SpecialDay(False, "typhoon", "台风停工", "Typhoon")
    assert CALENDAR.with_exception(date(2026, 7, 3), typhoon).hours_of(date(2026, 7, 3)) == ()
    short = SpecialDay(True, "eve", hours=((510, 720),))
    assert CALENDAR.with_exception(date(2026, 10, 1), short).hours_of(date(2026, 10, 1)) == ((510, 720),)


def test_summer_hours() -> None:
    office = (Office("05-01", ((480, 720), (900, 1080))), Office("10-01", ((510, 720), (870, 1080))))
    calendar = Calendar("Asia/Shanghai", office)
    assert calendar.hours_of(date(2026, 4, 30)) == office[1].hours
    assert calendar.hours_of(date(2026, 5, 4)) == office[0].hours
    assert calendar.hours_of(date(2026, 10, 8)) == office[1].hours


@pytest.mark.parametrize(
    "change",
    [
        {"zone": "Mars/Olympus"},
        {"workdays": 0},
        {"office": ()},
        {"office": (Office("01-01", ()),)},
        {"office": (Office("01-01", ((600, 500),)),)},
        {"office": (Office("01-01", ((500, 700), (600, 800))),)},
        {"office": (Office("01-01", ((500, 1500),)),)},
        {"office": (Office("05-01", ((500, 600),)), Office("01-01", ((500, 600),)))},
    ],
)
def test_a_calendar_that_cannot_be(change: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        Calendar(**{"zone": "UTC", "office": (Office("01-01", ((540, 1020),)),), **change})


def test_arithmetic_by_hand() -> None:
    """Friday 13 February 2026, 17:00: one hour left; Saturday is worked, then nine days off until the 24th."""
    work = CALENDAR.work_time
    start = np.array(["2026-02-13T09:00"], dtype="datetime64[us]")
    for hours, expected in ((1.0, "2026-02-13T10:00"), (1.5, "2026-02-14T01:00"), (8.5, "2026-02-24T01:00")):
        assert work.add_work_time(start, hours) == np.array([expected], dtype="datetime64[us]")
        end = np.array([expected], dtype="datetime64[us]")
        assert work.work_time_between(start, end) == np.timedelta64(round(hours * 60), "m")
    assert work.work_time_between(end, start)[0] == -np.timedelta64(510, "m")


def test_beyond_the_years_it_says_so() -> None:
    work = compiled(CALENDAR, 2026, 2026)
    with pytest.raises(InvalidInput, match="2026"):
        work.passed(np.array([0]), np.array([0]))
    late = to_micros(datetime(2026, 12, 31, tzinfo=UTC))
    with pytest.raises(InvalidInput, match="2026"):
        work.after(np.array([late]), np.array([30 * DAY_US]))
    for start, span in ((0, 1), (late, 30 * DAY_US)):
        with pytest.raises(InvalidInput, match="2026"):
            work.after_one(start, span)
    with pytest.raises(InvalidInput, match="taken away"):
        work.after_one(late, -1)
    with pytest.raises(InvalidInput, match="taken away"):
        work.after(np.array([late]), np.array([-1]))
    with pytest.raises(InvalidInput, match="overlap"):
        WorkTime(np.array([0, 5]), np.array([6, 9]), first=0, last=10)


def test_clocks_that_jump() -> None:
    """Berlin, a duty from 0:00 to 6:00 every day: five hours on the night that loses one, seven on the other."""
    calendar = Calendar("Europe/Berlin", (Office("01-01", ((0, 360),)),), workdays=0b111_1111)
    work = compiled(calendar, 2026, 2026)
    for day, hours in ((date(2026, 3, 29), 5), (date(2026, 3, 30), 6), (date(2026, 10, 25), 7)):
        noon = to_micros(datetime(day.year, day.month, day.day, 12, tzinfo=UTC))
        assert work.passed(np.array([noon - DAY_US]), np.array([noon])) == [hours * DAY_US // 24]


def test_moments_go_both_ways() -> None:
    moment = datetime(2026, 7, 3, 1, 41, 0, 123456, tzinfo=UTC)
    assert from_micros(to_micros(moment)) == moment
    with pytest.raises(InvalidInput, match="zone"):
        to_micros(moment.replace(tzinfo=None))
