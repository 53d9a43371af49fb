"""The planner's page before a plan is opened: the load of cells as drawn then and now, and who has too much of it.

It publishes a drawing, so it has a county of its own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gridmap.plan import Limits
from gridmap.store import limits, write
from tests.county import CELL
from tests.pages.conftest import until
from tests.pages.test_pages import assert_fits
from tests.redraw import without_b

if TYPE_CHECKING:
    from pathlib import Path

    from tests.pages.conftest import Site, Visits


def test_the_load_as_drawn_then_and_now_with_those_over_capacity(visit: Visits, site: Site, tmp_path: Path) -> None:
    county = site.county
    before = visit("planner", "/plan", lang="en")
    assert before.locator("#plan-drawing-part").is_hidden()
    assert before.locator(".plan-overfull").count() == 0
    with write(county.ctx.engine) as conn:
        limits.add(conn, replace(Limits(), households_least=1, households_most=6), county.clock(), 1)
    without_b(county, county.ctx.today())  # A has the households of both, and one worker
    for lang in ("zh", "en"):
        page = visit("planner", "/plan", lang=lang)
        page.click("[data-measure=open_incidents]")
        shaded = {"zh": "每名主责网格员的未结", "en": "Open cases per primary worker"}[lang]
        until(page, f"document.querySelector('#legend').innerText.includes('{shaded}')")
        row = page.locator(f"#cells-list tr[data-row='{CELL['A']}']")
        assert page.locator(".plan-overfull").count() == row.locator(".plan-overfull").count() == 1
        assert page.locator(f"#cells-list tr[data-row='{CELL['C']}'] td").all_inner_texts() == ["4", "4", "1", "4"]
        figures = page.locator("#plan-figures").inner_text()
        now = row.inner_text()
        legend = page.locator("#legend").inner_text()
        assert "6" in legend
        assert_fits(page)
        page.screenshot(path=tmp_path / f"plan-load-now-{lang}.png")
        page.click("[data-drawing=then]")
        ended = {"zh": "已撤销", "en": "former cell"}[lang]
        until(page, f"document.querySelector('#legend').innerText.includes('{ended}')")
        assert row.inner_text() != now  # what was reported in B counts there
        assert page.locator("#plan-figures").inner_text() == figures
        assert_fits(page)
        page.screenshot(path=tmp_path / f"plan-load-then-{lang}.png")
