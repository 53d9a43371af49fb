"""How an edit is refused: which cells, where, why."""

from __future__ import annotations

from collections.abc import Iterable

from shapely.geometry.base import BaseGeometry

from gridmap.errors import Conflict, InvalidInput

Place = tuple[float, float]


def wrong(why: str, cells: Iterable[str] = (), at: Place | None = None) -> InvalidInput:
    """The edit itself is at fault: it would make the drawing invalid. `details`: cells, and lon and lat where known."""
    return InvalidInput(_told(why, at), code="edit_refused", **_details(cells, at))


def stale(why: str, cells: Iterable[str] = (), at: Place | None = None) -> Conflict:
    """The edit was made for another drawing than this: what it speaks of is not there, or not as it was."""
    return Conflict(_told(why, at), code="edit_conflict", **_details(cells, at))


def _told(why: str, at: Place | None) -> str:
    return why if at is None else f"{why} (at {at[0]:.6f}, {at[1]:.6f})"


def _details(cells: Iterable[str], at: Place | None) -> dict[str, object]:
    found: dict[str, object] = {"cells": sorted(set(cells))}
    return found if at is None else {**found, "lon": float(at[0]), "lat": float(at[1])}


def middle(shape: BaseGeometry) -> Place:
    """A place in a shape, to point at."""
    point = shape.representative_point()
    return point.x, point.y
