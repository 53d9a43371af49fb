"""Laws of assignment, on random drawings: exactly one cell each, equal to a loop over the cells, masses that add up."""

from __future__ import annotations

import itertools

import geopandas as gpd
import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.ground import AssignmentIndex, convert, distance_m
from gridmap.ground.borders import Borders
from tests.grids import LAT, LON, SIZE_DEG, grid
from tests.hard import by_loop, hard_points


@st.composite
def drawings(draw: st.DrawFn, alphabet: str = "ABCDE.") -> str:
    width, height = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    row = st.text(st.sampled_from(alphabet), min_size=width, max_size=width)
    return "/".join(draw(st.lists(row, min_size=height, max_size=height)))


@settings(max_examples=60, deadline=None)
@given(
    drawing=drawings(),
    bend=st.sampled_from([0.0, 0.4]),
    size_m=st.sampled_from([None, 137.0]),
    seed=st.integers(0, 999),
)
def test_located_is_what_a_loop_finds(drawing: str, bend: float, size_m: float | None, seed: int) -> None:
    cells = grid(drawing, bend=bend, size_m=size_m)
    if cells.empty:
        assert (AssignmentIndex(cells).locate([LON], [LAT]) == -1).all()
        return
    cells = cells.sample(frac=1.0, random_state=seed).reset_index(drop=True)
    lon, lat = hard_points(cells, seed)
    index = AssignmentIndex(cells)
    want = by_loop(cells, lon, lat)
    assert np.array_equal(index.locate(lon, lat), want)
    order = np.random.default_rng(seed).permutation(len(lon))
    assert np.array_equal(index.locate(lon[order], lat[order]), want[order])
    some = order[:5]
    assert np.array_equal(np.concatenate([index.locate(lon[i], lat[i]) for i in some]), want[some])
    index.make_ready()
    assert np.array_equal(index.locate(lon, lat), want)
    assert np.array_equal(np.concatenate([index.locate(lon[i], lat[i]) for i in some]), want[some])


@st.composite
def rectangles(draw: st.DrawFn) -> gpd.GeoDataFrame:
    """A square cut in two again and again: corners of some lie on edges of others."""
    pieces = [(0.0, 0.0, 1.0, 1.0)]
    for _ in range(draw(st.integers(0, 10))):
        west, south, east, north = pieces.pop(draw(st.integers(0, len(pieces) - 1)))
        share = draw(st.floats(0.2, 0.8))
        x, y = west + share * (east - west), south + share * (north - south)
        if draw(st.booleans()):
            pieces += [(west, south, x, north), (x, south, east, north)]
        else:
            pieces += [(west, south, east, y), (west, y, east, north)]
    return gpd.GeoDataFrame({"code": [f"{i}" for i in range(len(pieces))]}, geometry=[shapely.box(*p) for p in pieces])


@settings(max_examples=40, deadline=None)
@given(cells=rectangles(), turn=st.floats(0.0, 3.0), seed=st.integers(0, 999))
def test_corners_on_others_edges_are_found_exactly(cells: gpd.GeoDataFrame, turn: float, seed: int) -> None:
    """Turned, such corners miss the edges by a rounding: slivers of gaps and overlaps."""
    ways = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    for shapes in (cells.geometry.values, shapely.transform(cells.geometry.values, lambda c: c @ ways + 100.0)):
        moved = cells.set_geometry(gpd.GeoSeries(shapes))
        lon, lat = hard_points(moved, seed)
        index = AssignmentIndex(moved)
        index.make_ready()
        assert np.array_equal(index.locate(lon, lat), by_loop(moved, lon, lat))


