"""Cells on their way to a coverage, and where they are none yet. Cells stand in the order in which they come first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gridmap.ground.coverage import missing_and_outside, more_than_rounding, overlapping
from gridmap.ground.measure import Geometries
from gridmap.ground.repairing.owners import Mask

#: what lies closer than this touches: a tenth of a millimetre, in degrees and in metres
_TOUCH_DEG, _TOUCH_M = 1e-9, 1e-4


@dataclass(frozen=True, slots=True)
class Drawing:
    """Valid shapes in one CRS, and what is asked of them: gaps up to `limit_m2`, the decimals, the area to cover."""

    shapes: Geometries
    crs: Any
    limit_m2: float
    digits: int | None = None
    within: BaseGeometry | None = None

    @property
    def touch(self) -> float:
        """How far apart, in the units of the CRS, two shapes may be that touch."""
        return _TOUCH_DEG if self.crs.is_geographic else _TOUCH_M

    @property
    def scale(self) -> tuple[float, float]:
        """What a unit of x and of y counts in lengths that are only compared."""
        if not self.crs.is_geographic:
            return 1.0, 1.0
        south, north = shapely.total_bounds(self.shapes)[[1, 3]]
        return float(np.cos(np.radians((south + north) / 2.0))), 1.0


def damaged(drawing: Drawing) -> Mask:
    """The cells that overlap another, lie at a gap, or reach a little beyond the boundary; all False: a coverage."""
    shapes = drawing.shapes
    hurt = np.zeros(len(shapes), dtype=bool)
    left, right, _ = overlapping(shapes, drawing.crs)
    hurt[left] = hurt[right] = True
    missing, outside = missing_and_outside(shapes, drawing.within)
    wounds = np.concatenate([_small(missing, drawing), _small(outside, drawing)])
    return hurt | beside(wounds, shapes, drawing.touch)


def _small(parts: Geometries, drawing: Drawing) -> Geometries:
    real, areas = more_than_rounding(parts, drawing.crs)
    return parts[real & (areas <= drawing.limit_m2)]


def beside(few: Geometries, shapes: Geometries, touch: float) -> Mask:
    """Which shapes touch one of a few others."""
    near = np.zeros(len(shapes), dtype=bool)
    if len(few):
        near[shapely.STRtree(few).query(shapes, predicate="dwithin", distance=touch)[0]] = True
    return near
