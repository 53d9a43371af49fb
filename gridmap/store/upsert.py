"""Bring rows in by their code: new ones are inserted, changed ones updated, equal ones left alone."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from sqlalchemy import Connection, Table, Text, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import JSONB

from gridmap.store.bulk import bulk_insert, bulk_update, frame
from gridmap.store.engine import is_sqlite

Columns = Mapping[str, Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Upserted:
    """`ids` aligned with the rows given; `fresh` and `changed` are masks over them."""

    ids: npt.NDArray[np.int64]
    fresh: npt.NDArray[np.bool_]
    changed: npt.NDArray[np.bool_]


def known_ids(conn: Connection, table: Table, key: str = "code") -> dict[str, int]:
    """Ids by code (or another text column)."""
    return {row[0]: row[1] for row in conn.execute(select(table.c[key], table.c.id))}


#: keys asked for in one statement
_ASKED = 10_000


def known_among(conn: Connection, table: Table, key: str, wanted: Sequence[str | None]) -> dict[str, int]:
    """Ids of those among the wanted keys that are there: what is read depends on them, not on the table's size."""
    keys = [value for value in dict.fromkeys(wanted) if value is not None]
    found: dict[str, int] = {}
    # as one JSON text: thousands of parameters take longer to be written into a statement than to be looked up
    asked = bindparam("asked", type_=Text)
    each = (
        func.json_each(asked) if is_sqlite(conn) else func.jsonb_array_elements_text(cast(asked, JSONB))
    ).table_valued("value")
    query = select(table.c[key], table.c.id).where(table.c[key].in_(select(each.c.value)))
    for start in range(0, len(keys), _ASKED):
        some = json.dumps(keys[start : start + _ASKED])
        found.update((row[0], row[1]) for row in conn.execute(query, {"asked": some}))
    return found


def upsert(
    conn: Connection,
    table: Table,
    columns: Columns,
    *,
    key: Sequence[str] = ("code",),
    told: Collection[str] | None = None,
) -> Upserted:
    """Insert or update rows by the columns of `key`, whose values together are distinct.

    New rows get all columns. Rows that are there already are compared and changed only in the columns of `told`
    (None: in all), so that a file which says nothing of a field empties none.
    """
    others = [name for name in columns if name not in key and (told is None or name in told)]
    keys, given = _rows(columns, key), _rows(columns, others)
    before = _existing(conn, table, key, others)
    ids = np.array([before[one][0] if one in before else 0 for one in keys], dtype=np.int64)
    fresh = ids == 0
    changed = np.array(
        [not new and before[one][1] != row for new, one, row in zip(fresh, keys, given, strict=True)], dtype=bool
    )
    if fresh.any():
        ids[fresh] = bulk_insert(conn, table, _only(columns, fresh))
    if changed.any():
        bulk_update(conn, table, ids[changed], _only({name: columns[name] for name in others}, changed))
    return Upserted(ids, fresh, changed)


def _existing(
    conn: Connection, table: Table, key: Sequence[str], others: Sequence[str]
) -> dict[tuple[Any, ...], tuple[int, tuple[Any, ...]]]:
    rows = frame(conn, select(table.c.id, *(table.c[name] for name in (*key, *others))))
    columns = {str(name): rows[name].tolist() for name in rows}
    stored = zip(columns["id"], _rows(columns, others), strict=True)
    return dict(zip(_rows(columns, key), stored, strict=True))


def _rows(columns: Columns, names: Sequence[str]) -> list[tuple[Any, ...]]:
    """The named columns as one tuple a row, of values that are equal exactly when the stored ones would be."""
    return list(zip(*([_plain(value) for value in columns[name]] for name in names), strict=True))


def _plain(value: Any) -> Any:
    if isinstance(value, shapely.Geometry):
        # the same shape, whichever way round it is drawn (formats differ) and whether or not it is a multi of one
        alone = len(getattr(value, "geoms", ())) == 1
        return shapely.to_wkb(shapely.normalize(value.geoms[0] if alone else value))
    if pd.isna(value):
        return None
    if isinstance(value, np.generic):
        value = value.item()
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _only(columns: Columns, mask: npt.NDArray[np.bool_]) -> dict[str, list[Any]]:
    keep = np.flatnonzero(mask).tolist()
    return {name: [values[i] for i in keep] for name, values in columns.items()}
