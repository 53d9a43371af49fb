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
from gridmap.usecases.evidence import Edition, Happenings
from gridmap.usecases.happenings import _promised, _shaken
from tests.api.client import Api
from tests.api.test_analyses import asked_sources

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
