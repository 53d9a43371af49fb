"""Codes for cells that a plan makes: never one that was used before."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import shapely

from gridmap.ground.codes import CodeScheme, west_to_east
from gridmap.plan.deltas import AssignCodes
from gridmap.plan.drawing import Drawing


def fresh(drawing: Drawing, community: str, count: int = 1, scheme: CodeScheme | None = None) -> tuple[str, ...]:
    """The next codes of a community: after the highest that it uses or ever used.

    `scheme`: the default one when None. Raises InvalidInput when `community` is no code of one, or has no room left.
    """
    scheme = scheme or CodeScheme()
    scheme.validate(community, "community")
    first = 1 + max(
        (int(code[len(community) :]) for code in (*drawing, *drawing.retired) if _below(code, community, scheme)),
        default=0,
    )
    return tuple(scheme.make(community, first + i) for i in range(count))


def assignment(drawing: Drawing, cells: Iterable[str] | None = None, scheme: CodeScheme | None = None) -> AssignCodes:
    """New codes for cells, numbered within each community from west to east, then north to south.

    `cells`: which; without, all whose code is none of the scheme or not of their community. Cells are ordered by
    their centroids. Raises as `fresh` does.
    """
    scheme = scheme or CodeScheme()
    if cells is None:
        chosen = [code for code, cell in drawing.items() if not _below(code, cell.community, scheme)]
    else:
        chosen = [drawing.cell(code).code for code in cells]
    found: list[tuple[str, str]] = []
    for community in sorted({drawing[code].community for code in chosen}):
        own = sorted(code for code in chosen if drawing[code].community == community)
        xy = shapely.get_coordinates(shapely.centroid(np.array([drawing[code].shape for code in own], dtype=object)))
        order = west_to_east(xy[:, 0], xy[:, 1])
        found += zip((own[i] for i in order), fresh(drawing, community, len(own), scheme), strict=True)
    return AssignCodes(tuple(found))


def _below(code: str, community: str, scheme: CodeScheme) -> bool:
    """Whether a code is that of a cell of this community."""
    return code.startswith(community) and code.isascii() and code.isdigit() and len(code) == scheme.lengths()[-1]
