"""`gridmap locate`: which cell each point of a file is in, with no database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridmap.cli.options import Encoding, Json, Layer, Out, Rejects, XColumn, YColumn
from gridmap.cli.output import DATA_FAULT, faults_as_json, note, reporting, say, say_json, tell_faults

if TYPE_CHECKING:
    import pandas as pd

    from gridmap.files import Reject, Table
    from gridmap.files.places import Places


def locate(
    points: Annotated[Path, typer.Argument(metavar="POINTS", help="Points: CSV (also .gz), xlsx, GeoPackage, GeoJSON, Parquet.")],
    cells: Annotated[Path, typer.Option(metavar="CELLS", help="Polygons: GeoPackage, GeoJSON, Shapefile (also zipped), Parquet.")],
    code: Annotated[str, typer.Option(metavar="FIELD", help="Column of CELLS with their codes.")],
    out: Out,
    x: XColumn = None,
    y: YColumn = None,
    crs: Annotated[str | None, typer.Option(help="Reference system of the points: EPSG:4326 (default), gcj02, bd09, EPSG:n.")] = None,
    cells_crs: Annotated[str | None, typer.Option(help="Reference system of CELLS, where its file does not say it or says it wrongly.")] = None,
    layer: Layer = None,
    cells_layer: Annotated[str | None, typer.Option(help="Layer of CELLS, where it has several.")] = None,
    encoding: Encoding = None,
    rejects: Rejects = None,
    as_json: Json = False,
) -> None:
    """Write POINTS with the cell that each is in.

    Adds `cell` (empty when outside) and `border_m` (metres to the nearest border of that cell); keeps the order of the
    rows and all columns. Features of CELLS with one code are one cell; on a shared border the lowest code has the point.
    Rows without usable coordinates are written with an empty cell, each is named, and the exit status is 1.

    \b
    Example:
      gridmap locate complaints.csv.gz --cells police_beats.zip --code BEAT_NUM -o located.csv
    """
    with reporting(as_json=as_json):
        from gridmap.files import read_table, write_rejects, write_table
        from gridmap.files.write import writable_format

        writable_format(out)
        table = read_table(points, layer=layer, encoding=encoding)
        ground = read_table(cells, layer=cells_layer)
        for text in (*table.warnings, *ground.warnings):
            note(text)
        located, faults, counts = _locate(table, ground, code, _mapping(table, x, y), crs, cells_crs)
        frame, out_crs = _for_format(located, table, out)
        write_table(frame, out, out_crs, bom=(table.encoding or "") not in {"", "UTF-8"})
        if rejects is not None:
            write_rejects(faults, rejects)
        if as_json:
            say_json({**counts, "faults": faults_as_json(faults), "out": str(out)})
        else:
            say(_sentence(counts, out))
            tell_faults(faults, table.word, hint="; --rejects OUT.csv writes them all")
        if faults:
            raise typer.Exit(DATA_FAULT)


def _mapping(table: Table, x: str | None, y: str | None) -> dict[str, str]:
    """Where the points stand: the columns named, the file's geometry, or the usual headings."""
    from gridmap.errors import InvalidInput
    from gridmap.files import place_columns

    columns = [str(name) for name in table.frame.columns]
    if (x is None) != (y is None):
        raise typer.BadParameter("give both --x and --y, or neither")
    if x is not None and y is not None:
        for column in (x, y):
            if column not in columns:
                raise InvalidInput(f"{table.path.name} has no column {column!r}; it has {', '.join(columns)}.", code="no_such_column")
        return {"x": x, "y": y}
    if table.spatial:
        return {"geometry": "geometry"}
    found = place_columns(columns)
    if not found:
        raise InvalidInput(
            f"{table.path.name}: which columns hold the coordinates? Say it with --x and --y; the columns are {', '.join(columns)}.",
            code="no_coordinates",
        )
    note("coordinates: " + ", ".join(f"{name} from {column!r}" for name, column in found.items()))
    return found


