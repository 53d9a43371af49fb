"""`gridmap convert`: coordinates of a file from one reference system to another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gridmap.cli.options import Encoding, Json, Layer, Out, Rejects, XColumn, YColumn
from gridmap.cli.output import DATA_FAULT, faults_as_json, note, print_faults, print_json, say


def convert(
    points: Annotated[
        Path,
        typer.Argument(
            exists=True,
            dir_okay=False,
            metavar="POINTS",
            help="CSV (also .gz), xlsx, Parquet; or any geometry: GeoPackage, GeoJSON.",
        ),
    ],
    source: Annotated[str, typer.Option("--from", metavar="CRS", help="wgs84, gcj02, bd09 or EPSG:n.")],
    target: Annotated[str, typer.Option("--to", metavar="CRS", help="wgs84, gcj02, bd09 or EPSG:n.")],
    out: Out,
    x: XColumn = None,
    y: YColumn = None,
    layer: Layer = None,
    encoding: Encoding = None,
    rejects: Rejects = None,
    as_json: Json = False,
) -> None:
    """Write POINTS with their coordinates in another reference system, rows and other columns as they are.

    Rows without usable coordinates are written as they came, each is named, and the exit status is 1.

    \b
    Example:
      gridmap convert shops.csv --from gcj02 --to wgs84 --x 经度 --y 纬度 -o shops_wgs84.csv
    """
    from gridmap.files import read_table, write_rejects, write_table
    from gridmap.files.locating import convert_table, epsg_of, place_mapping
    from gridmap.files.write import writable_format

    writable_format(out)
    if (x is None) != (y is None):
        raise typer.BadParameter("give both --x and --y, or neither")
    table = read_table(points, layer=layer, encoding=encoding)
    mapping = place_mapping(table, x, y)
    for text in table.warnings:
        note(text)
    frame, faults = convert_table(table, mapping, source, target)
    write_table(frame, out, epsg_of(target), bom=table.needs_bom)
    if rejects is not None:
        write_rejects(faults, rejects)
    if as_json:
        print_json({"rows": len(frame), "faulty": len(faults), "faults": faults_as_json(faults), "out": str(out)})
    else:
        say(
            f"{len(frame):,} rows from {source} to {target}, {len(faults):,} without usable coordinates. "
            f"Written to {out}."
        )
        print_faults(faults, table.word)
    if faults:
        raise typer.Exit(DATA_FAULT)
