"""The worker's report and list on a phone: four taps, a photo, cases nearby, and a thumb that finds its target."""

from __future__ import annotations

import io
import json
import os
import signal
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from sqlalchemy import select, text

from gridmap.store import tables as t
from tests.county import NOW
from tests.pages.conftest import PHONE, Visits, until
from tests.pages.phones import OFFLINE, UNSENT, again, enter, everything, kept, online, pages_processes, unsent
from tests.pages.test_case import number, reported
from tests.pages.test_pages import assert_fits

if TYPE_CHECKING:
    from playwright.sync_api import Page

Standing = Callable[..., dict[str, Any]]
COUNT_TAPS = """window.__taps = 0;
addEventListener('click', (event) => { if (event.isTrusted) window.__taps += 1; }, true);"""
MAIN_ACTIONS = (
    ".dock-main:not(:disabled), .button, .unsent, .task .what, .task .when, .chip > span, .side b, .sheet h1,"
    ".dock-item, .categories button > span:first-child, .case-head h1, .near b, .losses p, .answer dd, .home-card h1"
)
INSIDE, BORDER = ("A", 0.1, 0.1), ("A", 0.49, 0.0, 28.0)


def picture() -> dict[str, Any]:
    """A photo from a camera: 3,000 pixels wide, noisy, with a place in its EXIF."""
    noise = Image.effect_noise((3000, 2000), 60).convert("RGB")
    exif = Image.Exif()
    exif[0x010F] = "Secret Camera"
    out = io.BytesIO()
    noise.save(out, "JPEG", quality=92, exif=exif)
    return {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def photos(visit: Visits) -> int:
    return int(visit.site.county.one(text("SELECT count(*) FROM photos")))


def photographed(page: Page) -> None:
    """A report of the first category, begun, with a photo."""
    page.click("#start-report")
    page.locator(".categories button").first.click()
    page.set_input_files("#report-photo", picture())
    page.locator(".photo-part img").wait_for()


def ready(page: Page) -> None:
    until(page, "!document.querySelector('#send').disabled")


@pytest.mark.parametrize(("place", "most"), [(INSIDE, 3), (BORDER, 4)], ids=["inside", "border"])
def test_a_report_takes_at_most_four_taps(visit: Visits, standing_in: Standing, place: Any, most: int) -> None:
    page = visit("worker-a", "/field", size=PHONE, **standing_in(*place))
    page.evaluate(COUNT_TAPS)
    page.tap("#start-report")
    until(page, "document.querySelector('#map').dataset.nAccuracy")
    page.locator(".categories button").first.tap()
    if most == 4:
        page.locator(".side").nth(1).tap()
    ready(page)
    page.tap("#send")
    page.locator("[data-answered]").wait_for()
    assert page.evaluate("window.__taps") == most


def test_the_last_categories_come_first(visit: Visits, standing_in: Standing) -> None:
    page = visit("worker-a", "/field", size=PHONE, **standing_in("A"))
    for code in ("mining-blasting", "mining-dust"):
        page.click("#start-report")
        page.locator(f".categories button[data-code={code}]").click()
        ready(page)
        page.click("#send")
        page.click("[data-answered] .button")
    page.click("#start-report")
    last = page.locator(".recent button")
    last.first.wait_for()
    assert last.evaluate_all("nodes => nodes.map((node) => node.dataset.recent)") == ["mining-dust", "mining-blasting"]
    last.first.click()
    ready(page)


def test_a_draft_is_encrypted_and_survives_a_kill_after_any_key(visit: Visits, standing_in: Standing) -> None:
    visit.expected += OFFLINE
    page = again(kept(visit, **standing_in("A", 0.2, 0.1)), visit)
    page.click("#start-report")
    page.locator(".categories button").first.click()
    written = ""
    for letter in "早上放炮后墙裂了":
        page.locator("#report textarea").press("End")
        processes = pages_processes(visit.browser)
        page.keyboard.insert_text(letter)
        page.wait_for_timeout(100)  # the key is written down after a millisecond or two; no thumb kills a page sooner
        for one in processes:
            os.kill(one, signal.SIGKILL)
        written += letter
        page = again(page, visit)
        page.click("#start-report")
        page.locator("#report textarea").wait_for()
        assert page.input_value("#report textarea") == written
    assert written not in everything(page)


def test_drafts_of_an_earlier_version_are_taken_over(visit: Visits, standing_in: Standing) -> None:
    """They lay readable in the browser's own storage; another writer's too. A newer draft is not overwritten."""
    page = visit("worker-a", "/field", size=PHONE, **standing_in("A"))
    plain = {"key": str(uuid.uuid4()), "category": "mining-dust", "text": "草稿上的话", "saved_at": NOW.isoformat()}
    page.evaluate(
        "(plain) => ['worker-a', 'worker-b'].forEach((one) => localStorage.setItem(`gridmap.draft.${one}`, plain))",
        json.dumps(plain),
    )
    page.reload()
    page.wait_for_selector("#map[data-ready]")
    until(page, "!Object.keys(localStorage).some((one) => one.startsWith('gridmap.draft.'))")
    assert "草稿上的话" not in everything(page)
    page.click("#start-report")
    page.locator("#report textarea").wait_for()
    assert page.input_value("#report textarea") == "草稿上的话"
    page.fill("#report textarea", "新的话")
    page.evaluate("(plain) => localStorage.setItem('gridmap.draft.worker-a', plain)", json.dumps(plain))
    assert page.evaluate("module_drafts.loadDraft().then((one) => one.text)") == "新的话"
    assert page.evaluate("module_held.heldValue('gridmap.draft.worker-b').then((one) => one.text)") == "草稿上的话"


def test_a_photo_is_shrunk_kept_and_goes_after_its_report(visit: Visits, standing_in: Standing) -> None:
    visit.expected += OFFLINE
    page = again(kept(visit, **standing_in("A", 0.2, 0.1)), visit)
    before = photos(visit)
    photographed(page)
    page = again(page, visit)  # killed with the photo in the draft
    page.click("#start-report")
    page.locator(".photo-part img").wait_for()
    ready(page)
    page.click("#send")
    page.locator("#unsent").wait_for()
    size, words = page.evaluate(
        f"{UNSENT}.then(([one]) => [one.photo.byteLength, new TextDecoder('latin1').decode(one.photo)])"
    )
    assert size < 900_000
    assert "Secret Camera" not in words
    online(page)
    assert photos(visit) == before + 1


def test_a_photo_whose_replies_are_lost_goes_on_where_it_stopped(visit: Visits, standing_in: Standing) -> None:
    """Every other part arrives without the phone hearing of it; neither the report nor a part is stored twice."""
    visit.expected += ["ERR_FAILED", *OFFLINE]
    page = visit("worker-a", "/field", size=PHONE, **standing_in("A", -0.1, 0.1))
    asked: list[str] = []
    offsets: list[int] = []
    page.on("request", lambda one: asked.append(one.url) if one.method == "POST" else None)

    def part(route: Any) -> None:
        if route.request.method != "PATCH":
            route.continue_()
            return
        offsets.append(int(route.request.headers["upload-offset"]))
        if len(offsets) % 2:
            route.fetch()  # the server has it, the phone never hears
            route.abort()
        else:
            route.continue_()

    page.route("**/uploads/**", part)
    before = photos(visit)
    photographed(page)
    ready(page)
    page.click("#send")
    for _ in range(60):
        page.wait_for_timeout(500)
        if photos(visit) > before:
            break
        page.evaluate("dispatchEvent(new Event('online'))")
    until(page, f"{UNSENT}.then((all) => all.length === 0)")
    assert photos(visit) == before + 1
    assert len([url for url in asked if url.endswith("/incidents")]) == 1
    assert len(offsets) > 2
    assert len(set(offsets)) == len(offsets)
    assert offsets == sorted(offsets)


def test_a_photo_that_was_cut_off_goes_again_without_its_report(visit: Visits, standing_in: Standing) -> None:
    visit.expected += ["ERR_FAILED", *OFFLINE]
    page = visit("worker-a", "/field", size=PHONE, **standing_in("A", -0.1, 0.1))
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if one.method == "POST" else None)
    page.route("**/uploads/**", lambda route: route.abort())
    before = photos(visit)
    photographed(page)
    ready(page)
    page.click("#send")
    page.locator("#unsent").wait_for()
    page.unroute("**/uploads/**")
    page.evaluate("dispatchEvent(new Event('online'))")
    until(page, f"{UNSENT}.then((all) => all.length === 0)")
    assert photos(visit) == before + 1
    assert len([url for url in asked if url.endswith("/incidents")]) == 1


