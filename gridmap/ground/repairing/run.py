"""Repair: from overlapping, gaping cells to a coverage, with an account of what was done to whom."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gridmap.errors import InvalidInput
from gridmap.ground.arrangement import Rows
from gridmap.ground.arrays import Floats
from gridmap.ground.cells import code_texts, source_rows
from gridmap.ground.coverage import Invalid, areas_m2, boundary_of, missing_and_outside, pieces
from gridmap.ground.measure import Geometries
from gridmap.ground.repairing.account import account
from gridmap.ground.repairing.drawing import Drawing, damaged
from gridmap.ground.repairing.mend import hopeless, sound_shapes
from gridmap.ground.repairing.owners import SHARE_LEFT, Mask
from gridmap.ground.repairing.redraw import Round, redraw
from gridmap.ground.repairing.report import CellChange, Name, RepairReport

#: rounding makes new faults at worst where old ones were, and fewer each time; more rounds than this were never needed
_ROUNDS = 8


def repair(
    cells: gpd.GeoDataFrame,
    code: str | None = None,
    within: gpd.GeoDataFrame | gpd.GeoSeries | BaseGeometry | None = None,
    max_gap_m2: float = 10_000.0,
    digits: int | None = None,
) -> tuple[gpd.GeoDataFrame, RepairReport]:
    """Cells that pass `check` with the same arguments, and what was done to them.

    `cells`: any CRS; not changed. The answer has the same rows, columns, index and CRS; a cell to which nothing was
    done keeps its shape vertex for vertex, so that repairing a coverage, or repairing twice, changes nothing. Faulty
    rings are mended first; then each place claimed by several cells goes to one, and gaps up to `max_gap_m2` to a
    neighbour, by the rules of `owners`. Larger gaps stay as holes. `within`: the area to be covered (a bare geometry:
    in the CRS of the cells); gaps along its border are filled too, and what reaches beyond it is cut off, each up to
    `max_gap_m2`. `digits`: coordinates are first rounded to so many decimals and all new ones have as many, for formats
    that keep no more. Codes given twice are told and left.

    `report.ok`: the cells are a coverage now, and codes are unique. InvalidInput when the cells have no CRS, when
    `code` is no column, and, naming every row, when a row holds no polygon or would lose all its land to others:
    nothing is dropped in silence.
    """
    if cells.crs is None:
        raise InvalidInput("cannot measure: the cells have no coordinate reference system; say which it is")
    codes = code_texts(cells, code) if code is not None else None
    rows, names = source_rows(cells), _names(cells, codes)
    drawn, mended = sound_shapes(cells, codes, digits)
    before = areas_m2(drawn, cells.crs)
    report = RepairReport(len(cells), mended=mended, before_m2=float(before.sum()))
    area = None if within is None else boundary_of(within, cells.crs)
    order = _precedence(before, codes)
    known = _Cells(rows[order], [codes[i] for i in order] if codes else None, before[order], [names[i] for i in order])
    shapes = np.empty(len(cells), dtype=object)
    shapes[order] = _until_whole(Drawing(drawn[order], cells.crs, max_gap_m2, digits, area), known, report)
    _conclude(report, Drawing(shapes, cells.crs, max_gap_m2, digits, area), codes, rows)
    same = np.array([a is b for a, b in zip(drawn, shapes, strict=True)], dtype=bool)
    after = areas_m2(shapes, cells.crs)
    report.after_m2 = float(after.sum())
    report.changed = [CellChange(int(rows[i]), names[i], float(before[i]), float(after[i]))
                      for i in np.flatnonzero(~same | np.isin(rows, [one.row for one in mended]))]  # fmt: skip
    untouched = same & ~np.isin(rows, [one.row for one in mended]) & (digits is None)
    return _result(cells, shapes, untouched), report


@dataclass(frozen=True, slots=True)
class _Cells:
    """What is known of the cells, in the order in which they come first."""

    rows: Rows
    codes: list[str | None] | None
    before: Floats
    names: list[Name]


def _precedence(area: Floats, codes: list[str | None] | None) -> Rows:
    """Positions of the cells in the order in which they come first: the smallest (to a thousandth of a m2), then by
    code, then by row."""
    texts = np.array([text or "" for text in codes], dtype=str) if codes else np.zeros(len(area))
    return np.asarray(np.lexsort((texts, np.round(area, 3))), dtype=np.int64)


def _names(cells: gpd.GeoDataFrame, codes: list[str | None] | None) -> list[Name]:
    """What to call each cell: its code, with its row where others have the same one, or its row."""
    rows = [int(row) for row in source_rows(cells)]
    if codes is None:
        return list(rows)
    count = Counter(codes)
    return [row if text is None else text if count[text] == 1 else f"{text} (row {row})"
            for text, row in zip(codes, rows, strict=True)]  # fmt: skip


def _until_whole(drawing: Drawing, known: _Cells, report: RepairReport) -> Geometries:
    """The shapes when no damage is found any more; InvalidInput where a cell would lose all, or damage stays."""
    for _ in range(_ROUNDS):
        hurt = damaged(drawing)
        if not hurt.any():
            return drawing.shapes
        done = redraw(drawing, hurt)
        _refuse_to_empty(done, hurt, known, drawing.crs)
        account(done, known.names, drawing.crs, report)
        drawing = replace(drawing, shapes=done.shapes)
    names = ", ".join(str(known.names[i]) for i in np.flatnonzero(hurt)[:10])
    raise InvalidInput(
        f"after {_ROUNDS} rounds there are still faults near {names}, so nothing was changed: simplify these first.",
        code="cannot_repair",
    )


def _refuse_to_empty(done: Round, hurt: Mask, known: _Cells, crs: Any) -> None:
    """Raise when a cell would keep less than `SHARE_LEFT` of its land, naming it and who lies over it."""
    at = np.flatnonzero(hurt)
    left = np.nan_to_num(areas_m2(done.shapes[at], crs))
    emptied = at[left < SHARE_LEFT * known.before[at]]
    if len(emptied):
        raise hopeless([_emptied(int(cell), done, known) for cell in emptied])


def _emptied(cell: int, done: Round, known: _Cells) -> Invalid:
    face = done.claims.face[done.claims.cell == cell]
    takers = done.owners.final[face]
    others = takers != cell
    area = np.bincount(takers[others & (takers >= 0)], weights=done.area[face[others & (takers >= 0)]])
    names = [str(known.names[i]) for i in np.argsort(-area, kind="stable")[:3] if area[i] > 0]
    where = f"it lies under {' and '.join(names)}" if names else "it lies beyond the boundary"
    reason = f"nothing would be left of it, {where}: remove one, or draw their border"
    return Invalid(int(known.rows[cell]), known.codes[cell] if known.codes else None, reason, None, None)


def _conclude(report: RepairReport, drawing: Drawing, codes: list[str | None] | None, rows: Rows) -> None:
    """What stays as it is: holes and ends beyond the boundary that are larger than the limit, and codes."""
    missing, outside = missing_and_outside(drawing.shapes, drawing.within)
    report.holes = [hole for hole in pieces(missing, drawing.crs) if hole.area_m2 > drawing.limit_m2]
    report.outside = None if drawing.within is None else pieces(outside, drawing.crs)
    report.duplicate_codes = sorted(text for text, n in Counter(codes or []).items() if text is not None and n > 1)
    report.without_code = [int(row) for row, text in zip(rows, codes or [], strict=False) if text is None]


def _result(cells: gpd.GeoDataFrame, shapes: Geometries, kept: Mask) -> gpd.GeoDataFrame:
    """The frame with its new shapes; where nothing was done, with the very ones that came."""
    came = np.asarray(cells.geometry.values, dtype=object)
    if not kept.all() and shapely.has_z(came).any():
        came = np.asarray(shapely.force_2d(came), dtype=object)
    series = gpd.GeoSeries(np.where(kept, came, shapes), index=cells.index, crs=cells.crs)
    return cells.set_geometry(series.rename(cells.geometry.name))
