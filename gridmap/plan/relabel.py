"""Which points are in which cell, kept together by cell, so that an edit looks only at the points beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from gridmap.ground.arrays import Floats, paired
from gridmap.ground.assignment import AssignmentIndex
from gridmap.ground.exact import Tree
from gridmap.plan.drawing import Cell, Drawing

Rows = NDArray[np.int64]
#: where points in no cell are kept
OUTSIDE = ""


class Group(NamedTuple):
    """The points of one cell: their positions, ascending, and their places."""

    row: Rows
    lon: Floats
    lat: Floats

    def picked(self, mask: NDArray[np.bool_] | Rows) -> Group:
        """Some of the points, in the order asked for."""
        return Group(self.row[mask], self.lon[mask], self.lat[mask])

    def joined(self, *others: Group) -> Group:
        """All points together, in their order."""
        row, lon, lat = (np.concatenate(columns) for columns in zip(self, *others, strict=True))
        return Group(row, lon, lat).picked(np.argsort(row, kind="stable"))


_NOBODY = Group(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0))


class Labelled(Mapping[str, Group]):
    """Points by the cell that has them, as `AssignmentIndex` finds it. A value: `moved` gives another one.

    `OUTSIDE` has those in no cell. A cell without points has an empty group.
    """

    __slots__ = ("_groups", "size")

    def __init__(self, groups: Mapping[str, Group], size: int) -> None:
        self._groups, self.size = groups, size

    @classmethod
    def of(cls, drawing: Drawing, lon: ArrayLike, lat: ArrayLike) -> Labelled:
        """All points placed anew: WGS84 degrees, arrays of one length."""
        x, y = paired(lon, lat)
        index = AssignmentIndex(drawing.to_frame())
        return cls.grouped(index.codes, index.locate(x, y), x, y)

    @classmethod
    def grouped(cls, codes: NDArray[np.object_], cell: ArrayLike, lon: Floats, lat: Floats) -> Labelled:
        """Points whose cell is known already: positions in `codes`, -1 for none."""
        label = np.asarray(cell, dtype=np.int64)
        order = np.argsort(label, kind="stable")
        x, y = lon[order], lat[order]
        bounds = np.searchsorted(label[order], np.arange(-1, len(codes) + 1)).tolist()
        names = [OUTSIDE, *codes]
        found = {
            name: Group(order[a:b], x[a:b], y[a:b])
            for name, a, b in zip(names, bounds, bounds[1:], strict=False)
            if a < b
        }
        return cls(found, len(lon))

    def __getitem__(self, code: str) -> Group:
        return self._groups.get(code, _NOBODY)

    def __iter__(self) -> Iterator[str]:
        return iter(self._groups)

    def __len__(self) -> int:
        return len(self._groups)

    def counts(self, codes: Iterable[str]) -> dict[str, int]:
        """How many points each of these cells has."""
        groups = self._groups
        return {code: len(groups[code].row) if code in groups else 0 for code in codes}

    def labels(self, codes: Iterable[str]) -> NDArray[np.int32]:
        """For each point, the position of its cell among these codes, -1 for others: all points are looked at."""
        found = np.full(self.size, -1, dtype=np.int32)
        for number, code in enumerate(codes):
            found[self[code].row] = number
        return found

    def regrouped(self, old: Iterable[str], groups: Mapping[str, Group]) -> Labelled:
        """Other groups for some of the cells."""
        found = dict(self._groups)
        for code in old:
            found.pop(code, None)
        found.update((code, group) for code, group in groups.items() if len(group.row))
        return Labelled(found, self.size)


@dataclass(frozen=True, slots=True)
class Moves:
    """Points that changed their cell, by position ascending; "" for outside."""

    row: Rows
    source: NDArray[np.object_]
    to: NDArray[np.object_]


def moved(labelled: Labelled, before: Drawing, after: Drawing, take: Iterable[str], put: Iterable[str]) -> Labelled:
    """The points of `before` as they are in `after`, whose cells `put` came for `take` (see `Redraw`).

    Looked at are the points within the bounds of what changed, of these cells and of others that reach in there.
    """
    old, new = {code: before[code] for code in take}, {code: after[code] for code in put}
    zones, rim_changed = _zones(old, new)
    boxes = [shapely.box(*zone) for zone in zones.tolist()]
    near = {cell.code: cell for box in boxes for cell in after.near(box)}
    sources = {*old, *(code for code in near if code not in new), *([OUTSIDE] if rim_changed else [])}
    cells = [near[code] for code in sorted(near)]
    asked = {code: _asked(labelled[code], zones) for code in sorted(sources)}
    return _replaced(labelled, asked, cells, set(old) - set(new))


def moves(before: Labelled, after: Labelled, codes: Iterable[str]) -> Moves:
    """What moved between groups of these cells."""
    rows, source, to = pairs(before, after, codes)
    differ = source != to
    return Moves(rows[differ], source[differ], to[differ])


def pairs(
    before: Labelled, after: Labelled, codes: Iterable[str]
) -> tuple[Rows, NDArray[np.object_], NDArray[np.object_]]:
    """Each point of these cells, before or after, with its cell before and after; all cells that changed must be named.

    A point that is in one of them only on one side came from, or went to, outside.
    """
    named = sorted(set(codes))
    sides = []
    for labelled in (before, after):
        groups = [labelled[code].row for code in named]
        row = np.concatenate([*groups, np.zeros(0, dtype=np.int64)])
        code = np.repeat(np.array([*named, OUTSIDE], dtype=object), [*map(len, groups), 0])
        sides.append((row, code))
    rows = np.union1d(sides[0][0], sides[1][0])
    out = []
    for row, code in sides:
        label = np.full(len(rows), OUTSIDE, dtype=object)
        label[np.searchsorted(rows, row)] = code
        out.append(label)
    return rows, out[0], out[1]


def _zones(old: Mapping[str, Cell], new: Mapping[str, Cell]) -> tuple[Floats, bool]:
    """Bounds of the edges that each cell has only before or only after, and whether the rim of all has others.

    What a cell gained or lost lies between these edges. A cell that is only there on one side is lost or gained whole.
    """
    before, after = ({code: _edges(cell) for code, cell in side.items()} for side in (old, new))
    none = np.zeros((0, 4))
    bounds = []
    for code in {**before, **after}:
        odd = _odd([before.get(code, none), after.get(code, none)])
        if len(odd):
            low, high = np.minimum(odd[:, :2], odd[:, 2:]).min(axis=0), np.maximum(odd[:, :2], odd[:, 2:]).max(axis=0)
            bounds.append([*low, *high])
    rim, rim_after = (_odd([*side.values(), none]) for side in (before, after))
    return np.array(bounds).reshape(-1, 4), not np.array_equal(rim, rim_after)


def _edges(cell: Cell) -> Floats:
    """Undirected segments: the lower end first, shape (n, 4)."""
    xy, ring = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(cell.shape)), return_index=True)
    joined = ring[1:] == ring[:-1]
    a, b = xy[:-1][joined], xy[1:][joined]
    swap = (a[:, 0] > b[:, 0]) | ((a[:, 0] == b[:, 0]) & (a[:, 1] > b[:, 1]))
    return np.asarray(np.where(swap[:, None], np.hstack([b, a]), np.hstack([a, b])), dtype=np.float64)


def _odd(sets: list[Floats]) -> Floats:
    """Segments that are in an odd number of the sets, in order."""
    every = np.concatenate(sets)
    if not len(every):
        return every
    every = every[np.lexsort(every.T)]
    fresh = np.r_[True, (every[1:] != every[:-1]).any(axis=1)]
    first = np.flatnonzero(fresh)
    odd: Floats = every[first[np.diff(np.r_[first, len(every)]) % 2 == 1]]
    return odd


def _asked(group: Group, zones: Floats) -> NDArray[np.bool_]:
    """Which points of a group lie in one of the zones."""
    found = np.zeros(len(group.row), dtype=bool)
    if not len(found):
        return found
    west, south, east, north = group.lon.min(), group.lat.min(), group.lon.max(), group.lat.max()
    for w, s, e, n in zones:
        if w <= east and e >= west and s <= north and n >= south:
            found |= (group.lon >= w) & (group.lon <= e) & (group.lat >= s) & (group.lat <= n)
    return found


def _replaced(
    labelled: Labelled, asked: Mapping[str, NDArray[np.bool_]], cells: list[Cell], gone: set[str]
) -> Labelled:
    """The groups after the points asked about have been placed among the cells; those of gone cells have none left."""
    sources = [code for code, mask in asked.items() if mask.any()]
    points = [labelled[code].picked(asked[code]) for code in sources]
    some = _in_order(points)
    names = [*(cell.code for cell in cells), OUTSIDE]
    was = np.repeat(np.array(sources, dtype=object), [len(one.row) for one in points])
    now = np.array(names, dtype=object)[_located(cells, some)]
    goes = np.flatnonzero(was != now)
    left = np.sort(some.row[goes])
    groups = {code: labelled[code] for code in {*was[goes], *now[goes]} - gone}
    for code in set(was[goes]) - gone:
        groups[code] = groups[code].picked(~_among(groups[code].row, left))
    for code in set(now[goes]):
        groups[code] = groups[code].joined(some.picked(goes[now[goes] == code]))
    return labelled.regrouped([*groups, *gone], groups)


def _in_order(groups: list[Group]) -> Group:
    """Groups one after another."""
    columns = zip(_NOBODY, *groups, strict=True)
    row, lon, lat = (np.concatenate(column) for column in columns)
    return Group(row, lon, lat)


def _located(cells: list[Cell], points: Group) -> NDArray[np.int32]:
    """Positions among the cells, -1 for none: which is also that of `OUTSIDE` in a list of names that ends with it."""
    if not cells or not len(points.row):
        return np.full(len(points.row), -1, dtype=np.int32)
    return Tree(np.array([cell.shape for cell in cells], dtype=object)).locate(points.lon, points.lat)


def _among(rows: Rows, some: Rows) -> NDArray[np.bool_]:
    """Which rows are among some, both ascending."""
    at = np.minimum(np.searchsorted(some, rows), max(len(some) - 1, 0))
    return some[at] == rows if len(some) else np.zeros(len(rows), dtype=bool)