def test_open_cases_of_the_same_kind_nearby_are_offered(visit: Visits, standing_in: Standing) -> None:
    case = reported(visit.site)
    page = visit("worker-a", "/field", size=PHONE, **standing_in("A", 0.02, 0.02))
    page.click("#start-report")
    until(page, "document.querySelector('#map').dataset.nAccuracy")
    page.locator(".categories button[data-code=mining-blasting]").click()
    near = page.locator(".near")
    near.first.wait_for()
    number = visit.site.county.one(select(t.incidents.c.number).where(t.incidents.c.id == case))
    assert number in page.inner_text(".nearby")
    assert_fits(page)
    page.locator(f".near[data-near='{case}']").click()
    page.locator(f"article.case[data-case='{case}']").wait_for()
    page.click("#start-report")  # the draft is still there
    page.locator(".steps .done").wait_for()


def test_a_worker_files_for_a_resident(visit: Visits, standing_in: Standing) -> None:
    page = visit("worker-a", "/field", size=PHONE, lang="en", **standing_in("A", 0.3, 0.3))
    sent: list[Any] = []
    page.on("request", lambda one: sent.append(one.post_data_json) if one.method == "POST" else None)
    page.click("#start-report")
    page.locator(".categories button").first.click()
    page.click(".behalf summary")
    page.fill("[name=behalf-name]", "Zhao Test")
    page.fill("[name=behalf-phone]", "13900000099")
    ready(page)
    page.click("#send")
    page.locator("[data-answered]").wait_for()
    assert sent[0]["behalf"] == {"name": "Zhao Test", "phone": "13900000099"}


