"""Text of users is text: fifty payloads in every text field, on every page and in the offline file, and none runs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Connection, select, update

from api.app import static_folder
from api.pages import gather
from api.pages.offline import offline_page
from gridmap.store import meta, write
from gridmap.store import tables as t
from gridmap.usecases.reporting import Draft, report
from gridmap.view import View
from tests.county import SmallCounty, centre, county_file, open_county
from tests.pages.conftest import DESK, PHONE, Site, Visits, until
from tests.pages.payloads import PAYLOADS
from tests.serving import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["county_file"]

#: every column of text that somebody may have written; codes hold no blanks
NAMED = (t.areas, t.bodies, t.cells, t.workers, t.enterprises, t.categories, t.roads, t.water, t.places)
OTHER = ((t.accounts, "name"), (t.households, "address"), (t.enterprises, "source"))
CODED = (t.households, t.enterprises, t.workers, t.roads, t.water, t.places)
#: so many payloads to a text where a table has few rows
TOGETHER = 10


def test_there_are_fifty() -> None:
    assert len(set(PAYLOADS)) == 50
    assert all("xss(" in one or "alert(" in one for one in PAYLOADS)


def poison(conn: Connection) -> None:
    """Payloads into every text of the county, so that each field holds each payload at least once."""
    for table in NAMED:
        for column in ("name", "name_en"):
            spread(conn, table, column)
    for table, column in OTHER:
        spread(conn, table, column)
    blankless = [one for one in PAYLOADS if not any(character.isspace() for character in one)]
    for table in CODED:
        ids = conn.execute(select(table.c.id)).scalars().all()
        for i, row in enumerate(ids):
            code = f"{blankless[i % len(blankless)]}{i}"[:64]
            conn.execute(update(table).where(table.c.id == row).values(code=code))
    everything = " ".join(PAYLOADS)
    meta.set_facts(conn, {"county_name": everything, "county_name_en": everything, "is_demo": "1"})


def spread(conn: Connection, table: Any, column: str) -> None:
    ids = conn.execute(select(table.c.id).order_by(table.c.id)).scalars().all()
    each = max(1, -(-len(PAYLOADS) // len(ids)) if ids else 1)
    for i, row in enumerate(ids):
        mine = [PAYLOADS[(i * each + k) % len(PAYLOADS)] for k in range(each)]
        conn.execute(update(table).where(table.c.id == row).values({column: "\n".join(mine)}))


def report_payloads(county: SmallCounty) -> None:
    """One report for each payload, with it in the text and in the reporter's name and telephone."""
    lon, lat = centre("A", 0.2, 0.2)
    for payload in PAYLOADS:
        draft = Draft(
            "mining-blasting", lon, lat, text=payload, reporter_name=payload[:100], reporter_phone=payload[:40]
        )
        report(county.ctx, View.system(county.ctx.today()), draft)


@pytest.fixture(scope="module")
def poisoned(county_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallCounty]:
    path = shutil.copyfile(county_file, tmp_path_factory.mktemp("inert") / "county.sqlite")
    county = open_county(f"sqlite:///{path}")
    report_payloads(county)
    with write(county.ctx.engine) as conn:
        poison(conn)
    yield county
    county.ctx.engine.dispose()


@pytest.fixture(scope="module")
def poisoned_site(poisoned: SmallCounty) -> Iterator[Site]:
    with served(poisoned) as url:
        yield Site(poisoned, url)


@pytest.fixture
def visit(chromium: Browser, poisoned_site: Site) -> Iterator[Visits]:
    visits = Visits(chromium, poisoned_site)
    yield visits
    assert visits.close() == []