def _locate(
    table: Table, ground: Table, code: str, mapping: dict[str, str], crs: str | None, cells_crs: str | None
) -> tuple[pd.DataFrame, list[Reject], dict[str, Any]]:
    """The table with `cell` and `border_m`, the faults of its rows, and counts."""
    import numpy as np

    from gridmap.files import Reject
    from gridmap.files.cells import code_column, sound_cells
    from gridmap.files.places import points_of
    from gridmap.ground import AssignmentIndex

    cells, notes = sound_cells(ground, code_column(ground, code), cells_crs)
    places = points_of(table, mapping, crs, _extent(cells), assume_ok=False)
    for text in (*notes, *places.notes):
        note(text)
    questions = _only_elsewhere(places)
    usable = (places.faults == None) | questions  # noqa: E711
    index = AssignmentIndex(cells, code="code")
    placed = index.place(np.where(usable, places.lon, np.nan), np.where(usable, places.lat, np.nan))
    inside = placed.cell >= 0
    codes = np.where(inside, index.codes[placed.cell] if len(index) else None, None)
    frame = _added(table.frame, codes, placed.border_m)
    where = "geometry" if "geometry" in mapping else "place"
    faults = [
        Reject(int(table.rows[at]), where, str(places.faults[at]), str(places.values[at])) for at in np.flatnonzero(~usable)
    ]
    counts = {
        "points": len(table), "located": int(inside.sum()), "outside": int((usable & ~inside).sum()),
        "faulty": int((~usable).sum()) + len(table.rejects), "cells": len(cells),
    }  # fmt: skip
    if questions.any():
        note(f"{int(questions.sum()):,} points lie more than 100 km from all cells; is their reference system right?")
    return frame, sorted([*table.rejects, *faults], key=lambda one: one.row), counts


def _extent(cells: Any) -> tuple[float, float, float, float] | None:
    """West, south, east, north of the cells; None when there are none."""
    if not len(cells):
        return None
    west, south, east, north = (float(value) for value in cells.total_bounds)
    return west, south, east, north


def _only_elsewhere(places: Places) -> Any:
    """Points that are only far away: for a file that is an answer (outside), and one question for all of them."""
    import numpy as np

    from gridmap.ground import question_text

    far = question_text("elsewhere")
    return np.array([fault is not None and str(fault).startswith(far) for fault in places.faults], dtype=bool)


def _added(frame: pd.DataFrame, codes: Any, border_m: Any) -> pd.DataFrame:
    """The frame with the two columns, put before its geometry; columns of its own with those names are kept as `..._before`."""
    import numpy as np
    import pandas as pd

    renamed = {name: f"{name}_before" for name in ("cell", "border_m") if name in frame.columns}
    for old, new in renamed.items():
        note(f"the file has a column {old!r} already; it is kept as {new!r}")
    added = frame.rename(columns=renamed)
    added["cell"] = pd.Series(codes, index=frame.index, dtype=object)
    added["border_m"] = np.round(border_m, 2)
    if "geometry" in added.columns:
        added["geometry"] = added.pop("geometry")
    return added


def _for_format(frame: pd.DataFrame, table: Table, out: Path) -> tuple[pd.DataFrame, str | None]:
    """The frame as the output's format wants it, and the CRS of its geometry."""
    import pandas as pd

    if out.name.lower().endswith((".csv", ".csv.gz")):
        written = frame.copy(deep=False)
        written["border_m"] = pd.Series(["" if value != value else f"{value:.2f}" for value in frame["border_m"]], dtype=object)
        return written, None
    return frame, table.crs if table.spatial else None


def _sentence(counts: dict[str, Any], out: Path) -> str:
    return (
        f"{counts['points']:,} points: {counts['located']:,} in one of {counts['cells']:,} cells, {counts['outside']:,} outside, "
        f"{counts['faulty']:,} without usable coordinates. Written to {out}."
    )
