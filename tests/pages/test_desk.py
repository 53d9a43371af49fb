"""The desks in a real browser: forms that name other cases, filters in the address, many at once, the mailbox."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from gridmap.case.actions import RULES
from gridmap.case.terms import Party
from gridmap.store import read
from gridmap.store import tables as t
from gridmap.store.features import page as listed
from gridmap.usecases.bulk import BULK
from gridmap.usecases.casework import act
from gridmap.usecases.delivering import deliverer
from tests.pages.conftest import DESK, PHONE, Site, Visits, until
from tests.pages.test_case import fill, kinds, number, reported
from tests.pages.test_pages import assert_fits
from tests.pages.test_words import PAGES
from tests.usecases.test_reporting import view

SIZES = pytest.mark.parametrize("size", [PHONE, DESK], ids=["360", "1440"])


@SIZES
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_duplicate_is_merged_without_a_mouse(visit: Visits, site: Site, size: tuple[int, int], lang: str) -> None:
    into, double = reported(site), reported(site)
    page = visit("dispatcher-1", f"/cases?case={double}", lang=lang, size=size)
    page.locator("article.case [data-action=merge]").focus()
    page.keyboard.press("Enter")
    form = page.locator("form[data-form=merge]")
    choice = form.locator(f"input[value='{into}']")
    choice.focus()
    page.keyboard.press("Space")
    assert_fits(page)
    form.locator("button[type=submit]").press("Enter")
    page.locator("article.case").wait_for(state="hidden")
    assert kinds(site, double)[-1] == "merged"
    assert kinds(site, into)[-1] == "absorbed"


def test_a_part_is_named_by_its_number(visit: Visits, site: Site) -> None:
    case, part = reported(site), reported(site)
    act(site.county.ctx, view(site.county, "worker-a"), case, "accept", {})
    page = visit("worker-a", f"/field?case={case}", size=PHONE)
    fill(page, "split", child_ids_number=number(site, part))
    assert kinds(site, case)[-1] == "split"


def test_filters_stand_in_the_address_and_are_saved(visit: Visits, site: Site) -> None:
    case = reported(site)
    worker = view(site.county, "worker-a")
    act(site.county.ctx, worker, case, "accept", {})
    given = {"more": {"workdays": 2}, "reason": "complex", "note": "x"}
    act(site.county.ctx, worker, case, "extend_ask", given)
    page = visit("supervisor", "/cases?waiting=extension", lang="en")
    page.locator(f".case-row[data-id='{case}']").wait_for()
    until(page, "document.querySelectorAll('.case-row').length === 1")
    page.get_by_role("button", name="Save this list").first.click()
    page.fill("[name=list-name]", "To grant")
    page.locator("[name=list-name]").press("Enter")
    until(page, "document.querySelector('[name=saved]').selectedOptions[0].textContent === 'To grant'")
    page.select_option("#waiting", "")
    until(page, "location.search === ''")
    page.select_option("[name=saved]", label="To grant")
    until(page, "location.search === '?waiting=extension'")


@SIZES
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_days_narrow_the_list_and_are_kept(visit: Visits, site: Site, size: tuple[int, int], lang: str) -> None:
    """By keys from all open cases to those of some days, ended ones too; in the address, in words, in a saved list."""
    page = visit("dispatcher-1", "/cases", lang=lang, size=size)
    page.locator(".case-row").first.wait_for()
    assert page.locator("#days-from").is_hidden()
    page.locator("#days summary").focus()
    page.keyboard.press("Enter")
    assert page.locator("#days-ended").is_disabled()  # without a day they would be all there ever were
    page.fill("#days-from", "2025-12-01")
    page.fill("#days-through", "2026-04-10")
    page.check("#days-ended")
    until(page, "location.search === '?from=2025-12-01&through=2026-04-10&ended=1'")
    assert_fits(page)
    rows = rows_of(site, "2025-11-30T16:00", "2026-04-10T16:00")
    until(page, f"document.querySelectorAll('.case-row').length === {len(rows)}")
    in_time = {"zh": "按期处置", "en": "Done in time"}[lang]
    assert sum(rows) == page.locator(f".case-row:has-text('{in_time}')").count() > 0
    page.get_by_role("button", name={"zh": "保存此列表", "en": "Save this list"}[lang]).first.click()
    page.fill("[name=list-name]", f"June {lang} {size[0]}")
    page.locator("[name=list-name]").press("Enter")
    until(page, "document.querySelector('[name=saved]').value !== ''")
    page.fill("#days-from", "")
    until(page, "location.search === '?through=2026-04-10'")
    page.select_option("[name=saved]", label=f"June {lang} {size[0]}")
    until(page, "location.search.endsWith('&ended=1')")
    assert page.input_value("#days-from") == "2025-12-01"


def test_a_step_that_is_due_first_is_said(visit: Visits, site: Site) -> None:
    """The red light, the words beside it, their order in the list and the sentence of the clock are of one moment."""
    case = reported(site)
    red_at = site.county.one(select(t.incidents.c.red_at).where(t.incidents.c.id == case))
    due_at = site.county.one(select(t.incidents.c.due_at).where(t.incidents.c.id == case))
    site.county.clock.now, then = red_at + timedelta(hours=3), site.county.clock.now
    try:
        assert site.county.clock.now < due_at
        page = visit("dispatcher-1", f"/cases?case={case}&light=red", lang="en")
        page.locator("article.case .clock-bar").wait_for()
        assert page.locator(f".case-row[data-id='{case}'] .when").inner_text() == "step: 3 h over"
        said = page.inner_text("article.case")
        assert "Why is it red?" in said
        assert "3 h over" in page.locator("article.case .clock-bar").get_attribute("aria-label")
    finally:
        site.county.clock.now = then


def test_what_leaves_the_list_is_said(visit: Visits, site: Site) -> None:
    case = reported(site)
    page = visit("dispatcher-1", f"/cases?case={case}", lang="en")
    page.click("article.case [data-action=void]")
    form = page.locator("form[data-form=void]")
    form.locator("[name=reason]").select_option(index=1)
    form.locator("[name=note]").fill("x")
    form.locator("button[type=submit]").click()
    page.get_by_text(f"Recorded. {number(site, case)} is no longer in this list.").wait_for()


def rows_of(site: Site, start: str, end: str) -> list[bool]:
    """Of the dispatcher's cases received from one moment to another, in UTC: whether each was disposed of in time."""
    with read(site.county.ctx.engine) as conn:
        seen = view(site.county, "dispatcher-1")
        asked = {"from": datetime.fromisoformat(f"{start}+00:00"), "to": datetime.fromisoformat(f"{end}+00:00")}
        rows = listed(conn, seen, "incidents", filters=asked, now=site.county.ctx.clock()).rows
    return [said is True for said in rows["in_time"].tolist()]


