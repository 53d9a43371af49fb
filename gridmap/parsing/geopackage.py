"""What a GeoPackage holds, looked at before GDAL does: tables alone. Views and virtual tables run code when read."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

from gridmap.errors import InvalidInput

_RTREE = re.compile(
    r"\s*CREATE\s+VIRTUAL\s+TABLE\s+(\"[^\"]*\"|\[[^]]*\]|`[^`]*`|\S+)\s+USING\s+rtree\b", re.IGNORECASE
)
_VIRTUAL = re.compile(r"\s*CREATE\s+VIRTUAL\b", re.IGNORECASE)
_GENERATED = re.compile(r"\bAS\s*\(", re.IGNORECASE)


def check_geopackage(path: Path) -> None:
    """InvalidInput when the file has views, virtual tables other than spatial indexes, or columns that are computed.

    Triggers are no matter: nothing is written.
    """
    try:
        made = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    except sqlite3.Error as error:
        raise _damaged(path, error) from None
    try:
        made.execute("PRAGMA trusted_schema=OFF")
        listed = made.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
    except sqlite3.Error as error:
        raise _damaged(path, error) from None
    finally:
        made.close()
    for kind, name, sql in listed:
        text = str(sql or "")
        if kind == "view":
            raise _refused(path, f"{name!r} is a view")
        if kind == "table" and _VIRTUAL.match(text) and not _RTREE.match(text):
            raise _refused(path, f"{name!r} is a virtual table")
        if kind == "table" and _GENERATED.search(text):
            raise _refused(path, f"{name!r} has a column that is computed")


def _refused(path: Path, why: str) -> InvalidInput:
    return InvalidInput(
        f"{path.name} is refused: {why}, which runs code when it is read. Export the layer alone to a new GeoPackage.",
        code="runs_code", file=path.name,
    )  # fmt: skip


def _damaged(path: Path, error: Exception) -> InvalidInput:
    return InvalidInput(f"{path.name}: the GeoPackage is damaged ({error}).", code="damaged", file=path.name)
