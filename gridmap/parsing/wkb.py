"""Geometry looked at before anyone builds it: its nesting, its vertices, whether its counts fit its bytes.

GEOS follows nested collections by recursion and kills its process on deep ones, so the bytes are walked here without.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gridmap.parsing.limits import Limits

_POINT_BYTES = 21
#: a polygon of fewer vertices is checked in a hundredth of a second, however it is drawn
_MANY = 500
_POINT, _LINES, _POLYGONS = 1, (2, 8), (3, 17)
_HELD = frozenset({4, 5, 6, 7, 9, 10, 11, 12, 15, 16})  # what holds whole geometries
_EWKB_Z, _EWKB_M, _EWKB_SRID = 0x80000000, 0x40000000, 0x20000000


def looked_at(column: pa.Array, limits: Limits) -> Iterator[tuple[int, int, str | None]]:
    """Of each geometry of a WKB column but points and nulls: place, vertices, and why it must not be built, if so."""
    lengths = pc.fill_null(pc.binary_length(column), 0).to_numpy(zero_copy_only=False)
    for place in np.flatnonzero((lengths != _POINT_BYTES) & column.is_valid().to_numpy(zero_copy_only=False)).tolist():
        yield place, *look(column[place].as_py(), limits)


def look(wkb: bytes, limits: Limits) -> tuple[int, str | None]:
    """How many vertices one geometry has, and why it must not be built; None when it may be."""
    try:
        vertices, depth = _walk(wkb, limits)
    except (struct.error, _Broken):
        return 0, "the geometry cannot be understood"
    if depth > limits.depth:
        return vertices, f"its geometry is nested more than {limits.depth} deep"
    if vertices > limits.vertices:
        return vertices, f"its geometry has more than {limits.vertices:,} vertices; simplify it or cut it up"
    return vertices, None


class _Broken(Exception):
    """The bytes are no WKB."""


def _walk(wkb: bytes, limits: Limits) -> tuple[int, int]:
    """Vertices and depth, each as soon as it is beyond its limit."""
    at = vertices = 0
    waiting = [1]
    while waiting:
        if waiting[-1] == 0:
            waiting.pop()
            continue
        waiting[-1] -= 1
        order, kind, width, at = _head(wkb, at)
        if kind in _HELD:
            (count,) = struct.unpack_from(order + "I", wkb, at)
            at += 4
            _fits(wkb, at, count, 5)
            waiting.append(count)
        else:
            added, at = _coordinates(wkb, at, order, kind, width)
            vertices += added
        if vertices > limits.vertices or len(waiting) > limits.depth + 1:
            break
    return vertices, len(waiting) - 1


def _head(wkb: bytes, at: int) -> tuple[str, int, int, int]:
    """Byte order, kind, bytes a vertex, and where the content begins."""
    order = "<" if wkb[at : at + 1] == b"\x01" else ">"
    (code,) = struct.unpack_from(order + "I", wkb, at + 1)
    more = bool(code & _EWKB_Z) + bool(code & _EWKB_M)
    at += 9 if code & _EWKB_SRID else 5
    thousands, kind = divmod(code & 0x1FFFFFFF, 1000)
    more += {0: 0, 1: 1, 2: 1, 3: 2}.get(thousands, 9)
    if more > 2 or not 1 <= kind <= 17:
        raise _Broken
    return order, kind, 8 * (2 + more), at


def _coordinates(wkb: bytes, at: int, order: str, kind: int, width: int) -> tuple[int, int]:
    """How many vertices a point, a line or a polygon has, and where the next geometry begins."""
    if kind == _POINT:
        _fits(wkb, at, 1, width)
        return 1, at + width
    if kind in _LINES:
        rings = 1
    elif kind in _POLYGONS:
        (rings,) = struct.unpack_from(order + "I", wkb, at)
        at += 4
        _fits(wkb, at, rings, 4)
    else:
        raise _Broken
    vertices = 0
    for _ in range(rings):
        (count,) = struct.unpack_from(order + "I", wkb, at)
        at += 4
        _fits(wkb, at, count, width)
        vertices, at = vertices + count, at + count * width
    return vertices, at


def _fits(wkb: bytes, at: int, count: int, width: int) -> None:
    if count * width > len(wkb) - at:
        raise _Broken


def screened(
    batch: pa.RecordBatch, first: int, limits: Limits, check: Callable[[int, bytes], None]
) -> tuple[pa.RecordBatch, list[list[Any]]]:
    """The batch without the features whose geometry must not be built, and these as [row, field, reason, value].

    `first` is the number of the batch's first feature; `check` is called with those that have many vertices.
    """
    column = batch.column("geometry")
    keep = np.ones(batch.num_rows, dtype=bool)
    faults: list[list[Any]] = []
    for place, vertices, why in looked_at(column, limits):
        if why is not None:
            keep[place] = False
            faults.append([first + place, "geometry", why, ""])
        elif vertices > _MANY:
            check(first + place, column[place].as_py())
    return batch.filter(pa.array(keep)) if faults else batch, faults
