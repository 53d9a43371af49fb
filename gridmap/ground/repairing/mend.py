"""Shapes fit to be repaired: rings that cross themselves are untangled first, at a bounded cost; others are refused."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from gridmap.errors import InvalidInput
from gridmap.ground.arrangement import rounded
from gridmap.ground.cells import source_rows
from gridmap.ground.coverage import TANGLED, Invalid, crossings, invalid_row, shape_faults
from gridmap.ground.measure import Geometries


def sound_shapes(
    cells: gpd.GeoDataFrame, codes: list[str | None] | None, digits: int | None
) -> tuple[Geometries, list[Invalid]]:
    """Valid two-dimensional shapes that cover what the rows' do, rounded when asked, and what was mended.

    Raises InvalidInput naming every row that holds no polygon to mend, or one that would take minutes to untangle.
    """
    shapes = np.asarray(shapely.force_2d(np.asarray(cells.geometry.values)), dtype=object)
    rows = source_rows(cells)
    reasons = shape_faults(shapes, bool(cells.crs.is_geographic))
    lost = [reason is not None for reason in reasons]
    if digits is not None:
        shapes[~np.array(lost, dtype=bool)] = rounded(shapes[~np.array(lost, dtype=bool)], digits)
    mended: list[Invalid] = []
    budget = float(TANGLED)
    for i in np.flatnonzero(~shapely.is_valid(shapes)):
        if lost[i]:
            continue
        reason = shapely.is_valid_reason(shapes[i])
        budget -= crossings(shapes[i])
        whole = _untangled(shapes[i], digits) if budget >= 0 else None
        if whole is None or whole.is_empty:
            lost[i] = True
            reasons[i] = f"too tangled to mend: {reason}" if whole is None else f"no area is left of it: {reason}"
        else:
            shapes[i] = whole
            mended.append(invalid_row(int(rows[i]), codes[i] if codes else None, reason, cells.crs))
    if any(lost):
        faults = [invalid_row(int(rows[i]), codes[i] if codes else None, str(reasons[i]), cells.crs)
                  for i in np.flatnonzero(lost)]  # fmt: skip
        raise hopeless(faults)
    return shapes, mended


def _untangled(shape: Any, digits: int | None) -> Any:
    whole = shapely.make_valid(shape, method="structure", keep_collapsed=False)
    if digits is not None and not whole.is_empty:
        whole = rounded(shapely.set_precision(whole, 10.0**-digits), digits)
    return whole


def hopeless(faults: list[Invalid]) -> InvalidInput:
    """The error that names every row for which a person must decide."""
    return InvalidInput(
        f"{len(faults)} of the cells cannot be repaired, so nothing was.\n"
        + "\n".join(f"row {one.row}{f' ({one.code})' if one.code else ''}: {one.reason}" for one in faults),
        code="cannot_repair",
        faults=[{"row": one.row, "code": one.code, "reason": one.reason} for one in faults],
    )
