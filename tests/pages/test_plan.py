"""The page /plan in a real browser: a planner redraws by mouse and by key, another person approves and publishes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pytest
import shapely
from sqlalchemy import select

from gridmap.store import tables as t
from tests.county import CELL, NOW, SmallCounty, centre, county_file
from tests.grids import LAT, LON, SIZE_DEG
from tests.pages.conftest import DESK, Site, Visits, until
from tests.pages.test_pages import assert_fits

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["county_file"]

SMALL_DESK = (1024, 768)
TODAY = NOW.date().isoformat()
#: where the cells A, B, E and F meet
MIDDLE = (LON + SIZE_DEG, LAT + SIZE_DEG)


def begun(page: Page, title: str = "重划试验") -> int:
    page.fill("[name=title]", title)
    page.press("[name=title]", "Enter")
    page.wait_for_selector("#map[data-plan][data-version='1']")
    return int(page.locator("#map").get_attribute("data-plan") or 0)


def chosen(page: Page, *letters: str) -> None:
    """Choose exactly these cells, from the list."""
    for chip in page.locator("[data-chosen]").all()[::-1]:
        chip.click()
    for n, letter in enumerate(letters, 1):
        page.select_option("#plan-choose", CELL[letter])
        until(page, f"document.querySelectorAll('[data-chosen]').length === {n}")
    until(page, f"document.querySelector('#map').dataset.handles === '{','.join(CELL[one] for one in letters)}'")


def version(page: Page) -> int:
    return int(page.locator("#map").get_attribute("data-version") or 0)


def reached(page: Page, number: int) -> None:
    until(page, f"document.querySelector('#map').dataset.version === '{number}'")


def pixel(page: Page, lon: float, lat: float) -> tuple[float, float]:
    """Where a place stands on the screen."""
    x, y = page.evaluate(
        """([lon, lat]) => {
            const { x, y } = window.map_gridmap.latLngToContainerPoint([lat, lon]);
            const box = document.querySelector('#map').getBoundingClientRect();
            return [x + box.x, y + box.y];
        }""",
        [lon, lat],
    )
    return x, y


def dragged(page: Page, place: tuple[float, float], to: tuple[float, float]) -> None:
    page.mouse.move(*pixel(page, *place))
    page.mouse.down()
    x, y = pixel(page, *to)
    page.mouse.move(x - 8, y - 8, steps=4)
    page.mouse.move(x, y, steps=3)
    assert "m" in page.inner_text("#plan-say") or "米" in page.inner_text("#plan-say")
    page.mouse.up()


def homes(page: Page, letter: str) -> list[float]:
    """Households of a cell in the panel: before and after, or the one figure where they are equal."""
    text = page.locator(f"tr[data-impact='{CELL[letter]}'] td.number").first.inner_text().split("\n")[0]
    return [float(one) for one in re.findall(r"\d+", text)]


def moved_middle(page: Page, version_after: int = 2) -> None:
    """Drag the node in the middle into F, so that A, B and E grow."""
    chosen(page, "A", "F")
    page.click("[data-tool=vertices]")
    page.locator(".vertex-hold .vertex-node").first.wait_for()
    dragged(page, MIDDLE, (MIDDLE[0] + 0.42 * SIZE_DEG, MIDDLE[1] - 0.42 * SIZE_DEG))
    reached(page, version_after)


def undone(page: Page) -> None:
    while page.locator("[data-undo]").is_enabled():
        before = version(page)
        page.locator("#map .leaflet-container, #map.leaflet-container, #map").first.focus()
        page.keyboard.press("Control+z")
        reached(page, before + 1)


def nearest(page: Page, box: str, place: tuple[float, float]) -> str:
    """The value of the border point in a list that is nearest to a place."""
    values = [one.get_attribute("value") or "" for one in page.locator(f"{box} option").all()[1:]]
    places = {value: tuple(map(float, value.split(","))) for value in values}
    return min(places, key=lambda one: abs(places[one][0] - place[0]) + abs(places[one][1] - place[1]))


def test_constraints_are_told_apart_and_lead_to_their_place(visit: Visits) -> None:
    page = visit("planner", "/plan", lang="en")
    begun(page)
    chosen(page, "C")
    page.click("[data-tool=part]")
    page.select_option("#plan-target", CELL["D"])
    # a band through the middle of C, out to its neighbour: what is left of C is in two pieces
    for east, north in ((-0.6, -0.1), (0.6, -0.1), (0.6, 0.1), (-0.6, 0.1)):
        page.mouse.click(*pixel(page, *centre("C", east, north)))
    page.click("#plan-done")
    reached(page, 2)
    rules = {one.get_attribute("data-rule") for one in page.locator("#plan-findings [data-rule]").all()}
    assert rules >= {"contiguous", "households", "no_barrier_crossed"}, rules
    assert page.locator("#plan-findings h3").all_inner_texts() == ["To fix before publishing", "To consider"]
    assert page.locator("[data-step=submit]").is_disabled()
    assert "Fix 1 first" in page.inner_text("#plan-way")
    page.locator("[data-rule=contiguous] .link").click()
    until(page, f"document.querySelector('[data-chosen]').dataset.chosen === '{CELL['C']}'")
    until(page, "window.map_gridmap.getZoom() >= 15")


def test_a_vertex_is_moved_by_keys_alone(visit: Visits) -> None:
    page = visit("planner", "/plan")
    begun(page)
    chosen(page, "A", "F")
    page.locator("[data-tool=vertices]").press("Enter")
    page.locator(".vertex-hold .vertex-node").first.wait_for()
    key = nearest(page, "#plan-vertex", MIDDLE)
    page.select_option("#plan-vertex", key)
    until(page, f"document.activeElement.dataset.vertex === '{key}'")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    assert version(page) == 1
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("ArrowRight")
    assert "50" in page.inner_text("#plan-say")
    page.keyboard.press("Enter")
    reached(page, 2)
    # the hand stays on the vertex where it is now
    until(page, f"(document.activeElement.dataset.vertex ?? '{key}') !== '{key}'")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    reached(page, 3)


def test_the_later_of_two_planners_sees_what_the_other_did(visit: Visits) -> None:
    page = visit("planner", "/plan", lang="en")
    plan = begun(page)
    other = visit("planner", f"/plan?plan={plan}", lang="en")
    other.wait_for_selector("#map[data-plan]")
    chosen(other, "G", "H")
    other.click("[data-tool=merge]")
    other.click("#plan-merge")
    reached(other, 2)
    visit.expected += ["412"]
    chosen(page, "C", "D")
    page.click("[data-tool=merge]")
    page.click("#plan-merge")
    page.locator("[data-overtaken] li", has_text="Merge cells").wait_for()
    page.click("[data-overtaken] button")
    reached(page, 2)
    assert page.locator(f"tr[data-impact='{CELL['G']}']").count() == 1


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_file_from_qgis_has_its_defects_shown_and_repaired(
    visit: Visits, site: Site, lang: str, tmp_path: Path
) -> None:
    page = visit("planner", "/plan", lang=lang)
    plan = begun(page)
    path = tmp_path / "plan.gpkg"
    path.write_bytes(page.request.get(f"{site.url}{page.get_attribute('#plan-export', 'href')}").body())
    frame = gpd.read_file(path)

    def shifted(xy: np.ndarray) -> np.ndarray:
        there = np.isclose(xy, MIDDLE, atol=1e-12).all(axis=1)
        return np.where(there[:, None], xy - [0.2 * SIZE_DEG, 0.0], xy)

    shapes = frame.geometry.to_numpy()
    path.unlink()
    moved_in_a_alone = [shapely.transform(shapes[0], shifted), *shapes[1:]]
    frame.set_geometry(moved_in_a_alone, crs=frame.crs).to_file(path, driver="GPKG")
    visit.expected += ["422"]
    page.set_input_files("#plan-import", path)
    page.locator("[data-defect]").first.wait_for()
    page.locator("[data-defect] button").first.click()
    until(page, "window.map_gridmap.getZoom() >= 15")
    assert_fits(page)
    page.screenshot(path=tmp_path / f"plan-defects-{lang}.png")
    assert version(page) == 1
    page.click("#plan-mend")
    reached(page, 2)
    until(page, "document.querySelector('#plan-trouble').childElementCount === 0")
    drawn = page.request.get(f"{site.url}/api/v1/plans/{plan}/drawing").json()["features"]
    assert {one["id"] for one in drawn if one["properties"]["changed"]} >= {CELL["A"], CELL["B"]}


def test_a_proposal_is_compared_by_its_scores_and_taken_as_an_edit(visit: Visits) -> None:
    page = visit("planner", "/plan", lang="en")
    begun(page)
    # the search itself is tried in tests/api; here what the page makes of its answer
    edit = {"kind": "merge", "cells": [CELL["A"], CELL["B"]], "code": CELL["A"]}
    scores = {"deviation": 0.031, "mean_deviation": 0.02, "compactness": 0.61, "moved": 4, "apart": 0, "complete": True}
    found = {"items": [{"aim": "even and round", **scores, "edits": [edit]}]}
    page.route("**/balance", lambda route: route.fulfill(json=found))
    assert page.locator("#plan-balance").is_disabled()
    chosen(page, "A", "B")
    page.click("#plan-balance")
    page.locator(".plan-balance-form [type=submit]").click()
    row = page.locator(".plan-proposals tr[data-aim='even and round']")
    assert row.inner_text().split("\t")[:5] == ["Even and compact", "3.1 %", "2 %", "0.61", "4"]
    assert_fits(page)
    row.locator("button").click()
    page.locator("dialog").wait_for(state="detached")
    reached(page, 2)


@pytest.mark.parametrize(("lang", "size"), [("zh", SMALL_DESK), ("en", DESK)], ids=["1024", "1440"])
def test_the_open_plan_fits(visit: Visits, lang: str, size: tuple[int, int], tmp_path: Path) -> None:
    page = visit("planner", "/plan", lang=lang, size=size)
    begun(page)
    moved_middle(page)
    assert_fits(page)
    page.click("#plan-all")
    assert page.locator("#plan-impact thead th").count() == 10
    page.click("#plan-by")
    assert_fits(page)
    hint, panel = page.locator("#plan-hint").bounding_box(), page.locator(".plan-panel").bounding_box()
    assert hint
    assert panel
    assert hint["x"] + hint["width"] <= panel["x"]
    page.screenshot(path=tmp_path / "plan.png")
    page.emulate_media(media="print")
    assert page.locator("#plan-tools").is_hidden()
    assert page.locator("#plan-findings").is_visible()


# what is published stays for the tests after it: this one comes last
def test_a_redraw_from_the_first_drag_to_the_drawing_in_force(visit: Visits, site: Site) -> None:
    page = visit("planner", "/plan")
    plan = begun(page)
    assert page.locator("[data-step=submit]").is_disabled()
    moved_middle(page)
    assert {one.get_attribute("data-impact") for one in page.locator("#plan-impact tr[data-impact]").all()} == {
        CELL[letter] for letter in "ABEF"
    }
    before, after = homes(page, "F")
    assert after < before
    assert page.locator("#plan-handovers li").count() > 0
    assert page.locator("[data-rule=households]").count() > 0

    page.locator("#plan-diff > summary").click()
    page.locator("#plan-diff li", has_text="F 格").first.wait_for()
    assert page.locator("#plan-diff li", has_text="→").count() == int(
        page.locator("[data-diff]").get_attribute("data-diff") or 0
    )
    with page.expect_download() as told:
        page.locator("[data-file=diff]").click()
    assert (
        told.value.path().read_text("utf-8-sig").splitlines()[0] == '"source","to","area_m2","reliable_m2","lon","lat"'
    )

    # split without a mouse: between two corners, bit for bit
    chosen(page, "C")
    page.click("[data-tool=split]")
    corners = [(LON + 2 * SIZE_DEG, LAT + 2 * SIZE_DEG), (LON + 3 * SIZE_DEG, LAT + SIZE_DEG)]
    for box, corner in zip(("#plan-from", "#plan-to"), corners, strict=True):
        page.select_option(box, nearest(page, box, corner))
    reached(page, 3)
    assert page.locator("[data-chosen]").count() == 2

    chosen(page, "G", "H")
    page.click("[data-tool=merge]")
    page.click("#plan-merge")
    reached(page, 4)
    assert page.locator("[data-chosen]").count() == 1

    undone(page)
    assert page.locator("#plan-impact tr").count() == 0
    assert page.locator("#plan-findings [data-rule]").count() == 0
    page.locator("[data-redo]").click()  # the drag again
    until(page, "document.querySelectorAll('#plan-impact tr[data-impact]').length === 4")
    page.click("[data-step=submit]")
    page.locator("#plan-status li[aria-current]", has_text="已提交").wait_for()
    assert page.locator("#plan-tools").is_hidden()

    other = visit("approver", f"/plan?plan={plan}", lang="en")
    other.locator("[data-step=approve]").click()
    other.locator("#plan-status li[aria-current]", has_text="Approved").wait_for()
    other.fill("[name=from]", TODAY)
    other.locator("[data-step=publish]").click()
    other.locator("#plan-status li[aria-current]", has_text="In force").wait_for()
    assert_published(site.county, plan)
    other.locator("#plan-drawing").focus()
    other.keyboard.press("Home")
    until(other, "document.querySelector('#map').dataset.nHistory === '8'")
    assert "between" in other.locator("#plan-diff > summary").inner_text()


def assert_published(county: SmallCounty, plan: int) -> None:
    assert county.one(select(t.plans.c.status).where(t.plans.c.id == plan)) == "applied"
    new = county.run(select(t.cells.c.code).where(t.cells.c.valid_from == NOW.date(), t.cells.c.valid_to.is_(None)))
    assert {row.code for row in new} == {CELL[letter] for letter in "ABEF"}
