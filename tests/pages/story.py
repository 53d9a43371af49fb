"""The seed story in tests of pages: who looks at what, and what is true meanwhile, counted from the rows themselves."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
from sqlalchemy import select

from gridmap.store import tables as t
from tests.county import CELL, REPORTER, TEXT, TOWNS, centre
from tests.pages.conftest import DESK, Site, Visits
from tests.pages.test_pages import assert_fits

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

STONE = {"zh": "青石建材采石场", "en": "Qingshi Building Stone Quarry"}
CRACKS, WITHIN_M = "mining-blasting", 1_500
#: keys of words that were not found, and values that are none
RAW = re.compile(r"undefined|NaN|null|\b(case|meeting|promise|effect|event|light)\.[a-z_]+\b")


@dataclass
class Story:
    """The county as its people see it, and as it is."""

    visit: Visits
    site: Site
    track: str = ""
    hers: int = 0
    meeting: int = 0
    #: a phone and a desk; whoever sits there logs in anew
    screens: dict[tuple[int, int], BrowserContext] = field(default_factory=dict)

    @property
    def mine(self) -> int:
        return int(self.site.county.one(select(t.enterprises.c.id).where(t.enterprises.c.code == "E-MINE")))

    @contextmanager
    def page(
        self, user: str | None, path: str, wait: str, *, lang: str = "zh", size: tuple[int, int] = DESK, **standing: Any
    ) -> Iterator[Page]:
        """A page as somebody sees it now, in the county's own time; gone when the block ends, before time goes on."""
        if size not in self.screens:
            own = {"timezone_id": "Asia/Shanghai", "permissions": ["geolocation"]}
            self.screens[size] = self.visit.context(None, lang, size, **own)
        context = self.screens[size]
        context.clear_cookies()
        cookies = {"gridmap_lang": lang} | ({"gridmap_session": self.site.county.token(user)} if user else {})
        context.add_cookies([{"name": name, "value": value, "url": self.site.url} for name, value in cookies.items()])
        if standing:
            context.set_geolocation(standing["geolocation"])
        page = context.new_page()
        self.visit.watch(page)
        page.goto(self.site.url + path)
        page.wait_for_selector(wait)
        assert_fits(page)
        said = page.inner_text("body")
        assert not RAW.search(said), said
        yield page
        page.close()

    def later(self, **by: float) -> None:
        self.site.county.clock.forward(**by)

    def post(self, user: str, path: str, given: dict[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.site.county.token(user)}"}
        answer = httpx.post(f"{self.site.url}/api/v1{path}", json=given, headers=headers)
        assert answer.status_code < 300, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def complain(self, home: tuple[float, float]) -> int:
        lon, lat = centre("A", *home)
        said = {"category": CRACKS, "lon": lon, "lat": lat, "text": TEXT, "reporter_name": REPORTER}
        return int(self.post("worker-a", "/incidents", said)["id"])

    # --- what is true ---

    def reports(self) -> list[Any]:
        """All reports within 1.5 km of the quarry: id, number, moments, category, place, and the cell that answers."""
        i, c, e, r = t.incidents, t.categories, t.cells, t.responsibilities
        moments = (i.c.received_at, i.c.closed_at, i.c.due_at, i.c.red_at, i.c.very_late_at)
        rows = self.site.county.run(
            select(i.c.id, i.c.number, *moments, c.c.code, i.c.x_in, i.c.y_in, e.c.code.label("cell"))
            .select_from(i.join(c, c.c.id == i.c.category_id))
            .outerjoin(r, (r.c.incident_id == i.c.id) & r.c.valid_to.is_(None))
            .outerjoin(e, e.c.id == r.c.cell_id)
            .order_by(i.c.id)
        )
        lon, lat = centre("A", 0.3, 0.3)
        east = math.cos(math.radians(lat))
        return [one for one in rows if 111_195 * math.hypot((one.x_in - lon) * east, one.y_in - lat) <= WITHIN_M]

    def cracks(self) -> list[Any]:
        """The open ones about cracks after blasting."""
        return [one for one in self.reports() if one.code == CRACKS and one.closed_at is None]

    def town(self) -> list[Any]:
        """The open cases of the first town, whose dispatcher the story follows."""
        return [one for one in self.reports() if one.closed_at is None and one.cell and one.cell.startswith(TOWNS[1])]

    def of_a(self) -> list[Any]:
        """Those of cell A, whose worker the story follows."""
        return [one for one in self.town() if one.cell == CELL["A"]]
