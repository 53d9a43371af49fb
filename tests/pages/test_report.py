"""The report form: four taps, a question near borders, and nothing lost without a network."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from tests.county import CELL
from tests.pages.conftest import DESK, PHONE, Visits, until

if TYPE_CHECKING:
    from playwright.sync_api import Page

Standing = Callable[..., dict[str, Any]]
TEXT = "早上放炮后三组几户墙面又裂了"


def open_form(page: Page, search: str = "") -> None:
    """Open the form and choose the first category that the search finds."""
    page.click("#start-report")
    page.locator(".categories button").first.wait_for()
    until(page, "document.querySelector('#map').dataset.nAccuracy")
    if search:
        page.fill(".category-search input", search)
    page.locator(".categories button").first.click()


def send(page: Page) -> str:
    until(page, "!document.querySelector('#send').disabled")
    page.click("#send")
    page.locator("[data-answered]").wait_for()
    return page.inner_text("[data-answered]")


def last_incident(visit: Visits) -> Any:
    found = visit.site.county.run(
        text(
            "SELECT i.number, c.code, i.accuracy_m, i.x_in, i.y_in, i.channel FROM incidents i "
            "LEFT JOIN cells c ON c.id = i.cell_id ORDER BY i.id DESC LIMIT 1"
        )
    )
    return found[0]


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["360", "1440"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_report_goes_through(visit: Visits, standing_in: Standing, lang: str, size: tuple[int, int]) -> None:
    page = visit("worker-a", "/field", lang=lang, size=size, **standing_in("A", 0.1, 0.1))
    open_form(page, "爆破" if lang == "zh" else "blasting")
    until(page, "!document.querySelector('#send').disabled")
    assert {"zh": "A 格", "en": "Cell A"}[lang] in page.inner_text("#send")
    page.fill("#report textarea", TEXT)
    said = send(page)
    number, cell, accuracy, _, _, channel = last_incident(visit)
    assert number in said
    assert {"zh": "网格员 A", "en": "Worker A"}[lang] in said
    assert {"zh": "7月14日", "en": "14 Jul"}[lang] in said  # seven workdays by the server's clock, not the browser's
    assert (cell, accuracy, channel) == (CELL["A"], 8, "worker")
    page.click(".answer .button")
    page.locator(f".task:has-text('{number}')").wait_for()
    assert page.evaluate("module_drafts.loadDraft()") is None


def test_near_a_border_one_question_is_asked(visit: Visits, standing_in: Standing) -> None:
    page = visit("worker-a", "/field", size=PHONE, **standing_in("A", 0.49, 0.0, 28.0))
    open_form(page)
    page.locator(".side").nth(1).wait_for()
    assert page.locator("#send").is_disabled()
    asked = page.inner_text("#report")
    assert "现场在边界的哪一边？" in asked
    assert "A 格" in asked
    assert "B 格" in asked
    assert asked.count("可能性") == 2
    page.locator(".side").nth(1).click()
    until(page, "document.querySelector('#send-label').textContent.includes('B 格')")
    said = send(page)
    assert "B 格" in said
    assert last_incident(visit)[1] == CELL["B"]


def test_not_sure_goes_by_the_pin(visit: Visits, standing_in: Standing) -> None:
    page = visit("worker-a", "/field", size=PHONE, **standing_in("A", 0.49, 0.2, 28.0))
    open_form(page)
    page.locator(".not-sure").click()
    assert "A 格" in send(page)
    assert last_incident(visit)[1] == CELL["A"]


def test_outside_is_said_and_can_be_sent(visit: Visits, standing_in: Standing) -> None:
    page = visit("worker-a", "/field", size=PHONE, lang="en", **standing_in("A", -0.9, 0.0))
    open_form(page)
    page.get_by_text("This place is outside the county").wait_for()
    assert "Cell A" in page.inner_text("#report")
    assert "outside all cells" in send(page)


def test_without_gps_the_pin_decides(visit: Visits) -> None:
    page = visit("worker-a", "/field", size=PHONE)
    open_form(page)
    assert "A 格" in send(page)


def test_the_draft_outlives_the_page(visit: Visits, standing_in: Standing) -> None:
    page = visit("worker-a", "/field", size=PHONE, **standing_in("A"))
    open_form(page, "粉尘")
    page.fill("#report textarea", TEXT)
    page.reload()
    page.wait_for_selector("#map[data-ready]")
    page.click("#start-report")
    page.locator("#report textarea").wait_for()
    assert page.input_value("#report textarea") == TEXT
    page.locator(".steps", has_text="粉尘").wait_for()  # the draft is here at once, its category's name comes after it
    until(page, "!document.querySelector('#send').disabled")


def test_no_network_loses_nothing_and_doubles_nothing(visit: Visits, standing_in: Standing) -> None:
    visit.expected += ["ERR_INTERNET_DISCONNECTED", "Failed to load resource"]
    page = visit("worker-a", "/field", size=PHONE, **standing_in("A", 0.2, 0.2))
    before = visit.site.county.one(text("SELECT count(*) FROM incidents"))
    open_form(page, "爆破")
    page.fill("#report textarea", TEXT)
    until(page, "!document.querySelector('#send').disabled")
    page.context.set_offline(True)
    page.click("#send")
    page.locator("#unsent").wait_for()
    assert "1" in page.inner_text("#unsent")
    page.locator("#unsent").click()
    assert TEXT in page.locator(".waiting li").inner_text()
    page.context.set_offline(False)
    page.locator("#unsent").wait_for(state="hidden")
    count = visit.site.county.one(text("SELECT count(*) FROM incidents"))
    assert count == before + 1


def test_a_lost_answer_is_asked_for_again_under_the_same_key(visit: Visits, standing_in: Standing) -> None:
    visit.expected += ["ERR_FAILED", "Failed to load resource"]
    page = visit("worker-a", "/field", size=PHONE, **standing_in("A", -0.2, 0.2))
    keys: list[str] = []

    def lose_the_first(route: Any) -> None:
        if route.request.method != "POST":
            route.continue_()
            return
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) == 1:
            route.fetch()  # the server has it, the phone never hears
            route.abort()
        else:
            route.continue_()

    page.route("**/api/v1/incidents", lose_the_first)
    before = visit.site.county.one(text("SELECT count(*) FROM incidents"))
    open_form(page)
    until(page, "!document.querySelector('#send').disabled")
    page.click("#send")
    page.locator("#unsent").wait_for()
    page.click("#unsent")
    page.locator("#unsent").wait_for(state="hidden")
    assert len(keys) == 2
    assert keys[0] == keys[1]
    assert visit.site.county.one(text("SELECT count(*) FROM incidents")) == before + 1
