"""`gridmap locate`: which cell each point of a file is in, with no database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridmap.cli.options import CellsCrs, Encoding, Json, Layer, Out, Rejects, XColumn, YColumn
from gridmap.cli.output import DATA_FAULT, faults_as_json, note, print_faults, print_json, say

if TYPE_CHECKING:
    from gridmap.files.locating import Located


def locate(
    points: Annotated[
        Path,
        typer.Argument(
            exists=True,
            dir_okay=False,
            metavar="POINTS",
            help="Points: CSV (also .gz), xlsx, GeoPackage, GeoJSON, Parquet.",
        ),
    ],
    cells: Annotated[
        Path,
        typer.Option(
            exists=True,
            dir_okay=False,
            metavar="CELLS",
            help="Polygons: GeoPackage, GeoJSON, Shapefile (also zipped), Parquet.",
        ),
    ],
    code: Annotated[str, typer.Option(metavar="FIELD", help="Column of CELLS with their codes.")],
    out: Out,
    x: XColumn = None,
    y: YColumn = None,
    crs: Annotated[
        str | None, typer.Option(help="Reference system of POINTS: EPSG:4326 (default), gcj02, bd09, EPSG:n.")
    ] = None,
    cells_crs: CellsCrs = None,
    layer: Layer = None,
    cells_layer: Annotated[str | None, typer.Option(help="Layer of CELLS, where there are several.")] = None,
    encoding: Encoding = None,
    rejects: Rejects = None,
    as_json: Json = False,
) -> None:
    """Write POINTS with the cell that each is in.

    Adds `cell` (empty when outside) and `border_m` (metres to the nearest border of that cell); keeps the order of the
    rows and all columns. Features of CELLS with one code are one cell; on a shared border the lowest code has the
    point. Rows without usable coordinates are written with an empty cell, each is named, and the exit status is 1.

    \b
    Example:
      gridmap locate complaints.csv.gz --cells police_beats.zip --code BEAT_NUM -o located.csv
    """
    from gridmap.files import read_table, write_rejects, write_table
    from gridmap.files.locating import for_format, locate_table, place_mapping
    from gridmap.files.write import writable_format

    writable_format(out)
    if (x is None) != (y is None):
        raise typer.BadParameter("give both --x and --y, or neither")
    table = read_table(points, layer=layer, encoding=encoding)
    ground = read_table(cells, layer=cells_layer)
    mapping = place_mapping(table, x, y)
    located = locate_table(table, ground, code, mapping, crs, cells_crs)
    for text in (*table.warnings, *ground.warnings, *located.notes):
        note(text)
    frame, written_crs = for_format(located, table, out)
    write_table(frame, out, written_crs, bom=table.needs_bom)
    if rejects is not None:
        write_rejects(located.faults, rejects)
    if as_json:
        print_json({**_counts(located), "faults": faults_as_json(located.faults), "out": str(out)})
    else:
        say(_sentence(located, out))
        print_faults(located.faults, table.word)
    if located.faults:
        raise typer.Exit(DATA_FAULT)


def _counts(located: Located) -> dict[str, Any]:
    return {
        "points": len(located.frame),
        "located": located.inside,
        "outside": located.outside,
        "faulty": len(located.faults),
        "cells": located.cells,
    }


def _sentence(located: Located, out: Path) -> str:
    return (
        f"{len(located.frame):,} points: {located.inside:,} in one of {located.cells:,} cells, "
        f"{located.outside:,} outside, {len(located.faults):,} without usable coordinates. Written to {out}."
    )
