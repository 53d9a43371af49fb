"""Which cell each point is in, many points at once: `ground.AssignmentIndex` against the usual ways."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from gridmap.ground import AssignmentIndex, load_pixels
from tests.benchmarks.harness import Contender, Race
from tests.benchmarks.joins import DUCKDB, SEDONADB, TREE, WITHIN, Engines, Rows, joined, tree
from tests.benchmarks.workload import cells, points

Floats = NDArray[np.float64]


def races(quick: bool) -> Iterator[Race]:
    """From arrays and from a GeoSeries, among a county's cells and a country's; once only; and ten times as much."""
    load_pixels()
    places = points(20_000 if quick else 1_000_000)
    county = cells(300, 33) if quick else cells(5_000, 64)
    yield from_arrays(county, places, {} if quick else {WITHIN: 40.0, DUCKDB: 80.0, SEDONADB: 35.0})
    yield from_series(county, places, {} if quick else {WITHIN: 10.0, SEDONADB: 7.0})
    country = cells(600, 33) if quick else cells(100_000, 33)
    yield from_arrays(country, places, {} if quick else {WITHIN: 30.0, DUCKDB: 30.0, SEDONADB: 30.0})
    yield once(country, points(30_000 if quick else 3_000_000), {} if quick else {WITHIN: 1.5})
    yield growth(county, cells(60, 33) if quick else cells(10_000, 33), country, places)


def ready(drawn: gpd.GeoDataFrame) -> AssignmentIndex:
    """An index with its pixel grid."""
    index = AssignmentIndex(drawn)
    index.make_ready()
    return index


def column_pair(places: Floats) -> tuple[Floats, Floats]:
    """Longitudes and latitudes as arrays of their own."""
    return np.ascontiguousarray(places[:, 0]), np.ascontiguousarray(places[:, 1])


def series_of(places: Floats) -> gpd.GeoSeries:
    """Places as points."""
    return gpd.GeoSeries(gpd.points_from_xy(places[:, 0], places[:, 1], crs="EPSG:4326"))


def equal(count: int) -> Callable[[Mapping[str, Any]], str]:
    """Compare all answers with the tree's; `within` leaves out points on borders."""

    def agree(answers: Mapping[str, Any]) -> str:
        for name in answers.keys() - {WITHIN}:
            differing = int((answers[name] != answers[TREE]).sum())
            assert differing == 0, f"{name} differs at {differing} points"
        return f"Equal to GEOS `covered_by` at all {count:,} points."

    return agree


def from_arrays(drawn: gpd.GeoDataFrame, places: Floats, at_least: Mapping[str, float]) -> Race:
    """All points at once from float64 arrays, the index ready."""
    series, index, (lon, lat) = series_of(places), ready(drawn), column_pair(places)
    engines = Engines(drawn, series)
    return Race(
        title=f"Assignment of {len(lon):,} points to {len(drawn):,} cells",
        about=f"{shapely.get_num_coordinates(drawn.geometry.array).mean():.0f} vertices a cell. Ours starts from "
        "arrays with the index ready, geopandas from a GeoSeries, the query engines from tables of their own.",
        ours=Contender("gridmap", lambda: index.locate(lon, lat)),
        others=[*engines.from_tables(), joined(drawn, series, "within"), tree(drawn, series)],
        amount=len(lon),
        unit="points",
        agree=equal(len(lon)),
        at_least=at_least,
        close=engines.close,
    )


def from_series(drawn: gpd.GeoDataFrame, places: Floats, at_least: Mapping[str, float]) -> Race:
    """All points at once from a GeoSeries, the index ready."""
    series, index = series_of(places), ready(drawn)
    engines = Engines(drawn, series)
    return Race(
        title=f"Assignment of a GeoSeries of {len(places):,} points to {len(drawn):,} cells",
        about="All start from the GeoSeries, with their cells ready.",
        ours=Contender("gridmap", lambda: index.locate_points(series)),
        others=[
            *engines.from_series(),
            *(joined(drawn, series, how) for how in ("within", "intersects")),
            tree(drawn, series),
        ],
        amount=len(places),
        unit="points",
        agree=equal(len(places)),
        at_least=at_least,
        close=engines.close,
    )


def once(drawn: gpd.GeoDataFrame, places: Floats, at_least: Mapping[str, float]) -> Race:
    """The index made for these points and thrown away."""
    series, (lon, lat) = series_of(places), column_pair(places)

    def ours() -> Rows:
        index = AssignmentIndex(drawn)
        index.make_ready()
        return index.locate(lon, lat)

    def agree(answers: Mapping[str, Any]) -> str:
        differing = answers["gridmap"] != answers[WITHIN]
        assert differing.sum() <= len(lon) // 1_000  # `within` finds no point on a border
        assert (answers[WITHIN][differing] == -1).all()
        return f"Equal at {int((~differing).sum()):,} points; sjoin leaves out those on borders."

    return Race(
        title=f"Assignment of {len(lon):,} points to {len(drawn):,} cells, once",
        about="Ours makes its index, from the polygons on, and uses it once.",
        ours=Contender("gridmap", ours),
        others=[joined(drawn, series, "within")],
        amount=len(lon),
        unit="points",
        agree=agree,
        at_least=at_least,
    )


def growth(few: gpd.GeoDataFrame, some: gpd.GeoDataFrame, many: gpd.GeoDataFrame, places: Floats) -> Race:
    """Ten times the points, and ten times the cells: nobody to be faster than, but the cost of growing."""
    lon, lat = column_pair(places)
    far_lon, far_lat = column_pair(points(10 * len(lon)))
    index, tenth, tenfold = ready(few), ready(some), ready(many)

    def agree(answers: Mapping[str, Any]) -> str:
        return "Share inside: " + ", ".join(f"{(found >= 0).mean():.3f}" for found in answers.values()) + "."

    return Race(
        title=f"Growth of assignment, from {len(lon):,} points",
        about="Ours alone, from arrays, the index ready.",
        ours=Contender(f"{len(lon):,} points, {len(few):,} cells", lambda: index.locate(lon, lat)),
        others=[
            Contender(f"{len(far_lon):,} points, {len(few):,} cells", lambda: index.locate(far_lon, far_lat)),
            Contender(f"{len(lon):,} points, {len(some):,} cells", lambda: tenth.locate(lon, lat)),
            Contender(f"{len(lon):,} points, {len(many):,} cells", lambda: tenfold.locate(lon, lat)),
        ],
        amount=len(lon),
        unit="points",
        agree=agree,
    )
