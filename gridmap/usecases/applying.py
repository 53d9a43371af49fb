"""The first day of a published drawing: people and work get their new cells, and who hands what to whom is kept.

One transaction for a plan, so that a kill at any moment leaves the day before or the day after. What a case was
reported in stays for ever; who is responsible for it is a dated row beside it. Clocks go on.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
import shapely
from sqlalchemy import Connection

from gridmap.case.state import BY_REDRAW
from gridmap.people.bodies import Bodies
from gridmap.people.rosters import Reason
from gridmap.plan.status import PlanStatus, after
from gridmap.store import accounts, cases, handing, incidents, plans, versions
from gridmap.store import ground as ground_store
from gridmap.store import tables as t
from gridmap.store.bulk import bulk_update
from gridmap.store.handing import as_ids
from gridmap.usecases.context import Context, Ground

#: (from worker, to worker)
Pair = tuple[int | None, int | None]


@dataclass
class _Turn:
    """One plan's first day under way."""

    conn: Connection
    day: date
    ended: pd.DataFrame
    begun: pd.DataFrame
    ground: Ground
    #: workers of each cell, the first one in charge; of ended cells as it was before
    staff: dict[int, list[int]] = field(default_factory=dict)
    #: what each hands to each
    handed: dict[Pair, dict[str, set[Any]]] = field(
        default_factory=lambda: defaultdict(lambda: {"cells": set(), "households": set(), "cases": set()})
    )

    def codes(self) -> Mapping[int, str]:
        """Codes of the cells of both sides, and of those beside, by id."""
        known = dict(zip(self.ground.id_list, self.ground.cells["code"], strict=True))
        return known | dict(zip(self.ended["id"].tolist(), self.ended["code"], strict=True))

    def located(self, rows: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.int64]]:
        """The id of the new cell of each row; 0 where it lies in none."""
        return self.ground.cell_ids(rows["lon"].to_numpy(), rows["lat"].to_numpy())

    def first(self, cell_id: int | None) -> int | None:
        """Who is in charge of a cell."""
        return next(iter(self.staff.get(cell_id or 0, ())), None)


def apply_plan(ctx: Context, conn: Connection, plan_id: int) -> int:
    """Apply one published plan whose day has come; 1, or 0 where another process has done so or the day is to come."""
    row = plans.one(conn, plan_id, lock=True)
    if row.status != PlanStatus.PUBLISHED or row.applies_on > ctx.today():
        return 0
    now, day = ctx.clock(), row.applies_on
    ended, begun = handing.turned(conn, day)
    turn = _Turn(conn, day, ended, begun, ctx.grounds.on(conn, day))
    turn.staff = handing.served_by(conn, as_ids(ended["id"]), day)
    homes = handing.placed_in(conn, t.households, as_ids(ended["id"]))
    places = turn.located(homes)
    duties = handing.move_duties(conn, day, _heirs(turn, homes, places), as_ids(ended["id"]))
    beside = set(places.tolist()) | set(as_ids(begun["id"]))
    turn.staff |= handing.served_by(conn, sorted(beside), day)
    moved = {
        "households": _move(turn, t.households, homes, places),
        "enterprises": _move_enterprises(turn),
        "incidents": _move_cases(ctx, turn, now),
    }
    handing.add(conn, _sheets(turn, plan_id))
    versions.bump(conn, "duties")
    plans.change(conn, plan_id, row.version, None, now, status=after(PlanStatus(row.status), "apply"))
    data = {"day": str(day), "duties": len(duties), "handovers": len(turn.handed), **moved}
    accounts.audit(conn, now, None, "plan.applied", f"plan/{plan_id}", data)
    return 1


def _heirs(turn: _Turn, homes: pd.DataFrame, places: Any) -> dict[int, int]:
    """The ended cell that each new one follows: that of its code, else which it has most households of, or land."""
    own = dict(zip(turn.ended["code"], turn.ended["id"].tolist(), strict=True))
    counted = Counter(zip(as_ids(homes["cell_id"]), as_ids(places), strict=True))
    found: dict[int, int] = {}
    for new, code, shape in zip(turn.begun["id"].tolist(), turn.begun["code"], turn.begun["geom"], strict=True):
        if code in own:
            found[new] = own[code]
            continue
        from_whom = [(count, -old, old) for (old, to), count in counted.items() if to == new]
        if from_whom:
            found[new] = int(max(from_whom)[2])
            continue
        shared = shapely.area(shapely.intersection(turn.ended["geom"].to_numpy(dtype=object), shape))
        if len(shared) and shared.max() > 0.0:
            found[new] = int(turn.ended["id"].iloc[int(np.argmax(shared))])
    return found


