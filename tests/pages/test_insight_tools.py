"""The months' slider, the names of circles and groups, and the map as a picture, on /insight in a browser."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from gridmap.reports.sentences import of_cells
from gridmap.usecases.imports import load
from layers import style
from tests.pages.conftest import PHONE, READY, Site, Visits, until
from tests.pages.test_findings import FOUND, working
from tests.usecases.test_releasing import register

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

__all__ = ["working"]

SETTLED = "document.querySelector('#map').dataset.ready"


def months_of(page: Page) -> list[str]:
    return page.eval_on_selector_all("#from option", "all => all.map((one) => one.value)")


def chosen(page: Page) -> tuple[str, str]:
    return page.input_value("#from"), page.input_value("#to")


def test_the_handles_move_by_keys_and_stop_at_each_other(visit: Visits) -> None:
    page = visit("official", "/insight", lang="en")
    until(page, SETTLED)
    months, (first, last) = months_of(page), chosen(page)
    handle = page.locator("#months-span [data-handle=from]")
    assert handle.get_attribute("aria-valuetext") == page.locator(f"#from option[value='{first}']").inner_text()
    handle.focus()
    page.keyboard.press("ArrowLeft")
    until(page, f"document.querySelector('#from').value === '{months[months.index(first) - 1]}'")
    page.keyboard.press("End")  # beyond the other handle: it stops there
    until(page, f"document.querySelector('#from').value === '{last}'")
    assert chosen(page) == (last, last)
    page.keyboard.press("Home")
    until(page, f"document.querySelector('#from').value === '{months[0]}'")
    page.locator("#months-span [data-handle=to]").focus()
    page.keyboard.press("Home")
    until(page, f"document.querySelector('#to').value === '{months[0]}'")
    # both at the left end: the one that still can move is there to be taken
    page.keyboard.press("ArrowRight")
    until(page, f"document.querySelector('#to').value === '{months[1]}'")


@pytest.mark.parametrize("size", [PHONE, (1440, 900)])
def test_a_handle_stands_below_its_month_and_can_be_dragged(visit: Visits, size: tuple[int, int]) -> None:
    page = visit("official", "/insight", lang="zh", size=size)
    until(page, SETTLED)
    months, (first, _) = months_of(page), chosen(page)
    page.locator("#months-span").scroll_into_view_if_needed()
    bars = page.eval_on_selector_all(
        "#months button", "all => all.map((one) => one.getBoundingClientRect()).map((box) => box.left + box.width / 2)"
    )
    box = page.locator("#months-span").bounding_box()
    assert box is not None
    middle, place = box["y"] + box["height"] / 2, months.index(first)
    tall = page.eval_on_selector("#months-span [data-handle=from]", "one => one.getBoundingClientRect().height")
    assert tall >= (48 if size == PHONE else 24)
    page.mouse.move(bars[place], middle)
    page.mouse.down()
    page.mouse.move(bars[place - 1], middle, steps=4)
    page.mouse.up()
    until(page, f"document.querySelector('#from').value === '{months[place - 1]}'")
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    # of many months each is narrower than the handle, whose ends reach beyond it
    page.evaluate("document.querySelector('#months-span').style.setProperty('--months', 48)")
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_how_far_a_case_is_spread_can_be_chosen_and_changes_the_heat_alone(visit: Visits, working: None) -> None:
    page = visit("official", "/insight", lang="en")
    until(page, FOUND, 60)
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    with page.expect_response(lambda answer: "bandwidth=3000" in answer.url and answer.ok):
        page.select_option("#bandwidth", "3000")
    until(page, "document.querySelector('#heat-words').textContent.includes('3 km')")
    assert "900 m" in page.locator("#heat-words").inner_text(), "the default and its reason are still said"
    assert not [one for one in asked if "/stats/" in one or "/hotspots" in one]


@pytest.mark.parametrize(("lang", "size"), [("zh", (1440, 900)), ("en", PHONE)])
def test_what_divides_the_colours_can_be_chosen_and_the_legend_has_its_numbers(
    visit: Visits, site: Site, working: None, lang: str, size: tuple[int, int]
) -> None:
    load(site.county.ctx, "incidents", register("A" * 12 + "C" * 7, 40.0, f"D{size[0]}-"))
    page = visit("official", "/insight", lang=lang, size=size)
    until(page, FOUND, 60)
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    for classes in ("quantiles", "natural", "mean"):
        with page.expect_response(
            lambda one, of=classes: "heat.json?" in one.url and f"classes={of}" in one.url
        ) as told:  # type: ignore[misc]
            page.select_option("#classes", classes)
        ramp = told.value.json()["legend"][0]
        words = f"insight.classes.{classes}"
        said = page.evaluate("(key) => JSON.parse(document.querySelector('#page-data').textContent).words[key]", words)
        said = said.replace("{n}", str(len(ramp["colours"])))
        until(page, f"document.querySelector('#heat-words').textContent.includes({json.dumps(said)})")
        legend = page.locator("#legend .legend-ramp")
        numbers = legend.locator(".legend-breaks span").all_text_contents()
        assert numbers == [f"{one:,.10g}" for one in ramp["breaks"]], "every border with its digits"
        fills = legend.locator("rect").evaluate_all("all => all.map((one) => one.getAttribute('fill'))")
        assert fills == ramp["colours"] == list(style.heat_ramp(len(numbers) + 1))
        shown = "[...document.querySelectorAll('.heat-tiles img')]"
        until(page, f"{shown}.length && {shown}.every((one) => one.complete && one.src.includes('classes={classes}'))")
    assert not [one for one in asked if "/stats/" in one or "/hotspots" in one], "the colours alone"
    # another month, the same numbers
    page.select_option("#classes", "quantiles")
    first, found = months_of(page)[0], set()
    for month in months_of(page)[-3:-1]:
        with page.expect_response(re.compile(rf"heat\.json\?.*from={month}&to={month}")) as told:
            page.locator("#months button").nth(months_of(page).index(month)).click()
        found.add(tuple(told.value.json()["legend"][0]["breaks"]))
    assert len(found) == 1, (first, found)


def test_cells_that_stand_out_are_in_the_table_and_in_a_sentence(visit: Visits, site: Site, working: None) -> None:
    """The small county has none that stand out: one of its own is made so in the answer."""
    load(site.county.ctx, "incidents", register("A" * 40, 40.0, "T-"))

    def hot(route: Route) -> None:
        answer = route.fetch()
        told: dict[str, Any] = answer.json()
        if told["result"]:
            told["result"]["cells"][0] |= {"class": "hot95", "q": 0.031}
            told["result"] |= {"said": of_cells(told["result"]["cells"]), "islands": [], "left_out": ["x"]}
        route.fulfill(response=answer, body=json.dumps(told))

    page = visit("official", "/insight", lang="en", ready=False)
    page.route("**/api/v1/hotspots*", hot)
    page.reload()
    until(page, FOUND, 60)
    found = page.locator("#findings").inner_text()
    assert "This cell had" in found
    assert "at most about 1 in 20 is there by chance" in found
    assert "1 cell has no households and is left out." in found
    page.locator("[data-show=table]").click()
    table = page.locator("#twin table", has=page.locator("caption", has_text="Cells that stand out"))
    row = table.locator("tbody tr").inner_text()
    assert table.locator("tbody tr").count() == 1
    assert "more, 95 %" in row
    assert "0.031" in row


@pytest.mark.parametrize("size", [PHONE, (1440, 900)])
def test_circles_have_the_same_names_on_the_map_and_in_the_table(
    visit: Visits, site: Site, working: None, size: tuple[int, int]
) -> None:
    load(site.county.ctx, "incidents", register("A" * 40, 40.0, f"S{size[0]}-"))
    page = visit("official", "/insight", lang="en", size=size)
    until(page, FOUND, 60)
    on_map = page.locator("#map .name-circle").all_inner_texts()
    assert on_map[0] == "A"
    assert page.locator("#findings [data-circle]").count() == len(on_map)
    page.locator("[data-show=table]").click()
    table = page.locator("#twin table", has=page.locator("caption", has_text="Circles of the scan"))
    assert table.locator("tbody th").all_inner_texts() == on_map


def test_the_months_are_drawn_with_and_without_season_and_changes_are_marked(visit: Visits, working: None) -> None:
    """The small county's months are few: three years with a change are put into the answer."""
    months = [f"{2023 + i // 12}-{i % 12 + 1:02}" for i in range(36)]

    def longer(route: Route) -> None:
        answer = route.fetch()
        told: dict[str, Any] = answer.json()
        if told["result"]:
            change = {"month": months[24], "before": 1.0, "after": 2.0, "p": 0.001}
            row = {"months": months, "observed": [10] * 24 + [20] * 12, "adjusted": [10.0] * 24 + [20.0] * 12}
            told["result"]["trend"] |= {**row, "changes": [change]}
        route.fulfill(response=answer, body=json.dumps(told))

    page = visit("official", "/insight", lang="en", ready=False)
    page.route("**/api/v1/stats/sources*", longer)
    page.reload()
    until(page, FOUND, 60)
    chart = page.locator("#trend figure")
    assert chart.locator("svg rect").count() == 36
    assert chart.locator("svg polyline").count() == 1
    assert chart.locator("svg .change").get_attribute("d") == "M256.0 0V56"
    assert chart.locator("svg text").all_text_contents() == ["2023", "2024", "2025"]
    assert chart.locator("figcaption").inner_text().split("\n") == ["reported", "without the season", "level changed"]


