"""What the statistics found, on /insight: a sentence each, a card to print, a table; progress that can be cancelled."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from gridmap.usecases import analysing
from tests.pages.conftest import PHONE, READY, Site, Visits, until

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
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    caption = page.locator("caption", has_text="Enterprises by evidence" if lang == "en" else "各企业的证据")
    rows = page.locator("#twin table", has=caption).locator("tbody tr")
    assert rows.count() >= 1
    page.wait_for_selector(READY)


def test_the_release_says_what_was_joined(visit: Visits) -> None:
    page = visit("official", "/insight/release", lang="en", ready=False)
    assert "closed months" in page.locator("main").inner_text().lower()
