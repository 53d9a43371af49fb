"""Many rows at once: arrays in, arrays out, straight through the drivers.

Geometry goes in and out as WKB (`GeomFromWKB(?, 4326)`, `AsBinary` and `shapely.from_wkb`); PostgreSQL gets rows by
COPY. Each value passes its column's own type, so moments and days are stored as everywhere else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    Connection,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    Numeric,
    Select,
    Table,
    any_,
    func,
    insert,
    literal,
    select,
    text,
)
from sqlalchemy.types import TypeDecorator

from gridmap.errors import InvalidInput
from gridmap.store.engine import is_sqlite
from gridmap.store.indexing import MANY, indexed_later
from gridmap.store.spatial import is_geometry, wkb
from gridmap.store.tables import SRID

#: rows that `numbers` holds at once as the driver made them
_PART = 50_000
Columns = Mapping[str, Sequence[Any] | NDArray[Any] | pd.Series]


def expect_growth(conn: Connection) -> None:
    """Say that tables will grow far beyond their statistics within this transaction.

    PostgreSQL plans a trigger's queries once a session, by the size of the table at its first rows, and keeps the plan:
    looking through all events for each new one, a register of 20,000 took ten times as long, one of a million no end.
    """
    if not is_sqlite(conn):
        conn.exec_driver_sql("DISCARD PLANS")
        conn.exec_driver_sql("SET LOCAL enable_seqscan = off")


def bulk_insert(conn: Connection, table: Table, columns: Columns) -> NDArray[np.int64]:
    """Insert rows given by equally long columns; return their new ids, int64, in the rows' order.

    None, NaN and NaT are stored as NULL. Geometry columns take shapely geometries in WGS84, moments also come as
    datetime64 in UTC. Spatial indexes and all rules of the database apply. 60,000 points take about 1 s. Give "id" to
    choose the ids oneself.

    Raises InvalidInput for columns of different length; the drivers' errors, which `write` translates.
    """
    count = _length(columns)
    if count == 0:
        return np.empty(0, dtype=np.int64)
    given = dict(columns)
    numbered = "id" in table.c and "id" not in given
    if numbered and count <= _FEW and not is_sqlite(conn):
        return _insert_few(conn, table, given)
    if numbered:
        given["id"] = _next_ids(conn, table, count)
    values = {name: _bound(conn, table, name, column) for name, column in given.items()}
    rows = list(zip(*values.values(), strict=True))
    if is_sqlite(conn):
        marks = ", ".join("GeomFromWKB(?, 4326)" if is_geometry(table.c[name].type) else "?" for name in values)
        names = ", ".join(f'"{name}"' for name in values)
        insert = f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})'  # noqa: S608 (names from the metadata)
        many = numbered and count >= MANY and any(is_geometry(column.type) for column in table.c)
        with indexed_later(conn, table, np.asarray(given["id"], dtype=np.int64)) if many else nullcontext():
            conn.exec_driver_sql(insert, rows)
    else:
        _copy(conn, table, list(values), rows)
    return np.asarray(given["id"], dtype=np.int64) if "id" in given else np.empty(0, dtype=np.int64)


def bulk_update(conn: Connection, table: Table, ids: Sequence[int] | NDArray[Any], columns: Columns) -> int:
    """Set columns of the rows with these ids, one value for each row; return how many rows there were."""
    if len(ids) == 0 or not columns:
        return 0
    if _length(columns) != len(ids):
        raise InvalidInput(f"{len(ids)} ids but {_length(columns)} values")
    sqlite = is_sqlite(conn)
    mark = "?" if sqlite else "%s"
    geometry = "GeomFromWKB(?, 4326)" if sqlite else "%s::geometry"
    sets = ", ".join(f'"{name}" = {geometry if is_geometry(table.c[name].type) else mark}' for name in columns)
    values = [_bound(conn, table, name, column) for name, column in columns.items()]
    rows = list(zip(*values, _bound(conn, table, "id", ids), strict=True))
    update = f'UPDATE "{table.name}" SET {sets} WHERE id = {mark}'  # noqa: S608 (names from the metadata)
    # both drivers add up the counts of all rows
    return conn.exec_driver_sql(update, rows).rowcount


def frame(conn: Connection, query: Select[Any]) -> pd.DataFrame:
    """The query's rows as a frame; a GeoDataFrame (WGS84) when it selects a geometry column (the first is active).

    Types follow the columns', also when no row is found: whole numbers int64 (Int64 when some are missing), floats
    float64, moments datetime64[us, UTC], everything else object with None where missing.
    """
    columns = list(query.selected_columns)
    plain = [wkb(column).label(column.key) if is_geometry(column.type) else column for column in columns]
    return _framed(columns, conn.execute(query.with_only_columns(*plain, maintain_column_froms=True)).all())


def among(conn: Connection, column: ColumnElement[int], ids: Collection[int]) -> ColumnElement[bool]:
    """That a column holds one of these whole numbers, however many: they go to the database as one value.

    As a parameter each, PostgreSQL takes 65,535 and SQLite half as many.
    """
    if not is_sqlite(conn):
        return column == any_(literal(list(ids), ARRAY(Integer)))
    each = func.json_each(json.dumps(list(ids))).table_valued("value")
    return column.in_(select(each.c.value))


def inserted(conn: Connection, table: Table, query: Select[Any], names: Sequence[str]) -> pd.DataFrame:
    """Insert a query's rows, its columns being named as the table's; these columns of what was written, as `frame`."""
    columns = [table.c[name] for name in names]
    filled = insert(table).from_select([str(column.key) for column in query.selected_columns], query)
    return _framed(columns, conn.execute(filled.returning(*columns)).all())


def _framed(columns: Sequence[Any], rows: Sequence[Any]) -> pd.DataFrame:
    parts = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    data = {str(column.key): _series(part, column.type) for column, part in zip(columns, parts, strict=True)}
    out = pd.DataFrame(data)
    shapes = [str(column.key) for column in columns if is_geometry(column.type)]
    return gpd.GeoDataFrame(out, geometry=shapes[0], crs=SRID) if shapes else out


def numbers(conn: Connection, query: Select[Any]) -> NDArray[np.float64]:
    """The query's rows of plain numbers as float64 (n, columns), NaN where missing; whole numbers below 2^53.

    For a million rows and more: they come in parts, so that what the driver made of them is not all held at once.
    """
    width = len(query.selected_columns)
    found = conn.execute(query.execution_options(yield_per=_PART))
    parts = [np.array(list(zip(*rows, strict=True)), dtype=np.float64) for rows in found.partitions()]
    return np.concatenate(parts, axis=1).T if parts else np.empty((0, width))


# --- in -------------------------------------------------------------------------------------------------------------


def _length(columns: Columns) -> int:
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise InvalidInput(f"columns of different length: {lengths}")
    return next(iter(lengths.values()), 0)


def _next_ids(conn: Connection, table: Table, count: int) -> NDArray[np.int64]:
    """Ids never used before. On SQLite the writer is alone (BEGIN IMMEDIATE); on PostgreSQL the sequence gives them,
    all in one text: as rows they take as long as the COPY of what they are for."""
    if is_sqlite(conn):
        last = conn.execute(text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table.name}).scalar()
        return np.arange(count, dtype=np.int64) + int(last or 0) + 1
    sequence = text(
        "SELECT string_agg(nextval(named.seq)::text, ' ') "
        "FROM (SELECT pg_get_serial_sequence(:name, 'id')::regclass AS seq) AS named, generate_series(1, :count)"
    )
    ids = conn.execute(sequence, {"name": table.name, "count": count}).scalar_one()
    return np.array(ids.split(), dtype=np.int64)


def _bound(conn: Connection, table: Table, name: str, values: Any) -> list[Any]:
    """A column's values as the driver takes them."""
    kind = table.c[name].type
    if is_geometry(kind):
        shapes = np.asarray(values, dtype=object)
        if is_sqlite(conn):
            return list(shapely.to_wkb(shapes))
        return list(shapely.to_wkb(shapely.set_srid(shapes, SRID), hex=True, include_srid=True))
    quick = _quick(conn, kind, values)
    if quick is not None:
        return quick
    plain = _plain(values)
    convert: Callable[[Any], Any] | None = kind.dialect_impl(conn.dialect).bind_processor(conn.dialect)
    impl = _impl(kind)
    if isinstance(impl, LargeBinary):
        convert = None  # both drivers take bytes as they are
    if isinstance(impl, Float | Integer):
        # neither driver checks: SQLite would store the text, PostgreSQL name neither row nor column
        convert = float if isinstance(impl, Float) else _whole
    if convert is None:
        return plain
    try:
        return [None if value is None else convert(value) for value in plain]
    except (TypeError, ValueError) as exc:
        raise InvalidInput(f"{table.name}.{name} holds something that is no {_word(kind)}", field=name) from exc


