"""The evidence card as paper: one A4 sheet however long the register's words are, each ring beside its own figures."""

from __future__ import annotations

import re
import zlib
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from gridmap.reports import evidence_charts as charts
from gridmap.reports import pdf
from gridmap.usecases import evidence
from gridmap.usecases.analysing import Answer
from gridmap.usecases.evidence import Edition, Happenings
from gridmap.usecases.happenings import _promised, _shaken
from tests.api.client import Api
from tests.api.test_analyses import asked_sources
from tests.county import centre

LONG_ZH, LONG_EN = (
    "云岭县白石镇柳湾村青石建筑石料有限责任公司" * 5,
    "Qingshi Quarrying and Building Stone Company Limited " * 4,
)


def sheets(paper: bytes) -> int:
    """How many pages a PDF says that it has."""
    for found in re.finditer(rb"stream\r?\n", paper):
        try:
            text = zlib.decompressobj().decompress(paper[found.end() :])
        except zlib.error:
            continue
        if b"/Pages" in text and (count := re.search(rb"/Count (\d+)", text)):
            return int(count[1])
    plain = re.search(rb"/Count (\d+)", paper)
    assert plain is not None
    return int(plain[1])


def promises(count: int) -> list[dict[str, Any]]:
    return [
        {
            "text": f"{i}: 修复受损房屋的裂缝，并于每次爆破前一天在村务群公告时间、药量和警戒范围。" * 60,
            "owner": {"name": LONG_ZH}, "due_at": "2026-08-30T00:00:00Z", "status": "open", "light": "red",
        }
        for i in range(count)
    ]  # fmt: skip


SHAKEN = {
    "buildings": [
        {"building": "fragile", "over": 3, "houses": 4_610, "limit_cm_s": 0.15},
        {"building": "ordinary", "over": 1_204, "houses": 14_100, "limit_cm_s": 1.5},
    ],
    "blasts": 960, "site_source": "assumed",
}  # fmt: skip


@pytest.mark.parametrize("edition", ["figures", "table"])
@pytest.mark.parametrize("long", [True, False])
def test_it_is_one_sheet(api_lite: Api, edition: Edition, long: bool) -> None:
    ctx, answer = asked_sources(api_lite)
    result = deepcopy(answer.result)
    assert result is not None
    source = result["sources"][0]
    happened = Happenings()
    if long:
        source |= {"name": LONG_ZH, "name_en": LONG_EN}
        rows = [{"name": LONG_ZH, "name_en": LONG_EN, "code": "a", "observed": 10_000, "expected": 9.5}] * 12
        source["categories"] = rows
        sections = [_promised(promises(40)), _shaken(SHAKEN, edition)]
        marks = [charts.Mark("blast", i / 30) for i in range(350)] + [charts.Mark("meeting", i) for i in range(12)]
        happened = Happenings(marks, sections)
    html = evidence.card(ctx, replace(answer, result=result), source["id"], edition, happened)
    assert sheets(pdf(html, one_sheet=True)) == 1
    words = ("What this card cannot say", "邻近不等于因果", "Evidence card 证据卡", "What the tests say 检验结论")
    assert all(one in html for one in words)
    assert ("&lt;5" in html or "<b><5" in html) == (long and edition == "table")


def test_every_ring_stands_in_the_row_of_its_figures(api_lite: Api) -> None:
    """A drawing to a row: the square where the interval lies above one, the circle where it does not."""
    ctx, answer = asked_sources(api_lite)
    assert answer.result is not None
    source = answer.result["sources"][0]
    html = evidence.card(ctx, answer, source["id"], "figures")
    rows = re.findall(r"<tr><td>[\d.]+–[\d.]+</td>.*?</tr>", html, re.DOTALL)
    assert len(rows) == len(source["rings"])
    for row, ring in zip(rows, source["rings"], strict=True):
        assert f"<b>{ring['observed']}</b>" in row
        if ring["ratio"] is None:
            assert "<rect" not in row
            assert "<circle" not in row
        else:
            assert ("<rect" in row) == (ring["low"] > 1)
            assert ("<circle" in row) == (ring["low"] <= 1)


def test_marks_are_drawn_and_named_only_where_there_are_any() -> None:
    names = [f"2026-{month:02}" for month in range(1, 7)]
    plain = charts.months(names, [1] * 6, [1.0] * 6, 4)
    marked = charts.months(names, [1] * 6, [1.0] * 6, 4, [charts.Mark("blast", 1.5), charts.Mark("meeting", 5.5)])
    for word in ("Blasts 爆破", "Joint meetings 联席会议"):
        assert word not in plain
        assert word in marked
    step = 560 / 6
    assert f'd="M{5.5 * step:.1f} ' in marked
    assert f"M{1.5 * step:.1f} " in marked


