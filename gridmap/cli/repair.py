"""`gridmap repair`: make a coverage of cells that overlap and gape, and say what was done to whom."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from gridmap.cli.check import to_wgs84
from gridmap.cli.options import CellsCrs, Encoding, Json, Layer, Polygons, Within
from gridmap.cli.output import DATA_FAULT, note, print_json, say

#: lines of one kind on a terminal; where nobody scrolls, all are said
_SHOWN = 20


def repair(
    cells: Polygons,
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", metavar="OUT", help="Output: .gpkg, .geojson, .shp, .parquet; .csv or .xlsx with WKT."
        ),
    ],
    code: Annotated[
        str | None, typer.Option(metavar="FIELD", help="Column of codes, by which cells are named and ties are broken.")
    ] = None,
    within: Within = None,
    max_gap_m2: Annotated[float, typer.Option(min=0.0, help="Larger gaps are holes, which stay.")] = 10_000.0,
    report: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Write there what was done to each cell that changed.")
    ] = None,
    crs: CellsCrs = None,
    layer: Layer = None,
    encoding: Encoding = None,
    as_json: Json = False,
) -> None:
    """Fill the slivers and gaps between CELLS, give each overlap to one of them, and leave all else as it is.

    What several claim goes to the smallest of them, a gap to the neighbour with the longest border, and a piece that
    this cuts off its cell likewise. Holes above --max-gap-m2 stay, every row and column stays, and cells that nothing
    happens to stay vertex for vertex; so repairing twice changes nothing. With --within also gaps along the boundary
    are filled and ends beyond it cut off, up to the same size. What is written passes `gridmap check`; where that
    cannot be, exit status 1 says why, and when a cell would lose all its land nothing is written.

    \b
    Example:
      gridmap repair cells.shp --code WGBM -o repaired.gpkg --report what_was_done.csv
    """
    from gridmap.errors import InvalidInput
    from gridmap.files import read_table, write_table
    from gridmap.files.cells import code_column
    from gridmap.files.repairing import account_of_cells, repair_table
    from gridmap.files.write import writable_format

    for path in filter(None, (out, report)):
        writable_format(path)
    table = read_table(cells, layer=layer, encoding=encoding)
    boundary = read_table(within) if within is not None else None
    for text in (*table.warnings, *(boundary.warnings if boundary is not None else ())):
        note(text)
    if table.rejects:
        first = table.rejects[0]
        raise InvalidInput(f"{cells.name}, {table.word} {first.row}: {first.reason}", code="faulty_cells")
    field = code_column(table, code) if code is not None else None
    done = repair_table(table, field, crs, boundary, max_gap_m2, out)
    for text in done.notes:
        note(text)
    write_table(done.frame, out, done.crs, bom=table.needs_bom)
    if report is not None:
        write_table(account_of_cells(done.report), report, bom=table.needs_bom)
    told = {**done.report.as_dict(), "out": str(out)}
    if not done.system.startswith("EPSG:"):
        to_wgs84(told, done.system)
    if as_json:
        print_json(told)
    else:
        _say_all(told, table.word)
    if not told["ok"]:
        raise typer.Exit(DATA_FAULT)


def _say_all(told: Mapping[str, Any], word: str) -> None:
    """The account for people: every deed, what stays, the sums."""
    for lines in (_mended(told, word), _overlaps(told), _gaps(told), _fragments(told), _cut(told), _areas(told)):
        listed = list(lines)
        shown = listed[:_SHOWN] if sys.stdout.isatty() else listed
        for line in shown:
            say(line)
        if len(listed) > len(shown):
            say(f"... and {len(listed) - len(shown):,} more like these; --report FILE.csv or --json gives them all")
    for line in _left(told, word):
        say(line)
    say(_sum(told))


def _near(one: Mapping[str, Any]) -> str:
    return "" if one["lon"] is None else f" near {one['lon']:.6f}, {one['lat']:.6f}"


def _mended(told: Mapping[str, Any], word: str) -> Iterator[str]:
    for one in told["mended"]:
        name = f" ({one['code']})" if one["code"] is not None else ""
        yield f"{word} {one['row']}{name}: mended: {one['reason']}{_near(one)}"


def _overlaps(told: Mapping[str, Any]) -> Iterator[str]:
    for one in told["overlaps"]:
        yield f"overlap: {one['to']} keeps {one['area_m2']:,.1f} m2 that {one['from']} claimed, too,{_near(one)}"


def _gaps(told: Mapping[str, Any]) -> Iterator[str]:
    for one in told["gaps"]:
        yield f"gap: {one['area_m2']:,.1f} m2{_near(one)} to {one['to']}"


def _fragments(told: Mapping[str, Any]) -> Iterator[str]:
    for one in told["fragments"]:
        yield f"fragment: {one['area_m2']:,.1f} m2 cut off from {one['from']}{_near(one)} to {one['to']}"


def _cut(told: Mapping[str, Any]) -> Iterator[str]:
    for one in told.get("cut", []):
        yield f"beyond the boundary: {one['area_m2']:,.1f} m2 of {one['from']} cut off{_near(one)}"


def _areas(told: Mapping[str, Any]) -> Iterator[str]:
    for one in told["changed"]:
        yield f"{one['cell']}: {one['before_m2']:,.1f} m2 before, {one['after_m2']:,.1f} m2 now"


def _left(told: Mapping[str, Any], word: str) -> Iterator[str]:
    for kind, listed in (("hole", told["holes"]), ("beyond the boundary", told.get("outside", []))):
        for one in listed:
            yield f"{kind}: {one['area_m2']:,.1f} m2{_near(one)} stays"
    for text in told["duplicate_codes"]:
        yield f"the code {text} stands in more than one {word}: this is for you to settle"
    for row in told["without_code"]:
        yield f"{word} {row}: no code: this is for you to settle"


def _sum(told: Mapping[str, Any]) -> str:
    verdict = "" if told["ok"] else " What is named above is left and keeps this from being a coverage."
    return (
        f"{told['cells']:,} cells, {len(told['changed']):,} changed: {len(told['mended']):,} mended, "
        f"{len(told['overlaps']):,} overlaps settled ({told['claimed_twice_m2']:,.1f} m2), "
        f"{len(told['gaps']):,} gaps filled ({told['filled_m2']:,.1f} m2). Written to {told['out']}.{verdict}"
    )
