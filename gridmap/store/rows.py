"""A few rows at once, written hundreds of times a second: each INSERT is worded once, then goes to the driver as it is.

As `worded` does for what is asked. A column's values pass its own type, as everywhere else; geometry comes as shapely
geometries in WGS84.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import shapely
from sqlalchemy import Connection, Dialect, Table

from gridmap.store.engine import is_sqlite
from gridmap.store.spatial import is_geometry
from gridmap.store.tables import SRID

Row = Mapping[str, Any]
_Convert = Callable[[Any], Any]


def next_ids(conn: Connection, *tables: Table) -> list[int]:
    """An id for a new row of each table, never used before, in one statement. See `bulk.bulk_insert`."""
    if is_sqlite(conn):  # the writer is alone
        rows = conn.exec_driver_sql("SELECT name, seq FROM sqlite_sequence").all()
        last: dict[str, int] = {row[0]: row[1] for row in rows}
        return [last.get(table.name, 0) + 1 for table in tables]
    return [int(one) for one in conn.exec_driver_sql(_drawing(tables)).one()]


@lru_cache(64)
def _drawing(tables: tuple[Table, ...]) -> str:
    drawn = ", ".join(f"nextval(pg_get_serial_sequence('{table.name}', 'id'))" for table in tables)
    return f"SELECT {drawn}"


def insert_rows(conn: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert some rows of the same columns, in one statement, their ids given where somebody has to know them."""
    if rows:
        text, converters = _worded(conn.dialect, table, tuple(rows[0]), len(rows))
        conn.exec_driver_sql(text, _values(rows, converters))


def insert_missing(conn: Connection, table: Table, row: Row) -> bool:
    """Insert one row unless one with its key is there; whether it was inserted. Waits for another who is inserting."""
    text, converters = _worded(conn.dialect, table, tuple(row), 1)
    return conn.exec_driver_sql(f"{text} ON CONFLICT DO NOTHING", _values([row], converters)).rowcount == 1


@lru_cache(256)
def _worded(
    dialect: Dialect, table: Table, names: tuple[str, ...], count: int
) -> tuple[str, tuple[tuple[str, _Convert | None], ...]]:
    """The statement, and what each value becomes for the driver."""
    sqlite = dialect.name == "sqlite"
    plain, shape = ("?", "GeomFromWKB(?, 4326)") if sqlite else ("%s", "%s::geometry")
    marks = ", ".join(shape if is_geometry(table.c[name].type) else plain for name in names)
    listed = ", ".join(f'"{name}"' for name in names)
    rows = ", ".join([f"({marks})"] * count)
    text = f'INSERT INTO "{table.name}" ({listed}) VALUES {rows}'  # noqa: S608 (names from the metadata)
    return text, tuple((name, _converter(dialect, table.c[name].type)) for name in names)


def _converter(dialect: Dialect, kind: Any) -> _Convert | None:
    if is_geometry(kind):
        return shapely.to_wkb if dialect.name == "sqlite" else _ewkb
    found: _Convert | None = kind.dialect_impl(dialect).bind_processor(dialect)
    return found


def _ewkb(shape: Any) -> str:
    return str(shapely.to_wkb(shapely.set_srid(shape, SRID), hex=True, include_srid=True))


def _values(rows: Sequence[Row], converters: Sequence[tuple[str, _Convert | None]]) -> tuple[Any, ...]:
    return tuple(row[name] if convert is None else convert(row[name]) for row in rows for name, convert in converters)
