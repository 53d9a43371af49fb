"""Every figure of /insight as a file: what is taken along is what the API told, row by row."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.pages.conftest import READY, Site, Visits, until
from tests.pages.test_findings import FOUND, working

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["working"]

NAMES = {
    "communities", "categories", "cases-by-month", "months", "enterprises", "enterprises-rings", "enterprises-months",
    "cells", "circles",
}  # fmt: skip


def taken(page: Page, name: str) -> list[dict[str, str]]:
    """The rows of a file, downloaded by its button."""
    with page.expect_download() as waiting:
        page.locator(f"#files [data-file={name}]").click()
    assert waiting.value.suggested_filename == f"{name}.csv"
    text = Path(waiting.value.path()).read_text("utf-8-sig")
    return list(csv.DictReader(text.splitlines()))


def told(page: Page, path: str) -> Any:
    """What the API says, asked from the page itself."""
    where = path[1:] if path.startswith("//") else "/api/v1" + path
    return page.evaluate("path => fetch(path).then((answer) => answer.json())", where)


def same(file: list[dict[str, str]], rows: list[dict[str, Any]], names: list[str]) -> None:
    assert len(file) == len(rows)
    for line, row in zip(file, rows, strict=True):
        for name in names:
            value = row[name]
            if isinstance(value, int | float):
                assert float(line[name]) == value
            else:
                assert line[name] == ("" if value is None else value)


@pytest.fixture
def page(visit: Visits, working: None) -> Page:
    shown = visit("official", "/insight", lang="en")
    until(shown, FOUND, 60)
    shown.wait_for_selector(READY)
    return shown


def test_each_file_holds_what_the_api_told(page: Page, site: Site) -> None:
    first, last = (page.input_value(f"#{name}") for name in ("from", "to"))
    window = f"from={first}&to={min(last, '2026-06')}&drawing=now"
    sources = told(page, f"/stats/sources?{window}&within=1500")["result"]["sources"]
    file = taken(page, "enterprises")
    same(file, sources, ["code", "name", "verdict", "excess", "p", "q", "open", "red"])
    same(file, [one["near"] for one in sources], ["households", "observed", "expected", "ratio", "low", "high"])
    rings = [ring for one in sources for ring in one["rings"]]
    same(taken(page, "enterprises-rings"), rings, ["inner_m", "outer_m", "households", "observed", "expected", "ratio"])
    months = taken(page, "enterprises-months")
    assert [float(row["observed"]) for row in months] == [n for one in sources for n in one["trend"]["observed"]]
    assert [float(row["expected"]) for row in months] == [n for one in sources for n in one["trend"]["expected"]]
    clusters = told(page, f"/stats/scan?{window}")["result"]["clusters"]
    circles = taken(page, "circles")
    same(circles, clusters, ["radius_m", "cases", "expected", "relative_risk", "llr", "p"])
    assert [row["cells"].split() for row in circles] == [one["members"] for one in clusters]


def test_cells_months_and_counts_are_those_of_the_lists(page: Page) -> None:
    first, last = (page.input_value(f"#{name}") for name in ("from", "to"))
    to = f"{int(last[:4]) + (last[5:] == '12')}-{int(last[5:]) % 12 + 1:02}-01"
    window = f"from={first}&to={min(last, '2026-06')}&drawing=now"
    trend = told(page, f"/stats/sources?{window}&within=1500")["result"]["trend"]
    months = taken(page, "months")
    assert [(row["month"], int(row["observed"])) for row in months] == list(
        zip(trend["months"], trend["observed"], strict=True)
    )
    spots = told(page, f"/hotspots?{window}")
    if spots["status"] == "done":
        same(
            taken(page, "cells"),
            spots["result"]["cells"],
            ["code", "households", "count", "gi_star", "p", "q", "class"],
        )
    by = told(page, f"/stats/counts?by=top_category&from={first}-01&to={to}&drawing=now")["rows"]
    categories = {row["code"]: int(row["count"]) for row in taken(page, "categories")}
    assert categories == {row["top_category"] or "": row["count"] for row in by}
    counted = told(page, f"/stats/counts?by=community&from={first}-01&to={to}&drawing=now")["rows"]
    communities = {row["code"]: int(row["count"]) for row in taken(page, "communities") if int(row["count"])}
    assert communities == {row["community"]: row["count"] for row in counted if row["community"] and row["count"]}
    by_month = {row["month"]: row["count"] for row in told(page, "/stats/counts?by=month")["rows"]}
    assert {row["month"]: int(row["count"]) for row in taken(page, "cases-by-month") if int(row["count"])} == by_month


def test_all_of_the_page_can_be_taken_along(page: Page) -> None:
    shown = {one.get_attribute("data-file") for one in page.locator("#files [data-file]").all()}
    spots = page.evaluate("document.querySelector('#files [data-file=cells]') !== null")
    assert shown == NAMES - (set() if spots else {"cells"})


def test_the_page_says_how_far_a_case_is_spread_and_what_is_drawn_by_default(page: Page) -> None:
    said = page.inner_text("#heat-words")
    assert "900 m" in said
    assert "per household" in said
    assert page.input_value("#measure") == "rate"
    assert told(page, "//tiles/heat.json?measure=rate")["bandwidth_m"] == 900.0
