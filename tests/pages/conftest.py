"""Pages in a real Chromium, over the tiny county, on a server of our own. Nothing may go wrong unseen.

`visit(user, path, ...)` opens a page as somebody. When the test ends it fails if any page that it opened wrote an error
to its console, met its own content policy, asked another host, got an answer that was not expected, or ran a payload.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import CHROMIUM_ARGUMENTS, chromium_path
from tests.county import SmallCounty, centre, county_file, open_county
from tests.serving import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

__all__ = ["county_file"]

PHONE, DESK = (360, 740), (1440, 900)
#: what payloads call; whatever calls it has run
TRAP = "window.__ran = []; window.alert = window.xss = (what) => { window.__ran.push(String(what)); };"
#: what a context without service workers says of it
BLOCKED = "Service Worker registration blocked by Playwright"
READY = "#map[data-ready][data-base=drawn]"


@dataclass
class Site:
    """A served county."""

    county: SmallCounty
    url: str


@pytest.fixture(scope="module")
def site(county_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The tiny county, served; one for all tests of a file, so what they write stays."""
    path = shutil.copyfile(county_file, tmp_path_factory.mktemp("pages") / "county.sqlite")
    county = open_county(f"sqlite:///{path}")
    made = Site(county, "")
    with served(county) as made.url:
        yield made
    county.ctx.engine.dispose()


@dataclass
class Visits:
    """Opens pages and remembers what went wrong on them."""

    browser: Browser
    site: Site
    faults: list[str] = field(default_factory=list)
    #: parts of addresses and messages that a test expects to fail
    expected: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def __call__(
        self,
        user: str | None,
        path: str,
        *,
        lang: str = "zh",
        size: tuple[int, int] = DESK,
        ready: bool = True,
        **more: Any,
    ) -> Page:
        context = self.context(user, lang, size, **more)
        page = context.new_page()
        self.watch(page)
        page.goto(self.site.url + path)
        if ready:
            page.wait_for_selector(READY, timeout=20_000)
        return page

    def context(
        self, user: str | None, lang: str, size: tuple[int, int], folder: Path | None = None, **more: Any
    ) -> BrowserContext:
        """A browser's profile with a session of somebody's; `folder`: on the disk, with a quota, as on a phone."""
        phone = size[0] < 768
        screen = {"viewport": {"width": size[0], "height": size[1]}, "is_mobile": phone, "has_touch": phone}
        options: dict[str, Any] = {"service_workers": "block", **screen, **more}
        if folder is None:
            context = self.browser.new_context(**options)
        else:
            context = self.browser.browser_type.launch_persistent_context(
                folder, executable_path=chromium_path(), args=CHROMIUM_ARGUMENTS, **options
            )
        self.contexts.append(context)
        cookies = {"gridmap_lang": lang} | ({"gridmap_session": self.site.county.token(user)} if user else {})
        context.add_cookies([{"name": name, "value": value, "url": self.site.url} for name, value in cookies.items()])
        context.add_init_script(TRAP)
        return context

    def watch(self, page: Page) -> None:
        own = self.site.url + "/"
        page.on("console", lambda one: self._note(f"console: {one.text}") if one.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: self._note(f"error: {error}"))
        page.on(
            "request",
            lambda one: None if one.url.startswith((own, "data:", "blob:", "file:")) else self._note(f"asks {one.url}"),
        )
        page.on("response", lambda one: self._note(f"{one.status} {one.url}") if one.status >= 400 else None)

    def _note(self, fault: str) -> None:
        if not any(part in fault for part in (*self.expected, BLOCKED)):
            self.faults.append(fault)

    def close(self) -> list[str]:
        """Close everything; what payloads ran is among the faults."""
        for context in self.contexts:
            for page in context.pages:
                self.faults += [f"a payload ran: {what}" for what in page.evaluate("window.__ran ?? []")]
            context.close()
        return self.faults


def until(page: Page, expression: str, seconds: float = 30) -> None:
    """Wait until a script expression is true. (Playwright's own wait needs eval, which the pages' policy forbids.)"""
    end = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < end, f"still not so after {seconds:g} s: {expression}"
        page.wait_for_timeout(40)


@pytest.fixture
def visit(chromium: Browser, site: Site) -> Iterator[Visits]:
    visits = Visits(chromium, site)
    yield visits
    assert visits.close() == []


@pytest.fixture
def standing_in() -> Callable[..., dict[str, Any]]:
    """Context options of a phone that stands at a place of the county: letter of the cell, east, north, accuracy."""

    def options(letter: str, east: float = 0.0, north: float = 0.0, accuracy_m: float = 8.0) -> dict[str, Any]:
        lon, lat = centre(letter, east, north)
        return {
            "permissions": ["geolocation"],
            "geolocation": {"longitude": lon, "latitude": lat, "accuracy": accuracy_m},
        }

    return options
