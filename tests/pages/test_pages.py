"""Each role's page in both languages and at both sizes: a map with features, legend, scale and a table beside it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from layers import style
from tests.pages.conftest import DESK, PHONE, Visits, until

if TYPE_CHECKING:
    from playwright.sync_api import Page

#: user -> page, features that its map must hold, words that it must show in each language
ROLES = {
    "worker-a": ("field", {"cells", "households", "incidents", "own", "enterprises"}, {"zh": "今天", "en": "Today"}),
    "dispatcher-1": ("cases", {"incidents", "enterprises", "town"}, {"zh": "处理中", "en": "Open"}),
    "handler-land": ("cases", {"incidents", "roads", "water"}, {"zh": "严重超期", "en": "Very late"}),
    "supervisor": ("cases", {"incidents", "builtUp"}, {"zh": "最急在前", "en": "most urgent first"}),
    "planner": ("plan", {"cells", "community"}, {"zh": "网格负载", "en": "Load of cells"}),
    "approver": ("plan", {"cells"}, {"zh": "个网格", "en": "cells"}),
    "official": ("insight", {"heat", "enterprises", "cells"}, {"zh": "按类别", "en": "By category"}),
    "admin": ("admin", {"cells", "county"}, {"zh": "账号和排班", "en": "Accounts and rosters"}),
}


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["360", "1440"])
@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("user", sorted(ROLES))
def test_each_role_opens_its_page(visit: Visits, user: str, lang: str, size: tuple[int, int]) -> None:
    name, layers, words = ROLES[user]
    page = visit(user, "/", lang=lang, size=size)
    assert page.url.endswith(f"/{name}")
    assert page.locator("html").get_attribute("lang") == {"zh": "zh-CN", "en": "en"}[lang]
    page.get_by_text(words[lang]).filter(visible=True).first.wait_for()
    for layer in layers:
        until(page, f"Number(document.querySelector('#map').dataset.n{layer[0].upper()}{layer[1:]}) > 0")
    assert_legend_and_scale(page)
    assert_fits(page)
    assert page.locator("tbody tr, ol .task, ol .case-row").count() > 0


def assert_legend_and_scale(page: Page) -> None:
    legend = page.locator("#legend")
    assert legend.is_visible()
    if page.viewport_size and page.viewport_size["width"] < 768:
        legend.locator("summary").click()
    assert legend.locator("svg").count() > 0
    assert legend.inner_text().strip()
    assert re.search(r"\d+ (米|公里|m|km)", page.locator("#scale").inner_text())
    assert page.locator("#scale").get_attribute("aria-label")


def assert_fits(page: Page) -> None:
    """Nothing is wider than the screen, so a phone never scrolls sideways."""
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{wide} px too wide"


@pytest.mark.parametrize(("user", "path", "size"), [("dispatcher-1", "/cases", DESK), ("worker-a", "/field", PHONE)])
def test_a_page_that_fills_the_screen_does_not_scroll(
    visit: Visits, user: str, path: str, size: tuple[int, int]
) -> None:
    """Its lists do. Words for screen readers alone, in a row far down, once made the page longer than the screen."""
    page = visit(user, path, size=size)
    page.locator(".case-row .visually-hidden, .task .visually-hidden").last.wait_for(state="attached")
    rows = "[...document.querySelectorAll('.case-row, .task')]"
    assert page.evaluate(f"{rows}.at(-1).getBoundingClientRect().bottom > innerHeight")
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")


def test_canvas_is_really_painted(visit: Visits) -> None:
    page = visit("official", "/insight")
    painted = page.evaluate(
        """() => [...document.querySelectorAll('#map canvas')].map((canvas) => {
            const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            let count = 0;
            for (let i = 3; i < data.length; i += 4) count += data[i] > 0;
            return count;
        })"""
    )
    assert len(painted) >= 4
    assert max(painted) > 20_000


def test_phone_targets_are_large_enough(visit: Visits) -> None:
    page = visit("worker-a", "/field", size=PHONE)
    small = page.evaluate(
        """() => [...document.querySelectorAll('button, a[href], summary, select')]
            .filter((node) => node.offsetParent && !node.matches('.skip, .handle, td *, th *'))
            .map((node) => [node.textContent.trim().slice(0, 20), node.getBoundingClientRect()])
            .filter(([, box]) => box.width && box.height < 47.5)
            .map(([text, box]) => `${text} ${box.width}x${box.height}`)"""
    )
    assert small == []


def test_everything_can_be_reached_by_key(visit: Visits) -> None:
    page = visit("planner", "/plan")
    seen: set[str] = set()
    for _ in range(30):
        page.keyboard.press("Tab")
        name, ring = page.evaluate(
            """() => {
                const node = document.activeElement;
                const { outlineWidth, outlineStyle } = getComputedStyle(node);
                return [`${node.id} ${node.className}`, `${outlineWidth} ${outlineStyle}`];
            }"""
        )
        if "map-page" in name:
            break  # through the page, and back at its beginning
        seen |= set(name.split())
        assert ring == "3px solid", name
    assert seen >= {"skip", "map_gridmap", "tool", "cell-search", "link"}
    page.locator("#cells-list tbody button").first.focus()
    page.keyboard.press("Enter")
    page.locator("#cell-detail h2").wait_for()
    assert page.locator("#cells-list tr[aria-selected=true]").count() == 1


def test_another_roles_page_is_refused_with_a_way_out(visit: Visits) -> None:
    visit.expected += ["403"]
    page = visit("worker-a", "/plan", ready=False)
    assert "这一页属于别的角色" in page.inner_text("main")
    page.click("main a")
    page.wait_for_url("**/field")


def test_a_missing_page_says_so(visit: Visits) -> None:
    visit.expected += ["404"]
    page = visit("worker-a", "/nothing-here", lang="en", ready=False)
    assert "There is none" in page.inner_text("main")


@pytest.mark.parametrize(
    ("header", "lang"),
    [
        ("en-GB,en;q=0.9", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("fr,en;q=0.3", "en"),
        ("", "zh-CN"),
        ("de", "zh-CN"),
        ("en;q=0,zh", "zh-CN"),
        (";;,=,en;q=x,zh;q=0.1", "zh-CN"),
    ],
)
def test_the_browsers_language_decides_first(visit: Visits, header: str, lang: str) -> None:
    context = visit.browser.new_context(service_workers="block")
    visit.contexts.append(context)
    page = context.new_page()
    page.set_extra_http_headers({"Accept-Language": header})
    page.goto(visit.site.url + "/login")
    assert page.locator("html").get_attribute("lang") == lang


def test_the_switch_stays(visit: Visits) -> None:
    page = visit("planner", "/plan", lang="zh")
    page.click("text=English")
    page.wait_for_selector("#map[data-ready]")
    assert page.url.endswith("/plan")
    assert page.locator("html").get_attribute("lang") == "en"
    page.reload()
    assert page.locator("html").get_attribute("lang") == "en"


def test_the_table_takes_the_maps_place(visit: Visits) -> None:
    page = visit("official", "/insight")
    figure = "+document.querySelector('#key-figures b')?.innerText"
    until(page, f"{figure} > 0")
    everything = page.evaluate(figure)
    page.select_option("#category", "mining")
    until(page, "document.querySelector('#legend b').textContent.startsWith('矿山与居民')")
    page.click("[data-show=table]")
    assert not page.locator("#map").is_visible()
    # the figures beside the map and the table come with answers of their own
    cells = (
        "[...document.querySelectorAll('#twin tbody td:nth-child(4)')].reduce((sum, one) => sum + +one.innerText, 0)"
    )
    until(page, f"{figure} < {everything} && {cells} === {figure}")
    counts = [int(text) for text in page.locator("#twin tbody td:nth-child(4)").all_inner_texts()]
    assert len(counts) == 4
    assert counts == sorted(counts, reverse=True)
    assert sum(counts) == int(page.locator("#key-figures b").first.inner_text())
    page.locator("#twin table").last.locator("thead button").first.click()
    assert page.locator("#twin table").last.locator("thead th[aria-sort]").count() == 1
    page.click("[data-show=map]")
    assert page.locator("#map").is_visible()


def test_heat_near_enterprises(visit: Visits) -> None:
    page = visit("official", "/insight")
    with page.expect_response(lambda answer: "near=mine" in answer.url and answer.ok):
        page.select_option("#near", "mine,quarry,factory")
    until(page, "document.querySelector('#map').dataset.nReach === '3'")
    with page.expect_response(lambda answer: "within=3000" in answer.url and answer.ok):
        page.select_option("#within", "3000")


#: the loaded tiles of the heat: how many there are, and all their colours
TILES = """async () => {
    const images = [...document.querySelectorAll('#map .heat-tiles img.leaflet-tile-loaded')];
    const canvas = Object.assign(document.createElement('canvas'), { width: 256, height: 256 });
    const context = canvas.getContext('2d', { willReadFrequently: true });
    const colours = new Set();
    for (const image of images) {
        context.clearRect(0, 0, 256, 256);
        context.drawImage(image, 0, 0, 256, 256);
        const { data } = context.getImageData(0, 0, 256, 256);
        for (let i = 0; i < data.length; i += 4) {
            const hex = [0, 1, 2].map((at) => data[i + at].toString(16).padStart(2, '0')).join('');
            colours.add(data[i + 3] ? `#${hex}` : 'none');
        }
    }
    return { count: images.length, colours: [...colours] };
}"""
ALL_LOADED = """[...document.querySelectorAll('#map .heat-tiles img')].length > 0
    && [...document.querySelectorAll('#map .heat-tiles img')].every((one) => one.matches('.leaflet-tile-loaded'))"""


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["360", "1440"])
def test_heat_is_drawn_from_tiles_in_the_looks_colours(visit: Visits, size: tuple[int, int]) -> None:
    """Tiles cover the map without gaps between whole zooms, and go with zoom and measure; so does the legend."""
    page = visit("official", "/insight", lang="en", size=size)
    until(page, ALL_LOADED)
    seen = page.evaluate(TILES)
    ramp = {colour.lower() for colour in style.HEAT_RAMP}
    assert seen["count"] >= 4
    assert "none" in seen["colours"]
    assert set(seen["colours"]) - {"none"} <= ramp
    assert set(seen["colours"]) & ramp
    boxes = page.evaluate(
        "[...document.querySelectorAll('#map .heat-tiles img')].map((one) => one.getBoundingClientRect().toJSON())"
    )
    side = 129 / 128 * min(b["left"] - a["left"] for a in boxes for b in boxes if b["left"] - a["left"] > 1)
    assert all(box["width"] == pytest.approx(side, abs=0.6) for box in boxes)
    with page.expect_response(
        lambda answer: "/tiles/heat/" in answer.url and "measure=count" in answer.url and answer.ok
    ):
        page.select_option("#measure", "count")
    until(page, "document.querySelector('#legend').textContent.includes('cases per km²')")
    with page.expect_response(lambda answer: "/tiles/heat/" in answer.url and answer.ok):
        page.locator("[data-zoom='1']").click()


def test_months_are_asked_for_whole(visit: Visits) -> None:
    page = visit("official", "/insight")
    with page.expect_response(lambda answer: "/tiles/heat.json" in answer.url and answer.ok) as asked:
        page.locator("#months button").nth(-2).click()
    month = page.input_value("#from")
    assert f"from={month}&to={month}&" in asked.value.url


def test_too_few_cases_draw_no_heat_and_the_page_says_so(visit: Visits) -> None:
    page = visit("official", "/insight")
    page.select_option("#category", "traffic")
    until(page, "document.querySelector('#map-state .notice b')?.textContent.length > 0")
    assert page.locator("#map .heat-tiles").count() == 0
    page.select_option("#category", "")
    until(page, "document.querySelector('#map-state .notice') === null")


def test_months_can_be_chosen_on_the_chart(visit: Visits) -> None:
    page = visit("official", "/insight")
    page.locator("#months button").nth(-2).click()
    until(page, "document.querySelectorAll('#months button[aria-pressed=true]').length === 1")
    assert page.input_value("#from") == page.input_value("#to")


def test_a_case_opens_and_says_why(visit: Visits) -> None:
    page = visit("dispatcher-1", "/cases")
    page.locator(".case-row").first.click()
    page.locator("article.case").wait_for()
    text = page.inner_text("article.case")
    assert "为什么是这位网格员？" in text
    assert "为什么是红灯？" in text
    assert page.locator(".timeline li").count() >= 2
    page.keyboard.press("Escape")
    assert page.locator("#case-panel").is_hidden()


def test_search_and_lights_narrow_the_list(visit: Visits) -> None:
    page = visit("dispatcher-1", "/cases")
    whole = page.locator(".case-row").count()
    page.keyboard.press("/")
    page.keyboard.type("A 格")
    until(page, f"document.querySelectorAll('.case-row').length < {whole}")
    shown = page.locator(".case-row").count()
    assert 0 < shown < whole
    assert int(page.locator("#map").get_attribute("data-n-incidents") or 0) == shown
    page.fill("#case-search", "没有这样的案件")
    page.get_by_text("没有这样的案件", exact=True).wait_for()


def test_a_failure_says_what_and_offers_again(visit: Visits) -> None:
    """The list that the phone has stays in sight."""
    visit.expected += ["/api/v1/pack", "503"]
    page = visit("worker-a", "/field")
    page.route(
        "**/api/v1/pack?**",
        lambda route: route.fulfill(status=503, json={"code": "environment", "detail": "x", "status": 503}),
    )
    page.reload()
    page.locator(".notice-error").wait_for()
    assert "服务器暂时不可用" in page.inner_text(".notice-error")
    assert page.locator(".task").count() > 0
    page.unroute("**/api/v1/pack?**")
    page.click(".notice-error button")
    page.locator(".notice-error").wait_for(state="detached")
    page.locator(".task").first.wait_for()


def test_without_a_network_the_page_says_so(visit: Visits) -> None:
    page = visit("planner", "/plan", lang="en")
    page.context.set_offline(True)
    page.locator(".notice-offline").wait_for()
    assert "No network" in page.inner_text(".notice-offline")
    page.context.set_offline(False)
    page.locator(".notice-offline").wait_for(state="hidden")


def test_loading_shows_after_a_moment(visit: Visits) -> None:
    page = visit("planner", "/plan")
    page.route("**/api/v1/layers/cells?**", lambda route: (page.wait_for_timeout(900), route.continue_()))
    page.click("[data-measure=open_incidents]")
    page.locator("#cells-list .skeleton").wait_for()
    page.locator("#cells-list tbody tr").first.wait_for()
    assert page.locator("#cells-list .skeleton").count() == 0