def _quick(conn: Connection, kind: Any, values: Any) -> list[Any] | None:
    """An array whose values are of the column's own type already, without a look at each; None for all else."""
    if not isinstance(values, np.ndarray):
        return None
    impl, letter = _impl(kind), values.dtype.kind
    if letter == "M" and isinstance(impl, DateTime):
        ending = "" if is_sqlite(conn) else "+00"
        texts = np.datetime_as_string(values, unit="us").tolist()
        return [None if text == "NaT" else text.replace("T", " ") + ending for text in texts]
    if (letter == "i" and isinstance(impl, Integer)) or (letter == "f" and isinstance(impl, Float)):
        listed: list[Any] = values.tolist()
        return [None if value != value else value for value in listed] if letter == "f" else listed
    return None


def _plain(values: Any) -> list[Any]:
    """Python's own numbers, text, dates and moments; None for whatever is missing."""
    if isinstance(values, np.ndarray):
        values = pd.Series(values)
    if isinstance(values, pd.Series):
        missing = values.isna()
        moments = isinstance(values.dtype, pd.DatetimeTZDtype)
        whole = pd.Series(values.dt.to_pydatetime() if moments else values, index=values.index, dtype=object)
        return whole.where(~missing, None).tolist()
    return [None if value is None or value is pd.NaT or value is pd.NA or value != value else value for value in values]


