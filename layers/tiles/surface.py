"""A heat surface: cases and households counted over the whole map, in classes that are the same on every tile."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from layers import style
from layers.heat import LEAST_HOUSEHOLDS
from layers.mercator import TILE, metres_a_pixel
from layers.tiles.kernel import kernel_sums
from layers.tiles.png import paletted
from layers.tiles.raster import Raster
from layers.tiles.shape import Shape

#: a tile without any colour
NOTHING: Final = paletted(np.zeros((TILE, TILE), dtype=np.uint8), style.HEAT_RAMP)


class Measure(StrEnum):
    """What is coloured: cases per 100 households, or cases per square kilometre."""

    RATE = "rate"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Surface:
    """Two rasters of one zoom and how they are drawn.

    `breaks`: six between seven classes, or fewer, in the measure's unit. `lat`: the latitude at which `bandwidth_m` is
    true to the metre; within a county it is true to 2 %.
    """

    cases: Raster
    homes: Raster
    shape: Shape
    bandwidth_m: float
    lat: float
    measure: Measure
    breaks: tuple[float, ...]

    def tile(self, zoom: int, x: int, y: int) -> bytes:
        """One tile as PNG. Its cost depends on neither how many cases there are nor how many tiles."""
        left, top = x * TILE, y * TILE
        if self.shape.covers(zoom, left, top, TILE, TILE) == "none":
            return NOTHING
        return paletted(self.classes(zoom, left, top, TILE, TILE), style.heat_ramp(len(self.breaks) + 1))

    def classes(self, zoom: int, left: int, top: int, columns: int, rows: int) -> NDArray[np.uint8]:
        """The class at each pixel of a window, from 1 (rows, columns).

        0, no colour, outside of the area and where fewer than `LEAST_HOUSEHOLDS` households, weighted by the kernel,
        stand around: a rate of few is noise, and a lone house's colour would tell of one family.
        """
        window = (zoom, left, top, columns, rows)
        covered = self.shape.covers(*window)
        sigma = self.bandwidth_m / metres_a_pixel(zoom, self.lat)
        homes = kernel_sums(self.homes, *window, sigma)
        drawn = homes >= LEAST_HOUSEHOLDS
        if covered == "some":
            drawn &= self.shape.mask(*window).view(np.bool_)
        if covered == "none" or not drawn.any():
            return np.zeros((rows, columns), dtype=np.uint8)
        cases = kernel_sums(self.cases, *window, sigma)
        found = np.ones((rows, columns), dtype=np.uint8)
        for limit in self.breaks:
            # without a division, so that no household at all is no trouble
            found += cases >= (homes * (limit / 100) if self.measure is Measure.RATE else self._sum_of(limit))
        return found * drawn

    def _sum_of(self, per_km2: float) -> np.float32:
        """The kernel sum that a density of cases makes."""
        return np.float32(per_km2 * 2 * np.pi * self.bandwidth_m**2 / 1e6)


def breaks_of_density(per_km2: float) -> tuple[float, ...]:
    """Six breaks for seven classes of cases per km², each twice the one before, the first at the area's mean.

    Cases gather where people live, in a small part of the area, so most of what is coloured lies above the mean. Two
    digits; a mean that is unknown or 0 counts as 1.
    """
    mean = per_km2 if np.isfinite(per_km2) and per_km2 > 0 else 1.0
    return tuple(float(f"{mean * 2**n:.2g}") for n in range(len(style.HEAT_BREAKS)))
