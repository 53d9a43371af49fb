"""The page of visits: the worker's month and a household's file, and the counts of places for those above."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from gridmap.people.visits import Quota
from gridmap.usecases import quotas
from tests.county import CONTACT, CONTACT_PHONE
from tests.pages.conftest import PHONE, Visits

if TYPE_CHECKING:
    from playwright.sync_api import Page

READY = "#main[data-ready]"
WHY = "#home .actions button"


def opened(visit: Visits, *, lang: str = "zh") -> Page:
    """The file of the first household of the plan, opened with a reason."""
    page = visit("worker-a", "/visits", lang=lang, size=PHONE, ready=False)
    page.wait_for_selector(READY)
    page.locator("#plan .row").first.click()
    page.locator(WHY).first.click()
    page.locator("#home form").first.wait_for()
    return page


def test_walk_collect_handle_return(visit: Visits) -> None:
    """Red before the visit; the note becomes a case with one tap; the promised return comes first and is kept."""
    page = opened(visit)
    assert page.locator("#plan .late").count() == page.locator("#plan .row").count()
    address = page.inner_text("#home h1")
    agree = page.locator("#home .actions button", has_text="走访")
    agree.click()
    agree.wait_for(state="detached")
    page.fill("#home textarea[name=note]", "院墙有裂缝")
    page.fill("#home input[name=return_on]", "2026-07-20")
    page.locator("#home form .button-primary").filter(has_text="记").first.click()
    page.locator("#home li", has_text="院墙有裂缝").wait_for()
    before = int(visit.site.county.one(text("SELECT count(*) FROM incidents")))
    page.locator("#home li", has_text="院墙有裂缝").get_by_role("button").click()
    page.locator("#home li", has_text="院墙有裂缝").get_by_role("button").wait_for(state="detached")
    assert int(visit.site.county.one(text("SELECT count(*) FROM incidents"))) == before + 1
    linked = text("SELECT i.household_id FROM incidents i JOIN visits v ON v.incident_id = i.id")
    assert visit.site.county.one(linked) is not None
    page.reload()
    page.wait_for_selector(READY)
    assert page.locator("#plan .row", has_text=address).locator(".late").count() == 0


def test_a_household_has_its_file_corrected_on_paper_and_erased(visit: Visits) -> None:
    page = opened(visit)
    assert CONTACT in page.inner_text("#home")
    assert CONTACT_PHONE in page.inner_text("#home")
    with page.expect_download() as paper:
        page.evaluate("document.querySelector('#home a[href*=\"file.pdf\"]').setAttribute('download', '')")
        page.locator("#home a[href*='file.pdf']").click()
    assert paper.value.path().read_bytes().startswith(b"%PDF")
    folded = page.locator("#home details", has=page.locator("input[name=address]"))
    folded.locator("summary").click()
    folded.locator("input[name=address]").fill("新村 8 号")
    folded.locator(".button-primary").click()
    page.locator("#home h1", has_text="新村 8 号").wait_for()
    last = page.locator("#home details").last
    last.locator("summary").click()
    last.locator("input[type=checkbox]").check()
    last.locator(".button-primary").click()
    page.locator("#home", has_text=CONTACT).wait_for(state="detached")
    kept = text("SELECT count(*) FROM consents WHERE withdrawn_at IS NULL AND household_id = "
                "(SELECT id FROM households WHERE address = '新村 8 号')")  # fmt: skip
    assert visit.site.county.one(kept) == 0


@pytest.mark.parametrize("user", ["planner", "supervisor"])
def test_those_above_see_places_counts_and_whether_the_hours_suffice(visit: Visits, user: str) -> None:
    for worker in ("W-A", "W-B"):
        quotas.put(visit.site.county.ctx, Quota(1, 1, 400), worker=worker)
    page = visit(user, "/visits", lang="en", ready=False)
    page.wait_for_selector(READY)
    shown = page.inner_text("#places")
    assert "quota needs" in shown
    told = re.search(
        r"([\d,]+) households met in the month. Quotas ask for ([\d,]+): ([\d,]+) of", page.inner_text("#sum")
    )
    assert told is not None
    met, asked, done = (int(one.replace(",", "")) for one in told.groups())
    assert done <= min(met, asked)
    names = visit.site.county.run(text("SELECT name FROM workers UNION SELECT address FROM households"))
    assert not [name for (name,) in names if name and name in page.inner_text("main")]
    for worker in ("W-A", "W-B"):
        quotas.drop(visit.site.county.ctx, worker=worker)