@settings(max_examples=40, deadline=None)
@given(drawing=drawings("ABCDEFG"), bend=st.sampled_from([0.0, 0.4]), seed=st.integers(0, 999))
def test_every_place_in_the_area_is_in_exactly_one_cell(drawing: str, bend: float, seed: int) -> None:
    cells = grid(drawing, bend=bend)
    rows = drawing.split("/")
    lon, lat = hard_points(cells, seed)
    # the drawing fills its rectangle, whose edges are exact: bends move inner vertices only
    east, north = LON + len(rows[0]) * SIZE_DEG, LAT + len(rows) * SIZE_DEG
    within = (lon >= LON) & (lon <= east) & (lat >= LAT) & (lat <= north)
    located = AssignmentIndex(cells).locate(lon, lat)
    # neighbours share their vertices bit for bit, so even a point one ulp beside a slanted edge is in one of the two
    assert (located[within] >= 0).all()
    assert (located[~within] == -1).all()


@settings(max_examples=40, deadline=None)
@given(
    drawing=drawings(), radius=st.floats(0.0, 3_000.0), size_m=st.sampled_from([40.0, 300.0]), seed=st.integers(0, 999)
)
def test_placements_obey_their_laws(drawing: str, radius: float, size_m: float, seed: int) -> None:
    cells = grid(drawing, bend=0.3, size_m=size_m)
    if cells.empty:
        return
    lon, lat = hard_points(cells, seed)
    index = AssignmentIndex(cells)
    placed = index.place(lon, lat, radius)
    inside = placed.cell >= 0
    assert np.array_equal(placed.cell, index.locate(lon, lat))
    assert (placed.border_m[inside] >= 0.0).all()
    assert np.isnan(placed.border_m[~inside]).all()
    assert (placed.nearest_m[~inside] >= 0.0).all()
    assert np.isnan(placed.nearest_m[inside]).all()
    assert ((placed.nearest >= 0) == ~inside).all()
    assert ((placed.confidence >= 0.0) & (placed.confidence <= 1.0)).all()
    named = placed.runner_up >= 0
    assert (placed.confidence[named] < 0.9).all()
    assert (placed.runner_up[named] != placed.cell[named]).all()
    surer = index.place(lon, lat, radius / 2.0).confidence
    assert (surer >= placed.confidence - 1e-3)[placed.border_m > radius * 3.0].all()


@settings(max_examples=40, deadline=None)
@given(drawing=drawings(), sigma=st.floats(0.01, 2_000.0), seed=st.integers(0, 999))
def test_masses_of_a_point_add_up_to_at_most_one(drawing: str, sigma: float, seed: int) -> None:
    cells = grid(drawing, bend=0.3, size_m=100.0)
    if cells.empty:
        return
    lon, lat = hard_points(cells, seed)
    inside = AssignmentIndex(cells).locate(lon, lat)  # letters are in order, so rows are positions
    shares = Borders(cells.geometry.to_numpy()).shares(lon, lat, np.full(len(lon), sigma), inside)
    assert ((shares.mass >= 0.0) & (shares.mass <= 1.0)).all()
    total = np.bincount(shares.point, weights=shares.mass, minlength=len(lon))
    assert total.max(initial=0.0) <= 1.0 + 1e-3
    if "." not in drawing:
        deep = shapely.distance(shapely.points(lon, lat), cells.union_all().boundary) * 95_000.0 > 5.0 * sigma
        deep &= (inside >= 0) & (np.bincount(shares.point, minlength=len(lon)) > 0)
        assert np.allclose(total[deep], 1.0, atol=1e-3)


@settings(max_examples=100, deadline=None)
@given(
    lon=st.floats(73.0, 135.0), lat=st.floats(3.0, 53.5),
    way=st.permutations(["wgs84", "gcj02", "bd09", "EPSG:4490", "EPSG:4547"]),
)  # fmt: skip
def test_any_way_round_the_reference_systems_leads_back(lon: float, lat: float, way: list[str]) -> None:
    at = np.array([lon]), np.array([lat])
    here = at
    stops = ["wgs84", *way, "wgs84"]
    for source, target in itertools.pairwise(stops):
        here = convert(*here, source, target)
    assert distance_m(*at, *here)[0] < 1e-3
