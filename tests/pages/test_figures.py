"""The page of figures in a real browser: every count leads to as many cases as it says, and only by right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from tests.county import COUNTY, TOWNS
from tests.pages.conftest import DESK, PHONE, Site, Visits, until

if TYPE_CHECKING:
    from playwright.sync_api import Page

JUNE = "/figures?month=2026-06"


def opened(visit: Visits, user: str, path: str = JUNE, **more: object) -> Page:
    page = visit(user, path, ready=False, **more)  # type: ignore[arg-type]
    page.wait_for_selector("#ratios")
    return page


def test_a_count_lists_its_cases(visit: Visits) -> None:
    """Three different counts of a dispatcher's page, each followed to the list."""
    page = opened(visit, "dispatcher-1", JUNE + "&by=category")
    links = page.locator("#lines tbody tr.is-total td[data-count] a")
    followed = 0
    for href, said in [(one.get_attribute("href"), int(one.inner_text())) for one in links.all()][:3]:
        listed = visit("dispatcher-1", str(href))
        until(listed, f"document.querySelectorAll('.case-row').length === {said}")
        assert str(said) in listed.inner_text("#figure-part")
        assert listed.get_by_text("其中").count() == 0  # all of them are hers
        followed += 1
    assert followed == 3


def test_a_supervisor_is_told_what_the_list_leaves_out(visit: Visits) -> None:
    page = opened(visit, "supervisor", lang="en")
    link = page.locator("#lines tbody tr.is-total td[data-count=accepted] a")
    said, href = int(link.inner_text()), str(link.get_attribute("href"))
    listed = visit("supervisor", href, lang="en")
    listed.wait_for_selector("#figure-part:not([hidden])")
    rows = listed.locator(".case-row").count()
    assert rows < said
    assert f"{said} cases" in listed.inner_text("#figure-part")
    assert f"{rows} of them are yours to open" in listed.inner_text("#figure-part")
    listed.get_by_text("To the open cases").click()
    listed.wait_for_selector("#figure-part", state="hidden")


def test_what_is_late_heads_the_page(visit: Visits) -> None:
    page = opened(visit, "supervisor")
    link = page.locator("#late-towns a").first
    said, href = int(link.inner_text()), str(link.get_attribute("href"))
    assert f"area={TOWNS[1]}" in href or f"area={TOWNS[2]}" in href
    listed = visit("supervisor", href)
    until(listed, f"document.querySelectorAll('.case-row').length === {said}")


def test_the_form_keeps_the_choice_in_the_address(visit: Visits) -> None:
    page = opened(visit, "official")
    page.select_option("select[name=by]", "body")
    page.select_option("select[name=area]", TOWNS[1])
    page.click(".figures-form button")
    page.wait_for_selector("#ratios")
    assert "by=body" in page.url
    assert f"area={TOWNS[1]}" in page.url
    assert page.input_value("select[name=area]") == TOWNS[1]
    assert page.locator("#lines a").count() == 0  # single cases open with a reason only
    assert page.locator("figure svg[role=img] title").count() >= 2
    page.locator("details summary").first.click()
    assert page.locator("#months-table tbody tr").count() == 12


@pytest.mark.parametrize(("lang", "size"), [("zh", DESK), ("en", DESK), ("zh", PHONE), ("en", PHONE)])
def test_it_fits_in_both_languages(visit: Visits, lang: str, size: tuple[int, int]) -> None:
    page = opened(visit, "handler-eco", JUNE + "&by=month", lang=lang, size=size)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert page.locator("#lines tbody tr").count() == 12
    assert not page.evaluate("/page\\.|counted\\.|undefined/.test(document.querySelector('main').innerText)")


def test_reports_come_as_files_and_only_by_right(site: Site) -> None:
    def asked(user: str, path: str) -> httpx.Response:
        cookies = {"gridmap_session": site.county.token(user), "gridmap_lang": "en"}
        return httpx.get(site.url + path, cookies=cookies, timeout=60)

    for form, begins in (("pdf", b"%PDF"), ("xlsx", b"PK"), ("html", b"<!doctype html>")):
        answer = asked("official", f"/figures/report?month=2026-06&by=town&area={COUNTY}&format={form}")
        shown = answer.headers["content-disposition"].split(";")[0]
        assert shown == ("attachment" if form == "html" else "inline"), "the page's policy would take its styles"
        assert answer.status_code == 200
        assert answer.content.lstrip().startswith(begins)
        assert "no-store" in answer.headers["cache-control"]
    for user in ("worker-a", "planner", "admin"):
        assert asked(user, JUNE).status_code == 403
        assert asked(user, "/figures/report?month=2026-06").status_code == 403
    assert asked("official-2", f"{JUNE}&area={TOWNS[1]}").status_code == 404
    assert asked("official", "/figures?month=2026-13").status_code == 422
    for wrong in ("counted=due", "counted=due&month=0001-01", f"counted=due&month=2026-06&in_area={TOWNS[2]}"):
        assert asked("dispatcher-1", f"/cases?{wrong}").status_code == 200  # the list says what is wrong