def test_days_of_an_address_are_put_in_order_or_left_out(visit: Visits) -> None:
    page = visit("dispatcher-1", "/cases?from=2026-07-02&through=2026-07-01&light=done_late", lang="en")
    assert page.input_value("#days-from") == "2026-07-01"
    assert "1 Jul to 2 Jul" in page.inner_text("#days-said")
    page = visit("dispatcher-1", "/cases?from=2026-02-31x&through=nothing&ended=1", lang="en")
    assert page.inner_text("#days-said") == "Reported: on any day"


@SIZES
def test_many_are_done_and_the_refused_are_told(visit: Visits, site: Site, size: tuple[int, int]) -> None:
    first, second = reported(site), reported(site)
    page = visit("dispatcher-1", "/cases", lang="en", size=size)
    page.click("#choose-many")
    for case in (first, second):
        page.check(f".case-item > input[data-id='{case}']")
    page.select_option("[name=many-action]", "prioritise")
    act(site.county.ctx, view(site.county, "dispatcher-1"), second, "void", {"reason": "test", "note": "x"})
    page.locator(".many [name=priority]").select_option(index=2)
    assert_fits(page)
    page.click(".many button[type=submit]")
    page.get_by_text("1 done, 1 refused").wait_for()
    assert number(site, second) in page.inner_text(".many-result")
    assert "only while it is" in page.inner_text(".many-result")
    assert kinds(site, first)[-1] == "prioritised"
    assert_fits(page)


def test_words_are_found_in_texts(visit: Visits, site: Site) -> None:
    case = reported(site)
    page = visit("dispatcher-1", "/cases")
    page.fill("#case-search", "放炮后墙裂")
    page.get_by_role("button", name="搜索正文").click()
    page.locator(f".case-row[data-id='{case}']").wait_for()
    assert "已查看" in page.inner_text("#search-part")


