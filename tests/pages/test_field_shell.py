"""The worker's page as a static shell: nothing of anybody in it, light, kept by its worker, renewed without a loss."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from gridmap.store import meta, write
from tests.county import CONTACT, REPORTER
from tests.county import PHONE as RESIDENTS_PHONE
from tests.pages.conftest import DESK, PHONE, Site, Visits, until
from tests.pages.phones import OFFLINE, again, enter, kept, online, unsent

if TYPE_CHECKING:
    from playwright.sync_api import Page

LIGHT = 200_000
CACHES = "caches.keys().then((all) => all.filter((name) => name.startsWith('gridmap-field-')))"


def fetched(visit: Visits, user: str | None, path: str, **headers: str) -> Any:
    return visit.context(user, "zh", DESK).request.get(visit.site.url + path, headers=headers)


def test_the_shell_is_the_same_for_everybody(visit: Visits) -> None:
    texts = {fetched(visit, user, "/field").text() for user in (None, "worker-a", "worker-g", "planner")}
    assert len(texts) == 1
    text = texts.pop()
    for secret in ("W-A", "网格员 A", "csrf_token", CONTACT, RESIDENTS_PHONE, REPORTER, '"me"'):
        assert secret not in text, secret


@pytest.mark.parametrize("path", ["/field", "/field?lang=en", "/field?case=1"])
def test_the_policy_lets_no_inline_script_in(visit: Visits, path: str) -> None:
    answer = fetched(visit, None, path)
    policy = answer.headers["content-security-policy"]
    assert "nonce" not in policy
    assert "unsafe" not in policy
    wanted = {"script-src 'self'", "style-src 'self'", "worker-src 'self'", "default-src 'none'"}
    assert wanted <= set(policy.split("; "))
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", answer.text(), re.DOTALL)
    assert len(scripts) == 3
    assert [attributes for attributes, inside in scripts if inside] == [' type="application/json" id="page-data"']
    assert not re.search(r"<style|\sstyle=|\son\w+=", answer.text())


def test_its_files_last_under_their_version_alone(visit: Visits) -> None:
    found = re.search(r"/field/[0-9a-f]{12}/app\.js", fetched(visit, None, "/field").text())
    assert found is not None
    answer = fetched(visit, None, found.group())
    assert "immutable" in answer.headers["cache-control"]
    assert fetched(visit, None, "/field/000000000000/app.js").status == 404
    assert fetched(visit, None, found.group().replace("app.js", "../app.css")).status == 404
    assert "no-cache" in fetched(visit, None, "/field-sw.js").headers["cache-control"]


def test_the_manifest_and_its_icons(visit: Visits) -> None:
    manifest = json.loads(fetched(visit, None, "/field.webmanifest").text())
    assert (manifest["start_url"], manifest["scope"], manifest["display"]) == ("/field", "/field", "standalone")
    for icon in manifest["icons"]:
        answer = fetched(visit, None, icon["src"])
        assert answer.status == 200
        if icon["type"] == "image/png":
            width, height = (int.from_bytes(answer.body()[at : at + 4], "big") for at in (16, 20))
            assert icon["sizes"] == f"{width}x{height}"
    assert {icon["sizes"] for icon in manifest["icons"]} == {"any", "192x192", "512x512"}
    assert {icon.get("purpose") for icon in manifest["icons"]} >= {"any", "maskable"}


def test_the_first_load_is_light(visit: Visits) -> None:
    """All that the phone takes at its first visit, as it comes over the line: the page, its data, and what is kept."""
    context = visit.context("worker-a", "zh", PHONE)
    page = context.new_page()
    sizes: list[float] = []
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda one: sizes.append(one["encodedDataLength"]))
    page.goto(visit.site.url + "/field")
    page.wait_for_selector("#map[data-ready][data-base=drawn]")
    more = ("/field?lang=zh", "/field?lang=en", "/field.webmanifest", "/field-sw.js")
    later = [float(fetched(visit, None, path).headers["content-length"]) for path in more]
    assert 60_000 < sum(sizes) + sum(later) < LIGHT


def test_it_opens_offline_and_cold_after_one_visit(visit: Visits) -> None:
    visit.expected += OFFLINE
    page = again(kept(visit), visit)
    assert page.locator(".task").count() > 0
    assert "A 格" in page.inner_text("#own-cells")
    assert int(page.get_attribute("#map", "data-n-households") or 0) == 4
    assert page.get_attribute("#map", "data-base") == "drawn"  # water and roads were kept, too


def test_without_a_first_visit_it_says_what_it_needs(visit: Visits) -> None:
    visit.expected += OFFLINE
    page = kept(visit)
    page.evaluate("module_pack.erasePack()")
    page = again(page, visit)
    assert "第一次打开需要网络" in page.inner_text("#sheet-body")


def test_both_languages_open_offline(visit: Visits) -> None:
    visit.expected += OFFLINE
    page = again(kept(visit), visit)
    page.click("#menu summary")
    page.click("#language")
    page.wait_for_selector("html[lang=en] #map[data-ready]")
    page = again(page, visit)
    assert page.get_attribute("html", "lang") == "en"


def renewed(site: Site, name: str) -> None:
    """Another version of the shell: it says the county's name."""
    with write(site.county.ctx.engine) as conn:
        meta.set_facts(conn, {"county_name": name})


