"""A coverage with fewer vertices, for maps seen from afar: neighbours go on sharing what is left of their borders."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import shapely

from gridmap.ground.measure import M_PER_DEGREE, Geometries

#: decimals of a degree that thinned places keep: a tenth of a metre
_DECIMALS: Final = 6
#: beyond this cells are no shapes any more
MOST_M: Final = 1024.0


def level(metres: float) -> float:
    """The power of two of metres that is asked for: so a few thinned coverages serve every zoom. Below one: 0, all."""
    return 0.0 if metres < 1.0 else 2.0 ** math.floor(math.log2(min(metres, MOST_M)))


def thinned(shapes: Geometries, metres: float) -> Geometries:
    """WGS84 polygons of a coverage without the vertices that stray less than about this from their border.

    Each border is thinned once, so that neighbours share it as before; nodes stay. 0 metres: as they are.
    """
    if metres <= 0.0 or not len(shapes):
        return shapes
    simple = shapely.coverage_simplify(shapes, metres / M_PER_DEGREE)
    found: Geometries = shapely.transform(simple, lambda places: np.round(places, _DECIMALS))
    return found
