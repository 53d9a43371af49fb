"""Counts of points in pixels of web mercator: a sparse raster in blocks, and its levels from there up.

A point is not put into one pixel but spread over the 3 x 3 around it by a quadratic B-spline (variance 1/4 pixel). A
Gaussian that is narrower by this variance then gives the kernel sum at any place with an error of
0.13 % of a lone point's peak at sigma 2.5 pixels, 0.3 % at 2 and 0.8 % at 1.5 (tests/unit/layers/test_tiles.py); a
point put into its pixel's middle would err by 13 % at sigma 3.3. And B-splines halve exactly: a level made of
the one below it, (1, 3, 3, 1) / 4 along each axis, is what the points themselves would have given at that zoom.

Weights are whole numbers, places being rounded to 1/128 pixel (0.13 % of the peak at most). So sums do not depend on
the order in which points come and go: a raster to which a report was added equals one made anew, bit for bit.

A raster is never changed. `changed` gives another, which shares all blocks that no point touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from layers.mercator import width

Ints = NDArray[np.int64]
Singles = NDArray[np.float32]
#: row and column of a block
Place = tuple[int, int]
Blocks = Mapping[Place, NDArray[Any]]

#: parts of a pixel to which places are read
PARTS: Final = 128
#: what the nine weights of one point add up to; a pixel holds 8 thousand million points before int64 runs over
WHOLE: Final = (2 * PARTS * PARTS) ** 2
#: pixels along the side of a block
SIDE: Final = 64
#: points spread at a time, so that a county's first raster needs no memory beside its blocks
_BATCH: Final = 500_000


class Raster:
    """Points counted at a zoom. `levels[0]` holds whole numbers (a point is `WHOLE`), the levels above it counts."""

    __slots__ = ("levels", "zoom")

    def __init__(self, zoom: int, levels: tuple[Blocks, ...] | None = None) -> None:
        """A raster without points; `levels` are for its own use."""
        self.zoom = zoom
        self.levels = levels or tuple({} for _ in range(zoom + 1))

    def changed(self, added: tuple[Ints, Ints], removed: tuple[Ints, Ints] | None = None) -> Self:
        """The raster with these points more and those fewer, each x and y as `parts` gives them.

        Equal to one made anew, bit for bit, provided that what is removed was there.
        """
        fewer = removed or (added[0][:0], added[1][:0])
        x, y = (np.concatenate([more, less]) for more, less in zip(added, fewer, strict=True))
        signs = np.repeat(np.array([1, -1]), [len(added[0]), len(fewer[0])])
        base = dict(self.levels[0])
        touched: set[Place] = set()
        for place, difference in _spread(x, y, signs):
            touched.add(place)
            _put(base, place, base[place] + difference if place in base else difference)
        levels: list[Blocks] = [base]
        for above in self.levels[1:]:
            touched = {parent for place in touched for parent in _parents(place)}
            levels.append(_halved(levels[-1], above, touched, 16 * WHOLE if len(levels) == 1 else 16))
        return type(self)(self.zoom, tuple(levels))

    def window(self, zoom: int, left: int, top: int, columns: int, rows: int) -> Singles:
        """Counts in a window of pixels at a zoom not above the raster's own, float32 (rows, columns); 0 outside."""
        found = _window(self.levels[self.zoom - zoom], np.float32, left, top, columns, rows)
        if zoom == self.zoom:
            found *= np.float32(1 / WHOLE)  # a power of two: nothing is rounded
        return found

    @property
    def nbytes(self) -> int:
        """Bytes that its blocks take."""
        return sum(block.nbytes for level in self.levels for block in level.values())


def parts(x: NDArray[np.float64], y: NDArray[np.float64], zoom: int) -> tuple[Ints, Ints]:
    """Where parts of the world's width (`mercator.world`, finite) stand at a zoom, in 1/`PARTS` pixels."""
    scale = width(zoom) * PARTS
    return np.rint(x * scale).astype(np.int64), np.rint(y * scale).astype(np.int64)


