"""A resident's way through the pages: a report on a phone, its receipt, and the page that follows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.pages.conftest import PHONE, Visits


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_resident_reports_and_follows(visit: Visits, standing_in: Callable[..., dict[str, Any]], lang: str) -> None:
    page = visit(None, "/report", lang=lang, size=PHONE, ready=False, **standing_in("A"))
    page.select_option("select", "mining-blasting")
    page.click("fieldset button >> nth=0")
    page.wait_for_selector("text=±8")
    page.fill("textarea", "墙裂了")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.click(".button-primary")
    page.wait_for_selector(".link a", timeout=60_000)
    page.click(".link a")
    page.wait_for_selector("ol li")
    assert page.locator("ol li").count() == 2
    page.fill("textarea", "<img src=x onerror=xss(1)>")
    page.click("form .button")
    page.wait_for_selector("#said .notice")
