"""`gridmap locate` and `gridmap convert` as functions of tables: no files here, no words on a screen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from gridmap.errors import InvalidInput
from gridmap.files.cells import code_column, sound_cells
from gridmap.files.headers import find, place_columns
from gridmap.files.kinds import WKT
from gridmap.files.places import Places, geometries, points_of
from gridmap.files.rules import points
from gridmap.files.table import Reject, Table
from gridmap.files.values import present
from gridmap.ground import AssignmentIndex, convert, parse_crs, question_text

#: decimals kept in text: a tenth of a millimetre, in degrees or in the units of a projection
_DEGREE_DIGITS, _METRE_DIGITS = 9, 4


@dataclass(frozen=True, slots=True, eq=False)
class Located:
    """The rows with `cell` and `border_m`, their places, the faulty ones, counts, and what people should know."""

    frame: pd.DataFrame
    #: the rows' places as WGS84 points, None where there is none
    points: NDArray[np.object_]
    faults: list[Reject]
    notes: tuple[str, ...]
    inside: int
    outside: int
    cells: int


def place_mapping(table: Table, x: str | None, y: str | None) -> dict[str, str]:
    """Where a table's points stand: the columns named, the file's geometry, or the usual headings."""
    columns = [str(name) for name in table.frame.columns]
    if x is not None and y is not None:
        for column in (x, y):
            if column not in columns:
                raise InvalidInput(
                    f"{table.path.name} has no column {column!r}; it has {', '.join(columns)}.", code="no_such_column"
                )
        return {"x": x, "y": y}
    if table.spatial:
        return {"geometry": "geometry"}
    found = place_columns(columns)
    wkt = find(WKT, columns)
    if not found and wkt is not None:
        return {"geometry": wkt}
    if not found:
        raise InvalidInput(
            f"{table.path.name}: which columns hold the coordinates? Say it with --x and --y; "
            f"the columns are {', '.join(columns)}.",
            code="no_coordinates",
        )
    return found


def locate_table(
    table: Table, ground: Table, code: str, mapping: Mapping[str, str], crs: str | None, cells_crs: str | None
) -> Located:
    """Each row's cell (None outside) and metres to that cell's border (NaN outside), in the order of the rows.

    Rows whose coordinates are missing, no numbers, or swapped have no cell and are faults; a point that is only far
    away is outside, like its neighbours. InvalidInput when the cells are at fault.
    """
    cells, notes = sound_cells(ground, code_column(ground, code), cells_crs)
    places = points_of(table, mapping, crs, _extent(cells), assume_ok=False)
    far = _only_far(places)
    usable = ~present(places.faults) | far
    index = AssignmentIndex(cells, code="code")
    placed = index.place(np.where(usable, places.lon, np.nan), np.where(usable, places.lat, np.nan))
    inside = placed.cell >= 0
    codes: NDArray[np.object_] = np.full(len(table), None, dtype=object)
    codes[inside] = index.codes[placed.cell[inside]]
    frame, renamed = _added(table.frame, codes, placed.border_m)
    notes += tuple(f"{name!r} is read from {column!r}." for name, column in mapping.items() if name != column)
    if index.method.why_tree:
        notes += (f"Points are looked up the slow way where it must be: {index.method.why_tree}; see `gridmap check`.",)
    if far.any():
        notes += (f"{int(far.sum()):,} points lie more than 100 km from all cells: is the reference system right?",)
    field = "geometry" if "geometry" in mapping else "place"
    places.faults[far] = None
    return Located(
        frame,
        points(places.lon, places.lat),
        _faults(table, places.faults, field, places.values),
        (*notes, *places.notes, *renamed),
        int(inside.sum()),
        int((usable & ~inside).sum()),
        len(cells),
    )


def _extent(cells: Any) -> tuple[float, ...] | None:
    """West, south, east, north of the cells; None when there are none."""
    return tuple(float(value) for value in cells.total_bounds) if len(cells) else None


def _only_far(places: Places) -> NDArray[np.bool_]:
    """Points that are asked about only because they are far away."""
    sentence = question_text("elsewhere")
    return np.array([fault is not None and str(fault).startswith(sentence) for fault in places.faults], dtype=bool)


def _added(frame: pd.DataFrame, codes: Any, border_m: Any) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The frame with the two columns before its geometry; its own columns of those names are kept as `..._before`."""
    renamed = {name: f"{name}_before" for name in ("cell", "border_m") if name in frame.columns}
    added = frame.rename(columns=renamed)
    added["cell"] = pd.Series(codes, index=frame.index, dtype=object)
    added["border_m"] = np.round(border_m, 2)
    if "geometry" in added.columns:
        added["geometry"] = added.pop("geometry")
    notes = tuple(f"The file has a column {old!r} already; it is kept as {new!r}." for old, new in renamed.items())
    return added, notes


