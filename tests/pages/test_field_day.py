"""A worker's day without a network: the pack is kept, ends when it has to, and nothing that was entered is lost."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sqlalchemy import text

from gridmap.errors import InvalidInput
from gridmap.privacy import envelope
from gridmap.usecases import accounts
from gridmap.usecases.casework import act
from tests.county import CELL, centre
from tests.pages.conftest import PHONE, Site, Visits, until
from tests.pages.phones import OFFLINE, UNSENT, again, enter, everything, kept, log_in, online, unsent
from tests.pages.test_case import kinds, reported
from tests.usecases.test_reporting import view

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import BrowserContext, Page

SECTIONS = "module_idb.phone.all('sections').then((all) => all.length)"

HELD_BACK = """(names) => {
    const [asked, held] = [window.fetch, {}];
    window.held = held;
    window.fetch = async (url, options) => {
        const report = options?.method === 'POST' && url.endsWith('/incidents');
        const name = url.includes('/pack') ? 'pack' : url.endsWith('/me') ? 'me' : report ? 'report' : null;
        if (names.includes(name) && !(name in held)) await new Promise((release) => { held[name] = release; });
        return asked(url, options);
    };
}"""
"""Hold the first question of each of these names back until `held.pack()`, `held.me()` or `held.report()` is called."""


def rows(site: Site) -> int:
    return int(site.county.one(text("SELECT count(*) FROM incidents")))


def newest(site: Site, n: int = 1) -> list[Any]:
    """(cell's code, worker who filed, channel) of the last incidents, newest first."""
    asked = (
        "SELECT c.code, a.username FROM incidents i LEFT JOIN cells c ON c.id = i.cell_id "
        "JOIN events e ON e.incident_id = i.id AND e.seq = 1 LEFT JOIN accounts a ON a.id = e.account_id "
        f"ORDER BY i.id DESC LIMIT {n}"
    )
    return [tuple(row) for row in site.county.run(text(asked))]


def test_flight_mode_with_yesterdays_pack_takes_twenty_entries(visit: Visits) -> None:
    visit.expected += OFFLINE
    page = again(kept(visit), visit, after=timedelta(days=1))
    assert page.locator(".task").count() > 0
    assert "7月3日" in page.inner_text(".aged")
    before = rows(visit.site)
    enter(page, [f"no {n}" for n in range(19)])
    page.click("#start-report")
    page.locator(".categories button").first.click()
    page.fill("#report textarea", "no 19")
    until(page, "!document.querySelector('#send').disabled")
    page.click("#send")
    page.locator("#unsent").wait_for()
    assert "20" in page.inner_text("#unsent")
    page = again(page, visit, after=timedelta(days=1, hours=5))  # the battery was empty
    assert [one["body"]["text"] for one in unsent(page)] == [f"no {n}" for n in range(20)]
    online(page)
    assert rows(visit.site) == before + 20


def test_the_pack_lies_encrypted(visit: Visits) -> None:
    page = kept(visit)
    assert page.evaluate(SECTIONS) >= 6
    read = everything(page)
    for secret in ("A 组", "网格", "mining", "Point"):
        assert secret not in read, secret
    assert page.evaluate("module_idb.phone.all('keys').then((all) => all.some((key) => key.extractable))") is False


def test_the_lease_runs_out_also_without_a_network(visit: Visits) -> None:
    visit.expected += OFFLINE
    page = again(kept(visit), visit, after=timedelta(days=2))
    assert page.locator(".task").count() > 0
    enter(page, ["期满之前"])
    page = again(page, visit, after=timedelta(days=4))
    assert "离线期限已过" in page.inner_text("#sheet-body")
    assert page.locator(".task").count() == 0
    assert page.evaluate(SECTIONS) == 0
    assert "期满之前" not in everything(page)
    before = rows(visit.site)
    online(page)
    page.locator(".task").first.wait_for()
    assert rows(visit.site) == before + 1


def test_turning_the_clock_back_does_not_make_it_longer(visit: Visits) -> None:
    visit.expected += OFFLINE
    page = again(kept(visit), visit, after=timedelta(days=2))
    page = again(page, visit, after=timedelta(days=1))
    assert page.locator(".task").count() > 0
    page = again(page, visit, after=timedelta(days=4))
    page = again(page, visit, after=timedelta(days=-30))
    assert page.evaluate(SECTIONS) == 0
    assert page.locator(".task").count() == 0


def test_a_log_out_seals_what_waits(visit: Visits) -> None:
    """Written by A without a network, sealed at log-out, sent with B's session, and filed as A's."""
    visit.expected += [*OFFLINE, "401"]
    page = again(kept(visit), visit)
    enter(page, ["秘密一", "秘密二"])
    page.click("#start-report")
    page.locator(".categories button").first.click()
    page.fill("#report textarea", "草稿上的话")
    page.click("#report-close")
    page.click("#menu summary")
    page.click("#log-out")
    page.get_by_text("已在本机退出").wait_for()
    assert page.evaluate(SECTIONS) == 0
    read = everything(page)
    for secret in ("秘密", "草稿上的话", "A 组"):
        assert secret not in read, secret
    before = rows(visit.site)
    log_in(page.context, visit, "worker-b")
    page.context.set_offline(False)
    page.wait_for_url("**/login**")  # the log-out reaches the server first, whoever's session it is by now
    log_in(page.context, visit, "worker-b")
    page.goto(visit.site.url + "/field")
    page.wait_for_selector("#map[data-ready]")
    until(page, "module_queue.everything().then((all) => all.length === 0)", 20)
    assert rows(visit.site) == before + 2
    assert newest(visit.site, 2) == [(CELL["A"], "worker-a")] * 2
    page.click("#start-report")
    page.locator(".categories button").first.wait_for()  # B has no draft of A's
    log_in(page.context, visit, "worker-a")
    page.goto(visit.site.url + "/field")
    until(page, "document.querySelector('#own-cells').textContent === 'A 格'")
    page.click("#start-report")
    page.locator("#report textarea").wait_for()
    assert page.input_value("#report textarea") == "草稿上的话"


def test_a_right_that_is_withdrawn_takes_the_pack(visit: Visits) -> None:
    visit.expected += [*OFFLINE, "403"]
    page = again(kept(visit), visit)
    enter(page, ["还在路上"])
    no = {"code": "forbidden", "detail": "no", "status": 403}
    page.route("**/api/v1/pack*", lambda route: route.fulfill(status=403, json=no))
    page.context.set_offline(False)
    page.locator("#sheet-body .notice-error").wait_for()
    assert page.evaluate(SECTIONS) == 0
    assert page.get_attribute("#map", "data-n-households") is None
    assert "还在路上" not in everything(page)
    assert page.evaluate("module_queue.everything().then((all) => all.length)") == 1


def test_a_session_that_ended_takes_the_pack_and_keeps_what_waits(visit: Visits) -> None:
    visit.expected += [*OFFLINE, "401"]
    page = again(kept(visit), visit)
    enter(page, ["登录之前"])
    page.context.clear_cookies(name="gridmap_session")
    page.context.set_offline(False)
    page.wait_for_url("**/login**")
    before = rows(visit.site)
    log_in(page.context, visit, "worker-a")
    page.goto(visit.site.url + "/field")
    page.wait_for_selector("#map[data-ready]")
    until(page, f"{UNSENT}.then((all) => all.length === 0)", 20)
    assert rows(visit.site) == before + 1


def full(context: BrowserContext, site: Site) -> None:
    """From now on the browser has no room for this site. To be called while no page of it is open: Chromium asks its
    quota anew only then."""
    page = context.new_page()
    page.goto(site.url + "/static/icon.svg")
    context.new_cdp_session(page).send("Storage.overrideQuotaForOrigin", {"origin": site.url, "quotaSize": 1})


def test_a_full_phone_says_so_and_keeps_the_form(visit: Visits, tmp_path: Path) -> None:
    visit.expected += OFFLINE
    context = visit.context("worker-a", "zh", PHONE, folder=tmp_path)
    full(context, visit.site)
    page = context.new_page()
    page.goto(visit.site.url + "/field")
    page.wait_for_selector("#map[data-ready]")
    context.set_offline(True)
    page.click("#start-report")
    page.locator(".categories button").first.click()
    page.fill("#report textarea", "存不下的话")
    until(page, "!document.querySelector('#send').disabled")
    page.click("#send")
    page.get_by_text("存不下这条上报").wait_for()
    assert page.input_value("#report textarea") == "存不下的话"
    before = rows(visit.site)
    page.context.set_offline(False)
    page.click("#send")
    page.locator("[data-answered]").wait_for()
    assert rows(visit.site) == before + 1


def test_a_pack_without_room_is_not_half_kept(visit: Visits, tmp_path: Path) -> None:
    context = visit.context("worker-a", "zh", PHONE, folder=tmp_path)
    full(context, visit.site)
    page = context.new_page()
    page.goto(visit.site.url + "/field")
    page.locator("#map-state b", has_text="本机存储已满").wait_for()
    assert page.locator(".task").count() > 0  # with a network the day goes on
    assert page.evaluate(SECTIONS) == 0


def test_an_old_drawing_on_the_phone_does_not_decide(visit: Visits) -> None:
    """The phone believes that the place is B's; the server places by coordinates in today's drawing."""
    visit.expected += OFFLINE
    page = kept(visit)
    page.evaluate(
        """async () => {
            const pack = await module_pack.openPack();
            const called = (name) => pack.sections.cells.features.find((one) => one.properties.name === name);
            const [a, b] = [called('A 格'), called('B 格')];
            [a.geometry, b.geometry] = [b.geometry, a.geometry];
            await module_pack.keepPack(pack, ['cells']);
        }"""
    )
    page = again(page, visit)
    enter(page, ["旧划分"], letter="A")
    online(page)
    assert newest(visit.site)[0][0] == CELL["A"]


def test_what_others_did_is_shown_field_by_field(visit: Visits) -> None:
    visit.expected += ["409"]
    case = reported(visit.site)
    page = visit("worker-a", f"/field?case={case}", size=PHONE)
    page.locator("article.case [data-action=resolve]").click()
    form = page.locator("form[data-form=resolve]")
    form.locator("[name=outcome]").select_option(index=1)
    form.locator("[name=note]").fill("从我这边办结")
    act(visit.site.county.ctx, view(visit.site.county, "dispatcher-1"), case, "prioritise", {"priority": "urgent"})
    form.locator("button[type=submit]").click()
    changed = page.locator(".changes")
    changed.wait_for()
    names = changed.locator("tr[data-changed]").evaluate_all("nodes => nodes.map((node) => node.dataset.changed)")
    assert "priority" in names
    assert "status" not in names
    assert kinds(visit.site, case)[-1] == "prioritised"
    assert form.locator("[name=note]").input_value() == "从我这边办结"
    changed.locator("button").click()
    page.locator("article.case .timeline").get_by_text("从我这边办结").wait_for()
    assert kinds(visit.site, case)[-2:] == ["prioritised", "resolved"]


def overtaken_offline(visit: Visits, *held: str) -> tuple[Page, int]:
    """A worker without a network has accepted a case, which the dispatcher has made urgent meanwhile."""
    visit.expected += [*OFFLINE, "409"]
    case = reported(visit.site)
    page = visit("worker-a", f"/field?case={case}", size=PHONE)
    page.locator("article.case [data-action=accept]").click()
    page.context.set_offline(True)
    page.evaluate(HELD_BACK, held)
    page.locator("form[data-form=accept] button[type=submit]").click()
    page.locator("#unsent").wait_for()
    act(visit.site.county.ctx, view(visit.site.county, "dispatcher-1"), case, "prioritise", {"priority": "urgent"})
    return page, case


def test_a_step_taken_offline_waits_and_meets_what_others_did(visit: Visits) -> None:
    page, case = overtaken_offline(visit)
    page.context.set_offline(False)
    page.locator(".waiting .changes tr[data-changed=priority]").wait_for()
    assert kinds(visit.site, case)[-1] == "prioritised"
    page.locator(".waiting .changes button").click()
    page.locator("#unsent").wait_for(state="hidden")
    assert kinds(visit.site, case)[-1] == "accepted"


def test_the_case_does_not_open_over_what_was_refused_meanwhile(visit: Visits) -> None:
    """The network is back before the page has drawn the case anew after its step: it does not cover what others did."""
    page, _ = overtaken_offline(visit, "me", "pack")
    until(page, "Object.keys(held).length === 2")
    page.context.set_offline(False)
    page.evaluate("held.me(); held.pack()")
    page.locator(".waiting .changes button").wait_for()
    page.wait_for_load_state("networkidle")
    assert page.locator("article.case").count() == 0
    page.locator(".waiting .changes button").click()
    page.locator("#unsent").wait_for(state="hidden")


def test_what_is_sent_again_while_the_phone_is_sending_goes_too(visit: Visits) -> None:
    """A contact that is under way has read the queue before the step came back into it."""
    page, case = overtaken_offline(visit)
    page.evaluate(HELD_BACK, ["pack", "report"])
    page.context.set_offline(False)
    page.locator(".waiting .changes button").wait_for()
    until(page, "held.pack !== undefined")
    enter(page, ["一份报告"])
    page.evaluate("held.pack()")
    until(page, "held.report !== undefined")
    page.locator(".waiting .changes button").click()
    page.wait_for_timeout(300)  # it is in the queue, and the page has asked for a contact
    page.evaluate("held.report()")
    page.locator("#unsent").wait_for(state="hidden")
    assert kinds(visit.site, case)[-1] == "accepted"


@pytest.mark.parametrize(("step", "event"), [("accept", "accepted"), ("close", "closed")])
def test_a_step_whose_answer_was_lost_is_nobody_elses(visit: Visits, step: str, event: str) -> None:
    """The server has it, the phone never hears, and the page is killed: at its next start it is no conflict."""
    case = reported(visit.site)
    ctx, county = visit.site.county.ctx, visit.site.county
    if step == "close":
        act(ctx, view(county, "worker-a"), case, "resolve", {"outcome": "repaired", "note": "修好了"})
        act(ctx, view(county, "dispatcher-1"), case, "verify", {"passed": True, "note": "看过"})
    page = visit("worker-a", f"/field?case={case}", size=PHONE)
    page.locator(f"article.case [data-action={step}]").click()
    page.fill(f"form[data-form={step}] textarea", "住户在场")
    page.route(f"**/actions/{step}", lambda route: route.fetch())  # and no word of it to the page
    page.locator(f"form[data-form={step}] button[type=submit]").click()
    for _ in range(100):
        if kinds(visit.site, case)[-1] == event:
            break
        page.wait_for_timeout(100)
    page.unroute(f"**/actions/{step}")
    page.reload()
    page.wait_for_selector("#map[data-ready]")
    until(page, "import('/static/js/queue.js').then(({ everything }) => everything()).then((all) => !all.length)")
    assert page.locator(".changes").count() == 0
    assert kinds(visit.site, case).count(event) == 1


def test_a_note_on_a_kept_case_goes_out_later(visit: Visits) -> None:
    visit.expected += OFFLINE
    case = reported(visit.site)
    page = again(kept(visit), visit)
    page.locator(f".task[data-id='{case}']").click()
    page.fill("form[data-form=comment] textarea", "看过了，裂缝没有变宽")
    page.click("form[data-form=comment] button")
    page.locator("#unsent").wait_for()
    act(visit.site.county.ctx, view(visit.site.county, "dispatcher-1"), case, "prioritise", {"priority": "urgent"})
    online(page)
    assert kinds(visit.site, case)[-1] == "commented"


def test_the_seal_opens_with_the_servers_key_alone(visit: Visits) -> None:
    page = visit("worker-a", "/field", size=PHONE)
    key, spki = envelope.new_key()
    entry = {"kind": "incident", "worker": 7, "body": {"text": "墙裂了"}, "written_at": "2026-07-03T08:00:00Z"}
    script = "([entry, spki]) => module_sealing.sealed(entry, { spki })"
    sealed = [page.evaluate(script, [entry, spki]) for _ in range(2)]
    assert sealed[0] != sealed[1]
    bytes_of = [base64.b64decode(one) for one in sealed]
    assert [json.loads(envelope.open_envelope(key, one)) for one in bytes_of] == [entry, entry]
    with pytest.raises(InvalidInput, match="cannot be opened"):
        envelope.open_envelope(envelope.new_key()[0], bytes_of[0])


def test_places_without_a_network_are_the_servers(visit: Visits) -> None:
    """The pack's outlines put a place into the cell that the server puts it in, and doubt where the server doubts."""
    page = visit("worker-a", "/field", size=PHONE)
    rng = np.random.default_rng(11)
    for _ in range(40):
        lon, lat = centre("A", *rng.uniform(-0.499, 0.499, 2))
        accuracy = float(rng.choice([5, 20, 60]))
        here, there = page.evaluate(
            """async ([lon, lat, accuracy]) => {
                const { sections } = await module_pack.openPack();
                const known = { cells: sections.cells.features, own: new Set(), me: null };
                const asked = { lon, lat, accuracy_m: accuracy };
                return [module_whereabouts.located(lon, lat, accuracy, known), await module_http.get('/locate', asked)];
            }""",
            [lon, lat, accuracy],
        )
        assert here["cell"]["code"] == there["cell"]["code"]
        if there["confidence"] is not None and here["cell"]:
            assert here["confidence"] == pytest.approx(there["confidence"], abs=0.12)


def test_a_disabled_account_is_out(visit: Visits) -> None:
    visit.expected += ["401"]
    page = kept(visit, "worker-g")
    accounts.disable(visit.site.county.ctx, "worker-g")
    page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_url("**/login**")
    page.goto(visit.site.url + "/field")
    page.wait_for_url("**/login**")
