"""Which cell each point is in: `ground.AssignmentIndex` against the usual ways."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import resources
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridmap.ground import AssignmentIndex
from tests.benchmarks.harness import Contender, Race
from tests.benchmarks.peers import have
from tests.benchmarks.workload import cells, points

if TYPE_CHECKING:
    import duckdb

Rows = NDArray[np.int32]


def races(quick: bool) -> Iterator[Race]:
    """A batch of points, and single look-ups one after another."""
    drawn = cells(300, 33) if quick else cells(5_000, 64)
    places = points(20_000 if quick else 1_000_000)
    index = AssignmentIndex(drawn)
    yield batch(drawn, index, places)
    yield single(drawn, index, places[:: len(places) // 2_000])


def lowest(points_hit: Any, cells_hit: Any, n: int) -> Rows:
    """The lowest cell of each point, -1 for none. The workload's codes rise with the rows."""
    best = np.full(n, np.iinfo(np.int32).max, dtype=np.int32)
    np.minimum.at(best, points_hit, np.asarray(cells_hit, dtype=np.int32))
    return np.where(best == np.iinfo(np.int32).max, np.int32(-1), best)


def batch(drawn: gpd.GeoDataFrame, index: AssignmentIndex, places: NDArray[np.float64]) -> Race:
    """All points at once, from float64 arrays; each way makes its points from them."""
    lon, lat = np.ascontiguousarray(places[:, 0]), np.ascontiguousarray(places[:, 1])
    series = gpd.GeoDataFrame(geometry=gpd.points_from_xy(lon, lat, crs="EPSG:4326"))

    def joined(predicate: str) -> Rows:
        pairs = gpd.sjoin(series, drawn, predicate=predicate)
        return lowest(pairs.index.to_numpy(), pairs["index_right"].to_numpy(), len(lon))

    def tree() -> Rows:
        cell, point = shapely.STRtree(series.geometry.array).query(drawn.geometry.array, predicate="covers")
        return lowest(point, cell, len(lon))

    def agree(answers: Mapping[str, Any]) -> str:
        truth = answers["STRtree of points, asked by cells"]
        for name in answers.keys() - {"geopandas.sjoin within"}:
            differing = int((answers[name] != truth).sum())
            assert differing == 0, f"{name} differs at {differing} points"
        return f"Equal to GEOS `covered_by` at all {len(lon):,} points."

    others, close = duck(drawn, lon, lat) if have("duckdb") else ([], lambda: None)
    others += [
        Contender("geopandas.sjoin within", lambda: joined("within")),
        Contender("geopandas.sjoin intersects", lambda: joined("intersects")),
        Contender("STRtree of points, asked by cells", tree),
    ]
    return Race(
        title=f"Assignment of {len(lon):,} points to {len(drawn):,} cells",
        about=f"{shapely.get_num_coordinates(drawn.geometry.array).mean():.0f} vertices a cell. Ours starts from "
        "arrays with the index ready, geopandas from a GeoSeries, DuckDB from its own tables.",
        ours=Contender("gridmap", lambda: index.locate(lon, lat)),
        others=others,
        amount=len(lon),
        unit="points",
        agree=agree,
        close=close,
    )


def spatial_duck() -> duckdb.DuckDBPyConnection:
    """A DuckDB with its spatial extension, from the wheel that carries it."""
    import duckdb

    (extension,) = resources.files("duckdb_extension_spatial").glob("extensions/*/spatial.duckdb_extension")
    connection = duckdb.connect()
    connection.execute(f"LOAD '{extension}'")
    return connection


def duck(
    drawn: gpd.GeoDataFrame, lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> tuple[list[Contender], Callable[[], None]]:
    """DuckDB's spatial join, from its own tables; and what closes it."""
    connection = spatial_duck()
    wkb = pd.DataFrame({"row": np.arange(len(drawn)), "wkb": shapely.to_wkb(drawn.geometry.array)})
    xy = pd.DataFrame({"row": np.arange(len(lon)), "x": lon, "y": lat})
    connection.register("wkb", wkb).register("xy", xy)
    connection.execute("CREATE TABLE cells AS SELECT row, ST_GeomFromWKB(wkb) AS geom FROM wkb")
    connection.execute("CREATE TABLE points AS SELECT row, ST_Point(x, y) AS geom FROM xy")
    query = "SELECT points.row, cells.row FROM points JOIN cells ON ST_Contains(cells.geom, points.geom)"

    def join() -> Rows:
        point, cell = connection.execute(query).fetchnumpy().values()
        return lowest(point, cell, len(lon))

    return [Contender("DuckDB ST_Contains", join)], connection.close


def single(drawn: gpd.GeoDataFrame, index: AssignmentIndex, places: NDArray[np.float64]) -> Race:
    """One point at a time, as a report comes in."""
    pairs = [(float(lon), float(lat)) for lon, lat in places]
    tree = shapely.STRtree(drawn.geometry.array)

    def ours() -> Rows:
        return np.array([index.locate(lon, lat)[0] for lon, lat in pairs])

    def theirs() -> Rows:
        hits = (tree.query(shapely.Point(lon, lat), predicate="intersects") for lon, lat in pairs)
        return np.array([hit.min() if len(hit) else -1 for hit in hits])

    def agree(answers: Mapping[str, Any]) -> str:
        assert (answers["gridmap"] == answers["STRtree"]).all()
        return f"Equal at all {len(pairs):,} points."

    return Race(
        title=f"One look-up among {len(drawn):,} cells",
        about=f"{len(pairs):,} points, one call each, both with the index ready.",
        ours=Contender("gridmap", ours),
        others=[Contender("STRtree", theirs)],
        amount=len(pairs),
        unit="look-ups",
        agree=agree,
    )
