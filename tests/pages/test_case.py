"""A case from the report to its end, by the buttons of its page: on a phone and at a desk, in both languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from gridmap.store import tables as t
from gridmap.usecases.casework import act
from gridmap.usecases.reporting import Draft, report
from tests.county import centre
from tests.pages.conftest import DESK, PHONE, Site, Visits
from tests.pages.test_pages import assert_fits
from tests.usecases.test_reporting import view

if TYPE_CHECKING:
    from playwright.sync_api import Page


def reported(site: Site) -> int:
    lon, lat = centre("A")
    draft = Draft("mining-blasting", lon, lat, text="早上放炮后墙裂了")
    return int(report(site.county.ctx, view(site.county, "worker-a"), draft)["id"])


def kinds(site: Site, incident: int) -> list[str]:
    e = t.events.c
    return [row.kind for row in site.county.run(select(e.kind).where(e.incident_id == incident).order_by(e.seq))]


def buttons(page: Page) -> list[str]:
    page.locator("article.case .timeline").wait_for()
    return page.locator("article.case [data-action]").evaluate_all("nodes => nodes.map((node) => node.dataset.action)")


def fill(page: Page, action: str, **given: str) -> None:
    """Press an action's button, enter what it asks for, and wait until the case is drawn anew."""
    steps = page.locator("article.case .timeline li").count()
    page.click(f"article.case [data-action={action}]")
    form = page.locator(f"form[data-form={action}]")
    form.wait_for()
    for name, value in given.items():
        control = form.locator(f"[name={name}]")
        if control.evaluate("node => node.tagName") == "SELECT":
            control.select_option(label=value)
        else:
            control.fill(value)
    assert_fits(page)
    form.locator("button[type=submit]").click()
    page.locator(f"article.case .timeline li:nth-child({steps + 1})").wait_for()


def test_a_worker_resolves_on_the_spot(visit: Visits, site: Site) -> None:
    incident = reported(site)
    page = visit("worker-a", "/field", size=PHONE)
    page.locator(".task").filter(has_text=number(site, incident)).first.click()
    assert buttons(page)[:2] == ["accept", "resolve"]
    fill(page, "resolve", outcome="已化解", note="双方已和解")
    assert kinds(site, incident)[-1] == "resolved"
    assert "待核查" in page.inner_text("article.case")
    assert "双方已和解" in page.inner_text("article.case .timeline")
    assert "close" not in buttons(page)
    assert_fits(page)


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["360", "1440"])
def test_a_dispatcher_verifies_and_closes(visit: Visits, site: Site, size: tuple[int, int]) -> None:
    incident = reported(site)
    done = {"outcome": "settled", "note": "双方已和解"}
    act(site.county.ctx, view(site.county, "worker-a"), incident, "resolve", done)
    page = visit("dispatcher-1", "/cases", lang="en", size=size)
    page.fill("#case-search", number(site, incident))
    page.locator(f".case-row[data-id='{incident}']").click()
    fill(page, "verify", passed="It is done", note="seen")
    if size == DESK:  # on a phone the case covers the list
        page.fill("#case-search", "")
    assert_fits(page)
    page.click("article.case [data-action=close]")
    page.click("form[data-form=close] button[type=submit]")
    page.locator("article.case").wait_for(state="hidden")
    assert kinds(site, incident)[-2:] == ["verified", "closed"]


def test_a_refusal_is_told_and_nothing_is_lost(visit: Visits, site: Site) -> None:
    """Somebody else was faster: the form stays, with the reason."""
    visit.expected += ["409"]
    incident = reported(site)
    page = visit("dispatcher-1", "/cases", lang="en")
    page.fill("#case-search", number(site, incident))
    page.locator(f".case-row[data-id='{incident}']").click()
    page.click("article.case [data-action=accept]")
    act(site.county.ctx, view(site.county, "worker-a"), incident, "accept", {})
    form = page.locator("form[data-form=accept]")
    form.locator("button[type=submit]").click()
    form.locator("[role=alert]").wait_for()
    assert "Accept is not possible while the case is Accepted, only while it is" in form.inner_text()


def number(site: Site, incident: int) -> str:
    return str(site.county.one(select(t.incidents.c.number).where(t.incidents.c.id == incident)))