def _weights(place: Ints) -> tuple[Ints, tuple[Ints, Ints, Ints]]:
    """The pixel of each place along one axis, and the weights of the pixel before it, its own and the next."""
    pixel, off = np.divmod(place, PARTS)
    off -= PARTS // 2
    before, after = PARTS // 2 - off, PARTS // 2 + off
    return pixel, (before * before, 3 * PARTS * PARTS // 2 - 2 * off * off, after * after)


def _spread(x: Ints, y: Ints, signs: Ints) -> Iterator[tuple[Place, Ints]]:
    """What points change: places of blocks and what to add to each, (SIDE, SIDE)."""
    if not len(x):
        return
    columns, rows = x // PARTS, y // PARTS
    west, north = int(columns.min() - 1) // SIDE, int(rows.min() - 1) // SIDE
    shape = (int(rows.max() + 1) // SIDE - north + 1, int(columns.max() + 1) // SIDE - west + 1)
    met = np.zeros(shape, dtype=np.bool_)
    for down in (-1, 1):
        for right in (-1, 1):
            met[(rows + down) // SIDE - north, (columns + right) // SIDE - west] = True
    # the number of each block that is met, in a table of all that could be
    table = np.cumsum(met.ravel()).reshape(shape) - 1
    sums = np.zeros((int(met.sum()), SIDE, SIDE), dtype=np.int64)
    for at in range(0, len(x), _BATCH):
        part = slice(at, at + _BATCH)
        _add(sums, table, x[part] - west * SIDE * PARTS, y[part] - north * SIDE * PARTS, signs[part])
    for row, column in np.argwhere(met).tolist():
        yield (row + north, column + west), sums[table[row, column]]


def _add(sums: Ints, table: Ints, x: Ints, y: Ints, signs: Ints) -> None:
    """Add points' weights to the sums of the table's blocks; x and y from the table's corner."""
    (column, across), (row, along) = _weights(x), _weights(y)
    flat = sums.reshape(-1)
    for down, weight_y in zip((-1, 0, 1), along, strict=True):
        block_row, inner_row = np.divmod(row + down, SIDE)
        weight_y = weight_y * signs
        for right, weight_x in zip((-1, 0, 1), across, strict=True):
            block_column, inner_column = np.divmod(column + right, SIDE)
            at = (table[block_row, block_column] * SIDE + inner_row) * SIDE + inner_column
            np.add.at(flat, at, weight_x * weight_y)


def _parents(place: Place) -> Iterator[Place]:
    """The blocks of the next level that a block's pixels have a part in."""
    half = SIDE // 2
    spans = [range((half * n - 1) // SIDE, (half * (n + 1)) // SIDE + 1) for n in place]
    return ((row, column) for row in spans[0] for column in spans[1])


def _halved(below: Blocks, above: Blocks, places: set[Place], scale: int) -> Blocks:
    """A level whose blocks at these places are made again from the level below, divided by `scale`."""
    blocks = dict(above)
    for place in places:
        row, column = place
        side = 2 * SIDE
        fine = _window(below, np.float64, side * column - 1, side * row - 1, side + 2, side + 2)
        tall = fine[:-3:2] + fine[3::2] + 3 * (fine[1:-2:2] + fine[2:-1:2])
        both = tall[:, :-3:2] + tall[:, 3::2] + 3 * (tall[:, 1:-2:2] + tall[:, 2:-1:2])
        _put(blocks, place, (both / scale).astype(np.float32))
    return blocks


def _put(blocks: dict[Place, NDArray[Any]], place: Place, block: NDArray[Any]) -> None:
    """Keep a block that holds anything, and forget one that does not."""
    if block.any():
        blocks[place] = block
    else:
        blocks.pop(place, None)


def _window(blocks: Blocks, kind: type[np.floating[Any]], left: int, top: int, columns: int, rows: int) -> NDArray[Any]:
    """The blocks' values in a window, as numbers of this kind; 0 where there is no block."""
    out = np.zeros((rows, columns), dtype=kind)
    for row in range(top // SIDE, (top + rows - 1) // SIDE + 1):
        for column in range(left // SIDE, (left + columns - 1) // SIDE + 1):
            block = blocks.get((row, column))
            if block is not None:
                y, x = row * SIDE - top, column * SIDE - left
                y0, y1, x0, x1 = max(y, 0), min(y + SIDE, rows), max(x, 0), min(x + SIDE, columns)
                out[y0:y1, x0:x1] = block[y0 - y : y1 - y, x0 - x : x1 - x]
    return out