def update(page: Page) -> None:
    page.evaluate("navigator.serviceWorker.ready.then((one) => one.update()).then(() => null)")


def test_a_new_version_waits_for_the_writer(visit: Visits) -> None:
    visit.expected += OFFLINE
    page = kept(visit)
    old = page.evaluate(CACHES)
    page.click("#start-report")
    page.locator(".categories button").first.click()
    page.fill("#report textarea", "写到一半")
    renewed(visit.site, "改名县")
    update(page)
    until(page, "navigator.serviceWorker.ready.then((one) => one.waiting !== null)")
    page.wait_for_timeout(300)
    assert page.input_value("#report textarea") == "写到一半"
    assert len(page.evaluate(CACHES)) == 2
    with page.expect_navigation():
        page.click("#report-close")
    page.wait_for_selector("#map[data-ready]")
    until(page, f"{CACHES}.then((all) => all.length === 1)")
    assert page.evaluate(CACHES) != old
    assert "改名县" in page.title()
    page.click("#start-report")
    page.locator("#report textarea").wait_for()
    assert page.input_value("#report textarea") == "写到一半"


def test_a_new_version_loses_nothing_that_waits(visit: Visits) -> None:
    visit.expected += OFFLINE
    page = kept(visit)
    page.route("**/api/v1/incidents", lambda route: route.abort())
    visit.expected += ["ERR_FAILED"]
    enter(page, ["一", "二"])
    renewed(visit.site, "再改名县")
    with page.expect_navigation():
        update(page)
    page.wait_for_selector("#map[data-ready]")
    assert len(unsent(page)) == 2
    page.unroute("**/api/v1/incidents")
    page.evaluate("dispatchEvent(new Event('online'))")
    online(page)


def test_without_https_nothing_is_kept(visit: Visits) -> None:
    context = visit.context("worker-a", "zh", PHONE)
    context.add_init_script("Object.defineProperty(globalThis, 'isSecureContext', { value: false })")
    page = context.new_page()
    visit.watch(page)
    page.goto(visit.site.url + "/field")
    page.get_by_text("本页只能通过 HTTPS 打开").wait_for()
    assert page.evaluate("indexedDB.databases().then((all) => all.length)") == 0


def test_another_role_is_shown_its_own_page(visit: Visits) -> None:
    visit.expected += ["403"]
    page = visit("planner", "/field", size=PHONE, ready=False)
    page.locator("#sheet-body .notice-error").wait_for()
    assert page.get_attribute("#sheet-body a", "href") == "/"
