"""A grant evaluated for many rows at once, in memory: as `roles.admits` does for one and `store.scope` for a table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gridmap.view import (
    AllOf,
    AnyOf,
    AtTable,
    Everything,
    FirstOfBody,
    Grant,
    HelpOf,
    InArea,
    InCells,
    Nothing,
    OfBody,
    OfWorker,
    Overdue,
    Raised,
    UnplacedBy,
)

Ids = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
#: stands for a tie that a row does not have
NONE = -1


@dataclass(frozen=True, slots=True)
class Things:
    """n rows of one kind as the rules see them, for kinds that are tied to no worker, never overdue and no meeting.

    `cell_id` and `body_id` are int64 (n,), NONE where missing; `area` int64 (n,) points into `paths`, NONE likewise.
    """

    cell_id: Ids
    body_id: Ids
    area: Ids
    paths: tuple[str, ...]


def admitted(grant: Grant, things: Things, rows: Ids) -> Mask:
    """Which of these rows (positions) the grant admits: bool, one for each of `rows`."""
    match grant:
        case Everything():
            return np.ones(len(rows), dtype=bool)
        case InArea(path):
            inside = np.array([*(one.startswith(path) for one in things.paths), False], dtype=bool)
            found: Mask = inside[things.area[rows]]
            return found
        case InCells(cell_ids):
            return _among(things.cell_id[rows], cell_ids)
        case OfBody(body_id):
            of_body: Mask = things.body_id[rows] == body_id
            return of_body
        case AnyOf(grants):
            return _joined(np.logical_or, False, grants, things, rows)
        case AllOf(grants):
            return _joined(np.logical_and, True, grants, things, rows)
        case Nothing() | OfWorker() | UnplacedBy() | Overdue() | FirstOfBody() | HelpOf() | Raised() | AtTable():
            return np.zeros(len(rows), dtype=bool)


def _joined(join: np.ufunc, start: bool, grants: tuple[Grant, ...], things: Things, rows: Ids) -> Mask:
    mask: Mask = np.full(len(rows), start)
    for one in grants:
        mask = join(mask, admitted(one, things, rows))
    return mask


def _among(ids: Ids, wanted: frozenset[int]) -> Mask:
    if len(ids) < _FEW:
        return np.array([one in wanted for one in ids.tolist()], dtype=bool)
    return np.isin(ids, np.fromiter(wanted, dtype=np.int64, count=len(wanted)))


#: up to here a set is quicker than sorting
_FEW = 2000
