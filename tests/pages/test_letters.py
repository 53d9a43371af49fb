"""Failed messages on the admin's page: seen with their reasons, sent again one by one and many for a reason."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from gridmap.store import tables as t
from gridmap.usecases.delivering import deliverer
from tests.pages.conftest import DESK, PHONE, Site, Visits
from tests.pages.test_case import reported
from tests.pages.test_pages import assert_fits


def given_up(site: Site, errors: list[str]) -> None:
    for _ in errors:
        reported(site)
    deliverer(site.county.ctx).run()
    m = t.messages.c
    for i, row in enumerate(site.county.run(select(m.id).order_by(m.id.desc()).limit(len(errors)))):
        at = site.county.clock() - timedelta(minutes=i)
        dead = {"status": "dead", "settled_at": at, "error": errors[i], "attempts": 24}
        to = {"channel": "email", "recipient": f"body:{row.id}", "account_id": None}
        site.county.run(update(t.messages).where(m.id == row.id).values(**dead, **to))


def dead(site: Site) -> int:
    m = t.messages
    return int(site.county.one(select(func.count()).select_from(m).where(m.c.status == "dead")))


@pytest.mark.parametrize(("lang", "size"), [("zh", PHONE), ("en", DESK)], ids=["zh-360", "en-1440"])
def test_what_failed_is_sent_again(visit: Visits, site: Site, lang: str, size: tuple[int, int]) -> None:
    given_up(site, ["http_410", "no_contact", "smtp_550"])
    page = visit("admin", "/flow", lang=lang, size=size, ready=False)
    part = page.locator("#letters")
    part.locator("tbody tr").nth(2).wait_for()
    said = part.inner_text()
    for words in {"zh": ("HTTP 返回 410", "已无联系方式"), "en": ("HTTP answered 410", "There is no contact any more")}[
        lang
    ]:
        assert words in said
    assert_fits(page)
    part.locator("tbody button").first.click()
    part.locator("[role=status]").filter(has_text="1").first.wait_for()
    part.locator("tbody tr:nth-child(3)").wait_for(state="detached")
    assert dead(site) == 2
    part.locator("thead input").check()
    part.locator("form button").click()  # no reason yet
    assert dead(site) == 2
    part.locator("[name=reason]").select_option("gateway_back")
    part.locator("form button").click()
    part.locator("tbody").wait_for(state="detached")
    assert dead(site) == 0
