"""A resident's way through the pages: a report on a phone, its receipt, the page that follows it, and who sees it."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from sqlalchemy import func, select

from gridmap.store import tables as t
from gridmap.usecases.casework import act
from tests.pages.conftest import DESK, PHONE, Site, Visits, until
from tests.pages.phones import everything
from tests.pages.test_desk import view
from tests.pages.test_pages import assert_fits

if TYPE_CHECKING:
    from playwright.sync_api import Page

JPEG = {"name": "crack.jpg", "mimeType": "image/jpeg"}


def picture(colour: str = "teal") -> dict[str, Any]:
    out = io.BytesIO()
    Image.effect_noise((1200, 900), 90).convert("RGB").save(out, "JPEG", comment=colour.encode())
    return {**JPEG, "buffer": out.getvalue()}


def filled(page: Page, words: str = "墙裂了") -> Page:
    """A form with all it needs."""
    page.select_option("select", "mining-blasting")
    page.click("fieldset button >> nth=0")
    page.wait_for_selector("text=±8")
    page.fill("textarea", words)
    return page


def newest(site: Site) -> int:
    return int(site.county.one(select(func.max(t.incidents.c.id))))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_resident_reports_and_follows(visit: Visits, standing_in: Callable[..., dict[str, Any]], lang: str) -> None:
    page = filled(visit(None, "/report", lang=lang, size=PHONE, ready=False, **standing_in("A")))
    assert_fits(page)
    page.click(".button-primary")
    page.wait_for_selector(".link a", timeout=60_000)
    page.click(".link a")
    page.wait_for_selector("ol li")
    assert page.locator("ol li").count() == 2
    page.fill("textarea", "<img src=x onerror=xss(1)>")
    page.click("form .button")
    page.wait_for_selector("#said .notice")


def test_from_the_wall_to_the_appeal(visit: Visits, site: Site, standing_in: Callable[..., dict[str, Any]]) -> None:
    """Reported with a photo, seen by the worker, closed, judged, appealed, and seen by the supervisor."""
    page = filled(visit(None, "/report", size=PHONE, ready=False, **standing_in("A")))
    page.set_input_files("input[type=file]", picture())
    page.wait_for_selector(".thumbs img")
    page.reload()
    page.wait_for_selector(".thumbs img")  # chosen photos and words survive
    assert page.input_value("textarea") == "墙裂了"
    page.click(".button-primary")
    page.wait_for_selector("text=1/1", timeout=60_000)
    track = page.get_attribute(".link a", "href")
    case = newest(site)
    worker = visit("worker-a", f"/field?case={case}", size=PHONE, ready=False)
    worker.wait_for_selector(".case-photos img")
    until(worker, "document.querySelector('.case-photos img').naturalWidth > 100")
    ctx = site.county.ctx
    steps: list[tuple[str, str, dict[str, Any]]] = [
        ("worker-a", "accept", {}), ("worker-a", "resolve", {"outcome": "repaired", "note": "修好了"}),
        ("dispatcher-1", "verify", {"passed": True, "note": "看过"}), ("worker-a", "close", {}),
    ]  # fmt: skip
    for user, action, given in steps:
        act(ctx, view(site.county, user), case, action, given)
    page.goto(str(track))
    page.wait_for_selector("h2")
    page.click("form >> nth=0 >> .button >> nth=1")
    page.wait_for_selector("#said .notice")
    page.fill("form:has(textarea[required]) >> nth=0 >> textarea", "又裂了")
    page.click("form:has(textarea[required]) >> nth=0 >> .button")
    page.wait_for_selector("#said .notice")
    supervisor = visit("supervisor", f"/cases?waiting=appeal&case={case}", size=DESK, ready=False)
    supervisor.wait_for_selector(".timeline-note >> text=又裂了")
    supervisor.wait_for_selector(".case-photos img")


@pytest.mark.parametrize("path", ["/track", "/track/65c57ec883c32ab8"])
def test_a_link_that_is_not_whole_leads_to_the_lost_one(visit: Visits, path: str) -> None:
    page = visit(None, path, size=PHONE, ready=False)
    page.locator("details.lost[open] input").first.wait_for()
    assert "完整链接" in page.inner_text("#said")
    assert_fits(page)


def test_a_changed_report_after_a_lost_answer_is_explained(
    visit: Visits, site: Site, standing_in: Callable[..., dict[str, Any]]
) -> None:
    visit.expected += ["ERR_", "422"]
    before = newest(site)
    page = filled(visit(None, "/report", size=PHONE, ready=False, **standing_in("A")), "第一次")

    def lost(route: Any) -> None:
        route.fetch()
        route.abort()

    page.route("**/public/reports", lost)
    page.click(".button-primary")
    page.wait_for_selector(".notice-offline", timeout=60_000)
    page.unroute("**/public/reports")
    page.fill("textarea", "改过了")
    page.click(".button-primary")
    page.wait_for_selector(".choices .button-primary", timeout=60_000)
    page.click("#said .choices .button >> nth=0")
    page.wait_for_selector(".link a", timeout=60_000)
    assert newest(site) == before + 1


def test_where_no_work_can_be_done_the_sum_opens(
    visit: Visits, site: Site, standing_in: Callable[..., dict[str, Any]]
) -> None:
    context = visit.context(None, "zh", PHONE, **standing_in("A"))
    context.add_init_script("Object.defineProperty(crypto, 'subtle', { value: undefined });")
    page = context.new_page()
    visit.watch(page)
    page.goto(site.url + "/report")
    filled(page)
    page.wait_for_selector("details[open] p")
    until(page, r"/\d/.test(document.querySelector('details[open] p').textContent)")
    numbers = page.evaluate(r"document.querySelector('details[open] p').textContent.match(/\d+/g).map(Number)")
    page.fill("details[open] input", str(sum(numbers)))
    page.click(".button-primary")
    page.wait_for_selector(".link a", timeout=20_000)


def test_a_pin_on_the_map_is_where_it_is(visit: Visits, site: Site) -> None:
    page = visit(None, "/report", size=PHONE, ready=False)
    page.select_option("select", "mining-blasting")
    page.click("text=在地图上选")
    page.wait_for_selector(".pin-map[data-ready]", timeout=20_000)
    page.locator(".pin-map").scroll_into_view_if_needed()
    page.click("text=地图中心就是这里")
    page.wait_for_selector(".pin-map .pin")
    page.click(".pin-map", position={"x": 120, "y": 150})
    page.wait_for_selector("text=地图上的标记")
    assert_fits(page)
    draft = page.evaluate("import('/static/js/resident-draft.js').then(({ kept }) => kept('draft'))")
    with site.county.ctx.engine.connect() as conn:
        west, south, east, north = site.county.ctx.grounds.on(conn, site.county.ctx.today()).extent
    assert west < draft["lon"] < east
    assert south < draft["lat"] < north
    assert draft["accuracy_m"] >= 5


def test_a_draft_lies_encrypted_for_a_day_and_can_be_erased(
    visit: Visits, standing_in: Callable[..., dict[str, Any]]
) -> None:
    page = visit(None, "/report", size=PHONE, ready=False, **standing_in("A"))
    page.evaluate("localStorage.setItem('gridmap.resident.draft', JSON.stringify({ text: '从前写的' }))")
    page.set_input_files("input[type=file]", picture("nobody reads this"))
    page.wait_for_selector(".thumbs img")
    filled(page, "邻居家的事")
    page.reload()
    page.wait_for_selector(".kept-draft")
    assert page.input_value("textarea") == "邻居家的事"
    assert page.locator(".thumbs img").count() == 1
    lies = everything(page)
    assert "resident" in lies or "held" in lies
    for readable in ("邻居家的事", "从前写的", "mining-blasting", "JFIF"):
        assert readable not in lies, readable
    assert page.evaluate("sessionStorage.length") == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.click(".kept-draft .button")
    page.wait_for_selector(".kept-draft", state="detached")
    page.wait_for_selector("textarea")
    assert page.input_value("textarea") == ""
    assert page.locator(".thumbs img").count() == 0


def test_a_draft_goes_after_a_day(visit: Visits, standing_in: Callable[..., dict[str, Any]]) -> None:
    page = filled(visit(None, "/report", size=PHONE, ready=False, **standing_in("A")), "昨天写的")
    until(page, "import('/static/js/resident-draft.js').then(({ kept }) => kept('draft')).then((one) => one !== null)")
    page.context.clock.set_system_time(datetime.now().astimezone() + timedelta(hours=25))
    page.reload()
    page.wait_for_selector("textarea")
    assert page.input_value("textarea") == ""
    assert page.locator(".kept-draft").count() == 0


def test_over_plain_http_a_draft_stays_in_the_tab(visit: Visits, standing_in: Callable[..., dict[str, Any]]) -> None:
    page = visit(None, "/login", size=PHONE, ready=False, **standing_in("A"))
    page.context.add_init_script("delete Crypto.prototype.subtle")
    page.goto(visit.site.url + "/report")
    filled(page, "村口的路")
    page.reload()
    page.wait_for_selector(".kept-draft")
    assert page.input_value("textarea") == "村口的路"
    assert "村口的路" not in everything(page)


def test_a_photo_that_stopped_midway_goes_on(
    visit: Visits, standing_in: Callable[..., dict[str, Any]], site: Site
) -> None:
    visit.expected += ["ERR_"]
    page = filled(visit(None, "/report", size=PHONE, ready=False, **standing_in("A")))
    page.set_input_files("input[type=file]", picture())
    page.wait_for_selector(".thumbs img")
    parts: list[str] = []

    def half(route: Any) -> None:
        parts.append(route.request.headers["upload-offset"] if route.request.method == "PATCH" else "?")
        route.abort() if len(parts) > 2 else route.continue_()

    page.route("**/uploads/**", half)
    page.click(".button-primary")
    page.wait_for_selector("text=还有 1 张照片", timeout=60_000)
    assert parts[:2] == ["?", "0"]
    page.unroute("**/uploads/**")
    page.goto(site.url + "/report")
    page.wait_for_selector("text=1/1", timeout=20_000)
    kept = select(func.count()).select_from(t.photos).where(t.photos.c.incident_id == newest(site))
    assert site.county.one(kept) == 1
    assert page.locator(".thumbs img").count() == 0
