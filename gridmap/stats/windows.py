"""The circles of a scan: around each centre, the nearest cells one after another, up to a share of the population."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridmap.stats.neighbours import Floats, Rows

#: distances are equal when they differ by no more than rounding
_SAME = 1.0 + 1e-12


@dataclass(frozen=True, slots=True)
class Windows:
    """Circles around some centres. Those of centre i are the first 1, 2 ... `length[i]` cells of `order[i]`.

    `usable`: whether a circle ends there; between cells that are equally far none does.
    """

    centres: Rows
    order: NDArray[np.int32]
    length: Rows
    usable: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Circles:
    """All circles over cells at `x`, `y` that hold at most `limit` of the `population`."""

    x: Floats
    y: Floats
    population: Floats
    limit: float

    def around(self, centres: Rows) -> Windows:
        """The circles of some centres."""
        apart = np.square(self.x[centres, None] - self.x) + np.square(self.y[centres, None] - self.y)
        order = np.argsort(apart, axis=1)
        apart = np.take_along_axis(apart, order, axis=1)
        usable = np.ones(order.shape, dtype=bool)
        usable[:, :-1] = apart[:, 1:] > apart[:, :-1] * _SAME
        held = np.cumsum(self.population[order], axis=1)
        length = (held <= self.limit * _SAME).sum(axis=1)
        return Windows(centres, order.astype(np.int32), length, usable)
