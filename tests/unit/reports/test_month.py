"""The monthly report as a file: numbers are numbers, names are never formulas, both languages, heads stay in sight."""

from __future__ import annotations

import re
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook

from gridmap.case.scorecard import COUNTS
from gridmap.reports import charts, month
from gridmap.reports.month import Lang

EVIL = '=HYPERLINK("http://x","y")'


def counts(accepted: int) -> dict[str, int]:
    return {name: accepted if name in ("accepted", "due", "disposed") else 0 for name in COUNTS}


def ratio(over: int, under: int) -> dict[str, Any]:
    value = over / under if under else None
    return {"numerator": over, "denominator": under, "of": "due", "value": value, "interval": (0.25, 0.75),
            "small": under < 30, "points_on_year": 1.5, "points_on_month": None}  # fmt: skip


def line(name: str, accepted: int) -> dict[str, Any]:
    return {
        "code": "x", "name": name, "name_en": None, "month": "2026-06", "filters": {}, "counts": counts(accepted),
        "counts_year_before": counts(7), "counts_month_before": counts(8), "accepted_change_pct": -12.5,
        "ratios": {"disposal": ratio(accepted, accepted), "satisfaction": ratio(0, 0)}, "points": 87.25,
        "points_year_before": None, "hours": {"cases": accepted, "open": 1, "median": 30.5, "p90": None},
        "hours_year_before": {"cases": 0, "open": 0, "median": None, "p90": None},
    }  # fmt: skip


@pytest.fixture
def card() -> dict[str, Any]:
    months = [f"{2024 + (6 + i) // 12}-{(6 + i) % 12 + 1:02d}" for i in range(24)]
    return {
        "month": "2026-06", "by": "area", "area": {"code": "c", "name": "云岭县", "name_en": "Yunling"}, "body": None,
        "category": None, "at": "2026-07-02T16:30:00+00:00", "zone": "Asia/Shanghai", "complete": True,
        "total": line("all", 12), "lines": [line(EVIL, 12), line("<b>镇</b>", 40)], "channels": {"phone": 5, "@x": 7},
        "history": {one: counts(i) for i, one in enumerate(months)},
    }  # fmt: skip


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_workbook_holds_numbers_and_inert_names(card: Mapping[str, Any], lang: Lang) -> None:
    book = load_workbook(BytesIO(month.xlsx(card, lang)))
    ratios, lines, months = book.worksheets
    assert [sheet.freeze_panes for sheet in book.worksheets] == ["B2"] * 3
    assert [cell.value for cell in ratios[2]][1:4] == [1.0, 12, 12]
    assert ratios["B2"].number_format == "0.0%"
    assert ratios["B3"].value is None  # nothing to divide by is an empty cell, not 0
    assert [cell.data_type for cell in lines[2]] == ["s", *["n"] * 10]
    assert lines["A2"].value == EVIL
    assert [cell.value for cell in lines[2]][1:4] == [12, 12, 12]
    assert [cell.value for cell in lines[2]][7:11] == [30.5, None, 7, 87.25]
    assert [row[1].value for row in months.iter_rows(min_row=2)] == list(range(24))
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            assert all(cell.data_type != "f" for cell in row)
    assert [len(sheet._charts) for sheet in book.worksheets] == [0, 1, 1]
    drawn = [one.val.numRef.f for sheet in (lines, months) for one in sheet._charts[0].series]
    assert [one.rpartition("!")[2] for one in drawn] == ["$B$2:$B$3", "$J$2:$J$3", "$B$14:$B$25", "$B$2:$B$13"]
    assert {(sheet.page_setup.orientation, sheet.print_title_rows) for sheet in book.worksheets} == {
        ("landscape", "$1:$1")
    }
    assert len({cell.value for cell in lines[1]}) == len(lines[1])  # no two columns are called the same
    words = {cell.value for sheet in book.worksheets for cell in sheet[1]}
    assert all(bool(re.search(r"[\u4e00-\u9fff]", str(one))) is (lang == "zh") for one in words)


@pytest.mark.parametrize(("lang", "title", "made"), [
    ("zh", "云岭县 2026-06 月度通报", "制表 2026-07-03 00:30"),
    ("en", "Yunling: monthly report, 2026-06", "Made 2026-07-03 00:30"),
])  # fmt: skip
def test_a_page_is_whole_and_escaped(card: Mapping[str, Any], lang: Lang, title: str, made: str) -> None:
    text = month.html(card, lang)
    assert title in text
    assert made in text  # by the county's clocks
    assert "<b>镇" not in text
    assert "&lt;b&gt;镇" in text
    assert text.count("<svg") == 3
    assert "thead" in text


def test_long_names_are_cut_where_the_bars_begin() -> None:
    text = str(charts.bars("x", [("很" * 40, 3.0, None), ("短", 2.0, 1.0)]))
    assert "很" * 18 + "…" in text
    assert "很" * 20 not in text
    assert charts.bars("x", [("a" * 38, 1.0, None)]).count("a" * 38) == 1


def test_how_long_it_takes_is_said_only_of_what_came_in(card: dict[str, Any]) -> None:
    """A share that has not closed yet has no time; a month without a case has neither."""
    said = [month.sentences(card, lang)[1] for lang in ("zh", "en")]
    assert said[0] == "收件到办结：半数在 30.5 小时内，九成尚未办结。未结的 1 件按“已超过此时长”计入。"
    assert said[1].startswith("From receipt to closing: half within 30.5 hours, nine in ten not closed yet. The 1 open")
    card["total"]["hours"] = {"cases": 0, "open": 0, "median": None, "p90": None}
    assert len(month.sentences(card, "zh")) == 1
