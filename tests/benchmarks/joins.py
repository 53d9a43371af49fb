"""The usual ways to say which cell each point is in, as contenders."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from tests.benchmarks.harness import Contender
from tests.benchmarks.peers import have

if TYPE_CHECKING:
    import duckdb

Rows = NDArray[np.int32]
TREE = "STRtree of points, asked by cells"
WITHIN, DUCKDB, SEDONADB = "geopandas.sjoin within", "DuckDB ST_Contains", "SedonaDB ST_Intersects"


def lowest(points_hit: Any, cells_hit: Any, n: int) -> Rows:
    """The lowest cell of each point, -1 for none. The workload's codes rise with the rows."""
    best = np.full(n, np.iinfo(np.int32).max, dtype=np.int32)
    np.minimum.at(best, points_hit, np.asarray(cells_hit, dtype=np.int32))
    return np.where(best == np.iinfo(np.int32).max, np.int32(-1), best)


def joined(drawn: gpd.GeoDataFrame, series: gpd.GeoSeries, predicate: str) -> Contender:
    """geopandas.sjoin from a GeoSeries."""

    def join() -> Rows:
        pairs = gpd.sjoin(gpd.GeoDataFrame(geometry=series), drawn, predicate=predicate)
        return lowest(pairs.index.to_numpy(), pairs["index_right"].to_numpy(), len(series))

    return Contender(f"geopandas.sjoin {predicate}", join)


def tree(drawn: gpd.GeoDataFrame, series: gpd.GeoSeries) -> Contender:
    """A tree of the points; the truth that others are compared with."""

    def ask() -> Rows:
        cell, point = shapely.STRtree(series.array).query(drawn.geometry.array, predicate="covers")
        return lowest(point, cell, len(series))

    return Contender(TREE, ask)


class Engines:
    """The query engines that are here, with the cells and the points in tables of their own."""

    def __init__(self, drawn: gpd.GeoDataFrame, series: gpd.GeoSeries) -> None:
        self._drawn, self._series = drawn, series
        self._duck = _duck(drawn, series) if have("duckdb") else None

    def from_tables(self) -> list[Contender]:
        """Joins of tables that are there already."""
        found = []
        if self._duck is not None:
            found.append(Contender(DUCKDB, self._duck_join))
        if have("sedonadb"):
            join = Sedona(self._drawn)
            join.take(self._series)
            found.append(Contender(SEDONADB, join.run))
        return found

    def from_series(self) -> list[Contender]:
        """Joins that begin with a GeoSeries of the points."""
        if not have("sedonadb"):
            return []
        join = Sedona(self._drawn)

        def run() -> Rows:
            join.take(self._series)
            return join.run()

        return [Contender(SEDONADB, run)]

    def close(self) -> None:
        if self._duck is not None:
            self._duck.close()

    def _duck_join(self) -> Rows:
        assert self._duck is not None
        query = "SELECT points.row, cells.row FROM points JOIN cells ON ST_Contains(cells.geom, points.geom)"
        point, cell = self._duck.execute(query).fetchnumpy().values()
        return lowest(point, cell, len(self._series))


def spatial_duck() -> duckdb.DuckDBPyConnection:
    """A DuckDB with its spatial extension, from the wheel that carries it."""
    import duckdb

    (extension,) = resources.files("duckdb_extension_spatial").glob("extensions/*/spatial.duckdb_extension")
    connection = duckdb.connect()
    connection.execute(f"LOAD '{extension}'")
    return connection


def _duck(drawn: gpd.GeoDataFrame, series: gpd.GeoSeries) -> duckdb.DuckDBPyConnection:
    connection = spatial_duck()
    wkb = pd.DataFrame({"row": np.arange(len(drawn)), "wkb": shapely.to_wkb(drawn.geometry.array)})
    xy = pd.DataFrame({"row": np.arange(len(series)), "x": series.x, "y": series.y})
    connection.register("wkb", wkb).register("xy", xy)
    connection.execute("CREATE TABLE cells AS SELECT row, ST_GeomFromWKB(wkb) AS geom FROM wkb")
    connection.execute("CREATE TABLE points AS SELECT row, ST_Point(x, y) AS geom FROM xy")
    return connection


class Sedona:
    """A SedonaDB with a table of cells."""

    def __init__(self, drawn: gpd.GeoDataFrame) -> None:
        import sedonadb

        self._db = sedonadb.connect()
        self._table("cells", drawn.geometry)

    def take(self, series: gpd.GeoSeries) -> None:
        self._count = len(series)
        self._table("points", series)

    def run(self) -> Rows:
        query = "SELECT p.row, c.row AS cell FROM points p JOIN cells c ON ST_Intersects(c.geometry, p.geometry)"
        found = pa.table(self._db.sql(query))
        return lowest(found["row"].to_numpy(), found["cell"].to_numpy(), self._count)

    def _table(self, name: str, shapes: gpd.GeoSeries) -> None:
        frame = gpd.GeoDataFrame({"row": np.arange(len(shapes))}, geometry=shapes.array, crs="EPSG:4326")
        self._db.create_data_frame(frame).to_memtable().to_view(name, overwrite=True)
