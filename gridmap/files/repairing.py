"""`gridmap repair` as a function of tables: no files here, no words on a screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridmap.files.cells import boundary_in, geometry_column, raw_cells
from gridmap.files.locating import epsg_of
from gridmap.files.table import Table
from gridmap.files.write import GEOJSON_DIGITS
from gridmap.ground import RepairReport, convert, repair

#: where a text column of WKT stays one
_WITHOUT_GEOMETRY = (".csv", ".csv.gz", ".xlsx")


@dataclass(frozen=True, slots=True, eq=False)
class Repaired:
    """The table's rows with their new geometry, the CRS to write it in (None: unnamed), the name of the system that
    the report's places are in, the report, and what people should know."""

    frame: pd.DataFrame
    crs: str | None
    system: str
    report: RepairReport
    notes: tuple[str, ...]


def repair_table(
    table: Table, code: str | None, crs: str | None, boundary: Table | None, max_gap_m2: float, out: Path
) -> Repaired:
    """All rows and columns, with geometry that is a coverage in the coordinates and decimals that `out` keeps.

    InvalidInput naming every row that cannot be repaired.
    """
    cells, system = raw_cells(table, code, crs)
    written_crs = table.crs if crs is None and table.spatial else epsg_of(system)
    digits = None
    if out.name.lower().endswith((".geojson", ".json")):
        digits = GEOJSON_DIGITS
        if system.startswith("EPSG:"):
            moved = shapely.transform(
                cells.geometry.to_numpy(), lambda x, y: convert(x, y, system, "wgs84"), interleaved=False
            )
            cells, system, written_crs = cells.set_geometry(moved, crs="EPSG:4326"), "wgs84", "EPSG:4326"
    whole, report = repair(
        cells,
        code="code" if code is not None else None,
        within=boundary_in(boundary, system) if boundary is not None else None,
        max_gap_m2=max_gap_m2,
        digits=digits,
    )
    flat = report.changed and shapely.has_z(cells.geometry.to_numpy()).any()
    notes = ("Heights in the geometry were dropped.",) if flat else ()
    shapes = np.asarray(whole.geometry.values, dtype=object)
    return Repaired(_with_shapes(table, shapes, out), written_crs, system, report, notes)


def _with_shapes(table: Table, shapes: Any, out: Path) -> pd.DataFrame:
    """The table's frame with these shapes: as its geometry, or as WKT in the column that it came in."""
    frame = table.frame.copy(deep=False)
    column = geometry_column(table)
    if not table.spatial and out.name.lower().endswith(_WITHOUT_GEOMETRY):
        came = shapely.from_wkt(frame[column].to_numpy(dtype=object), on_invalid="ignore")
        same = shapely.equals_identical(came, shapes)
        texts = np.where(same, frame[column].to_numpy(dtype=object), shapely.to_wkt(shapes, rounding_precision=-1))
        frame[column] = pd.Series(texts, index=frame.index, dtype=object)
        return frame
    frame = frame.drop(columns=column)
    frame["geometry"] = pd.Series(shapes, index=frame.index, dtype=object)
    return frame


def account_of_cells(report: RepairReport) -> pd.DataFrame:
    """One row for each cell that changed: `row`, `cell`, m2 before and after, and in words what happened to it."""
    said: dict[Any, list[str]] = {}
    for one in report.mended:
        said.setdefault(one.row, []).append(f"mended: {one.reason}")
    for kind, listed in (("overlap", report.overlaps), ("fragment", report.fragments)):
        for given in listed:
            said.setdefault(given.to, []).append(f"has the {kind} of {given.area_m2:.2f} m2 from {given.source}")
            said.setdefault(given.source, []).append(f"left the {kind} of {given.area_m2:.2f} m2 to {given.to}")
    for gap in report.gaps:
        said.setdefault(gap.to, []).append(f"has the gap of {gap.area_m2:.2f} m2")
    for end in report.cut:
        said.setdefault(end.source, []).append(f"lost {end.area_m2:.2f} m2 beyond the boundary")
    changed = report.changed
    return pd.DataFrame(
        {
            "row": pd.Series([one.row for one in changed], dtype=np.int64),
            "cell": pd.Series([str(one.cell) for one in changed], dtype=object),
            "before_m2": np.round([one.before_m2 for one in changed], 2),
            "after_m2": np.round([one.after_m2 for one in changed], 2),
            "what": pd.Series([_told(said, one.row, one.cell) for one in changed], dtype=object),
        }
    )


def _told(said: Mapping[Any, Sequence[str]], row: int, cell: Any) -> str:
    mended = [text for text in said.get(row, []) if text.startswith("mended")]
    others = [text for text in said.get(cell, []) if not text.startswith("mended")]
    return "; ".join([*mended, *others]) or "has new vertices where neighbours' borders meet its own"
