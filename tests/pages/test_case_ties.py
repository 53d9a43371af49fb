"""What ties a case to others, on its page: proposed bodies, the rule, pictures, time asked for, parts and wholes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from gridmap.store import tables as t
from gridmap.usecases import ruling
from gridmap.usecases.casework import act
from tests.pages.conftest import DESK, PHONE, Site, Visits
from tests.pages.test_case import fill, kinds, reported
from tests.pages.test_field_report import picture
from tests.pages.test_pages import assert_fits
from tests.usecases.test_reporting import view

if TYPE_CHECKING:
    from playwright.sync_api import Page


def opened(visit: Visits, user: str, incident: int, **more: Any) -> Page:
    page = visit(user, f"/cases?case={incident}", lang="en", **more)
    page.locator(f"article.case[data-case='{incident}']").wait_for()
    return page


def test_whom_the_body_proposed_is_offered_to_the_dispatcher(visit: Visits, site: Site) -> None:
    incident, ctx = reported(site), site.county.ctx
    bodies = dict(site.county.run(select(t.bodies.c.code, t.bodies.c.id)))
    back = {"reason": "not_ours", "note": "属环保", "proposed_body_id": bodies["B-ECO"]}
    act(ctx, view(site.county, "handler-land"), incident, "return", back)
    page = opened(visit, "dispatcher-1", incident)
    steps = page.inner_text("article.case .timeline")
    assert "proposed: Ecology" in steps
    assert "The rule “by-category” (version 1) sent it there." in page.inner_text("article.case")
    page.click("article.case [data-action=dispatch]")
    assert page.input_value("form[data-form=dispatch] [name=body_id]") == str(bodies["B-ECO"])
    fill(page, "dispatch")
    assert kinds(site, incident)[-1] == "dispatched"
    assert_fits(page)


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["360", "1440"])
def test_a_picture_is_added_to_a_case(visit: Visits, site: Site, size: tuple[int, int]) -> None:
    incident = reported(site)
    page = opened(visit, "dispatcher-1", incident, size=size)
    page.set_input_files("article.case input[type=file]", picture())
    page.locator("article.case .case-photos img").wait_for()
    assert kinds(site, incident)[-1] == "attached"
    assert_fits(page)


def test_as_much_time_as_was_asked_for_stands_in_the_answer(visit: Visits, site: Site) -> None:
    incident, ctx = reported(site), site.county.ctx
    worker = view(site.county, "worker-a")
    act(ctx, worker, incident, "accept", {})
    act(ctx, worker, incident, "extend_ask", {"more": {"workdays": 2.5}, "reason": "complex", "note": "x"})
    page = opened(visit, "supervisor", incident)
    page.click("article.case [data-action=extend_grant]")
    form = page.locator("form[data-form=extend_grant]")
    assert form.locator("[name=more]").input_value() == "2.5"
    assert "Workdays" in form.inner_text()


def test_a_part_and_its_whole_lead_to_each_other(visit: Visits, site: Site) -> None:
    whole, part = reported(site), reported(site)
    worker = view(site.county, "worker-a")
    act(site.county.ctx, worker, whole, "accept", {})
    act(site.county.ctx, worker, whole, "split", {"child_ids": [part]})
    page = opened(visit, "dispatcher-1", part)
    page.click("article.case dl a")
    page.locator(f"article.case[data-case='{whole}']").wait_for()
    page.click("article.case .timeline a")
    page.locator(f"article.case[data-case='{part}']").wait_for()


def test_what_the_rule_asked_is_told_by_name(visit: Visits, site: Site) -> None:
    """Why did it go there: the rule, and what it asks in words."""
    ctx, admin = site.county.ctx, view(site.county, "admin")
    when = {"categories": ["mining-blasting"], "channels": ["worker"]}
    rule = {
        "name": "blasts",
        "when": when,
        "target": {"to": "body", "name": "B-ECO"},
        "process": None,
        "straight": False,
    }
    version = int(ruling.keep(ctx, admin, {"rules": [rule]})["version"])
    ruling.replay(ctx, admin, version)
    ruling.publish(ctx, admin, version)
    incident = reported(site)
    ruling.publish(ctx, admin, 1)
    said = opened(visit, "dispatcher-1", incident).inner_text("article.case")
    assert "The rule “blasts”" in said
    assert re.search(r"What this rule asks: category: [A-Z][a-z ]+; channel: .*worker", said), said
    field = visit("worker-a", f"/field?case={incident}", lang="zh", size=PHONE, ready=False)
    field.get_by_text("这条规则的条件").wait_for()
    assert re.search("这条规则的条件：类别：.+；渠道：网格员上报。", field.inner_text("article.case"))
