"""What the statistics found, on /insight: a sentence each, a card to print, a table; progress that can be cancelled."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from gridmap.store import tables as t
from gridmap.usecases import analysing
from tests.pages.conftest import PHONE, READY, Site, Visits, until
from tests.pages.test_pages import assert_fits

FOUND = "document.querySelector('#map').dataset.findings === 'ready'"


@pytest.fixture
def working(site: Site) -> Iterator[None]:
    """Somebody computes beside the server."""
    stop = threading.Event()

    def run() -> None:
        while not stop.wait(0.1):
            analysing.work(site.county.ctx, stop)

    thread = threading.Thread(target=run)
    thread.start()
    yield
    stop.set()
    thread.join()


def test_without_anybody_computing_it_says_so_and_can_be_cancelled(visit: Visits) -> None:
    page = visit("official", "/insight", lang="en")
    page.get_by_role("button", name="Cancel").click()
    until(page, "document.querySelector('#findings').textContent.includes('Cancelled')")


@pytest.mark.parametrize(("lang", "size"), [("en", (1440, 900)), ("zh", PHONE)])
def test_each_finding_is_a_sentence_with_its_card(
    visit: Visits, working: None, lang: str, size: tuple[int, int]
) -> None:
    page = visit("official", "/insight", lang=lang, size=size)
    until(page, FOUND, 60)
    text = page.locator("#findings").inner_text()
    assert ("households" if lang == "en" else "户") in text or ("enterprises" if lang == "en" else "家") in text
    assert "undefined" not in text
    assert_fits(page)
    caption = page.locator("caption", has_text="Enterprises by evidence" if lang == "en" else "各企业的证据")
    rows = page.locator("#twin table", has=caption).locator("tbody tr")
    assert rows.count() >= 1
    page.wait_for_selector(READY)


def test_the_release_says_what_was_joined(visit: Visits) -> None:
    page = visit("official", "/insight/release", lang="en", ready=False)
    assert "closed months" in page.locator("main").inner_text().lower()


@pytest.mark.parametrize(("lang", "size"), [("zh", (1440, 900)), ("en", PHONE)])
def test_the_file_of_an_enterprise_says_what_the_reports_prove(
    visit: Visits, site: Site, working: None, lang: str, size: tuple[int, int]
) -> None:
    mine = site.county.run(select(t.enterprises.c.id).where(t.enterprises.c.code == "E-MINE"))[0].id
    page = visit("official", f"/enterprises/{mine}", lang=lang, size=size, ready=False)
    said = "户有矛盾纠纷" if lang == "zh" else "households within 1.5 km reported"
    until(page, f"document.querySelector('#content').textContent.includes('{said}')", 60)
    links = page.locator("#content a[href^='/insight/evidence/']").evaluate_all("all => all.map((one) => one.href)")
    assert [one.split("edition=")[1] for one in links] == ["figures", "table"]
    assert_fits(page)


def test_what_may_be_published_is_shown_of_the_months_chosen(visit: Visits) -> None:
    page = visit("official", "/insight", lang="en")
    until(page, "document.querySelector('#release').href.includes('from=')")
    first, last = page.input_value("#from"), page.input_value("#to")
    assert f"from={first}&to={min(last, '2026-06')}" in (page.locator("#release").get_attribute("href") or "")
    page.locator("#release").click()
    page.wait_for_selector("h1")
    assert first in page.locator("main").inner_text() or "published" in page.locator("main").inner_text()
