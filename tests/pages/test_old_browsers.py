"""Browsers that lack things: WeChat's, an iPhone's, those of phones from 2020. The page works and says what is lost.

An old browser is imitated: what browsers have learnt since Chromium 88 and Safari 15 is taken away before the page
starts. `docs/field.md` tells what was walked through by hand in such a Chromium itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from gridmap.store import tables as t
from tests.pages.conftest import PHONE, Visits, until
from tests.pages.phones import OFFLINE, again, enter, online, unsent
from tests.pages.test_case import fill, number, reported
from tests.pages.test_pages import assert_fits
from tests.pages.test_resident import filled

if TYPE_CHECKING:
    from playwright.sync_api import Page

WECHAT = (
    "Mozilla/5.0 (Linux; Android 10; M2006C3LC Build/QP1A.190711.020; wv) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Version/4.0 Chrome/88.0.4324.181 XWEB/3195 Mobile Safari/537.36 MicroMessenger/8.0.19.2080(0x28001339) "
    "Process/tools WeChat/arm64 Weixin NetType/4G Language/zh_CN ABI/arm64"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 15_8 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/15.6 "
    "Mobile/15E148 Safari/604.1"
)
#: learnt after Chromium 88 or Safari 15.0, as far as a page can take it away
LATER = """(() => {
    const later = [
        [URLSearchParams.prototype, ['size']], [Object, ['hasOwn', 'groupBy']], [Promise, ['withResolvers', 'try']],
        [Array, ['fromAsync']], [Map, ['groupBy']], [Crypto.prototype, ['randomUUID']],
        [Array.prototype, ['at', 'findLast', 'findLastIndex', 'toSorted', 'toReversed', 'toSpliced', 'with']],
        [String.prototype, ['at', 'isWellFormed', 'toWellFormed']], [AbortSignal, ['any', 'timeout']],
        [Set.prototype, ['union', 'intersection', 'difference', 'isSubsetOf', 'isSupersetOf', 'isDisjointFrom']],
        [Response, ['json']], [Blob.prototype, ['bytes']], [HTMLFormElement.prototype, ['requestSubmit']],
        [Navigator.prototype, ['locks']], [IDBTransaction.prototype, ['commit']], [IDBFactory.prototype, ['databases']],
        [globalThis, ['structuredClone', 'scheduler', 'navigation', 'Iterator', 'OffscreenCanvas']],
    ];
    for (const [where, names] of later) for (const name of names) delete where[name];
    const Format = Intl.DateTimeFormat;
    Intl.DateTimeFormat = function (locale, options = {}) {
        if (!['short', 'long', undefined].includes(options.timeZoneName)) throw new RangeError('timeZoneName');
        return new Format(locale, options);
    };
})();"""
#: an iPhone's view inside another app: it keeps no pages and promises nothing
UNKEPT = "for (const name of ['serviceWorker', 'storage']) delete Navigator.prototype[name]; delete window.caches;"
COUNT = select(func.count()).select_from(t.incidents)


def old(visit: Visits, agent: str, script: str = LATER, **more: Any) -> Page:
    """The worker's page in such a browser."""
    page = visit("worker-a", "/login", size=PHONE, ready=False, user_agent=agent, **more)
    page.context.add_init_script(script)
    page.goto(visit.site.url + "/field")
    page.wait_for_selector("#map[data-ready][data-base=drawn]")
    return page


@pytest.mark.parametrize("script", [LATER, LATER + UNKEPT], ids=["old", "and keeps no page"])
def test_a_day_in_wechat(visit: Visits, standing_in: Callable[..., dict[str, Any]], script: str) -> None:
    """Cases, a step of one, a report, and one written without a network that goes out after a new start."""
    visit.expected += OFFLINE
    incident = reported(visit.site)
    page = old(visit, WECHAT, script, **standing_in("A", 0.1, 0.1))
    assert "微信" in page.inner_text(".losses")
    assert ("不保存本页" in page.inner_text(".losses")) is ("serviceWorker" in script)
    assert_fits(page)
    page.locator(".losses .button").click()
    page.locator(".task").filter(has_text=number(visit.site, incident)).first.click()
    fill(page, "resolve", outcome="已化解", note="双方已和解")
    before = visit.site.county.one(COUNT)
    until(page, "module_queue.everything().then((all) => all.length === 0)")
    page.reload()
    page.wait_for_selector("#map[data-ready][data-base=drawn]")
    assert page.locator(".losses").count() == 0  # it was read
    page.click("#start-report")
    page.locator(".categories button").first.click()
    page.fill("textarea[name=text]", "墙裂了")
    until(page, "!document.querySelector('#send').disabled")
    assert "A 格" in page.inner_text("#send-label")  # the place was asked with its coordinates
    page.click("#send")
    page.locator("[data-answered]").wait_for()
    page.click(".answer .button-primary")
    page.context.set_offline(True)
    enter(page, ["断网时写的"])
    assert len(unsent(page)) == 1
    page.context.set_offline(False)
    page = again(page, visit, offline=False)
    online(page)
    assert visit.site.county.one(COUNT) == before + 2
    page.click("#menu summary")
    assert "微信" in page.inner_text("#losses")


def test_an_iphone_is_told_what_it_erases_until_it_is_on_the_home_screen(visit: Visits) -> None:
    page = old(visit, IPHONE)
    assert "七天" in page.inner_text(".losses")
    assert_fits(page)
    page = old(visit, IPHONE, LATER + "Object.defineProperty(navigator, 'standalone', { value: true });")
    assert page.locator(".losses").count() == 0
    page.click("#menu summary")
    assert "七天" not in page.inner_text("#menu")


def test_others_are_told_in_the_menu_alone(visit: Visits) -> None:
    page = visit("worker-a", "/field", size=PHONE, lang="en")
    assert page.locator(".losses").count() == 0
    page.click("#menu summary")
    page.wait_for_selector("text=A phone that runs full")


def test_a_resident_reports_and_follows_in_wechat(visit: Visits, standing_in: Callable[..., dict[str, Any]]) -> None:
    page = visit(None, "/login", size=PHONE, ready=False, user_agent=WECHAT, **standing_in("A"))
    page.context.add_init_script(LATER + UNKEPT)
    page.goto(visit.site.url + "/report")
    filled(page)
    page.click(".button-primary")
    page.wait_for_selector(".link a", timeout=60_000)
    page.click(".link a")
    page.wait_for_selector("ol li")


@pytest.mark.parametrize("path", ["/field", "/report", "/track/nothing"])
def test_a_browser_that_cannot_read_the_scripts_is_told_so(visit: Visits, path: str) -> None:
    """As one from before 2020 does: it stops at the first form that it does not know."""
    visit.expected += ["SyntaxError", "error: Invalid", "error: Unexpected", "401", "404", "422"]
    page = visit("worker-a" if path == "/field" else None, "/login", size=PHONE, ready=False)
    page.route("**/*.js", lambda route: broken(route))
    page.goto(visit.site.url + path)
    assert "浏览器版本太旧" in page.inner_text("#not-started")
    assert_fits(page)
    page.unroute("**/*.js")
    page.goto(visit.site.url + path)
    page.wait_for_selector("html[data-started]", state="attached")
    assert not page.is_visible("#not-started")


def broken(route: Any) -> None:
    name = route.request.url.split("/")[-1].split("?")[0]
    if name.startswith(("map", "old", "field-sw")):
        route.continue_()
    else:
        route.fulfill(body="class A { #?? }", content_type="text/javascript")