def scanned(lon: float, lat: float, radius_m: float, p: float) -> Answer:
    """A settled search that found one circle."""
    circle = {"name": "A", "centre": {"lon": lon, "lat": lat}, "radius_m": radius_m, "p": p}
    return Answer(1, "scan", "done", 1.0, {}, {"clusters": [circle]}, None, "")


@pytest.mark.parametrize(
    ("away_m", "p", "inside", "words"),
    [
        (500.0, 0.001, True, ("within circle A", "在圈 A 内", "In a circle", "在圈内")),
        (3_000.0, 0.001, False, ("the nearest, A, begins 2.0 km off", "最近的圈 A 在 2.0 公里外", "In none")),
        (500.0, 0.2, False, ("no circle in the county", "全域没有聚集圈", "不在圈内")),
    ],
)
def test_the_card_says_whether_it_lies_in_a_circle(
    api_lite: Api, away_m: float, p: float, inside: bool, words: tuple[str, ...]
) -> None:
    ctx, answer = asked_sources(api_lite)
    assert answer.result is not None
    mine = next(one for one in answer.result["sources"] if one["code"] == "E-MINE")
    lon, lat = centre("A", 0.3, 0.3)
    scan = scanned(lon, lat + away_m / 111_000.0, 1_000.0, p)
    html = evidence.card(ctx, answer, mine["id"], "figures", scan=scan)
    (row,) = (one for one in html.split("<tr>") if "Kulldorff" in one)
    assert all(word in row for word in words)
    assert ("■" in row) == inside
    table = evidence.card(ctx, answer, mine["id"], "table", scan=scan)
    (row,) = (one for one in table.split("<tr>") if "Kulldorff" in one)
    assert ("■" in row) == inside
    assert not re.search(r"\d", re.sub(r"<[^>]*>", "", row.split("</tr>")[0]))


@pytest.mark.parametrize("edition", ["figures", "table"])
def test_a_search_that_could_not_be_made_is_no_statement(api_lite: Api, edition: Edition) -> None:
    ctx, answer = asked_sources(api_lite)
    assert answer.result is not None
    failed = Answer(1, "scan", "failed", 1.0, {}, None, {"code": "too_few", "message": ""}, "")
    for scan in (None, failed):
        html = evidence.card(ctx, answer, answer.result["sources"][0]["id"], edition, scan=scan)
        (row,) = (one for one in html.split("<tr>") if "Kulldorff" in one)
        assert "不能下结论" in row


@pytest.mark.parametrize(
    ("diggle", "inside", "outside"),
    [
        ({"alpha": 2.5, "beta": 4e-7, "p": 0.0004, "reason": None}, "3.5 times as likely", "Raised"),
        ({"alpha": None, "beta": None, "p": None, "reason": "too few cases: 3"}, "件数太少", "too few to say"),
        ({"alpha": None, "beta": None, "p": None, "reason": "did not converge: the odds"}, "未收敛", "too few to say"),
    ],
)
def test_the_model_is_told_in_words_and_on_the_table_without_figures(
    api_lite: Api, diggle: dict[str, Any], inside: str, outside: str
) -> None:
    ctx, answer = asked_sources(api_lite)
    result = deepcopy(answer.result)
    assert result is not None
    result["sources"][0]["diggle"] = diggle
    rows = {}
    editions: tuple[Edition, ...] = ("figures", "table")
    for edition in editions:
        html = evidence.card(ctx, replace(answer, result=result), result["sources"][0]["id"], edition)
        (rows[edition],) = (one for one in html.split("<tr>") if "Diggle" in one)
    assert inside in rows["figures"]
    assert outside in rows["table"]
    assert not re.search(r"\d", re.sub(r"<[^>]*>", "", rows["table"].split("</tr>")[0]))


def test_what_leaves_does_not_tell_too_few_from_not_raised(api_lite: Api) -> None:
    """That border, asked at any window, is a count of five."""
    ctx, answer = asked_sources(api_lite)
    said = {}
    for verdict in ("too_few", "not_raised", "raised"):
        result = deepcopy(answer.result)
        assert result is not None
        result["sources"][0]["verdict"] = verdict
        said[verdict] = evidence.card(ctx, replace(answer, result=result), result["sources"][0]["id"], "table")
    assert said["too_few"] == said["not_raised"] != said["raised"]
