"""The tree of areas: county, towns, communities; and the path that says where in it something lies."""

from __future__ import annotations

from collections.abc import Mapping

from gridmap.errors import InvalidInput
from gridmap.ground.codes import CodeScheme


def level_of(code: str) -> str:
    """Level of a code in the default scheme: "county", "town", "community" or "cell"; see `CodeScheme.level`."""
    return CodeScheme().level(code)


def parent_of(code: str) -> str | None:
    """Code one level up in the default scheme; None for a county."""
    return CodeScheme().parent(code)


def paths(parents: Mapping[str, str | None]) -> dict[str, tuple[str, ...]]:
    """For each code, the codes from the root down to itself, given each code's parent (None: a root).

    Raises InvalidInput naming a parent that is not among the codes, or a circle.
    """
    found: dict[str, tuple[str, ...]] = {}
    for code in parents:
        way: list[str] = []
        at: str | None = code
        while at is not None and at not in found:
            if at not in parents:
                raise InvalidInput(f"area {way[-1]} names the parent {at}, which does not exist", code_given=way[-1])
            if at in way:
                raise InvalidInput(f"area {at} is its own ancestor: {' -> '.join([*way, at])}", code_given=at)
            way.append(at)
            at = parents[at]
        above = found[at] if at is not None else ()
        for one in reversed(way):
            above = (*above, one)
            found[one] = above
    return found
