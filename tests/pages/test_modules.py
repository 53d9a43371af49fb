"""What the pages' own scripts compute, asked in the browser and compared with Python."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import shapely

from gridmap.ground import convert
from tests.grids import grid
from tests.pages.conftest import Visits


def test_base_maps_in_gcj02_are_met(visit: Visits) -> None:
    page = visit("planner", "/plan")
    rng = np.random.default_rng(5)
    lon, lat = rng.uniform(74, 134, 40), rng.uniform(19, 52, 40)
    shifted = page.evaluate(
        "async (all) => { const { gcj02 } = await import('/static/js/map.js'); return all.map((a) => gcj02(...a)); }",
        np.column_stack([lon, lat]).tolist(),
    )
    east, north = convert(lon, lat, "wgs84", "gcj02")
    assert np.abs(np.array(shifted) - np.column_stack([east, north])).max() < 1e-9
    outside = page.evaluate("async () => (await import('/static/js/map.js')).gcj02(2.35, 48.85)")
    assert outside == [2.35, 48.85]


def test_one_is_said_otherwise_than_many(visit: Visits) -> None:
    page = visit("worker-a", "/field", lang="en")
    said = page.evaluate(
        "async () => { const { t } = await import('/static/js/dom.js');"
        " return ['0', 1, '1', '1,001'].map((n) => t('phone.needs', { n })); }"
    )
    assert said == ["0 open requests", "1 open request", "1 open request", "1,001 open requests"]


@pytest.mark.parametrize("drawing", ["AB", "AAB/ACB", "A.A/BBB"])
def test_crossing_a_border_ends_on_the_other_side(visit: Visits, drawing: str) -> None:
    page = visit("worker-a", "/field")
    cells = grid(drawing, bend=0.3).set_index("code").geometry
    for code, shape in cells.items():
        for other in cells.drop(code):
            start = other.representative_point()
            lon, lat = page.evaluate(
                "async ([shape, at]) => (await import('/static/js/whereabouts.js')).inside(shape, at)",
                [shapely.geometry.mapping(shapely.orient_polygons(shape)), [start.x, start.y]],
            )
            there = shapely.Point(lon, lat)
            assert shape.covers(there)
            assert there.distance(shape.boundary) < 0.0001


@pytest.mark.parametrize(
    ("geometry", "expected"),
    [
        ({"type": "Point", "coordinates": [1, 2]}, [1, 2]),
        ({"type": "Polygon", "coordinates": [[[0, 0], [4, 0], [4, 2], [0, 2], [0, 0]]]}, [2, 1]),
        ({"type": "LineString", "coordinates": [[0, 0], [1, 1], [5, 5]]}, [1, 1]),
        ({"type": "MultiLineString", "coordinates": [[[9, 9], [8, 8]], [[0, 0], [1, 1], [5, 5]]]}, [1, 1]),
        ({"type": "Polygon", "coordinates": [[[3, 3], [3, 3], [3, 3], [3, 3]]]}, [3, 3]),
    ],
)
def test_names_stand_in_the_middle(visit: Visits, geometry: dict[str, object], expected: list[float]) -> None:
    page = visit("admin", "/admin")
    found = page.evaluate("async (shape) => (await import('/static/js/map.js')).middle(shape)", geometry)
    assert found == pytest.approx(expected)


def test_the_scale_bar_tells_the_truth(visit: Visits) -> None:
    page = visit("planner", "/plan")
    lengths = []
    for zoom in (11, 13, 14.5, 17):
        said, width, metres = page.evaluate(
            """(zoom) => {
                const map = window.map_gridmap;
                map.setZoom(zoom, { animate: false });
                const bar = document.querySelector('#scale');
                const y = map.getSize().y / 2;
                const ends = [0, bar.getBoundingClientRect().width].map((x) => map.containerPointToLatLng([x, y]));
                return [bar.innerText, bar.getBoundingClientRect().width, map.distance(...ends)];
            }""",
            zoom,
        )
        number, unit = said.split()
        stated = float(number.replace(",", "")) * {"米": 1, "公里": 1000}[unit]
        assert metres == pytest.approx(stated, rel=0.03)
        assert 40 <= width <= 130
        lengths.append(stated)
    assert all(far > near for far, near in pairwise(lengths))
