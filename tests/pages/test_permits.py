"""An enterprise's file in a real browser: permits from a table, looked through before they are kept; whom to call."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from gridmap.store import tables as t
from tests.api.test_permits import FILE
from tests.pages.conftest import DESK, PHONE, Site, Visits
from tests.pages.test_pages import assert_fits

READY = "#main[data-ready]"


@pytest.mark.parametrize(("size", "lang"), [(DESK, "en"), (PHONE, "zh")])
def test_a_file_is_looked_through_before_it_is_kept(
    visit: Visits, site: Site, tmp_path: Path, size: tuple[int, int], lang: str
) -> None:
    path = tmp_path / "permits.csv"
    path.write_text(FILE, encoding="utf-8")
    site.county.run(t.permits.delete())
    quarry = site.county.one(select(t.enterprises.c.id).where(t.enterprises.c.code == "E-QUARRY"))
    page = visit("official", f"/enterprises/{quarry}", lang=lang, size=size, ready=False)
    page.wait_for_selector(READY)
    section = page.locator("details:has(input[type=file])")
    section.locator("summary").click()
    section.locator("input[type=file]").set_input_files(path)
    section.locator("button[type=submit]").click()
    page.wait_for_selector("[data-permits=looked] li")
    assert page.locator("[data-permits] li").count() == 5
    assert site.county.one(select(func.count()).select_from(t.permits)) == 0
    assert_fits(page)
    section.locator("button[type=submit]").click()
    page.wait_for_selector("[data-permits=kept] li")
    assert site.county.one(select(func.count()).select_from(t.permits)) == 3
    assert page.get_by_text("M-1").count() == 1  # of this enterprise's permits, the mine's is not shown
    assert_fits(page)


@pytest.mark.parametrize(("size", "lang"), [(DESK, "zh"), (PHONE, "en")])
def test_whom_to_call_is_named_and_taken_back(visit: Visits, site: Site, size: tuple[int, int], lang: str) -> None:
    quarry = site.county.one(select(t.enterprises.c.id).where(t.enterprises.c.code == "E-QUARRY"))
    keeps, nobody = {"zh": ("保存", "没有登记联系人。"), "en": ("Keep", "Nobody is named yet.")}[lang]
    page = visit("official", f"/enterprises/{quarry}", lang=lang, size=size, ready=False)
    section = page.locator("section.part", has=page.locator("[name=phone]"))
    section.get_by_text(nobody).wait_for()
    for name, phone, told in (("王经理", "0717-555 0000", "王经理 · 0717-555 0000"), ("", "", nobody)):
        section.locator("summary").click()
        section.locator("[name=name]").fill(name)
        section.locator("[name=phone]").fill(phone)
        assert_fits(page)
        section.get_by_role("button", name=keeps).click()
        section.get_by_text(told, exact=True).wait_for()
