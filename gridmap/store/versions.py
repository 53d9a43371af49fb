"""One number for each layer, raised in the transaction that changes it; caches, indexes and ETags compare it.

Where the rows that a change touched are known, they are written down beside the new number (`bump_rows`), so that what
is held in memory can be brought up to date by them alone (`touched_since`). Whoever raises a number holds its row until
the transaction ends, so numbers follow each other as transactions commit, without a gap; ids of rows do not.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, Dialect, Text, cast, delete, func, insert, select

from gridmap.store import tables as t
from gridmap.store.engine import is_sqlite
from gridmap.store.worded import Worded, word

_BUMP = (
    "INSERT INTO versions (layer, version) VALUES ({mark}, 1) "
    "ON CONFLICT (layer) DO UPDATE SET version = versions.version + 1 RETURNING version"
)
#: all that `bump_rows` does for one range, on PostGIS without waiting for the new number
_BUMP_RANGE = (
    f"WITH raised AS ({_BUMP.format(mark='%s')}), "  # noqa: S608 (our own words)
    "noted AS (INSERT INTO changes (layer, version, first_id, last_id) SELECT %s, version, %s, %s FROM raised) "
    "DELETE FROM changes WHERE layer = %s AND version <= (SELECT version - %s FROM raised WHERE version %% %s = 0)"
)
#: versions whose rows are kept; who is further behind makes all anew
KEPT = 5_000
#: older ones are swept out each time so many have come
SWEPT = 100
#: rows that are asked for one by one at most
MOST_ROWS = 2_000
#: a change in more separate ranges than this is written down as one that may have touched all
_MOST_RANGES = 500


def bump(conn: Connection, *layers: str) -> None:
    """Raise the versions of these layers. In one order, so that two writers never wait for each other in a ring."""
    for layer in sorted(set(layers)):
        _bump(conn, layer)


def _bump(conn: Connection, layer: str) -> int:
    statement = _BUMP.format(mark="?" if is_sqlite(conn) else "%s")
    return int(conn.exec_driver_sql(statement, (layer,)).scalar_one())


def bump_rows(conn: Connection, layer: str, ids: Iterable[int]) -> None:
    """Raise a layer's version, saying which rows changed: all that are new, other than they were, or gone."""
    ranges = _ranges(np.unique(np.fromiter(ids, dtype=np.int64))).tolist()
    if len(ranges) == 1 and not is_sqlite(conn):
        conn.exec_driver_sql(_BUMP_RANGE, (layer, layer, *ranges[0], layer, KEPT, SWEPT))
        return
    version = _bump(conn, layer)
    if 0 < len(ranges) <= _MOST_RANGES:
        rows = [{"layer": layer, "version": version, "first_id": a, "last_id": b} for a, b in ranges]
        conn.execute(insert(t.changes), rows)
    if version % SWEPT == 0:
        c = t.changes.c
        conn.execute(delete(t.changes).where(c.layer == layer, c.version <= version - KEPT))


def read(conn: Connection) -> dict[str, int]:
    """The versions by layer; a layer never changed is absent (0)."""
    return {row.layer: row.version for row in _reading(conn.dialect).ask(conn, {})}


@lru_cache(64)
def _reading(dialect: Dialect) -> Worded:
    return word(dialect, select(t.versions.c.layer, t.versions.c.version))


def as_text() -> ColumnElement[str | None]:
    """All versions as one value, for a query that asks for something else besides; `from_text` reads it."""
    v = t.versions.c
    return select(func.aggregate_strings(v.layer + "=" + cast(v.version, Text), ",")).scalar_subquery()


def from_text(written: str | None) -> dict[str, int]:
    """The versions by layer, as `read` gives them."""
    pairs = (one.split("=") for one in written.split(",")) if written else ()
    return {layer: int(version) for layer, version in pairs}


def touched_since(conn: Connection, layer: str, since: int, until: int) -> NDArray[np.int64] | None:
    """The ids of rows touched after version `since` up to `until`, ascending; `until` as `read` gave it.

    None where they are more than `MOST_ROWS`, or not known of each version between: then all may have changed.
    """
    c = t.changes.c
    query = select(c.version, c.first_id, c.last_id).where(c.layer == layer, c.version > since, c.version <= until)
    rows = conn.execute(query).all()
    if len({row.version for row in rows}) != until - since:
        return None
    if sum(row.last_id - row.first_id + 1 for row in rows) > MOST_ROWS:
        return None
    touched = [np.arange(row.first_id, row.last_id + 1, dtype=np.int64) for row in rows]
    return np.unique(np.concatenate([np.empty(0, dtype=np.int64), *touched]))


def _ranges(ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Ascending ids as ranges without a gap, (n, 2), ends included."""
    first = np.flatnonzero(np.diff(ids, prepend=ids[:1] - 2) > 1)
    last = np.append(first[1:], len(ids)) - 1
    return np.column_stack([ids[first], ids[last]]) if len(ids) else np.empty((0, 2), dtype=np.int64)
