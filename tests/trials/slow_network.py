"""How long a worker waits on slow 3G: `python -m tests.trials.slow_network URL USER PASSWORD`, for docs/field.md.

Chromium as a phone of 360 by 740 pixels, throttled to 400 kbit/s with 400 ms there and back. Prints medians of some
rounds: first visit with an empty cache, a later start from what the phone has kept, and one without any network.
"""

from __future__ import annotations

import statistics
import sys
import time
from typing import TYPE_CHECKING, Any

from playwright.sync_api import sync_playwright

from tests.conftest import CHROMIUM_ARGUMENTS, chromium_path

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

ROUNDS = 5
SLOW = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}


def throttled(context: BrowserContext, sizes: list[float]) -> Page:
    """A new page on the slow line; `sizes` gets the bytes of each answer."""
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", SLOW)
    session.on("Network.loadingFinished", lambda one: sizes.append(one["encodedDataLength"]))
    return page


def opened(page: Page, url: str) -> tuple[float, float]:
    """Seconds until today's list is there, and until the map is."""
    begun = time.monotonic()
    page.goto(url, wait_until="commit")
    page.wait_for_selector(".task", timeout=120_000)
    listed = time.monotonic() - begun
    page.wait_for_selector("#map[data-ready]", timeout=120_000)
    return listed, time.monotonic() - begun


def one_round(browser: Browser, url: str, cookies: list[Any]) -> dict[str, float]:
    """The three starts of a fresh phone."""
    context = browser.new_context(viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True)
    context.add_cookies(cookies)
    found: dict[str, float] = {}
    sizes: list[float] = []
    page = throttled(context, sizes)
    found["first visit, list"], found["first visit, map"] = opened(page, url)
    page.wait_for_selector("#map[data-base=drawn]", timeout=120_000)
    found["first visit, kB"] = sum(sizes) / 1000
    # the worker is kept once it is in charge
    while not page.evaluate("navigator.serviceWorker.controller !== null"):
        page.wait_for_timeout(100)
    page.close()
    again: list[float] = []
    page = throttled(context, again)
    found["later start, list"], found["later start, map"] = opened(page, url)
    page.wait_for_timeout(6000)
    found["later start, kB"] = sum(again) / 1000
    page.close()
    context.set_offline(True)
    page = context.new_page()
    found["without a network, list"], found["without a network, map"] = opened(page, url)
    context.close()
    return found


def main(url: str, user: str, password: str) -> None:
    """Log in once, measure each start in turn, print the medians."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_ARGUMENTS)
        page = browser.new_page()
        page.goto(f"{url}/login?next=/mailbox")
        page.fill("[name=username]", user)
        page.fill("[name=password]", password)
        page.click("button.button-primary")
        page.wait_for_load_state()
        cookies: list[Any] = page.context.cookies()
        rounds = [one_round(browser, f"{url}/field", cookies) for _ in range(ROUNDS)]
        browser.close()
    for name in rounds[0]:
        values = [one[name] for one in rounds]
        print(f"{name:28} {statistics.median(values):7.1f}  ({min(values):.1f} to {max(values):.1f})")


if __name__ == "__main__":
    main(*sys.argv[1:4])
