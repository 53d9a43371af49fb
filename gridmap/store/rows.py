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

from gridmap.store.spatial import is_geometry
from gridmap.store.tables import SRID

Row = Mapping[str, Any]
_Convert = Callable[[Any], Any]


def insert_row(conn: Connection, table: Table, row: Row) -> int:
    """Insert one row; the id that the table drew for it."""
    text, converters = _worded(conn.dialect, table, tuple(row), 1, returning=True)
    return int(conn.exec_driver_sql(text, _values([row], converters)).scalar_one())


def insert_rows(conn: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert some rows of the same columns, in one statement."""
    if rows:
        text, converters = _worded(conn.dialect, table, tuple(rows[0]), len(rows), returning=False)
        conn.exec_driver_sql(text, _values(rows, converters))


@lru_cache(256)
def _worded(
    dialect: Dialect, table: Table, names: tuple[str, ...], count: int, *, returning: bool
) -> tuple[str, tuple[tuple[str, _Convert | None], ...]]:
    """The statement, and what each value becomes for the driver."""
    sqlite = dialect.name == "sqlite"
    plain, shape = ("?", "GeomFromWKB(?, 4326)") if sqlite else ("%s", "%s::geometry")
    marks = ", ".join(shape if is_geometry(table.c[name].type) else plain for name in names)
    listed = ", ".join(f'"{name}"' for name in names)
    rows = ", ".join([f"({marks})"] * count)
    ending = " RETURNING id" if returning else ""
    text = f'INSERT INTO "{table.name}" ({listed}) VALUES {rows}{ending}'  # noqa: S608 (names from the metadata)
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
