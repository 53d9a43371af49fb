"""A redraw as those live it who do not draw: a villager reads and says, a second person publishes, workers sign."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gridmap.plan.deltas import Merge
from gridmap.usecases.publishing import apply_due
from tests.county import CELL, county_file
from tests.pages.conftest import DESK, PHONE, Site, Visits, until
from tests.pages.test_pages import assert_fits
from tests.redraw import submitted

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["county_file"]

DRAWN = "document.querySelector('#reading')?.dataset.ready === 'true'"
SHEETS = "document.querySelector('#sheets')?.dataset.ready === 'true'"


def shot(page: Page, name: str, folder: Path | None = None) -> None:
    if folder is not None:
        page.screenshot(path=folder / f"{name}.png", full_page=True)


@pytest.fixture
def kept() -> Path | None:
    """Where screenshots go, if anybody wants to look at them."""
    found = os.environ.get("GRIDMAP_SCREENSHOTS")
    return None if found is None else Path(found)


def test_a_villager_reads_a_plan_and_says_a_word(visit: Visits, site: Site, kept: Path | None) -> None:
    plan_id, _ = submitted(site.county, [Merge((CELL["C"], CELL["D"]), CELL["C"])], title="河东 <b>合格</b>")
    for lang, size in (("zh", PHONE), ("en", DESK), ("zh", DESK), ("en", PHONE)):
        page = visit(None, f"/plans/{plan_id}", lang=lang, size=size, ready=False)
        until(page, DRAWN, 20)
        assert_fits(page)
        assert page.locator("h1").inner_text() == "河东 <b>合格</b>"
        assert page.locator("tr[data-code]").count() == 2
        shot(page, f"reading-{lang}-{size[0]}", kept)
    page.fill("[name=remark]", "D 格太远 <img src=x onerror=xss(1)>")
    page.select_option("[name=cell]", CELL["D"])
    page.click("form .button-primary")
    page.wait_for_selector("#said .notice", timeout=60_000)
    assert page.input_value("[name=remark]") == ""
    desk = visit("planner", f"/plan?plan={plan_id}", lang="en")
    desk.locator("#plan-comments li", has_text="D 格太远 <img").wait_for()


def test_no_plan_is_shown_before_it_is_submitted(visit: Visits) -> None:
    visit.expected += ["/public/plans/999", "404 (Not Found)"]
    page = visit(None, "/plans/999", lang="en", size=PHONE, ready=False)
    page.wait_for_selector(".notice-error, [role=alert]")
    assert page.locator("tr[data-code]").count() == 0


def test_a_second_person_publishes_and_on_the_day_workers_sign(visit: Visits, site: Site, kept: Path | None) -> None:
    county = site.county
    plan_id, _ = submitted(county, [Merge((CELL["A"], CELL["B"]), CELL["A"])], title="AB 合一")
    day = (county.ctx.today() + timedelta(days=1)).isoformat()
    approver = visit("approver", f"/plan?plan={plan_id}", lang="en")
    approver.locator("[data-step=approve]").click()
    approver.locator("#plan-status li[aria-current]", has_text="Approved").wait_for()
    approver.fill("[name=from]", day)
    approver.locator("[data-step=publish]").click()
    approver.locator("#plan-status li[aria-current]", has_text="Published").wait_for()
    before = visit("worker-a", "/field", lang="en", size=PHONE)
    assert before.locator("[data-handover]").count() == 0
    homes = "document.querySelectorAll('#sheet tr[data-row]').length"
    before.click("#show-households")
    until(before, f"{homes} === 4")

    county.clock.forward(days=1)
    assert apply_due(county.ctx) == 1
    taker = visit("worker-a", "/field", lang="en", size=PHONE)
    shot(taker, "field-en-360", kept)
    taker.click("#show-households")
    until(taker, f"{homes} === 8")
    taker.click("#show-cases")
    taker.click("[data-handover] a")
    until(taker, SHEETS)
    assert CELL["B"] in taker.inner_text("[data-sheet]")
    assert_fits(taker)
    taker.wait_for_url("**/handovers/*")
    assert "H-B0" in taker.inner_text(".codes >> nth=0")
    shot(taker, "sheet-en-360", kept)
    taker.click("[data-sign]")
    taker.locator("#said .notice", has_text="Signed").wait_for()
    assert taker.locator("[data-sign]").count() == 0

    giver = visit("worker-b", "/handovers", lang="zh", size=DESK, ready=False)
    until(giver, SHEETS)
    giver.click("[data-sign]")
    giver.locator("#said .notice").wait_for()
    giver.locator("[data-sign]").wait_for(state="detached")
    shot(giver, "sheets-zh-1440", kept)
    assert visit("worker-a", "/field", lang="en", size=PHONE).locator("[data-handover]").count() == 0
    visit.expected += ["/handovers/1", "404 (Not Found)"]  # another's sheet is none of hers
    stranger = visit("worker-g", "/handovers/1", lang="en", size=PHONE, ready=False)
    stranger.wait_for_selector(".notice")
    assert stranger.locator("[data-sheet]").count() == 0


def test_the_official_chooses_then_or_now_and_whose_cells(visit: Visits, site: Site, kept: Path | None) -> None:
    """After the redraw of the test before."""
    page = visit("official", "/insight", lang="en")
    borders = (
        "Object.values(window.map_gridmap._layers)"
        ".filter((one) => one.feature?.properties?.workers !== undefined).length"
    )
    until(page, f"({borders}) === 7")
    page.click("[data-drawing=then]")
    until(page, f"({borders}) === 9")  # A of today, and the A and B of before with the cases that were reported there
    page.click("[data-drawing=now]")
    until(page, f"({borders}) === 7")
    page.select_option("#as-of", index=1)
    until(page, f"({borders}) === 8")
    assert "Cells from 2026-01-01" in page.locator("#as-of option").nth(1).inner_text()
    shot(page, "insight-en-1440", kept)
    for lang, size in (("zh", PHONE), ("zh", DESK)):
        other = visit("official", "/insight", lang=lang, size=size)
        assert_fits(other)
        shot(other, f"insight-{lang}-{size[0]}", kept)
