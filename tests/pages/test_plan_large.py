"""/plan over cells of many vertices: what comes over the line and into the page stays small, and edits are exact."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.benchmarks.bench_redraw import SIDE, node, squares
from tests.pages.conftest import Site, Visits, until
from tests.pages.test_plan import begun, dragged, pixel, reached
from tests.serving import served

if TYPE_CHECKING:
    from playwright.sync_api import Page, Response

COLUMNS, ROWS, PIECES = 16, 10, 32
CELLS = COLUMNS * ROWS


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A county of 160 cells, each with 128 vertices."""
    url = f"sqlite:///{tmp_path_factory.mktemp('large') / 'county.sqlite'}"
    made = Site(squares(url, COLUMNS, ROWS, 400, PIECES), "")
    with served(made.county) as made.url:
        yield made
    made.county.ctx.engine.dispose()


def vertices(geometry: dict[str, Any]) -> int:
    parts = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    return sum(len(ring) for part in parts for ring in part)


def heard(page: Page) -> list[Response]:
    """Every answer that draws cells, as it comes."""
    found: list[Response] = []
    drawing = re.compile(r"/layers/cells|/drawing\?|/drawings/")
    page.on("response", lambda one: found.append(one) if drawing.search(one.url) else None)
    return found


def drawn(answers: list[Response]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Their addresses and features."""
    return [(one.url, one.json()["features"]) for one in answers]


def test_a_large_plan_comes_thin_and_is_edited_exactly(visit: Visits) -> None:
    page = visit("planner", "/login", ready=False)
    answers = heard(page)
    page.goto(visit.site.url + "/plan")
    page.wait_for_selector("#map[data-ready]")
    begun(page)
    page.wait_for_timeout(400)  # longer than a look for finer shapes waits
    assert {len(features) for _, features in drawn(answers)} == {CELLS}
    for address, features in drawn(answers):
        assert sum(vertices(one["geometry"]) for one in features) < 0.5 * CELLS * (4 * PIECES + 1), address
    # nothing of a cell stands in the page's tree
    assert page.evaluate("document.querySelectorAll('#map *').length") < 2 * CELLS

    answers.clear()
    lon, lat = node(COLUMNS // 2, ROWS // 2)
    page.evaluate("([lon, lat]) => { window.map_gridmap.setView([lat, lon], 18, { animate: false }); }", [lon, lat])
    page.mouse.click(*pixel(page, lon + SIDE / 2, lat + SIDE / 2))
    until(page, "(document.querySelector('#map').dataset.handles ?? '') !== ''")
    page.click("[data-tool=vertices]")
    page.locator(".vertex-hold .vertex-node").first.wait_for()
    # handles of the chosen cell alone, each vertex of it
    assert page.locator(".vertex-hold").count() == 4 * PIECES
    page.wait_for_timeout(400)
    assert answers
    assert all(len(features) < CELLS / 2 for _, features in drawn(answers))

    to = (lon - 0.012 * SIDE, lat - 0.012 * SIDE)  # 2.4 m: the next vertex is 6 m away
    dragged(page, (lon, lat), to)
    reached(page, 2)
    assert page.locator("tr[data-impact]").count() >= 1
    assert page.get_attribute("#map", "data-n-plan-before") is not None
    x, y = pixel(page, *to)  # the handle is drawn anew at its new place
    until(page, f"document.elementFromPoint({x}, {y})?.closest('.vertex-hold') != null")
    dragged(page, to, (lon, lat))
    reached(page, 3)
    # over a cell that nothing was chosen in, a click finds what is drawn there, near and far
    page.evaluate("() => { window.map_gridmap.setZoom(14, { animate: false }); }")
    page.click("[data-tool=choose]")
    page.mouse.click(*pixel(page, lon - 2.5 * SIDE, lat - 1.5 * SIDE))
    wanted = f"{(ROWS // 2 - 2) * COLUMNS + COLUMNS // 2 - 3:06d}"
    until(page, f"document.querySelector('[data-chosen]').dataset.chosen.endsWith('{wanted}')")
