# ruff: noqa: E501 - tables of texts
"""Texts to values, as registers and portals write them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from gridmap.files.kinds import KINDS
from gridmap.files.values import (
    MISSING,
    Fault,
    code,
    count,
    day,
    flag,
    minutes,
    moment,
    number,
    parse,
    parser_of,
    phone,
    texts,
    weekdays,
)

CHINA = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("2024-03-05", date(2024, 3, 5)), ("2024/3/5", date(2024, 3, 5)), ("2024.3.5", date(2024, 3, 5)),
        ("2024年3月5日", date(2024, 3, 5)), ("2024年03月05日", date(2024, 3, 5)), ("20240305", date(2024, 3, 5)),
        ("45356", date(2024, 3, 5)), ("45356.75", date(2024, 3, 5)), ("2006-04-30 00:00:00", date(2006, 4, 30)),
        ("２０２４－０３－０５", date(2024, 3, 5)), ("2024-02-29", date(2024, 2, 29)), ("--", MISSING), ("不详", MISSING),
    ],
)  # fmt: skip
def test_days(raw: str, expected: object) -> None:
    assert day(raw) == expected


@pytest.mark.parametrize(
    "raw", ["2023-02-29", "2024-13-01", "03/05/2024", "5/3/24", "soon", "2024", "2024-03", "0999-01-01", "2024-3-5-6"]
)
def test_no_days(raw: str) -> None:
    with pytest.raises(Fault):
        day(raw)


def test_a_year_is_enough_where_that_is_allowed() -> None:
    assert day("2003", loose=True) == date(2003, 1, 1)
    assert day("2003-05", loose=True) == date(2003, 5, 1)
    assert day("2003年5月", loose=True) == date(2003, 5, 1)
    assert day("2003-05-06", loose=True) == date(2003, 5, 6)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("2024-03-05 14:30", datetime(2024, 3, 5, 14, 30, tzinfo=CHINA)),
        ("2024-03-05", datetime(2024, 3, 5, tzinfo=CHINA)),
        ("2024/3/5 4:05:06", datetime(2024, 3, 5, 4, 5, 6, tzinfo=CHINA)),
        ("2024年3月5日 14时30分", datetime(2024, 3, 5, 14, 30, tzinfo=CHINA)),
        ("2024年3月5日14时30分15秒", datetime(2024, 3, 5, 14, 30, 15, tzinfo=CHINA)),
        ("2024年3月5日14点", datetime(2024, 3, 5, 14, tzinfo=CHINA)),
        ("2024-03-05T14:30:00Z", datetime(2024, 3, 5, 14, 30, tzinfo=UTC)),
        ("2024-03-05T14:30:00.250+08:00", datetime(2024, 3, 5, 14, 30, 0, 250_000, tzinfo=timezone(timedelta(hours=8)))),
        ("2024-03-05 14:30:00 -0330", datetime(2024, 3, 5, 14, 30, tzinfo=timezone(-timedelta(hours=3, minutes=30)))),
        ("20240305143000", datetime(2024, 3, 5, 14, 30, tzinfo=CHINA)),
        ("45356.604166666664", datetime(2024, 3, 5, 14, 30, tzinfo=CHINA)),
        ("1709620200", datetime(2024, 3, 5, 6, 30, tzinfo=UTC)),
        ("1709620200000", datetime(2024, 3, 5, 6, 30, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_moments(raw: str, expected: datetime) -> None:
    found = moment(raw, CHINA)
    assert found == expected
    assert found.tzinfo is not None


@pytest.mark.parametrize(
    "raw",
    [
        "2024-03-05 25:00",
        "2024-03-05 14:61",
        "14:30",
        "yesterday",
        "03/05/2024 02:00 PM",
        "2024-03-05T14:30+99:00",
        "1512-01-01",
    ],
)
def test_no_moments(raw: str) -> None:
    with pytest.raises(Fault):
        moment(raw, CHINA)


def test_unclear_order_of_day_and_month_says_what_to_write() -> None:
    with pytest.raises(Fault, match="2024-03-05"):
        day("03/05/2024")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [("12", 12.0), ("-87.66", -87.66), ("1,234.5", 1234.5), ("1e3", 1000.0), (".5", 0.5), ("３", 3.0), (">0", MISSING),
     ("N/A", MISSING), ("--", MISSING), ("unknown", MISSING), ("≥5", MISSING)],
)  # fmt: skip
def test_numbers(raw: str, expected: object) -> None:
    assert number(raw) == expected


@pytest.mark.parametrize("raw", ["1,23", "twelve", "nan(1)", "inf", "1_000", "1e999", "0x10", "1 2", "12元"])
def test_no_numbers(raw: str) -> None:
    with pytest.raises(Fault):
        number(raw)


def test_counts() -> None:
    assert count("3", 0, 200) == 3
    assert count("3人", 0, 200) == 3
    for raw in ("2.5", "-1", "201"):
        with pytest.raises(Fault):
            count(raw, 0, 200)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [("00-00002158", "00-00002158"), ("520122.0", "520122"), ("０１２", "012"), ("007", "007"), ("--", MISSING)],
)
def test_codes(raw: str, expected: object) -> None:
    assert code(raw) == expected


@pytest.mark.parametrize("raw", ["5.20122E+14", "1.38E+10", "a\x00b", "x" * 201])
def test_no_codes(raw: str) -> None:
    with pytest.raises(Fault):
        code(raw)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("13800001234.0", "13800001234"),
        ("0851-8772 1234", "0851-8772 1234"),
        ("+86 138 0000 1234", "+86 138 0000 1234"),
        ("无", MISSING),
    ],
)
def test_phones(raw: str, expected: object) -> None:
    assert phone(raw) == expected


@pytest.mark.parametrize("raw", ["1.38E+10", "ask the neighbour", "12"])
def test_no_phones(raw: str) -> None:
    with pytest.raises(Fault):
        phone(raw)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("08:30", 510),
        ("8点30分", 510),
        ("8时", 480),
        ("510", 510),
        ("0.354166666666667", 510),
        ("24:00", 1440),
        ("0", 0),
    ],
)
def test_minutes(raw: str, expected: int) -> None:
    assert minutes(raw) == expected


@pytest.mark.parametrize("raw", ["24:01", "8:75", "1441", "-1", "noon"])
def test_no_minutes(raw: str) -> None:
    with pytest.raises(Fault):
        minutes(raw)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("127", 127), ("31", 31), ("1-5", 31), ("周一至周五", 31), ("Mon-Fri", 31), ("工作日", 31), ("周末", 96), ("每天", 127),
        ("1,3,5", 21), ("周一、周三、周五", 21), ("星期六,星期日", 96), ("周六-周一", 97), ("Saturday, Sunday", 96), ("周天", 64),
    ],
)  # fmt: skip
def test_weekdays(raw: str, expected: int) -> None:
    assert weekdays(raw) == expected


@pytest.mark.parametrize("raw", ["0", "128", "8,9", "someday", "周八"])
def test_no_weekdays(raw: str) -> None:
    with pytest.raises(Fault):
        weekdays(raw)


@pytest.mark.parametrize(("raw", "expected"), [("是", 1), ("Yes", 1), ("√", 1), ("1", 1), ("无", 0), ("FALSE", 0)])
def test_flags(raw: str, expected: int) -> None:
    assert flag(raw) == expected
    with pytest.raises(Fault):
        flag("perhaps")


@pytest.mark.parametrize(
    ("kind", "field", "raw", "expected"),
    [
        ("enterprises", "kind", "矿山", "mine"), ("enterprises", "kind", "采石场", "quarry"), ("enterprises", "kind", "工厂", "factory"),
        ("duties", "rank", "主责", "primary"), ("duties", "rank", "备岗", "backup"), ("duties", "rank", "A岗", "primary"),
        ("enterprises", "status", "operating", "active"), ("enterprises", "status", "operating-pre-retirement", "active"),
        ("enterprises", "status", "mothballed", "suspended"), ("enterprises", "status", "unknown", "unknown"),
        ("enterprises", "status", "--", MISSING), ("households", "housing", "砖混结构", "brick"), ("areas", "level", "district", "county"),
        ("incidents", "channel", "网格员上报", "worker"),
    ],
)  # fmt: skip
def test_choices_know_the_usual_words(kind: str, field: str, raw: str, expected: object) -> None:
    known = KINDS[kind].field(field)
    assert known is not None
    assert parser_of(known, CHINA)(raw) == expected


def test_an_unknown_choice_lists_what_is_allowed() -> None:
    known = KINDS["enterprises"].field("kind")
    assert known is not None
    with pytest.raises(Fault, match="mine, quarry, factory, other"):
        parser_of(known, CHINA)("casino")


def test_parsing_a_column_tells_values_faults_and_marks_apart() -> None:
    raw = np.array(["5", None, "x", "--", "5"], dtype=object)
    found = parse(raw, number)
    assert found.values.tolist() == [5.0, None, None, None, 5.0]
    assert found.faults.tolist() == [None, None, "it is no number", None, None]
    assert found.marked.tolist() == [False, False, False, True, False]


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        (pd.Series(["  a ", "", None, " "], dtype=object), ["a", None, None, None]),
        (pd.Series([520122, 7]), ["520122", "7"]),
        (pd.Series([520122.0, np.nan, 0.5]), ["520122", None, "0.5"]),
        (pd.Series([1, None], dtype="Int64"), ["1", None]),
        (pd.Series([date(2024, 3, 5), None], dtype=object), ["2024-03-05", None]),
        (pd.Series(pd.to_datetime(["2024-03-05 14:30", None])), ["2024-03-05T14:30:00", None]),
        (pd.Series([True, False]), ["True", "False"]),
    ],
)
def test_columns_of_any_type_become_text(series: pd.Series[Any], expected: list[str | None]) -> None:
    assert texts(series).tolist() == expected