def test_enterprises_not_told_apart_stand_in_a_named_group(visit: Visits, working: None) -> None:
    """The small county has none that are inseparable: two of its own are made so in the answer."""

    def inseparable(route: Route) -> None:
        answer = route.fetch()
        told: dict[str, Any] = answer.json()
        if told["result"]:
            first, second = told["result"]["sources"][:2]
            for one, other in ((first, second), (second, first)):
                one |= {"verdict": "inseparable", "rivals": [{name: other[name] for name in ("id", "name", "name_en")}]}
        route.fulfill(response=answer, body=json.dumps(told))

    page = visit("official", "/insight", lang="en", ready=False)
    page.route("**/api/v1/stats/sources*", inseparable)
    page.reload()
    until(page, FOUND, 60)
    assert "1" in page.locator("#map .name-circle").all_inner_texts()
    page.locator("[data-show=table]").click()
    rows = page.locator("#twin table", has=page.locator("caption", has_text="Enterprises")).locator("tbody tr")
    where = [one.split()[-1] for one in rows.locator("td:last-child").all_inner_texts() if one]
    assert where == ["1", "1"]


@pytest.mark.parametrize(("lang", "size"), [("zh", (1440, 900)), ("en", PHONE)])
def test_the_picture_shows_what_the_screen_shows(visit: Visits, lang: str, size: tuple[int, int]) -> None:
    page = visit("official", "/insight", lang=lang, size=size)
    page.wait_for_selector(READY)
    until(page, "[...document.querySelectorAll('.heat-tiles img')].every((one) => one.complete)")
    page.wait_for_timeout(600)
    hide = "document.querySelectorAll('.map-tools, .map-state').forEach((one) => { one.style.visibility = 'hidden'; })"
    page.evaluate(hide)
    seen = Image.open(io.BytesIO(page.locator("#map").screenshot())).convert("RGB")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with page.expect_download() as waiting:
        page.locator("#picture").click()
    assert waiting.value.suggested_filename == f"map-{'-'.join(chosen(page))}.png"
    taken = Image.open(Path(waiting.value.path()))
    assert taken.format == "PNG"
    assert not [url for url in asked if url.startswith("http")], "nobody is asked for it"
    wide, tall = seen.size
    assert taken.size[0] == 2 * wide
    assert taken.size[1] > 2 * (tall + 40), "what a printed map has to say stands below"
    ours = np.asarray(taken.convert("RGB").crop((0, 0, 2 * wide, 2 * tall)).resize((wide, tall)), dtype=float)
    theirs = np.asarray(seen, dtype=float)
    if size == PHONE:  # its legend lies below the map in the picture
        left = page.locator("#legend").bounding_box()
        frame = page.locator("#map").bounding_box()
        assert left is not None
        assert frame is not None
        keep = int(left["y"] - frame["y"])
        ours, theirs = ours[:keep], theirs[:keep]
    assert np.abs(ours - theirs).mean() < 6
    assert np.asarray(taken.convert("L").crop((0, 2 * tall, 2 * wide, taken.size[1])), dtype=float).min() < 80
