"""Vector tiles: whole cells at every zoom, borders shared to the unit, nothing beyond the buffer, the same bytes."""

from __future__ import annotations

from typing import Any

import mapbox_vector_tile
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import Voronoi

from layers.vector_tiles import BUFFER, EXTENT, TileSource

SQUARE = shapely.box(0.0, 0.0, 10.0, 10.0)


def coverage(seed: int, count: int = 40) -> np.ndarray:
    """A true coverage of SQUARE (degrees): Voronoi cells, their vertices shared bit for bit, one with a hole filled."""
    rng = np.random.default_rng(seed)
    sites = rng.uniform(0.5, 9.5, (count, 2))
    mirrored = [sites, sites * [-1, 1], sites * [1, -1], [20, 0] + sites * [-1, 1], [0, 20] + sites * [1, -1]]
    drawn = Voronoi(np.vstack(mirrored))
    corners = np.clip(np.round(drawn.vertices, 9), 0.0, 10.0)
    cells = [shapely.Polygon(corners[drawn.regions[drawn.point_region[i]]]) for i in range(count)]
    hole = shapely.box(
        *(cells[0].centroid.coords[0] - np.array([1e-3, 1e-3])), *(np.add(cells[0].centroid.coords[0], 1e-3))
    )
    return np.array([shapely.difference(cells[0], hole), *cells[1:], hole], dtype=object)


def source(cells: np.ndarray) -> TileSource:
    properties = [{"code": f"{i:03}", "load": None if i % 2 else i / 2} for i in range(len(cells))]
    return TileSource("cells", cells, list(range(1, len(cells) + 1)), properties)


def features(body: bytes) -> list[dict[str, Any]]:
    """The features of a tile, coordinates as they stand: y counted from the north."""
    if not body:
        return []
    decoded = mapbox_vector_tile.decode(body, default_options={"y_coord_down": True})
    assert list(decoded) == ["cells"]
    assert decoded["cells"]["extent"] == EXTENT
    found: list[dict[str, Any]] = decoded["cells"]["features"]
    return found


def tiles_over(z: int) -> list[tuple[int, int]]:
    """Tiles of a zoom that SQUARE reaches into."""
    side = 2**z
    west, east = side // 2, int((10.0 / 360 + 0.5) * side)
    north = int((0.5 - np.arcsinh(np.tan(np.radians(10.0))) / (2 * np.pi)) * side)
    return [(x, y) for x in range(west, east + 1) for y in range(north, side // 2 + 1)]


@pytest.mark.parametrize("z", [3, 5, 6])
def test_cells_cover_the_tile_without_gap_or_overlap(z: int) -> None:
    """The areas on the grid add up to what the square takes there, to the unit: shared borders are shared."""
    made = source(coverage(1))
    for x, y in tiles_over(z):
        shapes = [shapely.geometry.shape(one["geometry"]) for one in features(made.tile(z, x, y))]
        window = shapely.box(-BUFFER, -BUFFER, EXTENT + BUFFER, EXTENT + BUFFER)
        assert all(shapely.covers(window, shape) for shape in shapes)
        total = sum(shape.area for shape in shapes)
        whole = features(source(np.array([SQUARE], dtype=object)).tile(z, x, y))
        assert total == sum(shapely.geometry.shape(one["geometry"]).area for one in whole), (z, x, y)


@settings(max_examples=25)
@given(seed=st.integers(0, 500), z=st.integers(4, 12), pick=st.integers(0, 10_000))
def test_neighbours_keep_the_same_vertices(seed: int, z: int, pick: int) -> None:
    """Each border vertex inside the tile belongs to all drawn cells that had it, rounded the same way."""
    cells = coverage(seed, 12)
    tiles = tiles_over(z)
    x, y = tiles[pick % len(tiles)]
    expected: dict[tuple[int, int], set[int]] = {}
    for row, cell in enumerate(cells):
        for lon, lat in shapely.get_coordinates(cell.exterior):
            east = ((lon / 360 + 0.5) * 2.0**z - x) * EXTENT
            south = ((0.5 - np.arcsinh(np.tan(np.radians(lat))) / (2 * np.pi)) * 2.0**z - y) * EXTENT
            if 0 < east < EXTENT and 0 < south < EXTENT:
                expected.setdefault((round(east), round(south)), set()).add(row + 1)
    there: dict[tuple[int, int], set[int]] = {}
    for one in features(source(cells).tile(z, x, y)):
        for east, south in shapely.get_coordinates(shapely.geometry.shape(one["geometry"])):
            there.setdefault((int(east), int(south)), set()).add(one["id"])
    drawn = {one["id"] for one in features(source(cells).tile(z, x, y))}
    for place, owners in expected.items():
        assert owners & drawn <= there.get(place, set()), place


def test_rings_turn_as_the_standard_asks_and_missing_values_are_left_out() -> None:
    found = features(source(coverage(3)).tile(5, *tiles_over(5)[0]))
    assert found
    for one in found:
        shape = shapely.geometry.shape(one["geometry"])
        for part in getattr(shape, "geoms", [shape]):
            # on screen clockwise, which is counter-clockwise where y is counted downwards
            assert shapely.is_ccw(part.exterior)
            assert not any(shapely.is_ccw(ring) for ring in part.interiors)
        assert one["properties"]["code"] == f"{one['id'] - 1:03}"
        assert ("load" in one["properties"]) == (one["id"] % 2 == 1)


def test_what_is_smaller_than_a_unit_is_left_out_and_far_tiles_are_empty() -> None:
    tiny = np.array([shapely.box(1.0, 1.0, 1.0 + 1e-7, 1.0 + 1e-7)], dtype=object)
    assert features(source(tiny).tile(4, 8, 7)) == []
    made = source(coverage(1))
    assert made.tile(5, 0, 0) == b""
    assert not made.has(5, 0, 0)
    assert made.has(0, 0, 0)


def test_deep_tiles_are_cut_to_their_window() -> None:
    """At the last zoom a cell is ten billion units wide; the tile holds the little it shows."""
    z = 22
    x = int((5.0 / 360 + 0.5) * 2**z)
    y = int((0.5 - np.arcsinh(np.tan(np.radians(5.0))) / (2 * np.pi)) * 2**z)
    found = features(source(np.array([SQUARE], dtype=object)).tile(z, x, y))
    assert shapely.geometry.shape(found[0]["geometry"]).bounds == (-BUFFER, -BUFFER, EXTENT + BUFFER, EXTENT + BUFFER)


def test_the_same_cells_make_the_same_bytes() -> None:
    assert source(coverage(7)).tile(5, *tiles_over(5)[0]) == source(coverage(7)).tile(5, *tiles_over(5)[0])
