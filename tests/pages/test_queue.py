"""The worker's queue: whatever happens to replies, tabs and sessions, an entry arrives once or says why not."""

from __future__ import annotations

import random
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from tests.county import centre
from tests.pages.conftest import PHONE, Visits, until
from tests.pages.phones import everything

if TYPE_CHECKING:
    from playwright.sync_api import Page

N = 30
#: the module as the page itself has loaded it
QUEUE = "Promise.resolve(module_queue)"
FAILS = ["ERR_FAILED", "Failed to load resource"]


def body(n: int, category: str = "mining-blasting") -> dict[str, Any]:
    """The n-th report of a day, at cell A; each later one happened a second later."""
    lon, lat = centre("A")
    at = f"2026-07-01T08:{n // 60:02d}:{n % 60:02d}Z"
    return {"category": category, "lon": lon, "lat": lat, "accuracy_m": 5, "text": f"no {n}", "occurred_at": at}


def enter(page: Page, entries: list[dict[str, Any]]) -> None:
    pairs = [[str(uuid.uuid4()), one] for one in entries]
    script = f"async (pairs) => {{ const queue = await {QUEUE}; for (const one of pairs) await queue.add(...one); }}"
    page.evaluate(script, pairs)


def waiting(page: Page) -> int:
    return int(page.evaluate(f"{QUEUE}.then((queue) => queue.unsent()).then((all) => all.length)"))


def incidents(visit: Visits) -> int:
    return int(visit.site.county.one(text("SELECT count(*) FROM incidents")))


def test_a_third_of_the_replies_lost_and_the_page_killed_in_the_middle(visit: Visits) -> None:
    visit.expected += FAILS
    page = visit("worker-a", "/field", size=PHONE)
    rng, before, asked = random.Random(5), incidents(visit), 0

    def lossy(route: Any) -> None:
        nonlocal asked
        asked += 1
        chance = rng.random()
        if chance < 0.2:
            route.fetch()  # the server has it, the phone never hears
        if chance < 0.3:
            route.abort()
        else:
            route.continue_()

    page.route("**/api/v1/incidents", lossy)
    enter(page, [body(n) for n in range(N)])
    for _ in range(150):
        page.reload()  # sends at its start, and is killed wherever it stands
        page.wait_for_selector("#map[data-ready]")
        page.wait_for_timeout(rng.randrange(400))
        if not waiting(page):
            break
    assert waiting(page) == 0
    assert incidents(visit) == before + N
    assert asked > N
    last = visit.site.county.run(text(f"SELECT occurred_at FROM incidents ORDER BY id DESC LIMIT {N}"))
    times = [str(row[0]) for row in last]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize("how", ["in its own time", "when it is looked at"])
def test_a_signal_that_comes_back_unnoticed_is_tried_again(visit: Visits, how: str) -> None:
    """In a weak signal, and while a server is down, a browser believes that it is online all the time."""
    visit.expected += FAILS
    page = visit("worker-a", "/login", size=PHONE, ready=False)
    page.clock.install()
    page.goto(visit.site.url + "/field")
    page.wait_for_selector("#map[data-ready]")
    page.route("**/api/v1/**", lambda route: route.abort())
    before = incidents(visit)
    enter(page, [body(1)])
    page.clock.run_for(91_000)
    assert waiting(page) == 1
    page.unroute("**/api/v1/**")
    if how == "in its own time":
        page.clock.run_for(91_000)
    else:
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    until(page, f"{QUEUE}.then((queue) => queue.everything()).then((all) => all.length === 0)")
    assert incidents(visit) == before + 1


def test_two_tabs_neither_lose_nor_double(visit: Visits) -> None:
    one = visit("worker-a", "/field", size=PHONE)
    two = one.context.new_page()
    visit.watch(two)
    two.goto(one.url)
    two.wait_for_selector("#map[data-ready]")
    asked: list[str] = []
    one.context.on("request", lambda request: asked.append(request.url) if request.method == "POST" else None)
    before = incidents(visit)
    enter(one, [body(n) for n in range(6)])
    enter(two, [body(n) for n in range(6, 12)])
    for page in (one, two):
        page.evaluate("dispatchEvent(new Event('online'))")
    until(one, f"{QUEUE}.then((queue) => queue.unsent()).then((all) => all.length === 0)")
    assert incidents(visit) == before + 12
    assert len([url for url in asked if url.endswith("/incidents")]) == 12


def test_a_refused_entry_stays_with_its_reason_and_is_mended(visit: Visits) -> None:
    visit.expected += ["422", "404"]
    page = visit("worker-a", "/field", size=PHONE)
    before = incidents(visit)
    enter(page, [body(0, "no_such_category"), body(1)])
    page.evaluate("dispatchEvent(new Event('online'))")
    page.locator(".waiting li .notice-error").wait_for()
    assert incidents(visit) == before + 1  # the one behind it was not held up
    assert "no 0" in page.inner_text(".waiting li")
    page.reload()
    page.wait_for_selector("#map[data-ready]")
    page.click("#unsent")
    page.click(".waiting-actions .button-primary")
    page.locator("#report").wait_for()
    assert waiting(page) == 0
    assert page.evaluate("module_drafts.loadDraft().then((one) => one.text)") == "no 0"


def test_an_ended_session_keeps_what_waits(visit: Visits) -> None:
    visit.expected += ["401", *FAILS]
    page = visit("worker-a", "/field", size=PHONE)
    before = incidents(visit)
    cookies = page.context.cookies()
    page.context.clear_cookies(name="gridmap_session")
    enter(page, [body(0)])
    page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_url("**/login**")
    page.context.add_cookies(cookies)
    page.goto(visit.site.url + "/field")
    page.wait_for_selector("#map[data-ready]")
    until(page, f"{QUEUE}.then((queue) => queue.unsent()).then((all) => all.length === 0)")
    assert incidents(visit) == before + 1


def test_what_waits_cannot_be_read_in_the_phones_files_from_the_first_moment_on(visit: Visits) -> None:
    """Its writer reads and exports it all the same; another user of the phone sees that something waits, not what."""
    page = visit("worker-a", "/field", size=PHONE)
    page.context.set_offline(True)
    visit.expected += ["ERR_INTERNET_DISCONNECTED", *FAILS]
    script = """async ([key, body, photo]) =>
        module_queue.add(key, body, { photo: new TextEncoder().encode(photo).buffer })"""
    assert page.evaluate(script, [str(uuid.uuid4()), body(7), "a picture of the wall"])
    read = everything(page)
    assert "mining-blasting" not in read
    assert "no 7" not in read
    assert "a picture of the wall" not in read
    (mine,) = page.evaluate(f"{QUEUE}.then((queue) => queue.unsent())")
    assert mine["body"]["text"] == "no 7"
    assert page.evaluate(f"{QUEUE}.then((queue) => queue.unsent()).then(([one]) => one.photo.byteLength)") == 21
    page.context.set_offline(False)