def for_format(located: Located, table: Table, out: Path) -> tuple[pd.DataFrame, str | None]:
    """The frame as the output's format wants it, and the CRS to write its geometry in.

    In CSV `border_m` has two decimals; GeoPackage and GeoJSON of a table without geometry get its points, in WGS84.
    """
    name, frame = out.name.lower(), located.frame
    if name.endswith((".csv", ".csv.gz")):
        written = frame.copy(deep=False)
        metres = ["" if np.isnan(value) else f"{value:.2f}" for value in frame["border_m"]]
        written["border_m"] = pd.Series(metres, index=frame.index, dtype=object)
        return written, None
    if table.spatial or not name.endswith((".gpkg", ".geojson", ".json")):
        return frame, table.crs
    return frame.assign(geometry=pd.Series(located.points, index=frame.index, dtype=object)), "EPSG:4326"


def convert_table(
    table: Table, mapping: Mapping[str, str], source: str, target: str
) -> tuple[pd.DataFrame, list[Reject]]:
    """The table with its coordinates in the target system, and the faults of rows that stay as they came.

    Coordinates in two columns stay in them, as text; in one column, they are added as `x` and `y`; geometry of any type
    (WKT too) is converted vertex by vertex.
    """
    if "geometry" in mapping:
        return _converted_shapes(table, mapping["geometry"], source, target)
    places = points_of(table, mapping, source, None, assume_ok=True)
    x, y = convert(places.x, places.y, source, target)
    good = ~present(places.faults)
    lost = good & ~(np.isfinite(x) & np.isfinite(y))
    places.faults[lost] = f"the coordinates cannot be converted from {source} to {target}"
    frame = table.frame.copy(deep=False)
    digits = _digits(target)
    for name, values in (("x", x), ("y", y)):
        column = mapping.get(name) or _free(frame, name)
        came = frame[column] if name in mapping else pd.Series([None] * len(frame), dtype=object)
        texts = [f"{v:.{digits}f}" if ok else old for v, ok, old in zip(values, good & ~lost, came, strict=True)]
        frame[column] = pd.Series(texts, index=frame.index, dtype=object)
    return frame, _faults(table, places.faults, "place", places.values)


def _free(frame: pd.DataFrame, name: str) -> str:
    while name in frame.columns:
        name += "_"
    return name


def _digits(target: str) -> int:
    name = parse_crs(target)
    return _METRE_DIGITS if name.startswith("EPSG:") and not CRS.from_user_input(name).is_geographic else _DEGREE_DIGITS


def _converted_shapes(table: Table, column: str, source: str, target: str) -> tuple[pd.DataFrame, list[Reject]]:
    shapes, faults = geometries(table, column)
    moved = shapely.transform(shapes, lambda x, y: convert(x, y, source, target), interleaved=False)
    faults[shapely.is_missing(shapes) & ~present(faults)] = "it has no geometry"
    coords, owner = shapely.get_coordinates(moved, return_index=True)
    faults[owner[~np.isfinite(coords).all(axis=1)]] = f"its geometry cannot be converted from {source} to {target}"
    good = ~present(faults)
    kept = table.frame[column].to_numpy(dtype=object).copy()
    kept[good] = moved[good] if table.spatial else shapely.to_wkt(moved[good], rounding_precision=-1)
    frame = table.frame.assign(**{column: pd.Series(kept, index=table.frame.index, dtype=object)})
    return frame, _faults(table, faults, "geometry", np.full(len(shapes), "", dtype=object))


def _faults(table: Table, faults: NDArray[np.object_], field: str, values: NDArray[np.object_]) -> list[Reject]:
    listed = [
        Reject(int(table.rows[at]), field, str(faults[at]), str(values[at])) for at in np.flatnonzero(present(faults))
    ]
    return sorted([*table.rejects, *listed], key=lambda fault: fault.row)


def epsg_of(crs: str) -> str | None:
    """The name to write geometry under; None for GCJ-02 and BD-09, which no file format has a name for."""
    name = parse_crs(crs)
    return "EPSG:4326" if name == "wgs84" else name if name.startswith("EPSG:") else None
