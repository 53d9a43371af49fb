"""What one can do to a drawing, as values: each says all that is needed to do it again, on this drawing or another.

Places are (lon, lat) in WGS84, equal bit for bit to those of the drawing. Codes of new cells are given, never made up
while an edit is applied, so that a plan can be replayed: `numbering.fresh` proposes them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from gridmap.errors import InvalidInput
from gridmap.plan.drawing import Cell
from gridmap.plan.refusing import Place

Places = tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Reshape:
    """A way along a border between two cells runs elsewhere: `old` and `new` share their ends (closed: the one)."""

    old: Places
    new: Places


@dataclass(frozen=True, slots=True)
class MoveNode:
    """A vertex of a border, often one where three cells meet, is moved, and all cells there follow."""

    place: Place
    to: Place


@dataclass(frozen=True, slots=True)
class Split:
    """A cell is divided by a line, which may be longer than the cell is wide.

    `codes`: of the pieces, from west to east, then north to south (by their centroids). One may be the cell's own.
    """

    cell: str
    line: Places
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Merge:
    """Cells become one, called `code`: one of theirs or a new one. `community`: needed where theirs differ."""

    cells: tuple[str, ...]
    code: str
    community: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class MovePart:
    """What `source` has of an area (a part, a building block or several) goes to `target`."""

    source: str
    target: str
    area: BaseGeometry

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MovePart) and to_json(self) == to_json(other)

    def __hash__(self) -> int:
        return hash((self.source, self.target, self.area.wkb))


@dataclass(frozen=True, slots=True)
class AssignCodes:
    """Cells get other codes: pairs (old, new). Cells may exchange theirs."""

    codes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ChangeCommunity:
    """A cell belongs to another community; its code is another matter, see `constraints.codes_follow`."""

    cell: str
    community: str


@dataclass(frozen=True, slots=True)
class Redraw:
    """These cells, exactly so, become those: what every inverse is, and what an edit elsewhere (QGIS) comes to.

    `retire`, `revive`: codes that may not be given any more, or again.
    """

    take: tuple[Cell, ...]
    put: tuple[Cell, ...]
    retire: tuple[str, ...] = ()
    revive: tuple[str, ...] = ()

    def inverse(self) -> Redraw:
        return Redraw(self.put, self.take, self.revive, self.retire)


Delta = Reshape | MoveNode | Split | Merge | MovePart | AssignCodes | ChangeCommunity | Redraw

_KINDS: Mapping[str, type[Any]] = {
    "reshape": Reshape,
    "move_node": MoveNode,
    "split": Split,
    "merge": Merge,
    "move_part": MovePart,
    "assign_codes": AssignCodes,
    "change_community": ChangeCommunity,
    "redraw": Redraw,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def kind_of(delta: Delta) -> str:
    """The word for a delta in JSON, and for its translation: "reshape", "move_node", ..."""
    return _NAMES[type(delta)]


def to_json(delta: Delta) -> dict[str, Any]:
    """A delta as JSON, with its `kind`; numbers lose nothing."""
    return {"kind": kind_of(delta), **{one.name: _plain(getattr(delta, one.name)) for one in fields(delta)}}


def _plain(value: Any) -> Any:
    if isinstance(value, Cell):
        return value.as_dict()
    if isinstance(value, BaseGeometry):
        return shapely.to_wkb(value, hex=True)
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def from_json(given: Mapping[str, Any]) -> Delta:
    """The delta that `to_json` made this of. Raises InvalidInput saying what is wrong with it."""
    kind = _KINDS.get(str(given.get("kind")))
    if kind is None:
        raise InvalidInput(f"{given.get('kind')!r} is no kind of edit; there are {', '.join(_KINDS)}", field="kind")
    found: dict[str, Any] = {}
    for one in fields(kind):
        if one.name not in given:
            if one.name not in _OPTIONAL:
                raise InvalidInput(f"an edit {given['kind']!r} needs {one.name!r}", field=one.name)
            continue
        try:
            found[one.name] = _READERS[one.name](given[one.name])
        except (TypeError, ValueError, KeyError, IndexError, shapely.errors.ShapelyError) as error:
            raise InvalidInput(
                f"{one.name!r} of an edit {given['kind']!r} cannot be read: {error}", field=one.name
            ) from None
    delta: Delta = kind(**found)
    return delta


_OPTIONAL = frozenset({"community", "retire", "revive"})


def _place(value: Any) -> Place:
    x, y = value
    x, y = float(x) + 0.0, float(y) + 0.0
    if not (abs(x) <= 360.0 and abs(y) <= 90.0):
        raise ValueError(f"{x}, {y} are no longitude and latitude")
    return x, y


def _places(value: Any) -> Places:
    return tuple(map(_place, value))


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{value!r} is no text")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        raise TypeError("a list of texts is needed")
    return tuple(map(_text, value))


def _codes(value: Any) -> tuple[Any, ...]:
    """Codes, or pairs of codes."""
    return tuple(_texts(one) if isinstance(one, list | tuple) else _text(one) for one in value)


def _cells(value: Any) -> tuple[Any, ...]:
    """Codes of cells, or whole ones."""
    return tuple(Cell.from_dict(one) if isinstance(one, Mapping) else _text(one) for one in value)


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "old": _places,
    "new": _places,
    "line": _places,
    "place": _place,
    "to": _place,
    "cell": _text,
    "code": _text,
    "source": _text,
    "target": _text,
    "community": lambda value: None if value is None else _text(value),
    "area": shapely.from_wkb,
    "codes": _codes,
    "cells": _cells,
    "take": _cells,
    "put": _cells,
    "retire": _texts,
    "revive": _texts,
}