def assert_inert(page: Page, *shown: str) -> None:
    """Nothing ran, nothing was made of the payloads, and they are there to read."""
    page.wait_for_timeout(150)
    assert page.evaluate("window.__ran") == []
    made = page.evaluate(
        """() => [...document.querySelectorAll('img, iframe, object, embed, video, input[autofocus], details[ontoggle],'
            + 'svg[onload], [onerror], [onfocus], [onmouseover], [onbegin], math, a[href^="javascript:" i]')]
            .filter((node) => !node.closest('.card')).map((node) => node.outerHTML.slice(0, 80))"""
    )
    assert made == []
    text = page.evaluate("document.body.textContent")
    for payload in shown:
        assert payload in text, payload


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_log_in_and_error_pages(visit: Visits, lang: str) -> None:
    visit.expected += ["404", "403"]
    assert_inert(
        visit(None, "/login?error=<svg/onload=xss()>&next=javascript:xss()", lang=lang, ready=False), *PAYLOADS[:9]
    )
    assert_inert(visit("planner", "/<img src=x onerror=xss()>", lang=lang, ready=False))
    assert_inert(visit("planner", "/field?x=</script><script>xss()</script>", lang=lang, ready=False))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_planners_page(visit: Visits, lang: str) -> None:
    page = visit("planner", "/plan", lang=lang)
    for i in range(page.locator("#cells-list tbody tr").count()):
        page.locator("#cells-list tbody tr").nth(i).click()
        page.locator("#cell-detail h2").wait_for()
    assert_inert(page, *PAYLOADS)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_officials_page(visit: Visits, lang: str) -> None:
    page = visit("official", "/insight", lang=lang)
    page.select_option("#category", "mining")
    page.click("[data-show=table]")
    assert_inert(page, *PAYLOADS[:20])


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_administrators_page(visit: Visits, lang: str) -> None:
    assert_inert(visit("admin", "/admin", lang=lang), *PAYLOADS)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_dispatchers_page(visit: Visits, lang: str) -> None:
    page = visit("dispatcher-1", "/cases", lang=lang)
    rows = page.locator(".case-row")
    assert rows.count() >= 50
    read = ""
    for i in range(rows.count()):
        rows.nth(i).click()
        identity = rows.nth(i).get_attribute("data-id")
        page.locator(f"article[data-case='{identity}']").wait_for()
        read += page.inner_text("article.case")
    for number in range(1, 51):
        assert f"({number})" in read, number
    assert_inert(page)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_workers_page(visit: Visits, lang: str) -> None:
    lon, lat = centre("A", 0.49, 0.0)
    place = {"longitude": lon, "latitude": lat, "accuracy": 28}
    page = visit("worker-a", "/field", lang=lang, size=PHONE, permissions=["geolocation"], geolocation=place)
    page.click("#show-households")
    page.click("#show-cases")
    page.locator(".task").first.click()
    page.locator("article.case").wait_for()
    assert_inert(page)
    page.click("#start-report")
    page.locator(".categories button").first.wait_for()
    assert_inert(page, *PAYLOADS)
    page.locator(".categories button").first.click()
    page.locator(".side").nth(1).click()
    page.fill("#report textarea", "\n".join(PAYLOADS))
    until(page, "!document.querySelector('#send').disabled")
    page.click("#send")
    page.locator("[data-answered]").wait_for()
    assert_inert(page)


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["360", "1440"])
@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("whose", [None, "worker-a", "dispatcher-1"])
def test_the_file_that_opens_offline(
    visit: Visits, poisoned: SmallCounty, tmp_path: Path, whose: str | None, lang: str, size: tuple[int, int]
) -> None:
    given = gather.exact(poisoned.ctx, whose) if whose else gather.released(poisoned.ctx, 6)
    path = tmp_path / "map.html"
    path.write_text(offline_page(given, static_folder()), "utf-8")
    context = visit.browser.new_context(viewport={"width": size[0], "height": size[1]}, offline=True)
    visit.contexts.append(context)
    context.add_init_script(
        "window.__ran = []; window.alert = window.xss = (what) => { window.__ran.push(String(what)); };"
    )
    page = context.new_page()
    asked: list[str] = []
    page.on("console", lambda one: visit.faults.append(f"console: {one.text}"))
    page.on("pageerror", lambda error: visit.faults.append(f"error: {error}"))
    page.on("request", lambda one: asked.append(one.url))
    page.goto(f"{path.as_uri()}#{lang}")
    page.wait_for_selector("#map[data-ready]")
    assert len(asked) == 1
    assert page.locator("html").get_attribute("lang") == {"zh": "zh-CN", "en": "en"}[lang]
    assert page.locator("#table tbody tr").count() > 0
    assert page.locator("#legend").inner_text()
    assert page.locator("#scale").inner_text()
    assert_inert(page, PAYLOADS[0], PAYLOADS[10])
