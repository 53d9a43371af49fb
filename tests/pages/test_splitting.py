"""A report of several matters is split on its page: by a dispatcher at a desk, by a worker on a phone."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from gridmap.store import tables as t
from gridmap.usecases.casework import act
from tests.pages.conftest import DESK, PHONE, Site, Visits, until
from tests.pages.test_case import buttons, kinds, reported
from tests.pages.test_pages import assert_fits
from tests.usecases.test_reporting import view

SIZES = pytest.mark.parametrize("size", [PHONE, DESK], ids=["360", "1440"])


@SIZES
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_dispatcher_splits_one_report_into_two(visit: Visits, site: Site, size: tuple[int, int], lang: str) -> None:
    whole = reported(site)
    act(site.county.ctx, view(site.county, "dispatcher-1"), whole, "accept", {})
    page = visit("dispatcher-1", f"/cases?case={whole}", lang=lang, size=size)
    buttons(page)
    page.click("article.case [data-action=split]")
    form = page.locator("form[data-form=split]")
    form.locator("button[type=submit]").click()  # into nothing
    form.locator("[role=alert], .notice").first.wait_for()
    assert len(kinds(site, whole)) == 4
    form.locator(".split-part").nth(1).wait_for()
    first, second = form.locator(".split-part").all()
    first.locator("[name=category]").select_option("mining-dust")
    first.locator("[name=text]").fill("粉尘落满院子")
    second.locator("[name=category]").select_option("neighbour")
    second.locator("[name=text]").fill("两个月工资没有发")
    second.locator("[name=body_id]").select_option(index=2)
    assert_fits(page)
    form.locator("button[type=submit]").click()
    page.locator(".part-list li:nth-child(2)").wait_for()
    assert kinds(site, whole)[-1] == "split"
    i = t.incidents.c
    made = site.county.run(select(i.id, i.number, i.status).where(i.parent_id == whole).order_by(i.id))
    assert [row.status for row in made] == ["assigned", "dispatched"]
    said = page.inner_text(".part-list")
    assert all(row.number in said for row in made)
    assert_fits(page)
    page.click(".part-list li:first-child a")
    until(page, f"location.search === '?case={made[0].id}'")
    page.get_by_text("粉尘落满院子").wait_for()


def test_a_part_begun_is_ended_and_one_too_many_is_dropped(visit: Visits, site: Site) -> None:
    whole = reported(site)
    act(site.county.ctx, view(site.county, "worker-a"), whole, "accept", {})
    page = visit("worker-a", f"/field?case={whole}", size=PHONE)
    buttons(page)
    page.click("article.case [data-action=split]")
    form = page.locator("form[data-form=split]")
    form.locator(".split-part").nth(1).locator("[name=text]").fill("只写了内容")
    form.locator("button[type=submit]").click()
    assert form.locator(".split-part").nth(1).locator("[name=category]").evaluate("node => !node.validity.valid")
    assert kinds(site, whole)[-1] == "accepted"
    form.locator(".split-part button").nth(0).click()
    assert form.locator(".split-part").count() == 1
    form.locator(".split-part [name=category]").select_option("neighbour")
    form.locator("button[type=submit]").click()
    page.locator(".part-list li").wait_for()
    assert len(site.county.run(select(t.incidents.c.id).where(t.incidents.c.parent_id == whole))) == 1
