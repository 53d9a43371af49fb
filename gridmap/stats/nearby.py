"""Blocks of households in spatial order, so that what lies near a place is found without a look at the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gridmap.stats.neighbours import Floats

#: the box asked for is this much wider than the reach, so that rounding leaves nobody out (metres)
_SLACK_M = 1.0


@dataclass(frozen=True, slots=True)
class Ground:
    """Blocks of households in a plane: `x`, `y` (n,) metres; `households` (n,); `cases` (n, months); `rate` (months,):
    the county's cases for each household."""

    x: Floats
    y: Floats
    households: Floats
    cases: Floats
    rate: Floats

    def take(self, rows: NDArray[np.int64]) -> Ground:
        """Some of the blocks, with the county's rate."""
        return Ground(self.x[rows], self.y[rows], self.households[rows], self.cases[rows], self.rate)


@dataclass(frozen=True, slots=True)
class Spot:
    """Blocks near a place: `rows` (k,) of the ground, ascending, and `apart` (k,) how far they are (metres)."""

    rows: NDArray[np.int64]
    apart: Floats

    def within(self, metres: float) -> NDArray[np.int64]:
        """The rows up to so far away."""
        return self.rows[self.apart <= metres]


class Nearby:
    """Points (n,) in a plane, ordered once."""

    def __init__(self, x: Floats, y: Floats) -> None:
        self._points = shapely.points(x, y)
        self._tree = shapely.STRtree(self._points)

    def around(self, place: Any, reach: float) -> Spot:
        """What lies up to `reach` metres from a point or polygon in the same plane; nothing near an empty one."""
        west, south, east, north = shapely.bounds(shapely.buffer(shapely.box(*place.bounds), reach + _SLACK_M))
        rows = np.sort(self._tree.query(shapely.box(west, south, east, north)))
        apart = self.apart(rows, place)
        near = apart <= reach
        return Spot(rows[near], apart[near])

    def apart(self, rows: NDArray[np.int64], place: Any) -> Floats:
        """From some of the points (rows) to a place."""
        return np.asarray(shapely.distance(self._points[rows], place), dtype=np.float64)