def test_what_is_unsent_can_be_taken_off_the_phone(visit: Visits) -> None:
    visit.expected += OFFLINE
    page = again(kept(visit), visit)
    enter(page, ["导出这一条"])
    page.evaluate("dispatchEvent(new Event('online'))")
    page.click("#unsent")
    page.locator(".waiting li").wait_for()
    page.click("details.report-part > summary")
    for kind, readable in (("sealed", False), ("readable", True)):
        with page.expect_download() as download:
            page.click(f"[data-export={kind}]")
        content = download.value.path().read_text("utf-8")
        assert ("导出这一条" in content) is readable
        assert unsent(page)[0]["key"] in content


def test_visits_in_order_with_the_way(visit: Visits, standing_in: Standing) -> None:
    page = visit("worker-a", "/field", size=PHONE, **standing_in("A"))
    shown = page.locator(".visits .task").count()
    assert shown > 0
    page.click("[data-filter=visits]")
    until(page, f"document.querySelectorAll('.task').length === {shown}")
    assert "直线" in page.inner_text(".walk")
    assert page.get_attribute("#map", "data-n-walk") == "1"
    page.locator("[data-visit]").first.click()
    page.locator(".home-card").wait_for()
    assert_fits(page)


def test_a_hand_over_is_signed_from_the_list(visit: Visits) -> None:
    page = visit("worker-a", "/field", size=PHONE, ready=False)
    page.wait_for_selector("#map[data-ready]")
    row = {"id": 9, "title": "七月重划", "source": {"name": "网格员 B"}, "to": {"name": "网格员 A"}, "items": {}}
    signed: list[str] = []
    page.route("**/handovers/9/sign", lambda route: (signed.append(route.request.url), route.fulfill(json=row)))
    page.evaluate(
        """(row) => module_pack.openPack().then((pack) => {
            pack.sections.today.handovers = [row];
            return module_pack.keepPack(pack, ['today']);
        })""",
        row,
    )
    page.route("**/api/v1/pack*", lambda route: route.abort())
    visit.expected += ["ERR_FAILED", "Failed to load resource"]
    page.reload()
    page.locator("[data-handover='9']").wait_for()
    assert "七月重划" in page.inner_text("[data-handover='9']")
    assert_fits(page)
    with page.expect_response("**/handovers/9/sign"):
        page.click("[data-handover='9'] .button-primary")
    assert len(signed) == 1


