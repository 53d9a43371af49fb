"""What statistics need of a file: columns of numbers, places in a plane, and which cells are neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridmap.errors import InvalidInput
from gridmap.files.cells import geometry_column
from gridmap.files.headers import normal
from gridmap.files.places import Geometries, crs_of, geometries, to_wgs84_shapes
from gridmap.files.table import Table
from gridmap.files.values import Fault, moment, number, parse, present, texts
from gridmap.ground import metric_crs, project
from gridmap.stats import Neighbours, contiguous, from_gal, gal_key, nearest, within

Floats = NDArray[np.float64]
#: headings of columns that hold degrees
_DEGREES = frozenset({"lon", "lng", "long", "longitude", "lat", "latitude", "经度", "纬度"})


def numbers_in(table: Table, column: str) -> Floats:
    """A column as finite numbers. InvalidInput naming every row that holds none, or that there is no such column."""
    require_column(table, column)
    raw = texts(table.frame[column])
    found, faults = np.full(len(raw), np.nan), []
    for place, text in enumerate(raw):
        try:
            value = number(text) if text is not None else None
        except Fault as fault:
            faults.append((int(table.rows[place]), f"{str(text)[:80]!r} is not accepted: {fault}"))
            continue
        if not isinstance(value, float):
            faults.append((int(table.rows[place]), f"{text!r} stands for nothing" if text else "it is blank"))
        else:
            found[place] = value
    _refuse(table, column, faults)
    return found


def columns_like(table: Table, pattern: str) -> list[str]:
    """The column of this name, or, with a `*` in it, all columns that fit, in the file's order. InvalidInput: none."""
    if "*" not in pattern:
        require_column(table, pattern)
        return [pattern]
    found = [str(name) for name in table.frame.columns if fnmatchcase(str(name), pattern)]
    if not found:
        require_column(table, pattern)
    return found


def numbers_over(table: Table, pattern: str) -> tuple[list[str], Floats]:
    """The columns that a pattern names, and their numbers, (rows, columns); a single column gives (rows, 1)."""
    names = columns_like(table, pattern)
    return names, np.column_stack([numbers_in(table, name) for name in names])


def times_in(table: Table, column: str) -> Floats:
    """A column as times: numbers as they stand, or days and moments, then in days. InvalidInput as `numbers_in`."""
    require_column(table, column)
    raw = texts(table.frame[column])
    if all(text is None or _is_number(text) for text in raw):
        return numbers_in(table, column)
    parsed = parse(raw, partial(moment, tz=ZoneInfo("UTC")))
    missing = [None if value is not None else "there is no time" for value in parsed.values]
    reasons = [fault or gap for fault, gap in zip(parsed.faults, missing, strict=True)]
    _refuse(table, column, [(int(row), str(why)) for row, why in zip(table.rows, reasons, strict=True) if why])
    return np.array([value.timestamp() / 86_400.0 for value in parsed.values])


def _is_number(text: str) -> bool:
    try:
        return isinstance(number(text), float)
    except Fault:
        return False


def whole_table(table: Table) -> None:
    """InvalidInput naming the rows that could not be read: figures of a part would be taken for the whole."""
    _refuse(table, None, [(reject.row, reject.reason) for reject in table.rejects])


def require_column(table: Table, column: str) -> None:
    """InvalidInput listing the columns when there is none of that name."""
    if column not in table.frame.columns:
        names = ", ".join(str(name) for name in table.frame.columns if not (table.spatial and name == "geometry"))
        raise InvalidInput(
            f"{table.path.name} has no column {column!r}; it has {names}.", code="no_such_column", file=table.path.name
        )


def names_in(table: Table, code: str | None) -> list[str]:
    """What to call each row: the text of its code, else "row 3". InvalidInput when there is no such column."""
    if code is None:
        return [f"{table.word} {row}" for row in table.rows]
    require_column(table, code)
    pairs = zip(texts(table.frame[code]), table.rows, strict=True)
    return [text if text is not None else f"{table.word} {row}" for text, row in pairs]


def _refuse(table: Table, column: str | None, faults: list[tuple[int, str]]) -> None:
    if not faults:
        return
    about = "" if column is None else f" of {column!r}"
    told = "\n".join(f"{table.word} {row}{about and ', ' + repr(column)}: {reason}" for row, reason in faults[:1000])
    raise InvalidInput(
        f"{table.path.name}: {len(faults)} {table.word}s{about} are at fault, so nothing can be told from it.\n{told}",
        code="faulty_rows", file=table.path.name, rows=[row for row, _ in faults[:1000]],
    )  # fmt: skip


