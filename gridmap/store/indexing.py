"""Many rows into a SpatiaLite table with a spatial index: the index is filled once they stand.

SpatiaLite keeps its index by triggers that run for each row, each of which looks the tables of geometries through,
deletes from the index, and prepares two statements: two thirds of what a row of points takes. The trigger that checks
geometries stays, and so do all rules of the platform.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Table

from gridmap.store.spatial import is_geometry

#: fewer rows are not worth the change of the schema, after which every connection prepares its statements anew
MANY = 1_000


@contextmanager
def indexed_later(conn: Connection, table: Table, ids: NDArray[np.int64]) -> Iterator[None]:
    """Insert rows with these ids, all new and one after another, within this; on SQLite alone, in one transaction.

    What stands when the body is over is indexed, also when it failed half-way: the caller may go on or roll back.
    """
    names = [column.name for column in table.c if is_geometry(column.type)]
    triggers = {name: _triggers(conn, table.name, name) for name in names}
    for statements in triggers.values():
        for trigger in statements:
            conn.exec_driver_sql(f'DROP TRIGGER "{trigger}"')
    try:
        yield
    finally:
        # a wrong geometry rolls the whole transaction back, and that brings the triggers back
        driver = conn.connection.driver_connection
        if driver is not None and driver.in_transaction:
            for name, statements in triggers.items():
                _index(conn, table.name, name, int(ids[0]), int(ids[-1]))
                for statement in statements.values():
                    conn.exec_driver_sql(statement)


def _triggers(conn: Connection, table: str, column: str) -> dict[str, str]:
    """The triggers that fill the index and note the time of the last insert: their names and statements."""
    wanted = f"gii_{table}_{column}", f"tmi_{table}_{column}"
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name IN (?, ?)"
    return {str(name): str(sql) for name, sql in conn.exec_driver_sql(query, wanted)}


def _index(conn: Connection, table: str, column: str, first: int, last: int) -> None:
    """Put these rows into the index, and note when: what the triggers would have done."""
    boxes = ", ".join(f'{side}("{column}")' for side in ("MbrMinX", "MbrMaxX", "MbrMinY", "MbrMaxY"))
    conn.exec_driver_sql(
        f'INSERT INTO "idx_{table}_{column}" SELECT id, {boxes} FROM "{table}" '  # noqa: S608 (names from the metadata)
        f'WHERE id BETWEEN ? AND ? AND "{column}" IS NOT NULL',
        (first, last),
    )
    conn.exec_driver_sql(
        "UPDATE geometry_columns_time SET last_insert = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') "
        "WHERE lower(f_table_name) = lower(?) AND lower(f_geometry_column) = lower(?)",
        (table, column),
    )
