"""Exact Gaussian kernel sums in a window of pixels at any zoom, read from a raster of counts."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple, cast

import cv2
import numpy as np

from layers.mercator import metres_a_pixel
from layers.tiles.raster import Raster, Singles

#: a raster is made at the first zoom where the bandwidth is at least so many pixels
LEAST_SIGMA: Final = 2.5
#: windows where it is fewer are read one level finer, as long as there is one
FINER_BELOW: Final = 2.0
#: beyond so many bandwidths a point counts nothing: it would be 0.03 % of what it is at its place
REACH: Final = 4.0
#: rasters are not made deeper, whatever the bandwidth
DEEPEST: Final = 15
#: what the spline of the raster widens each point by, in square pixels
SPLINE: Final = 0.25
#: fine pixels weighed in one product: so few that their bands are much the same, and that BLAS stays in this thread
_ROWS_AT_ONCE: Final = 16
# a tile is small, and a server draws several at once in threads of its own: more would wait for each other
cv2.setNumThreads(1)
_ONE: Final = np.ones(1, dtype=np.float32)


def zoom_for(bandwidth_m: float, lat: float) -> int:
    """The zoom that a raster needs for a bandwidth in metres on the ground at a latitude."""
    zoom = 0
    while zoom < DEEPEST and bandwidth_m / metres_a_pixel(zoom, lat) < LEAST_SIGMA:
        zoom += 1
    return zoom


def kernel_sums(raster: Raster, zoom: int, left: int, top: int, columns: int, rows: int, sigma: float) -> Singles:
    """At each pixel's centre the sum of exp(-d²/2σ²) over all points, float32 (rows, columns).

    The window is given in pixels of `zoom`, of which `sigma` is so many. A pixel's value does not depend on the window
    that it is asked in. From sigma 1 pixel on the error is below 0.5 % of the map's peak, for a lone point too.
    """
    if zoom > raster.zoom:
        return _enlarged(raster, zoom - raster.zoom, left, top, columns, rows, sigma)
    if sigma < FINER_BELOW and zoom < raster.zoom:
        return _between(raster, zoom + 1, left, top, columns, rows, 2 * sigma)
    taps = _taps(sigma, even=False)
    pad = len(taps) // 2
    counts = raster.window(zoom, left - pad, top - pad, columns + 2 * pad, rows + 2 * pad)
    return _filtered(counts, taps, taps, (-1, -1))[pad : pad + rows, pad : pad + columns]


def _between(raster: Raster, finer: int, left: int, top: int, columns: int, rows: int, sigma: float) -> Singles:
    """The same from the next finer level: a pixel's centre is the corner between four of that level's."""
    taps = _taps(sigma, even=True)
    pad = len(taps) // 2
    counts = raster.window(finer, 2 * (left - pad), 2 * (top - pad), 2 * (columns + 2 * pad), 2 * (rows + 2 * pad))
    tall = _every_second(counts, taps, rows)
    return _every_second(tall.T, taps, columns).T


def _every_second(counts: Singles, taps: Singles, amount: int) -> Singles:
    """Correlate down the rows with an even number of taps, at every second corner between rows.

    Even and odd rows are summed apart, each with every second tap: half the work of all corners. The corner in the
    middle of rows 2p and 2p + 1 looks at those from 2p - pad + 1 to 2p + pad; the first is that of p = pad.
    """
    pad = len(taps) // 2
    first, second = (0, 1) if pad % 2 else (1, 0)
    sums = [
        _filtered(counts[start::2], _ONE, taps[tap::2], (0, 0))[pad + (1 + tap - pad) // 2 :][:amount]
        for tap, start in enumerate((first, second))
    ]
    return sums[0] + sums[1]


def _enlarged(raster: Raster, times: int, left: int, top: int, columns: int, rows: int, sigma: float) -> Singles:
    """The same at zooms deeper than the raster: the kernel is evaluated between the raster's pixels."""
    narrow, step = sigma / 2**times, 2**times
    across = _bands(left % step, columns, times, narrow)
    along = _bands(top % step, rows, times, narrow)
    x0, y0 = left // step + across.start, top // step + along.start
    counts = raster.window(raster.zoom, x0, y0, across.width, along.width)
    return _weighed(across, _weighed(along, counts).T).T


class _Bands(NamedTuple):
    """What a stretch of fine pixels weighs the raster's pixels by, some rows at a time.

    `start`: the first pixel looked at, from the one that the stretch begins in; `width`: how many there are. `parts`:
    for rows one after another the first pixel they look at, from `start`, and their weights, (rows, pixels).
    """

    start: int
    width: int
    parts: tuple[tuple[int, Singles], ...]


@lru_cache(maxsize=64)
def _bands(first: int, count: int, times: int, sigma: float) -> _Bands:
    """The weights of `count` fine pixels from the `first` within a pixel of the raster on. All tiles of a zoom share
    them: halving is exact, so a pixel further on has the same weights for the pixels beside it."""
    at = (first + np.arange(count) + 0.5) / 2**times - 0.5
    reach = REACH * sigma
    start, end = int(np.floor(at[0] - reach)), int(np.ceil(at[-1] + reach))
    distance = at[:, None] - np.arange(start, end + 1)
    narrow = np.sqrt(sigma**2 - SPLINE)
    weights = np.exp(-0.5 * (distance / narrow) ** 2) * (sigma / narrow)
    weights = np.where(np.abs(distance) <= reach, weights, 0.0).astype(np.float32)
    parts = []
    for row in range(0, count, _ROWS_AT_ONCE):
        some = weights[row : row + _ROWS_AT_ONCE]
        met = np.flatnonzero(some.any(axis=0))
        parts.append((int(met[0]), np.ascontiguousarray(some[:, met[0] : met[-1] + 1])))
    return _Bands(start, end + 1 - start, tuple(parts))


def _weighed(bands: _Bands, counts: Singles) -> Singles:
    """The matrix product of the weights and the counts, band by band.

    A pixel looks at a few of the raster's, so most of the whole product would be zeros. And OpenBLAS wakes its other
    threads above some number of multiplications; they then wait for each other, busily, for up to 20 ms.
    """
    out = np.empty((sum(len(some) for _, some in bands.parts), counts.shape[1]), dtype=np.float32)
    row = 0
    for start, some in bands.parts:
        np.matmul(some, counts[start : start + some.shape[1]], out=out[row : row + len(some)])
        row += len(some)
    return out


def _filtered(counts: Singles, across: Singles, along: Singles, anchor: tuple[int, int]) -> Singles:
    """`counts` correlated with `across` along its rows and `along` down its columns; anchor (-1, -1) is the middle."""
    return cast("Singles", cv2.sepFilter2D(np.ascontiguousarray(counts), -1, across, along, anchor=anchor))


@lru_cache(maxsize=64)
def _taps(sigma: float, *, even: bool) -> Singles:
    """The kernel at whole pixels from its centre, or at halves; narrower by what the raster has spread already.

    Together they weigh what the kernel does, also where it is too narrow for its shape to be seen.
    """
    narrow = np.sqrt(max(sigma**2 - SPLINE, 0.05))
    reach = int(np.ceil(REACH * max(sigma, 0.5)))
    distance = np.arange(-reach, reach) + 0.5 if even else np.arange(-reach, reach + 1.0)
    weights = np.exp(-0.5 * (distance / narrow) ** 2)
    taps: Singles = (weights * (sigma * np.sqrt(2 * np.pi) / weights.sum())).astype(np.float32)
    return taps