#: targets under 48 px, and words on main actions under a contrast of 7, as [what, size or ratio]
MEASURE = """(selector) => {
    const seen = (node) => node.offsetParent && node.getClientRects().length;
    const targets = 'button, a[href], summary, select, input:not(.visually-hidden), textarea, label.button';
    const small = [...document.querySelectorAll(targets)]
        .filter((node) => seen(node) && !node.matches('.skip, .handle, td *, th *'))
        .concat([...document.querySelectorAll('tbody tr')].filter((node) => node.querySelector('button, a')))
        .map((node) => [node.textContent.trim().slice(0, 20), node.getBoundingClientRect()])
        .filter(([, box]) => box.width && (box.height < 47.5 || box.width < 47.5))
        .map(([words, box]) => `${words} ${box.width}x${box.height}`);
    const linear = (part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const light = (colour) => {
        const [r, g, b] = numbers(colour).map((value) => linear(value / 255));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (node) => {
        for (let at = node; at; at = at.parentElement) {
            const colour = getComputedStyle(at).backgroundColor;
            if ((numbers(colour)[3] ?? 1) > 0) return colour;
        }
        return 'rgb(255, 255, 255)';
    };
    const pale = [...document.querySelectorAll(selector)].filter(seen).map((node) => {
        const [a, b] = [light(getComputedStyle(node).color), light(ground(node))].sort((x, y) => y - x);
        return [node.textContent.trim().slice(0, 20), (a + 0.05) / (b + 0.05)];
    }).filter(([, ratio]) => ratio < 7).map(([words, ratio]) => `${words} ${ratio.toFixed(2)}`);
    return { small, pale };
}"""


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_one_thumb_in_sunlight(visit: Visits, standing_in: Standing, lang: str) -> None:
    """On each sight of the page: targets of 48 px, main actions of contrast AAA, nothing wider than the screen."""
    visit.expected += OFFLINE
    incident = reported(visit.site)
    agent = "Mozilla/5.0 (Linux; Android 12) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/107.0 MicroMessenger/8.0"
    page = visit("worker-a", "/field", size=PHONE, lang=lang, user_agent=agent, **standing_in("A", 0.49, 0.0, 28.0))

    def hold(sight: str) -> None:
        assert page.evaluate(MEASURE, MAIN_ACTIONS) == {"small": [], "pale": []}, sight
        assert_fits(page)

    page.locator(".losses").wait_for()
    grip = page.locator("#handle").bounding_box()
    assert grip is not None
    touched = "([x, y]) => document.elementFromPoint(x, y).id"
    assert [page.evaluate(touched, [180, grip["y"] + at]) for at in (-23, 0, 23)] == ["handle"] * 3
    hold("today, with what may be lost")
    page.click(".losses .button")
    hold("today")
    page.click("#menu summary")
    hold("menu")
    page.click("#menu summary")
    page.click(".legend summary")
    hold("legend")
    page.click(".legend summary")
    page.locator(".task").filter(has_text=number(visit.site, incident)).first.click()
    page.locator("article.case .timeline").wait_for()
    hold("case")
    for action in ("resolve", "note"):
        if page.locator(f"article.case [data-action={action}]").count():
            page.click(f"article.case [data-action={action}]")
            page.locator(f"form[data-form={action}]").wait_for()
            hold(f"case, {action}")
    page.click(".case-head .icon-button")
    page.click("#show-households")
    page.locator("tbody tr").first.wait_for()
    hold("households")
    page.click("#show-cases")
    page.locator("[data-visit]").first.click()
    hold("household")
    page.locator(".home-card .icon-button").click()
    page.click("#start-report")
    until(page, "document.querySelector('#map').dataset.nAccuracy")
    page.locator(".categories button").first.wait_for()
    hold("categories")
    page.locator(".categories button[data-code=mining-blasting]").click()
    page.locator(".side").first.wait_for()
    page.click(".behalf summary")
    hold("report")
    page.locator(".side").first.click()
    ready(page)
    hold("before sending")
    page.click("#send")
    page.locator("[data-answered]").wait_for()
    hold("answer")
    page.click(".answer .button-primary")
    page.context.set_offline(True)
    enter(page, ["没有网络"])
    page.evaluate("dispatchEvent(new Event('online'))")
    page.locator("#unsent").click()
    page.locator(".waiting").wait_for()
    hold("waiting")
