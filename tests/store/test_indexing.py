"""Many rows into a SpatiaLite table: the index and the triggers are afterwards as if each row had come by itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import shapely
from sqlalchemy import Connection, Engine

from gridmap.errors import GridmapError
from gridmap.store import bulk_insert, open_engine, read, savepoint, write
from gridmap.store import tables as t
from gridmap.store.indexing import MANY
from tests.store.test_bulk import homes


@pytest.fixture
def lite(spatialite_url: str) -> Iterator[Engine]:
    opened = open_engine(spatialite_url)
    yield opened
    opened.dispose()


def triggers(conn: Connection) -> list[tuple[str, str]]:
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'households' ORDER BY name"
    return [(row.name, row.sql) for row in conn.exec_driver_sql(query)]


def boxes(conn: Connection) -> list[tuple[float, ...]]:
    return [tuple(row) for row in conn.exec_driver_sql("SELECT * FROM idx_households_geom ORDER BY pkid")]


def test_many_rows_are_indexed_as_few_are(lite: Engine) -> None:
    columns = homes(2 * MANY)
    with read(lite) as conn:
        before = triggers(conn)
    found = []
    for step in (MANY - 1, 2 * MANY):
        with lite.connect() as plain, plain.execution_options(gridmap_writing=True) as conn, conn.begin() as all_of_it:
            for start in range(0, 2 * MANY, step):
                bulk_insert(
                    conn, t.households, {name: column[start : start + step] for name, column in columns.items()}
                )
            found.append(boxes(conn))
            assert triggers(conn) == before
            assert conn.exec_driver_sql("SELECT CheckSpatialIndex('households', 'geom')").scalar() == 1
            all_of_it.rollback()
    assert len(found[0]) == 2 * MANY
    assert found[0] == found[1]


def test_what_fails_leaves_the_triggers(lite: Engine) -> None:
    """A row that stands already, told at the end; and a geometry of another kind, which ends the transaction."""
    with read(lite) as conn:
        before = triggers(conn)
    twice = homes(MANY)
    twice["code"] = [*twice["code"][:-1], twice["code"][0]]
    with write(lite) as conn:
        with pytest.raises(GridmapError), savepoint(conn):
            bulk_insert(conn, t.households, twice)
        bulk_insert(conn, t.households, homes(3, "K"))
        assert len(boxes(conn)) == 3
    wrong = homes(MANY, "W")
    wrong["geom"] = shapely.buffer(wrong["geom"], 0.001)
    with pytest.raises(GridmapError), write(lite) as conn:
        bulk_insert(conn, t.households, wrong)
    with read(lite) as conn:
        assert triggers(conn) == before
        assert conn.exec_driver_sql("SELECT CheckSpatialIndex('households', 'geom')").scalar() == 1
        assert len(boxes(conn)) == 3
