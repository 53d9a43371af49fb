"""The evidence card and what may be published, as pages: read on a phone and on a desk, and the ways on from them."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from gridmap.store import tables as t
from tests.api.test_evidence_card import sheets
from tests.pages.conftest import DESK, PHONE, Site, Visits
from tests.pages.test_findings import working
from tests.pages.test_pages import assert_fits

__all__ = ["working"]

SMALLEST = """Math.min(...[...document.querySelectorAll('p, td, th, a, h1, h2')].map(
    (one) => parseFloat(getComputedStyle(one).fontSize)))"""


@pytest.mark.parametrize("size", [PHONE, DESK])
@pytest.mark.parametrize(("edition", "other"), [("figures", "table"), ("table", "figures")])
def test_a_card_is_read_on_any_screen_and_leads_on(
    visit: Visits, site: Site, working: None, edition: str, other: str, size: tuple[int, int]
) -> None:
    mine = site.county.run(select(t.enterprises.c.id).where(t.enterprises.c.code == "E-MINE"))[0].id
    card = f"/insight/evidence/{mine}?from=2026-05&to=2026-06&edition={edition}"
    page = visit("official", card, size=size, ready=False)
    page.wait_for_selector("table.tests", timeout=60_000)
    assert page.evaluate("innerWidth") == size[0], "a phone draws it at its own width"
    assert_fits(page)
    if size == PHONE:
        assert page.evaluate(SMALLEST) >= 13
    links = page.locator("nav.screen a").evaluate_all("all => all.map((one) => one.getAttribute('href'))")
    paper, turned, call = links
    assert turned == f"/insight/evidence/{mine}?from=2026-05&to=2026-06&edition={other}"
    assert call == f"/meetings?call&enterprise={mine}"
    printed = page.request.get(site.url + paper)
    assert printed.headers["content-type"] == "application/pdf"
    assert f"{edition}.pdf" in printed.headers["content-disposition"]
    assert sheets(printed.body()) == 1


@pytest.mark.parametrize(("lang", "size"), [("en", PHONE), ("zh", DESK)])
def test_the_release_is_told_by_community_and_by_category(visit: Visits, lang: str, size: tuple[int, int]) -> None:
    page = visit("official", "/insight/release", lang=lang, size=size, ready=False)
    assert page.evaluate("innerWidth") == size[0]
    assert_fits(page)
    sums = [
        page.locator(f"#{name} tbody tr td:last-child").evaluate_all(
            "all => all.reduce((sum, one) => sum + Number(one.textContent.replaceAll(',', '')), 0)"
        )
        for name in ("parts", "kinds")
    ]
    assert sums[0] == sums[1] > 0
    assert not page.locator("#kinds tbody th", has_text="信访" if lang == "zh" else "etition").count()