def _move(turn: _Turn, table: Any, rows: pd.DataFrame, places: Any) -> int:
    """Give rows their new cells, and note which of them change hands; how many rows."""
    ids, codes = as_ids(rows["id"]), turn.codes()
    bulk_update(turn.conn, table, ids, {"cell_id": [int(one) or None for one in places]})
    if ids:
        versions.bump_rows(turn.conn, table.name, ids)
    if table is t.households:
        for identity, old, new in zip(ids, as_ids(rows["cell_id"]), as_ids(places), strict=True):
            _note(turn, codes, "households", identity, (turn.first(old), turn.first(new)), (old, new))
    return len(ids)


def _move_enterprises(turn: _Turn) -> int:
    rows = handing.placed_in(turn.conn, t.enterprises, as_ids(turn.ended["id"]))
    return _move(turn, t.enterprises, rows, turn.located(rows))


def _note(turn: _Turn, codes: Mapping[int, str], what: str, identity: int, pair: Pair, cells: tuple[int, int]) -> None:
    """Put a thing on the sheet of who hands it to whom; what stays with its worker is on none."""
    if pair[0] != pair[1]:
        sheet = turn.handed[pair]
        sheet[what].add(identity)
        sheet["cells"].add((codes.get(cells[0], ""), codes.get(cells[1], "")))


# --- cases ----------------------------------------------------------------------------------------------------------


def _move_cases(ctx: Context, turn: _Turn, now: datetime) -> int:
    """Open cases get their new cell, and its worker where the old one no longer serves there: a dated row, an event.

    All at once: a redraw may move thousands, and everybody who writes waits meanwhile.
    """
    rows, places = handing.cases_of(turn.conn, as_ids(turn.ended["id"]), as_ids(turn.begun["id"]))
    bodies, codes, ties = ground_store.bodies(turn.conn), turn.codes(), _ties(turn)
    found = zip(rows, turn.located(places).tolist(), strict=True)
    moves = [(row, values) for row, new in found if (values := _response(turn, row, new, ties, bodies)) is not None]
    if not moves:
        return 0
    moments = {row.id: incidents.after(row, now) for row, _ in moves}
    handing.respond_instead(turn.conn, {row.responsibility_id: moments[row.id] for row, _ in moves}, [
        {"incident_id": row.id, "valid_from": moments[row.id], **values} for row, values in moves
    ])  # fmt: skip
    said = {"reason": BY_REDRAW, "by": "system"}
    told = {row.id: (moments[row.id], values | said) for row, values in moves}
    cases.write_all(turn.conn, "handed_over", told, ctx.zone)
    handing.tell(turn.conn, [
        {"incident_id": row.id, "kind": "handed_over", "worker_id": values["worker_id"], "body_id": None,
         "created_at": moments[row.id]}
        for row, values in moves if values["worker_id"] not in (None, row.worker_id)
    ])  # fmt: skip
    for row, values in moves:
        pair = (row.worker_id, values["worker_id"])
        _note(turn, codes, "cases", row.id, pair, (row.cell_id, values["cell_id"]))
    versions.bump_rows(turn.conn, "incidents", list(moments))
    return len(moves)


def _ties(turn: _Turn) -> dict[int, tuple[int, str, int | None]]:
    """Area id, area path and body id of each cell, by its id."""
    area_ids, paths, bodies = turn.ground.ties
    known = dict(zip(turn.ground.id_list, zip(area_ids, paths, bodies, strict=True), strict=True))
    for row in turn.ended.to_dict("records"):
        body = None if pd.isna(row["body_id"]) else int(row["body_id"])
        known[int(row["id"])] = (int(row["area_id"]), str(row["path"]), body)
    return known


def _response(
    turn: _Turn, row: Any, new: int, ties: Mapping[int, tuple[int, str, int | None]], bodies: Bodies
) -> dict[str, Any] | None:
    """Who answers from now on; None where nothing changes, and where a case lies in no cell."""
    if new not in ties:
        return None
    area_id, path, body = ties[new]
    _, old_path, old_body = ties[row.cell_id]
    worker_id, reason = row.worker_id, row.reason
    waiting = worker_id is None and reason == Reason.DISPATCHER
    if waiting or (worker_id is not None and worker_id not in turn.staff.get(new, ())):
        worker_id = turn.first(new)
        reason = Reason.DISPATCHER if worker_id is None else Reason.HANDED_OVER
    body_id = row.body_id
    if body_id == bodies.responsible(old_path, row.department, old_body):
        body_id = bodies.responsible(path, row.department, body)
    values = {"cell_id": new, "worker_id": worker_id, "body_id": body_id, "area_id": area_id, "reason": str(reason)}
    was = (row.cell_id, row.worker_id, row.body_id, row.area_id)
    return None if was == (new, worker_id, body_id, area_id) else values


def _sheets(turn: _Turn, plan_id: int) -> list[dict[str, Any]]:
    """A row for each pair of workers."""
    return [
        {
            "plan_id": plan_id, "day": turn.day, "from_worker_id": pair[0], "to_worker_id": pair[1],
            "items": {name: sorted(values) for name, values in items.items()},
        }
        for pair, items in sorted(turn.handed.items(), key=lambda one: (one[0][0] or 0, one[0][1] or 0))
    ]  # fmt: skip
