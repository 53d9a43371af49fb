"""The seed story on pages: six households, two months of argument, a meeting, a promise kept, fewer reports.

People do it where pages let them, each kind of step at least once; what repeats comes through the API. After each
chapter the pages that tell of it are read and compared with what the database holds, counted here anew.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from gridmap.store import tables as t
from gridmap.usecases.casework import act
from gridmap.usecases.delivering import deliverer
from gridmap.usecases.reminding import remind
from tests.county import (
    CONTACT,
    CONTACT_PHONE,
    NOW,
    REPORTER,
    TEXT,
    SmallCounty,
    spatialite_county,
)
from tests.pages.conftest import PHONE, Site, Visits, until
from tests.pages.story import CRACKS, STONE, Story
from tests.pages.test_case import fill
from tests.pages.test_findings import FOUND, working
from tests.pages.test_pages import assert_fits
from tests.pages.test_resident import filled
from tests.serving import served
from tests.usecases.test_reporting import view

__all__ = ["spatialite_county", "working"]

Standing = Callable[..., dict[str, Any]]

#: the cases on the worker's list as text: "[1, 2, 3]"
LISTED = (
    "`[${[...document.querySelectorAll('.task[data-id]')].map((one) => Number(one.dataset.id))"
    ".sort((a, b) => a - b).join(', ')}]`"
)
PROMISED = "修复六户房屋裂缝"
#: where the six households stand in cell A; the first tells it herself, the second by her worker
HOMES = [(-0.3, -0.3), (-0.3, 0.3), (0.3, -0.3), (0.3, 0.3), (0.0, 0.2), (0.0, -0.2)]
HER_NAME, HER_PHONE, HER_WORDS = "孙测试", "13900000015", "放炮后堂屋的墙裂了一指宽"
#: what no sheet for the enterprise may hold, beside numbers of cases and addresses of houses
SECRET = (HER_NAME, HER_PHONE, HER_WORDS, REPORTER, TEXT, CONTACT, CONTACT_PHONE, "网格员")
READY = "#main[data-ready]"


@pytest.fixture
def site(spatialite_county: SmallCounty) -> Iterator[Site]:
    """A county of its own, whose clock may move; its mine is the quarry of the story."""
    e = t.enterprises
    named = {"kind": "quarry", "name": STONE["zh"], "name_en": STONE["en"]}
    spatialite_county.run(update(e).where(e.c.code == "E-MINE").values(**named))
    with served(spatialite_county) as url:
        yield Site(spatialite_county, url)


def test_the_story_of_a_quarry_told_by_the_pages(
    visit: Visits, site: Site, working: None, standing_in: Standing
) -> None:
    story = Story(visit, site)
    six_households_report(story, standing_in)
    two_months_later_all_is_red(story)
    a_meeting_is_called_from_the_evidence(story)
    it_is_held_and_the_table_names_nobody(story)
    the_promise_turns_yellow_red_and_is_kept(story)
    the_houses_are_repaired_and_the_cases_closed(story)
    for lang in ("zh", "en"):
        the_people_see_it(story, lang)
        the_officials_see_it(story, lang)


# --- the chapters -----------------------------------------------------------------------------------------------------


def six_households_report(story: Story, standing_in: Standing) -> None:
    with story.page(None, "/report", "select", size=PHONE, **standing_in("A", *HOMES[0])) as page:
        filled(page, HER_WORDS)
        page.fill("input[autocomplete=name]", HER_NAME)
        page.fill("fieldset input[autocomplete=tel] >> nth=0", HER_PHONE)
        page.locator("fieldset input[type=checkbox]").check()
        page.click(".button-primary")
        story.track = str(page.locator(".link a").get_attribute("href", timeout=60_000))
        story.track = story.track.removeprefix(story.site.url)
    [first] = [one for one in story.reports() if one.received_at == story.site.county.clock()]
    story.hers = first.id
    with story.page(None, story.track, "ol li", size=PHONE) as page:
        said = page.inner_text("#resident")
        assert first.number in said
        assert "正常" in said
        assert "7月14日" in said
        assert page.locator("ol li").count() == 2
    story.later(days=5)
    with story.page("worker-a", "/field", "#map[data-ready]", size=PHONE, **standing_in("A", *HOMES[1])) as page:
        page.click("#start-report")
        page.locator(f".categories button[data-code={CRACKS}]").click()
        until(page, "!document.querySelector('#send').disabled")
        page.fill("#report textarea", TEXT)
        page.click("#send")
        page.locator("[data-answered]").wait_for()
        assert story.cracks()[-1].number in page.inner_text("[data-answered]")
    for home in (HOMES * 2)[2:]:
        story.later(days=5)
        story.complain(home)


def two_months_later_all_is_red(story: Story) -> None:
    story.later(days=5)
    now, town = story.site.county.clock(), story.town()
    very, red = (sum(getattr(one, name) < now for one in town) for name in ("very_late_at", "red_at"))
    over = sum(one.due_at < now for one in town)
    assert 12 < over < very == red == len(town)  # the newest are late in their first step alone
    with story.page("dispatcher-1", "/cases", ".case-row") as page:
        assert page.locator(".case-row").count() == len(town)
        assert re.findall(r"\d+", page.inner_text("#lights")) == [str(very), "0", "0", "0", "0"]
        standing = page.locator(".case-row .when").all_inner_texts()
        assert sum(one.startswith("超") for one in standing) == over
        assert sum(one.startswith("本环节 超") for one in standing) == very - over
        page.locator(f".case-row[data-id='{story.hers}']").click()
        assert HER_WORDS in page.inner_text("article.case .case-text")
        fill(page, "comment", note="企业说与爆破无关，住户不同意")
    with story.page("worker-a", "/field", "#map[data-ready] >> visible=true", size=PHONE) as page:
        own = story.of_a()
        page.locator(".chip[data-filter=late]", has_text=str(len(own))).wait_for()
        assert page.locator(".task[data-id]").count() == len(own)
    with story.page(None, story.track, "ol li", size=PHONE) as page:
        assert "严重超期" in page.inner_text("#resident")
        assert "企业说与爆破无关" not in page.inner_text("body")
    august = datetime(2026, 8, 1, tzinfo=now.tzinfo)
    july = sum(NOW.replace(day=1) <= one.received_at < august for one in story.cracks())
    late = sum(one.due_at < august for one in story.cracks())
    with story.page("official", f"/figures?month=2026-07&category={CRACKS}", "#ratios") as page:
        said = page.inner_text(".lead >> nth=0")
        assert f"本月受理 {july} 件" in said
        assert f"月末超期未结 {late} 件" in said
        assert "半数尚未办结" in page.inner_text(".lead >> nth=1")


def a_meeting_is_called_from_the_evidence(story: Story) -> None:
    mine, months = story.mine, "2026 年 5 月至 8 月"
    near = [one for one in story.reports() if "2026-05" <= f"{one.received_at:%Y-%m}" <= "2026-08"]
    with story.page("official", "/insight", "#map[data-ready]") as page:
        until(page, FOUND, 60)
        assert f"{months}，周边 1.5 公里 32 户有矛盾纠纷 {len(near)} 件" in page.inner_text("#findings")
        card = page.locator(f"a[href^='/insight/evidence/{mine}?'][href*='edition=figures']").first
        path = str(card.get_attribute("href"))
    with story.page("official", path, "table.tests") as page:
        assert f"32 户有矛盾纠纷 {len(near)} 件" in page.inner_text("body")
        page.click(f'a[href="/meetings?call&enterprise={mine}"]')
        page.wait_for_selector("form input[name=venue]")
        cracks = story.cracks()
        assert f"爆破后房屋开裂 · {len(cracks)} 件" in page.inner_text("main form")
        for other in ("mining-dust", "mining-water"):
            page.uncheck(f"input[name=categories][value={other}]")
        page.fill("input[name=venue]", "村委会")
        page.check("input[name=bodies][value=B-LAND]")
        assert_fits(page)
        page.click("form button[type=submit]")
        page.wait_for_url("**/meetings/*")
        page.wait_for_selector(f"{READY} details")
        story.meeting = int(page.url.rsplit("/", 1)[1])
        agenda = page.inner_text("section:has(h3:text('议题案件'))")
        assert all(one.number in agenda for one in cracks)
        assert agenda.count("爆破后房屋开裂") == len(cracks)
    deliverer(story.site.county.ctx).run()
    for user, seats in (("handler-land", True), ("handler-eco", False)):
        with story.page(user, "/mailbox", READY) as page:
            assert page.locator(f"a[href='/meetings/{story.meeting}']").count() == seats
    with story.page(None, story.track, "ol li", size=PHONE) as page:
        assert "9月1日 10:00 召集会商" in page.inner_text("ol")
    with story.page("worker-a", f"/field?case={story.hers}", "article.case .timeline", size=PHONE) as page:
        assert "召集会商" in page.inner_text("article.case .timeline")


def it_is_held_and_the_table_names_nobody(story: Story) -> None:
    story.later(days=7)
    with story.page("dispatcher-1", f"/meetings/{story.meeting}", f"{READY} details") as page:
        agenda, own = len(story.cracks()), sum(one.code == CRACKS for one in story.town())
        assert f"议题共 {agenda} 件，其中 {own} 件您可打开" in page.inner_text("#content")
        page.click("summary >> nth=0")
        page.fill("textarea[name=minutes]", "三方到会，企业同意修房。")
        page.fill("textarea[name=text]", PROMISED)
        page.click("details[open] button[type=submit]")
        page.wait_for_selector("li[data-promise][data-status=open]")
        assert "未结" in page.inner_text("li[data-promise]")
    names_nobody(story, f"/meetings/{story.meeting}/table", "table", f"{agenda // 5 * 5}")


def the_promise_turns_yellow_red_and_is_kept(story: Story) -> None:
    where = f"/meetings/{story.meeting}"
    story.later(days=30)
    story.complain(HOMES[0])  # the only one since
    for days, light, word in ((20, "yellow", "未结"), (4, "yellow", "未结"), (8, "red", "超期")):
        story.later(days=days)
        reminded(story, days == 4)
        with story.page("dispatcher-1", "/meetings", "li[data-meeting]") as page:
            row = page.locator(f"li[data-meeting='{story.meeting}']")
            assert "未结承诺 1 项" in row.inner_text()
            assert row.locator("svg > polygon").count() == (light == "red")
            row.locator("a").first.click()
            page.wait_for_selector("li[data-promise][data-status=open]")
            assert word in page.inner_text("li[data-promise] .quiet")
            assert page.locator("li[data-promise] svg > polygon").count() == (light == "red")
            assert page.locator("li[data-promise] .row-line svg").count() == 1
    with story.page("dispatcher-1", where, "li[data-promise][data-status=open]") as page:
        for status, button, note in (
            ("proven", 0, "三户已修"), ("open", 1, "还有三户"), ("proven", 0, "六户都修好了"), ("kept", 0, ""),
        ):  # fmt: skip
            page.click(f"li[data-promise] .acts button >> nth={button}")
            if note:
                page.fill("li[data-promise] textarea[name=note]", note)
            page.click("li[data-promise] form button[type=submit]")
            page.wait_for_selector(f"li[data-promise][data-status={status}]")
        page.get_by_role("button", name="经过").click()
        steps = page.locator("li[data-promise] ol li")
        steps.nth(4).wait_for()
        assert [one.split(" · ")[0] for one in steps.all_inner_texts()] == [
            "未结", "已举证，待核", "未结", "已举证，待核", "已兑现",
        ]  # fmt: skip
        page.get_by_role("button", name="前后反映对比").click()
        page.locator("li[data-promise] b", has_text="明显减少").wait_for()
        made = story.site.county.one(select(t.promises.c.made_at))
        span = story.site.county.clock() - made
        times = [one.received_at for one in story.reports()]
        before, after = (sum(a <= one < b for one in times) for a, b in ((made - span, made), (made, made + span)))
        assert (before > 10, after) == (True, 1)
        said = page.inner_text("li[data-promise]")
        assert f" 内有 {before} 件反映；承诺后同样长的时间有 {after} 件" in said


def reminded(story: Story, due: bool) -> None:
    """Whoever called the meeting hears of the promise a week before its day, once."""
    assert remind(story.site.county.ctx) == due or not due
    if due:
        deliverer(story.site.county.ctx).run()
        with story.page("official", "/mailbox", READY) as page:
            assert page.locator(f".letter a[href='/meetings/{story.meeting}']").count() == 1


def the_houses_are_repaired_and_the_cases_closed(story: Story) -> None:
    with story.page("worker-a", f"/field?case={story.hers}", "article.case .timeline", size=PHONE) as page:
        fill(page, "resolve", outcome="已修复", note="墙已补好")
    with story.page("dispatcher-1", f"/cases?case={story.hers}", "article.case .timeline") as page:
        fill(page, "verify", passed="属实，通过", note="看过")
        page.click("article.case [data-action=close]")
        page.click("form[data-form=close] button[type=submit]")
        page.locator("article.case").wait_for(state="hidden")
    county = story.site.county
    steps: list[tuple[str, str, dict[str, Any]]] = [
        ("worker-a", "resolve", {"outcome": "repaired", "note": "修好了"}),
        ("dispatcher-1", "verify", {"passed": True, "note": "看过"}), ("dispatcher-1", "close", {}),
    ]  # fmt: skip
    for one in story.cracks():
        if one.received_at >= NOW:  # the twelve and the last one; the rest of the county has its own stories
            for user, action, given in steps:
                act(county.ctx, view(county, user), one.id, action, given)
    with story.page(None, story.track, "ol li", size=PHONE) as page:
        page.get_by_role("button", name="满意", exact=True).click()
        page.wait_for_selector("#said .notice")
    deliverer(county.ctx).run()
    assert remind(county.ctx) == 0  # it is settled


# --- the end ----------------------------------------------------------------------------------------------------------


def names_nobody(story: Story, path: str, wait: str, *expected: str, lang: str = "zh") -> None:
    """A sheet that the enterprise sees: it says what it should, and nothing by which a house or a person is known."""
    with story.page("dispatcher-1", path, wait, lang=lang) as page:
        said, source = page.inner_text("body"), page.content()
    for one in expected:
        assert one in said, (one, said)
    h = t.households.c
    houses = [row.address for row in story.site.county.run(select(h.address))]
    for one in (*SECRET, *houses, *(one.number for one in story.reports())):
        assert one not in source, one


def the_people_see_it(story: Story, lang: str) -> None:
    """The end as the desk, the worker and she who reported it read it."""
    zh, own, town, reports = lang == "zh", story.of_a(), story.town(), story.reports()
    hers = next(one for one in reports if one.id == story.hers)
    with story.page("dispatcher-1", "/cases", ".case-row", lang=lang) as page:
        assert page.locator(".case-row").count() == len(town)
        assert re.findall(r"\d+", page.inner_text("#lights")) == [str(len(town)), "0", "0", "0", "0"]
    with story.page("worker-a", "/field", "#map[data-base=drawn]", lang=lang, size=PHONE) as page:
        # what the phone has kept is drawn first, and the answer of the server over it
        until(page, f"{LISTED} === '{sorted(one.id for one in own)}'")
        assert STONE[lang] in page.locator(".name-enterprise").all_text_contents()
        assert story.hers not in [one.id for one in own]
    with story.page("worker-a", "/mailbox", READY, lang=lang, size=PHONE) as page:
        letters = page.inner_text("#messages")
        assert page.locator("#messages .letter").count() == sum(one.received_at >= NOW for one in reports)
        assert letters.count(f"{hers.number}：" if zh else f"{hers.number}:") == 1
    with story.page(None, story.track, "ol li", lang=lang, size=PHONE) as page:
        said = page.inner_text("#resident")
        assert (f"{hers.number} · 爆破后房屋开裂" if zh else f"{hers.number} · House cracks after blasting") in said
        assert ("结案 · 已结束" if zh else "Closed · Ended") in said


def the_officials_see_it(story: Story, lang: str) -> None:
    """The end in figures: the promise, the enterprise's file and what it may be handed, the months."""
    mine, where, zh = story.mine, f"/meetings/{story.meeting}", lang == "zh"
    now, reports = story.site.county.clock(), story.reports()
    with story.page("official", where, "li[data-promise]", lang=lang, size=PHONE) as page:
        assert f"{'已兑现' if zh else 'Kept'} · {STONE[lang]}" in page.inner_text("li[data-promise]")
        assert page.locator("li[data-promise] .row-line svg").count() == 0  # no light burns any more
    with story.page("official", f"/enterprises/{mine}", READY, lang=lang, size=PHONE) as page:
        said = page.inner_text("#content")
        year = sum(now - timedelta(days=365) <= one.received_at < now for one in reports)
        assert ("兑现 1 项，未兑现 0 项，未结 0 项，其中超期 0 项" if zh else "1 kept, 0 broken, 0 open") in said
        assert (f"1.5 公里内反映 {year} 件" if zh else f"{year} reports from within 1.5 km") in said
    names_nobody(story, f"{where}/table", "table", STONE[lang], "已兑现" if zh else "kept", lang=lang)
    if zh:  # a card is in both languages at once
        names_nobody(story, f"/insight/evidence/{mine}?edition=table", "table.tests", "1 kept 已兑现", STONE["zh"])
    with story.page("official", "/figures?month=2026-11&by=category", "#ratios", lang=lang) as page:
        months = Counter(f"{one.received_at.astimezone(now.tzinfo):%Y-%m}" for one in reports)
        shown = page.locator("#months-table tbody tr").evaluate_all(
            "all => all.map((one) => [one.cells[0].textContent, Number(one.cells[1].textContent)])"
        )
        assert shown == [[month, months[month]] for month, _ in shown]
        done = sum(one.closed_at is not None and one.closed_at >= NOW for one in reports)
        said = page.inner_text("section:has(#card-title)")
        assert (f"已处置 {done} 件" if zh else f"{done} of them were disposed of") in said
        assert page.locator(".lead").count() == 1  # nothing came in this month, so nothing is said of how long it takes
