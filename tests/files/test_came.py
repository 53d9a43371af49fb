"""How a place first came in survives a way out and in; a place that was moved since is believed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely

from gridmap.files import Table, canonical
from gridmap.ground import convert
from tests.awkward import HOME

SYSTEMS = ("wgs84", "gcj02", "bd09", "EPSG:4547")


def homes(n: int = 4) -> pd.DataFrame:
    """Homes that came in in four systems, with the WGS84 that was made of it."""
    lon, lat = HOME[0] + np.arange(n) / 300, np.full(n, HOME[1])
    rows = []
    for i, crs in enumerate(SYSTEMS):
        [x], [y] = convert(lon[i : i + 1], lat[i : i + 1], "wgs84", crs)
        [east], [north] = convert([x], [y], crs, "wgs84")
        rows.append((f"H{i}", "一组", crs, x, y, east, north))
    return pd.DataFrame(rows, columns=["code", "address", "crs_in", "x_in", "y_in", "lon", "lat"])


@pytest.mark.parametrize("digits", [15, 7])
def test_rows_of_several_systems_come_back_bit_for_bit(digits: int) -> None:
    """Also from a file that rounded its coordinates to a centimetre."""
    given = homes()
    file = given.assign(lon=given["lon"].round(digits), lat=given["lat"].round(digits))
    parsed = canonical("households", Table.of(file))
    assert parsed.rejects == []
    for name in ("crs_in", "x_in", "y_in", "lon", "lat"):
        assert parsed.frame[name].tolist() == given[name].tolist(), name


def test_a_moved_place_is_what_came_in_now() -> None:
    given = homes()
    moved = given.assign(lon=given["lon"] + [0, 2e-6, 0, 0])
    parsed = canonical("households", Table.of(moved))
    assert parsed.frame["crs_in"].tolist() == ["wgs84", "wgs84", "bd09", "EPSG:4547"]
    assert parsed.frame.loc[1, ["x_in", "y_in"]].tolist() == moved.loc[1, ["lon", "lat"]].tolist()
    assert [note for note in parsed.notes if "1 places were moved" in note]


def test_a_row_that_says_half_of_it_is_a_place_like_any_other() -> None:
    given = homes().assign(x_in=[None] * 4)
    parsed = canonical("households", Table.of(given))
    assert parsed.frame["x_in"].tolist() == given["lon"].tolist()
    assert set(parsed.frame["crs_in"]) == {"wgs84"}


def test_an_unknown_system_is_named_by_its_row() -> None:
    parsed = canonical("households", Table.of(homes().assign(crs_in=["wgs84", "mars", "bd09", "EPSG:99"])))
    assert [(one.row, one.field) for one in parsed.rejects] == [(2, "place"), (4, "place")]
    assert all("crs_in" in one.reason for one in parsed.rejects)


def test_a_site_keeps_its_origin_while_it_lies_in_its_shape() -> None:
    """The point beside a pit is not in its shape's own system; it must only still lie in its box."""
    pit = shapely.box(HOME[0], HOME[1], HOME[0] + 0.01, HOME[1] + 0.01)
    [x], [y] = convert([HOME[0] + 0.005], [HOME[1] + 0.005], "wgs84", "gcj02")
    sites = pd.DataFrame({
        "code": ["E1", "E2"], "name": "矿", "kind": "mine", "crs_in": "gcj02", "x_in": x, "y_in": y,
        "geometry": [pit, shapely.affinity.translate(pit, 1.0)],
    })  # fmt: skip
    frame = canonical("enterprises", Table.of(sites, crs="EPSG:4326")).frame
    assert frame["crs_in"].tolist() == ["gcj02", "wgs84"]
    assert (frame.loc[0, "x_in"], frame.loc[0, "y_in"]) == (x, y)
