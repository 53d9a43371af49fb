"""Cells or other polygons of a file as a GeoDataFrame in WGS84: what the verbs over files work on."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmap.errors import InvalidInput
from gridmap.files.headers import find
from gridmap.files.kinds import CELLS, WKT
from gridmap.files.places import crs_of, geometries, shapes_of
from gridmap.files.rules import as_multipolygon
from gridmap.files.table import Table, name_rows
from gridmap.files.values import texts
from gridmap.ground import convert


def code_column(table: Table, asked: str | None) -> str:
    """The column of codes: the one asked for, else by the usual headings; InvalidInput listing the columns."""
    columns = [str(name) for name in table.frame.columns if not (table.spatial and name == "geometry")]
    if asked is not None:
        if asked in columns:
            return asked
        raise InvalidInput(
            f"{table.path.name} has no column {asked!r}; it has {', '.join(columns)}.",
            code="no_such_column",
            file=table.path.name,
        )
    field = CELLS.field("code")
    found = find(field, columns) if field is not None else None
    if found is None:
        raise InvalidInput(
            f"{table.path.name}: which column holds the codes? Say it with --code; there are are {', '.join(columns)}.",
            code="no_such_column", file=table.path.name,
        )  # fmt: skip
    return found


def raw_cells(table: Table, code: str | None, crs: str | None) -> tuple[Any, str]:
    """Every feature as it stands, invalid ones too, and the name of its reference system.

    A GeoDataFrame `code` (None without a column), `row`, `geometry` in that system: a coverage is judged in the
    coordinates it was drawn in, since converting bends its edges. GCJ-02 and BD-09, which have no EPSG code, are
    labelled as the longitudes and latitudes that they are.
    """
    name = crs_of(table, crs)
    shapes, _ = geometries(table, geometry_column(table))
    codes = texts(table.frame[code]) if code is not None else np.full(len(table), None, dtype=object)
    labelled = name if name.startswith("EPSG:") else "EPSG:4326"
    return gpd.GeoDataFrame({"code": codes, "row": table.rows}, geometry=shapes, crs=labelled), name


def boundary_in(table: Table, name: str) -> Any:
    """The polygons of a boundary file as a GeoSeries in the named system, labelled as `raw_cells` does."""
    shapes, _ = geometries(table, geometry_column(table))
    start = crs_of(table, None)
    moved = shapely.transform(shapes, lambda x, y: convert(x, y, start, name), interleaved=False)
    return gpd.GeoSeries(moved, crs=name if name.startswith("EPSG:") else "EPSG:4326")


def geometry_column(table: Table) -> str:
    """The file's geometry, or its column of WKT; InvalidInput when there is neither."""
    if table.spatial:
        return "geometry"
    column = find(WKT, [str(name) for name in table.frame.columns])
    if column is None:
        raise InvalidInput(
            f"{table.path.name} holds no geometry: give polygons as GeoPackage, GeoJSON, Shapefile, GeoParquet, "
            "or as WKT in a column called geometry.",
            code="no_geometry", file=table.path.name,
        )  # fmt: skip
    return column


def sound_cells(table: Table, code: str, crs: str | None) -> tuple[Any, tuple[str, ...]]:
    """One row for each code, in the order of first appearance, and notes: features with one code are one cell.

    A GeoDataFrame `code`, `row`, `geometry` (MultiPolygon, WGS84). InvalidInput naming features that have no code, no
    geometry, or an invalid one: where a place lies cannot be told from such cells.
    """
    places = shapes_of(table, geometry_column(table), ("Polygon", "MultiPolygon"), crs, None, assume_ok=True)
    codes = texts(table.frame[code])
    shapes = places.geometry if places.geometry is not None else np.full(len(table), None, dtype=object)
    faults = [
        f"{table.word} {row}: {fault or ('it has no geometry' if shape is None else f'it has no code in {code!r}')}"
        for row, fault, shape, text in zip(table.rows, places.faults, shapes, codes, strict=True)
        if fault is not None or shape is None or text is None
    ]
    faults += [f"{table.word} {reject.row}: {reject.reason}" for reject in table.rejects]
    if faults:
        raise InvalidInput(
            f"{table.path.name}: {len(faults)} of its features are at fault, so no place can be told from it.\n"
            + "\n".join(faults[:20]),
            code="faulty_cells", file=table.path.name, faults=faults[:1000],
        )  # fmt: skip
    frame = pd.DataFrame({"code": codes, "row": table.rows, "geometry": pd.Series(shapes, dtype=object)})
    return _united(frame, table.word)


def _united(frame: pd.DataFrame, word: str) -> tuple[Any, tuple[str, ...]]:
    repeated = frame[frame["code"].duplicated(keep=False)]
    notes = []
    single = frame.drop_duplicates("code").reset_index(drop=True)
    shapes = single["geometry"].to_numpy(dtype=object).copy()
    place_of = {text: place for place, text in enumerate(single["code"])}
    for text, group in repeated.groupby("code", sort=False):
        shapes[place_of[text]] = as_multipolygon(shapely.union_all(group["geometry"].to_numpy(dtype=object)))
        notes.append(f"{name_rows(group['row'], word)} have the code {text} and are taken as one cell.")
    cells = gpd.GeoDataFrame(single[["code", "row"]], geometry=shapes, crs="EPSG:4326")
    return cells, tuple(notes)
