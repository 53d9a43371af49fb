"""A worker's phone in tests: a browser that keeps the page, goes without a network, and wakes up on another day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.county import NOW, centre
from tests.pages.conftest import PHONE, Visits, until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

OFFLINE = ["ERR_INTERNET_DISCONNECTED", "Failed to load resource"]
#: the modules as the page itself has loaded them
UNSENT = "module_queue.unsent()"


def kept(visit: Visits, user: str = "worker-a", **more: Any) -> Page:
    """The page after its first visit: kept by its service worker, with the day's pack."""
    page = visit(user, "/field", size=PHONE, service_workers="allow", **more)
    until(page, "navigator.serviceWorker.controller !== null")
    return page


def pages_processes(browser: Browser) -> list[int]:
    """The processes in which a browser's pages run: a kill of these leaves a page no time to write anything."""
    told = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")
    return [one["id"] for one in told["processInfo"] if one["type"] == "renderer"]


def again(page: Page, visit: Visits, *, offline: bool = True, after: timedelta | None = None) -> Page:
    """Kill the page and open it anew, cold; `after`: the time that has gone by, by the phone's clock."""
    context, url = page.context, page.url
    page.close()
    if after is not None:
        context.clock.set_system_time(datetime.now().astimezone() + after)
    context.set_offline(offline)
    fresh = context.new_page()
    visit.watch(fresh)
    fresh.goto(url)
    fresh.wait_for_selector("#map[data-ready], #sheet-body .notice")
    return fresh


def online(page: Page) -> None:
    """The network is back, and what waits has gone."""
    page.context.set_offline(False)
    until(page, "module_queue.everything().then((all) => all.length === 0)", 20)


def enter(page: Page, texts: list[str], letter: str = "A") -> None:
    """Write reports down, as the form does when it is sent."""
    lon, lat = centre(letter)
    same = {"category": "mining-blasting", "lon": lon, "lat": lat, "accuracy_m": 5, "occurred_at": NOW.isoformat()}
    page.evaluate(
        "async (all) => { for (const one of all) await module_queue.add(module_http.newKey(), one); }",
        [{**same, "text": text} for text in texts],
    )


def unsent(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate(UNSENT)
    return found


def everything(page: Page) -> str:
    """All that lies in the phone's databases and its local storage and can be read as text."""
    read: str = page.evaluate(
        """async () => {
            const told = (value) => (value instanceof ArrayBuffer ? new TextDecoder().decode(value)
                : ArrayBuffer.isView(value) || value === null || typeof value !== 'object' ? String(value)
                : Object.values(value).map(told).join(' '));
            const parts = [JSON.stringify({ ...localStorage })];
            for (const { name } of await indexedDB.databases()) {
                const base = await new Promise((done) => {
                    const asked = indexedDB.open(name);
                    asked.onsuccess = () => done(asked.result);
                });
                for (const store of base.objectStoreNames) {
                    const asked = base.transaction(store).objectStore(store).getAll();
                    const values = await new Promise((done) => { asked.onsuccess = () => done(asked.result); });
                    parts.push(store, ...values.map(told));
                }
                base.close();
            }
            return parts.join(' ');
        }"""
    )
    return read


def log_in(context: BrowserContext, visit: Visits, user: str) -> None:
    """Give the phone's browser a session of somebody's."""
    token = visit.site.county.token(user)
    context.add_cookies([{"name": "gridmap_session", "value": token, "url": visit.site.url}])
