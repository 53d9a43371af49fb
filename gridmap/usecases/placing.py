"""Placing again what stands on the ground, after cells were drawn or a drawing came into force."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Table

from gridmap.ground import AssignmentIndex
from gridmap.store import cases, incidents, plans, versions
from gridmap.store import tables as t
from gridmap.store.ground import cells_on
from gridmap.store.places import all_points, set_cells
from gridmap.usecases.applying import apply_plan
from gridmap.usecases.assigning import place, respond
from gridmap.usecases.context import Context, Ground, ground_of
from gridmap.usecases.spots import assign


def place_again(ctx: Context, conn: Connection) -> int:
    """Give households, enterprises and open incidents that had no cell the cells of today; how many were given one.

    Safe to run twice. An incident that has its cell keeps it, whatever was drawn since.
    """
    day = ctx.today()
    for plan_id in plans.due(conn, day):  # who hands what to whom is written down before it moves
        apply_plan(ctx, conn, plan_id)
    ground = ground_of(cells_on(conn, day), day)
    moved = sum(_place_rows(conn, table, ground.index, ground.ids) for table in (t.households, t.enterprises))
    found = _place_incidents(ctx, conn, ground)
    if moved:
        versions.bump(conn, "households", "enterprises")
    return moved + found


def _place_rows(conn: Connection, table: Table, index: AssignmentIndex, ids: npt.NDArray[np.int64]) -> int:
    rows = all_points(conn, table)
    found = index.locate(rows.lon, rows.lat)
    now = np.zeros(len(found), dtype=np.int64)
    now[found >= 0] = ids[found[found >= 0]]
    moved = now != rows.cell_id
    set_cells(conn, table, rows.id[moved], now[moved])
    return int(moved.sum())


def _place_incidents(ctx: Context, conn: Connection, ground: Ground) -> int:
    """Open incidents outside all cells when they came, in a cell now: it, its worker and its body, with an event."""
    waiting = incidents.unplaced(conn)
    lon, lat = (np.array([getattr(row, name) for row in waiting], dtype=np.float64) for name in ("lon", "lat"))
    accuracy = np.array([np.nan if row.accuracy_m is None else row.accuracy_m for row in waiting], dtype=np.float64)
    everywhere = place(ground, lon, lat, accuracy)
    inside = [i for i, cell_id in enumerate(everywhere.cell_id) if cell_id is not None]
    if not inside:
        return 0
    places, rows = everywhere.pick(inside), [waiting[i] for i in inside]
    now = ctx.clock()
    moments = [incidents.after(row, now) for row in rows]
    who = respond(conn, places, [row.department for row in rows], moments, [None] * len(rows), ctx.zone)
    for i, (row, moment) in enumerate(zip(rows, moments, strict=True)):
        at = places.pick([i])
        values = {name: column[0] for name, column in at.columns().items()}
        incidents.set_values(conn, row.id, **values)
        incidents.end_responsibility(conn, row.responsibility_id, moment)
        case = cases.load(conn, row.id, ctx.zone)
        assign(conn, case, at, who.pick([i]), moment, None)
        cases.remember(conn, case, moment)
    versions.bump_rows(conn, "incidents", [row.id for row in rows])
    return len(inside)
