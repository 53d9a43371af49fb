"""One number for each layer, raised in the transaction that changes it; caches, indexes and ETags compare it."""

from __future__ import annotations

from sqlalchemy import Connection, select, text

from gridmap.store import tables as t

_BUMP = text(
    "INSERT INTO versions (layer, version) VALUES (:layer, 1) "
    "ON CONFLICT (layer) DO UPDATE SET version = versions.version + 1"
)


def bump(conn: Connection, *layers: str) -> None:
    """Raise the versions of these layers. In one order, so that two writers never wait for each other in a ring."""
    for layer in sorted(set(layers)):
        conn.execute(_BUMP, {"layer": layer})


def read(conn: Connection) -> dict[str, int]:
    """The versions by layer; a layer never changed is absent (0)."""
    rows = conn.execute(select(t.versions.c.layer, t.versions.c.version))
    return {row.layer: row.version for row in rows}
