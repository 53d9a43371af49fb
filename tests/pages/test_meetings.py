"""A joint meeting in a real browser: called from the file of an enterprise, held, its promise proven and kept."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from gridmap.store import tables as t
from tests.county import COMMUNITY, centre
from tests.pages.conftest import DESK, PHONE, Site, Visits, until
from tests.pages.test_case import reported
from tests.pages.test_pages import assert_fits

READY = "#main[data-ready]"


def mine_of(site: Site) -> int:
    """The enterprise that lies in the first town."""
    e, c = t.enterprises, t.cells
    query = select(e.c.id).join(c, c.c.id == e.c.cell_id).where(c.c.code.like(f"{COMMUNITY['A'][:9]}%"))
    return int(site.county.run(query)[0].id)


@pytest.mark.parametrize(("size", "lang"), [(DESK, "zh"), (PHONE, "en")])
def test_from_the_call_to_the_kept_promise(visit: Visits, site: Site, size: tuple[int, int], lang: str) -> None:
    mine = mine_of(site)
    page = visit("dispatcher-1", f"/enterprises/{mine}", lang=lang, size=size, ready=False)
    page.wait_for_selector(READY)
    assert_fits(page)
    page.click(f'a[href="/meetings?call&enterprise={mine}"]')
    page.wait_for_selector("form input[name=venue]")
    assert page.input_value("select[name=residents]").startswith(COMMUNITY["A"][:9])
    assert_fits(page)
    page.fill("input[name=venue]", "村委会")
    page.check("input[name=bodies][value=B-LAND]")
    page.click("form button[type=submit]")
    page.wait_for_url("**/meetings/*")
    page.wait_for_selector(f"{READY} details")
    # the card that may lie on the table, of the four months before the meeting
    assert page.locator(f'a[href="/insight/evidence/{mine}?from=2026-03&to=2026-06&edition=table"]').is_visible()
    page.click("summary >> nth=0")
    page.fill("textarea[name=minutes]", "三方到会。")
    page.fill("textarea[name=text]", "修复六户房屋裂缝")
    page.click("details[open] button[type=submit]")
    page.wait_for_selector("li[data-promise][data-status=open]")
    page.click("li[data-promise] .acts button >> nth=0")
    page.fill("li[data-promise] textarea[name=note]", "六户已修，附照片")
    page.click("li[data-promise] form button[type=submit]")
    page.wait_for_selector("li[data-promise][data-status=proven]")
    page.click("li[data-promise] .acts button >> nth=0")
    page.click("li[data-promise] form button[type=submit]")
    page.wait_for_selector("li[data-promise][data-status=kept]")
    assert_fits(page)
    number = int(page.url.rsplit("/", 1)[1])
    made = site.county.run(select(t.promises).where(t.promises.c.meeting_id == number))
    assert [(one.status, one.due_at > site.county.clock() + timedelta(days=59)) for one in made] == [("kept", True)]
    until(page, "document.querySelectorAll('li[data-promise]').length === 1")


@pytest.mark.parametrize(("size", "lang"), [(DESK, "en"), (PHONE, "zh")])
@pytest.mark.parametrize("source", ["case", "cell", "circle"])
def test_called_from_where_the_trouble_is(
    visit: Visits, site: Site, source: str, size: tuple[int, int], lang: str
) -> None:
    """From a case, a hot cell or a circle: the nearest enterprise is offered first, and the rest follows from it."""
    if source == "case":
        incident = reported(site)
        page = visit("dispatcher-1", f"/cases?case={incident}", lang=lang, size=size)
        page.click("article.case a[href^='/meetings?call']")
    else:
        lon, lat = centre("A")
        code = site.county.run(select(t.cells.c.code).where(t.cells.c.code.like(f"{COMMUNITY['A']}%")))[0].code
        where = f"cell={code}" if source == "cell" else f"near={lon},{lat}"
        page = visit("official", f"/meetings?call&{where}", lang=lang, size=size, ready=False)
    page.wait_for_selector(f"{READY} select[name=enterprise]")
    offered = page.locator("select[name=enterprise] option").all_inner_texts()[1:]
    far = [re.search(r"· ([\d.,]+) (m|km|米|公里)$", one) for one in offered]
    metres = [float(one[1].replace(",", "")) * (1 if one[2] in {"m", "米"} else 1000) for one in far if one]
    assert len(metres) == len(offered) == 3
    assert metres[0] < 2000
    assert metres == sorted(metres)
    assert_fits(page)
    page.select_option("select[name=enterprise]", index=1)
    page.wait_for_selector("form input[name=venue]")
    page.fill("input[name=venue]", "村委会")
    page.locator("input[name=bodies]").first.check()
    assert_fits(page)
    page.click("form button[type=submit]")
    page.wait_for_url("**/meetings/*")
    page.wait_for_selector(f"{READY} details")
    made = site.county.run(select(t.meetings).order_by(t.meetings.c.id.desc()).limit(1))[0]
    assert made.incident_id == (incident if source == "case" else None)


def test_a_handler_sees_his_table_and_no_figures(visit: Visits, site: Site) -> None:
    page = visit("handler-land", f"/enterprises/{mine_of(site)}", ready=False)
    page.wait_for_selector(READY)
    assert page.locator("[data-building]").count() == 0
    assert page.locator('a[href^="/meetings?call"]').count() == 0
    page.goto(f"{site.url}/meetings")
    page.wait_for_selector(READY)
