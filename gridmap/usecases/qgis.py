"""The road for those who draw in QGIS: a plan's cells go out as GeoPackage, what was edited comes back as deltas."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import shapely

from gridmap.errors import Conflict, InvalidInput, Stale
from gridmap.files.cells import raw_cells
from gridmap.files.read import read_table
from gridmap.files.table import Table
from gridmap.files.write import write_table
from gridmap.ground import repair
from gridmap.ground.topology import TopologyFault
from gridmap.plan import Drawing, at_home, edits_between, followed, stitched, told_apart
from gridmap.store import read
from gridmap.usecases.context import Context
from gridmap.usecases.drafts import Draft
from gridmap.usecases.planning import Changed, do, draft_of, fits, may, seen
from gridmap.view import View

#: what a file may weigh
MOST_BYTES: Final = 64_000_000


def exported(ctx: Context, view: View, plan_id: int) -> tuple[int, bytes]:
    """The plan's version and its drawing as GeoPackage: code, community, plan, version, polygons in WGS84."""
    with read(ctx.engine) as conn:
        row = seen(conn, view, plan_id)
        draft = draft_of(ctx, conn, row)
    frame = draft.drawing.to_frame().assign(plan=plan_id, version=row.version)
    frame = frame[["code", "community", "plan", "version", "geometry"]]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.gpkg"
        write_table(frame, path)
        return row.version, path.read_bytes()


def imported(
    ctx: Context, view: View, plan_id: int, version: int | None, content: bytes, *, mend: bool = False
) -> Changed | None:
    """Make the difference between the plan and an edited export the plan's next edits; None where there is none.

    `mend`: first repair gaps, overlaps and vertices that only one side of a border has, and give each piece of a cell
    that was split a code of its own. Raises InvalidInput
    (`plan_defects`, with each defect's cells and place) where the cells are no coverage, Stale where the plan was
    changed since the export, and as `planning.edit`.
    """
    may(view, "plan.edit")
    with read(ctx.engine) as conn:
        row = seen(conn, view, plan_id)
        fits(conn, row, version)
        draft = draft_of(ctx, conn, row)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.gpkg"
        path.write_bytes(content)
        cells = at_home(draft.drawing, _cells(read_table(path), row))
    found = _between(draft, cells, mend=mend)
    return None if not found else do(ctx, view, plan_id, version, found)


def _cells(table: Table, row: Any) -> gpd.GeoDataFrame:
    """The file's cells, if they are of this plan at this version."""
    frame = table.frame
    lacking = [name for name in ("code", "plan", "version") if name not in frame.columns]
    if lacking or not table.spatial:
        raise InvalidInput(f"the file lacks {', '.join(lacking) or 'shapes'}: edit a file that `export` gave")
    plans = {int(one) for one in frame["plan"].dropna()}  # a cell that is new in QGIS has none
    if plans != {row.id}:
        raise InvalidInput(f"the file is of plan {sorted(plans)}, not of {row.id}", code="other_plan")
    versions = {int(one) for one in frame["version"].dropna()}
    if versions != {row.version}:
        raise Stale(f"the plan is at version {row.version}, and the file was exported at {sorted(versions)}; export "
                    "it again", version=row.version)  # fmt: skip
    cells, _ = raw_cells(table, "code", None)
    if "community" in frame.columns:
        cells = cells.assign(community=frame["community"].to_numpy())
    return cells


def _between(draft: Draft, cells: gpd.GeoDataFrame, *, mend: bool) -> list[Any]:
    found = edits_between(draft.drawing, cells)
    if found.defects and mend:
        found = edits_between(draft.drawing, _mended(draft.drawing, cells))
    if found.defects:
        first, more = found.defects[0].why, len(found.defects) - 1
        raise InvalidInput(
            f"these cells are no drawing: {first}" + (f"; and {more} more" if more else ""),
            code="plan_defects", defects=[_defect(one, cells) for one in found.defects[:200]],
        )  # fmt: skip
    return list(found.deltas)


def _mended(drawing: Drawing, cells: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The cells as a coverage of the drawing's ground: no gap is too large to be filled, nothing reaches beyond."""
    rim = shapely.coverage_union_all([cell.shape for cell in drawing.values()])
    ground = gpd.GeoSeries([rim], crs="EPSG:4326")
    ready = stitched(followed(drawing, told_apart(drawing, cells)))
    whole, _ = repair(ready, "code", within=ground, max_gap_m2=float("inf"))
    return stitched(whole, ground.to_crs(whole.crs).iloc[0])


def _defect(one: TopologyFault, cells: gpd.GeoDataFrame) -> dict[str, Any]:
    """A defect as an answer, with a place to look at where there is any."""
    lon, lat = one.lon, one.lat
    shapes = cells.geometry[cells["code"].isin(one.cells)].to_crs("EPSG:4326")
    if lon is None and len(shapes):
        common = shapely.intersection_all(shapely.make_valid(shapes.to_numpy()))
        at = (common if not common.is_empty else shapes.iloc[0]).representative_point()
        lon, lat = at.x, at.y
    return {"kind": one.kind, "cells": list(one.cells), "why": one.why, "lon": lon, "lat": lat}


def unchanged(version: int) -> Conflict:
    """What is told where a file brings nothing."""
    return Conflict("the file holds the plan as it is", code="nothing_changed", version=version)
