"""A call from a help button on the map, with how far ten minutes reach; and the devices to look at."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from gridmap.store import tables as t
from tests.api.test_help_button import install, signature
from tests.county import CELL
from tests.pages.conftest import DESK, PHONE, Site, Visits
from tests.pages.test_pages import assert_fits


def pressed(site: Site, device: str, kind: str = "call") -> None:
    """A household's button, installed and pressed once."""
    secret, sent = install(site.county, device, "H-A0"), int(site.county.clock().timestamp())
    body: dict[str, Any] = {"device": device, "counter": 1, "sent_at": sent, "kind": kind}
    signed = {**body, "signature": signature(secret, device, 1, sent, kind)}
    httpx.post(f"{site.url}/api/v1/help/calls", json=signed, timeout=60).raise_for_status()


@pytest.mark.parametrize(("user", "path", "size"), [("dispatcher-1", "/cases", DESK), ("worker-a", "/field", PHONE)])
def test_a_call_shows_how_far_ten_minutes_reach(
    visit: Visits, site: Site, user: str, path: str, size: tuple[int, int]
) -> None:
    pressed(site, f"HB-{user}")
    call = site.county.one(select(func.max(t.calls.c.incident_id)))
    page = visit(user, f"{path}?case={call}", size=size)
    page.locator(f"article.case[data-case='{call}']").wait_for()
    page.wait_for_selector("#map[data-n-help='2']")
    assert_fits(page)
    page.locator("article.case .icon-button").first.click()
    page.wait_for_selector("#map:not([data-n-help])")


@pytest.mark.parametrize(("size", "lang"), [(DESK, "en"), (PHONE, "zh")])
def test_silent_devices_are_shown_to_those_who_watch(
    visit: Visits, site: Site, size: tuple[int, int], lang: str
) -> None:
    device = f"HB-{lang}"
    pressed(site, device, "test")
    long_ago = site.county.clock() - timedelta(days=40)
    moved = {"heard_at": long_ago, "tested_at": long_ago, "installed_at": long_ago}
    site.county.run(t.devices.update().where(t.devices.c.code == device).values(moved))
    page = visit("dispatcher-1", "/visits", size=size, lang=lang, ready=False)
    row = page.locator("#devices tr", has_text=device)
    row.wait_for()
    assert CELL["A"] in row.inner_text()
    assert ("silent" if lang == "en" else "没有信号") in row.inner_text()
    assert "H-A0" not in page.inner_text("#devices")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page = visit("planner", "/visits", size=size, lang=lang, ready=False)
    page.wait_for_selector("#main[data-ready]")
    assert not page.inner_text("#devices")