def _whole(value: Any) -> int:
    """A whole number, also from a float column that holds missing ones; ValueError for a fraction or a text."""
    number = int(value)
    if number != value:
        raise ValueError(f"{type(value).__name__} is no whole number")
    return number


#: up to so many rows go as one INSERT: a COPY and its ids take four trips to the server
_FEW = 8


def _insert_few(conn: Connection, table: Table, columns: Columns) -> NDArray[np.int64]:
    """Insert a few rows on PostgreSQL, their ids drawn by the table itself."""
    values = {name: _bound(conn, table, name, column) for name, column in columns.items()}
    names = ", ".join(f'"{name}"' for name in values)
    mark = ", ".join("%s::geometry" if is_geometry(table.c[name].type) else "%s" for name in values)
    rows = list(zip(*values.values(), strict=True))
    marks = ", ".join([f"({mark})"] * len(rows))
    insert = f'INSERT INTO "{table.name}" ({names}) VALUES {marks} RETURNING id'  # noqa: S608 (names from the metadata)
    ids = conn.exec_driver_sql(insert, tuple(value for row in rows for value in row)).scalars().all()
    return np.asarray(ids, dtype=np.int64)


def _copy(conn: Connection, table: Table, names: list[str], rows: list[tuple[Any, ...]]) -> None:
    listed = ", ".join(f'"{name}"' for name in names)
    driver: Any = conn.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({listed}) FROM STDIN') as copy:
        for row in rows:
            copy.write_row(row)


# --- out ------------------------------------------------------------------------------------------------------------


def _series(values: Sequence[Any], kind: Any) -> Any:
    """One column with the type that its SQL type asks for, also when it is empty or all missing."""
    if is_geometry(kind):
        return shapely.from_wkb(_objects(values))
    impl = _impl(kind)
    if isinstance(impl, DateTime):
        return pd.Series(pd.to_datetime(list(values), utc=True)).astype("datetime64[us, UTC]")
    if isinstance(impl, Boolean):
        return pd.Series(_objects(values), dtype="boolean" if None in values else "bool")
    if isinstance(impl, Integer):
        return pd.Series(_objects(values), dtype="Int64" if None in values else "int64")
    if isinstance(impl, Float | Numeric):
        return pd.Series(_objects(values), dtype="float64")
    return pd.Series(_objects(values), dtype=object)


def _impl(kind: Any) -> Any:
    """The plain type behind a decorated one."""
    return kind.impl_instance if isinstance(kind, TypeDecorator) else kind


def _word(kind: Any) -> str:
    return {Float: "number", Integer: "whole number", DateTime: "moment with a time zone"}.get(
        type(_impl(kind)), str(kind).lower()
    )


def _objects(values: Sequence[Any]) -> NDArray[np.object_]:
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out
