"""The page /plan says of each rule a drawing must keep which cell breaks it: all of them are broken here by a planner's
own means, the map, a file that comes back from QGIS, and the limits that an admin sets on /flow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pytest
from sqlalchemy import select, update

from gridmap.store import tables as t
from tests.county import CELL, NOW, centre
from tests.pages.conftest import Site, Visits
from tests.pages.test_pages import assert_fits
from tests.pages.test_plan import begun, chosen, pixel, reached

if TYPE_CHECKING:
    from playwright.sync_api import Page

ELSEWHERE = "529901009001"
RULES = (
    "one_community", "contiguous", "no_holes", "households", "area", "compact", "no_barrier_crossed", "codes_follow",
    "a_worker_each", "even_work",
)  # fmt: skip


def broken(page: Page, cell: str | None = None) -> set[str]:
    """Rules in the list, of all cells or of one."""
    of = "" if cell is None else f"[data-cell='{cell}']"
    return {one.get_attribute("data-rule") or "" for one in page.locator(f"#plan-findings [data-rule]{of}").all()}


def clicked(page: Page, letter: str, *places: tuple[float, float]) -> None:
    for place in places:
        page.mouse.click(*pixel(page, *centre(letter, *place)))
    page.click("#plan-done")


def zoomed(page: Page, letter: str) -> None:
    lon, lat = centre(letter)
    page.evaluate("([lon, lat]) => window.map_gridmap.setView([lat, lon], 17, { animate: false })", [lon, lat])


def limits(visit: Visits, **wanted: str) -> None:
    page = visit("admin", "/flow", ready=False)
    for name, value in wanted.items():
        page.fill(f".limits-form [name={name}]", value)
    page.click(".limits-form [type=submit]")
    page.locator("#limits .saved").wait_for()
    page.close()


@pytest.fixture
def nobody_in_h(site: Site) -> Iterator[None]:
    """Who serves H left today, and nobody has come yet."""
    d = t.duties.c
    (cell,) = (row.id for row in site.county.run(select(t.cells.c.id).where(t.cells.c.code == CELL["H"])))
    ends = {row.id: row.valid_to for row in site.county.run(select(d.id, d.valid_to).where(d.cell_id == cell))}
    site.county.run(update(t.duties).where(d.id.in_(ends)).values(valid_to=NOW.date()))
    yield
    for one, end in ends.items():
        site.county.run(update(t.duties).where(d.id == one).values(valid_to=end))


@pytest.mark.usefixtures("nobody_in_h")
def test_each_rule_is_told_with_its_cell(visit: Visits, site: Site, tmp_path: Path) -> None:
    page = visit("planner", "/plan")
    begun(page)
    chosen(page, "C")
    page.click("[data-tool=part]")
    page.select_option("#plan-target", CELL["D"])
    clicked(page, "C", (-0.4, -0.4), (0.4, -0.4), (0.4, 0.4), (-0.4, 0.4))  # an island of D in the middle of C
    reached(page, 2)
    assert {"no_holes", "households", "no_barrier_crossed", "even_work"} <= broken(page, CELL["C"])
    assert "contiguous" in broken(page, CELL["D"])

    chosen(page, "H")
    page.click("[data-tool=split]")
    zoomed(page, "H")  # or the ends would snap to its corners
    clicked(page, "H", (-0.55, 0.46), (0.55, 0.46))  # a strip along its northern border
    reached(page, 3)
    assert "compact" in broken(page)
    assert "a_worker_each" in broken(page, CELL["H"])

    path = tmp_path / "plan.gpkg"
    path.write_bytes(page.request.get(f"{site.url}{page.get_attribute('#plan-export', 'href')}").body())
    frame = gpd.read_file(path)
    path.unlink()
    frame.loc[frame["code"] == CELL["E"], "community"] = ELSEWHERE
    frame.to_file(path, driver="GPKG")
    page.set_input_files("#plan-import", path)
    reached(page, 4)
    assert {"one_community", "codes_follow"} <= broken(page, CELL["E"])

    limits(visit, area_most_m2="1")
    page.reload()
    page.locator("#plan-findings [data-rule=area]").first.wait_for()
    limits(visit, area_most_m2="")
    assert broken(page) == set(RULES)
    assert page.locator("[data-step=submit]").is_disabled()
    assert_fits(page)
    page.screenshot(path=tmp_path / "plan-rules.png")
