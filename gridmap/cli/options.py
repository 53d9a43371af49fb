"""Options that several verbs share, so that they are named and explained alike."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else there.")]
Layer = Annotated[str | None, typer.Option(help="Layer, sheet, or Shapefile in an archive, where there are several.")]
Encoding = Annotated[str | None, typer.Option(help="Encoding of the text where the guess is wrong: GB18030, UTF-8 ...")]
XColumn = Annotated[
    str | None, typer.Option("--x", metavar="COLUMN", help="Column of longitude or x; guessed when left out.")
]
YColumn = Annotated[
    str | None, typer.Option("--y", metavar="COLUMN", help="Column of latitude or y; guessed when left out.")
]
Out = Annotated[
    Path, typer.Option("--out", "-o", metavar="OUT", help="Output: .csv, .csv.gz, .gpkg, .geojson, .parquet or .xlsx.")
]
Rejects = Annotated[
    Path | None, typer.Option(metavar="CSV", help="Write every fault there, with row, field and reason.")
]
PlanarX = Annotated[
    str | None, typer.Option("--x", metavar="COL", help="Column of x in a plane, taken as it stands; needs --y.")
]
PlanarY = Annotated[
    str | None, typer.Option("--y", metavar="COL", help="Column of y in a plane, taken as it stands; needs --x.")
]
Cells = Annotated[
    Path,
    typer.Argument(
        exists=True,
        dir_okay=False,
        metavar="CELLS",
        help="Cells, one a row: GeoPackage, GeoJSON, Shapefile (also zipped), Parquet, CSV.",
    ),
]
Polygons = Annotated[
    Path,
    typer.Argument(
        exists=True,
        dir_okay=False,
        metavar="CELLS",
        help="Polygons: GeoPackage, GeoJSON, Shapefile (also zipped), Parquet, CSV with WKT.",
    ),
]
Code = Annotated[str | None, typer.Option(metavar="FIELD", help="Column of the cells' codes.")]
CellsCrs = Annotated[
    str | None, typer.Option(help="Reference system of CELLS, where its file does not say it rightly.")
]
Within = Annotated[
    Path | None,
    typer.Option(
        exists=True, dir_okay=False, metavar="BOUNDARY", help="Polygons of the area that the cells must cover."
    ),
]
Neighbouring = Annotated[
    str,
    typer.Option(
        metavar="RULE",
        help="queen (share a border or corner), rook (a border), knn:K (the K nearest), distance:M (centroids up "
        "to M metres apart), or FILE.gal.",
    ),
]
Findings = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="OUT", help="Write CELLS there with the findings as columns."),
]
Seed = Annotated[int, typer.Option(min=0, help="Start of the random numbers: the same seed gives the same figures.")]
Permutations = Annotated[
    int | None,
    typer.Option(min=99, metavar="N", help="Random orders to compare with; by default as many as the cells ask for."),
]


_NEIGHBOURS = re.compile(r"queen|rook|knn:[1-9]\d*|distance:\d*\.?\d+(e[+-]?\d+)?")


def check_neighbours(rule: str) -> None:
    """Wrong usage when it names no rule, or a file that is not there."""
    if rule.lower().endswith(".gal"):
        if not Path(rule).is_file():
            raise typer.BadParameter(f"there is no file {rule}")
    elif not _NEIGHBOURS.fullmatch(rule):
        raise typer.BadParameter(f"--neighbours is queen, rook, knn:K, distance:M or FILE.gal, not {rule!r}")


def both_or_neither(x: str | None, y: str | None) -> None:
    """Wrong usage when only one of --x and --y is given."""
    if (x is None) != (y is None):
        raise typer.BadParameter("give both --x and --y, or neither")