@SIZES
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_mailbox_leads_to_the_case(visit: Visits, site: Site, size: tuple[int, int], lang: str) -> None:
    case = reported(site)
    deliverer(site.county.ctx).run()
    page = visit("worker-a", "/mailbox", lang=lang, size=size, ready=False)
    page.locator("#main[data-ready]").wait_for()
    until(page, "Number(document.querySelector('[data-unread]').textContent) > 0")
    assert_fits(page)
    before = int(page.locator(".bar [data-unread]").inner_text())
    first = page.locator(".letter-new").first
    first.locator("button").click()
    until(
        page, f"(document.querySelector('.bar [data-unread]').textContent || '0') === '{before - 1}' || {before} === 1"
    )
    page.get_by_role("link", name=number(site, case)).click()
    page.locator(f"article.case[data-case='{case}']").wait_for()


def test_the_list_is_worked_through_by_keys(visit: Visits, site: Site) -> None:
    """Down and up, open, close and go on from there, choose one of several: no mouse, and no key taken from a field."""
    for _ in range(3):
        reported(site)
    page = visit("dispatcher-1", "/cases", lang="en")
    rows = page.locator(".case-row")
    rows.nth(2).wait_for()
    ids = [rows.nth(n).get_attribute("data-id") for n in range(3)]
    here = "document.activeElement.dataset.id"
    page.keyboard.press("j")
    until(page, f"{here} === '{ids[0]}'")
    page.keyboard.press("ArrowDown")
    until(page, f"{here} === '{ids[1]}'")
    page.keyboard.press("Enter")
    page.locator(f"article.case[data-case='{ids[1]}']").wait_for()
    page.keyboard.press("Escape")
    until(page, f"{here} === '{ids[1]}'")
    page.keyboard.press("j")
    page.keyboard.press("x")
    until(page, f"document.querySelector('.case-item > input[data-id=\"{ids[2]}\"]').checked")
    assert page.locator(".many").is_visible()
    page.keyboard.press("k")
    until(page, f"{here} === '{ids[1]}'")
    page.keyboard.press("/")
    page.keyboard.type("xjk")
    assert page.input_value("#case-search") == "xjk"


def test_many_are_offered_what_ones_role_may_do(visit: Visits, site: Site) -> None:
    """What the transition table gives a role, of what can be done to many; nothing that is refused each time."""
    case = reported(site)
    page = visit("dispatcher-1", "/cases")
    page.click("#choose-many")
    page.check(f".case-item > input[data-id='{case}']")
    offered = page.evaluate("[...document.querySelector('[name=many-action]').options].map((one) => one.value)")
    assert set(offered) - {""} == {action for action in BULK if Party.DISPATCHER in RULES[action].parties}
    script = (PAGES / "static" / "js" / "many.js").read_text("utf-8")
    for party in (Party.WORKER, Party.DISPATCHER, Party.HANDLER, Party.SUPERVISOR):
        listed = re.search(rf"{party}: \[(.*?)\]", script)
        assert listed, party
        said = set(re.findall(r'"(\w+)"', listed[1]))
        assert said == {action for action in BULK if party in RULES[action].parties}, party


def test_a_closed_case_is_found_by_its_number(visit: Visits, site: Site) -> None:
    case = reported(site)
    act(site.county.ctx, view(site.county, "dispatcher-1"), case, "void", {"reason": "test", "note": "x"})
    page = visit("dispatcher-1", "/cases", lang="en")
    page.fill("#case-search", number(site, case).lower())
    page.get_by_role("button", name="Find this number").click()
    page.locator(f"article.case[data-case='{case}']").wait_for()
    page.locator(f".case-row[data-id='{case}']").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Back to the list").click()
    until(page, f"!document.querySelector('.case-row[data-id=\"{case}\"]')")


def test_why_one_was_refused_is_said_in_ones_language(visit: Visits, site: Site) -> None:
    case = reported(site)
    page = visit("dispatcher-1", "/cases")
    page.click("#choose-many")
    page.check(f".case-item > input[data-id='{case}']")
    page.select_option("[name=many-action]", "prioritise")
    act(site.county.ctx, view(site.county, "dispatcher-1"), case, "void", {"reason": "test", "note": "x"})
    page.locator(".many [name=priority]").select_option(index=2)
    page.click(".many button[type=submit]")
    refused = page.locator(".many-result li")
    refused.wait_for()
    assert "案件现为“作废”，不能“改紧急程度”" in refused.inner_text()
    assert refused.locator("[lang=en]").count() == 0