def shapes_in(table: Table) -> Geometries:
    """Every row's geometry as it stands. InvalidInput naming rows that have none, or an unusable one."""
    shapes, faults = geometries(table, geometry_column(table))
    lost = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    for place in np.flatnonzero(lost & ~present(faults)):
        faults[place] = "it has no geometry"
    _refuse(table, None, [(int(table.rows[at]), str(faults[at])) for at in np.flatnonzero(present(faults))])
    return np.asarray(shapely.force_2d(shapes), dtype=object)


def doubts_of_plane(table: Table, x: str | None, y: str | None) -> tuple[str, ...]:
    """What to say where two columns that are taken as a plane are degrees, by their names and numbers."""
    if x is None or y is None or not any(normal(name) in _DEGREES for name in (x, y)):
        return ()
    east, north = numbers_in(table, x), numbers_in(table, y)
    if not len(east) or np.abs(east).max() > 180.0 or np.abs(north).max() > 90.0:
        return ()
    return (
        f"{x!r} and {y!r} look like degrees and are taken as a plane as they stand: distances are then in degrees, and "
        "longer north to south than west to east. gridmap convert FILE --from wgs84 --to EPSG:n makes metres of them.",
    )


def plane_places(table: Table, x: str | None, y: str | None, crs: str | None) -> tuple[Floats, Floats]:
    """Where each row lies in a plane: its two columns as they stand, else its geometry's centroid in local metres."""
    if x is not None and y is not None:
        return numbers_in(table, x), numbers_in(table, y)
    try:
        shapes = to_wgs84_shapes(shapes_in(table), crs_of(table, crs))
    except InvalidInput as fault:
        if fault.code != "no_geometry":
            raise
        raise InvalidInput(
            f"{fault.message} Or name two columns of a plane with --x and --y.", code=fault.code, file=table.path.name
        ) from None
    corners = shapely.get_coordinates(shapes)
    lon, lat = corners[:, 0], corners[:, 1]
    if not np.isfinite(corners).all():
        raise InvalidInput(f"{table.path.name}: its coordinates cannot be brought to WGS84. Is --crs right?")
    centres = shapely.centroid(project(shapes, metric_crs(lon, lat)))
    return shapely.get_x(centres), shapely.get_y(centres)


def neighbours_in(
    table: Table, asked: str, code: str | None, x: str | None, y: str | None, crs: str | None
) -> Neighbours:
    """The neighbours that `asked` names: queen, rook, knn:K, distance:M, or the path of a .gal file.

    Contiguity compares the shapes as they stand; K nearest and distance are between centroids in metres, or between
    the columns `x` and `y` in their own units.
    """
    rule, _, size = asked.partition(":")
    if asked in ("queen", "rook"):
        return contiguous(shapes_in(table), asked)
    if rule == "knn":
        return nearest(*plane_places(table, x, y, crs), int(size))
    if rule == "distance":
        return within(*plane_places(table, x, y, crs), float(size))
    with open(asked, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - a path as the user typed it
        text = file.read()
    return _from_file(table, text, code)


def _from_file(table: Table, text: str, code: str | None) -> Neighbours:
    named = {str(name).casefold(): str(name) for name in table.frame.columns}
    keys = [key for key in (named.get((gal_key(text) or "").casefold()), code) if key is not None]
    graph = from_gal(text, *([str(one) for one in texts(table.frame[key])] for key in keys))
    if len(graph) != len(table):
        raise InvalidInput(
            f"the neighbour file lists {len(graph)} cells, {table.path.name} holds {len(table)}", code="bad_neighbours"
        )
    return graph


def with_columns(frame: pd.DataFrame, columns: Mapping[str, Any]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The frame with new columns before its geometry; its own of those names are kept as `..._before`, and told."""
    renamed = {name: f"{name}_before" for name in columns if name in frame.columns}
    added = frame.rename(columns=renamed)
    for name, values in columns.items():
        added[name] = pd.Series(values, index=frame.index)
    if "geometry" in added.columns:
        added["geometry"] = added.pop("geometry")
    return added, tuple(
        f"The file has a column {old!r} already; it is kept as {new!r}." for old, new in renamed.items()
    )
