"""`gridmap check`: whether the cells of a file cover their area once each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from gridmap.cli.options import CellsCrs, Encoding, Json, Layer, Polygons, Within
from gridmap.cli.output import DATA_FAULT, note, print_json, say


def check(
    cells: Polygons,
    code: Annotated[str | None, typer.Option(metavar="FIELD", help="Column of codes, which must be unique.")] = None,
    within: Within = None,
    max_gap_m2: Annotated[float, typer.Option(min=0.0, help="Larger gaps are holes, which may be meant.")] = 10_000.0,
    crs: CellsCrs = None,
    layer: Layer = None,
    encoding: Encoding = None,
    as_json: Json = False,
) -> None:
    """Tell whether every place of the area is in exactly one of CELLS: no bad shape, overlap, gap, or code used twice.

    Exit status 1 when it is not, with every fault and where it is.

    \b
    Example:
      gridmap check cells.gpkg --code code --within county.geojson
    """
    from gridmap.errors import InvalidInput
    from gridmap.files import read_table
    from gridmap.files.cells import boundary_in, code_column, raw_cells
    from gridmap.ground import check as check_coverage

    table = read_table(cells, layer=layer, encoding=encoding)
    boundary = read_table(within) if within is not None else None
    for text in (*table.warnings, *(boundary.warnings if boundary is not None else ())):
        note(text)
    if table.rejects:
        first = table.rejects[0]
        raise InvalidInput(f"{cells.name}, {table.word} {first.row}: {first.reason}", code="faulty_cells")
    field = code_column(table, code) if code is not None else None
    drawn, system = raw_cells(table, field, crs)
    report = check_coverage(
        drawn,
        code="code" if field is not None else None,
        within=boundary_in(boundary, system) if boundary is not None else None,
        max_gap_m2=max_gap_m2,
    ).as_dict()
    if not system.startswith("EPSG:"):
        to_wgs84(report, system)
    if as_json:
        print_json(report)
    else:
        for line in _lines(report, table.word):
            say(line)
    if not report["ok"]:
        raise typer.Exit(DATA_FAULT)


def to_wgs84(report: Mapping[str, Any], system: str) -> None:
    """Where faults and repairs lie, in WGS84: reports speak in the coordinates that the cells were drawn in."""
    from gridmap.ground import convert

    for name in ("invalid", "mended", "overlaps", "gaps", "fragments", "cut", "holes", "outside"):
        for one in report.get(name, []):
            if one.get("lon") is not None:
                lon, lat = convert([one["lon"]], [one["lat"]], system, "wgs84")
                one["lon"], one["lat"] = float(lon[0]), float(lat[0])


def _lines(report: Mapping[str, Any], word: str) -> Iterator[str]:
    """The report for people: every fault, then the verdict."""
    for one in report["invalid"]:
        place = "" if one["lon"] is None else f" near {one['lon']:.6f}, {one['lat']:.6f}"
        name = f" ({one['code']})" if one["code"] is not None else ""
        yield f"{word} {one['row']}{name}: {one['reason']}{place}"
    for one in report["overlaps"]:
        yield f"{one['a']} and {one['b']} overlap by {one['area_m2']:,.1f} m2"
    for what, kind in (("gaps", "gap"), ("holes", "hole"), ("outside", "beyond the boundary")):
        for one in report.get(what, []):
            yield f"{kind}: {one['area_m2']:,.1f} m2 near {one['lon']:.6f}, {one['lat']:.6f}"
    for text in report["duplicate_codes"]:
        yield f"the code {text} stands in more than one {word}"
    verdict = "every place is in exactly one cell" if report["ok"] else "this is no coverage yet"
    yield f"{report['cells']:,} cells: {verdict}."
