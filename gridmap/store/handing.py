"""What a new drawing moves on its first day: duties, households, enterprises, open cases; and the sheets to sign."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
import shapely
from sqlalchemy import Connection, Row, Table, delete, insert, or_, select, update

from gridmap.store import tables as t
from gridmap.store.bulk import among, bulk_insert, bulk_update, frame
from gridmap.store.engine import is_sqlite
from gridmap.store.scope import IN_FORCE, clause, is_open
from gridmap.store.spatial import wkb
from gridmap.view import Kind, View


def turned(conn: Connection, day: date) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cells that ended and cells that began on a day: id, code, area_id, path, body_id, geom."""
    c, a = t.cells.c, t.areas.c
    query = select(c.id, c.code, c.area_id, a.path, c.body_id, c.geom).join(t.areas, c.area_id == a.id).order_by(c.code)
    return frame(conn, query.where(c.valid_to == day)), frame(conn, query.where(c.valid_from == day))


def placed_in(conn: Connection, table: Table, cell_ids: Collection[int]) -> pd.DataFrame:
    """Households or enterprises of these cells: id, cell_id, lon, lat of a place inside."""
    of_cells = among(conn, table.c.cell_id, cell_ids)
    return _at(frame(conn, select(table.c.id, table.c.cell_id, table.c.geom).where(of_cells)))


def cases_of(conn: Connection, ended: Collection[int], begun: Collection[int]) -> tuple[Sequence[Row[Any]], Any]:
    """Open cases for which an ended cell is responsible, or a new one without a worker, locked until the transaction
    ends: who answers for each and since when, as rows; and a frame of their places (lon, lat), in the same order."""
    i, r = t.incidents.c, t.responsibilities.c
    of_ended, unserved = among(conn, r.cell_id, ended), among(conn, r.cell_id, begun) & r.worker_id.is_(None)
    wanted = is_open() & or_(of_ended, unserved)
    if not is_sqlite(conn):  # first the locks, then the look: it reads a joined row as it was before it waited
        held = select(i.id).join(t.responsibilities, IN_FORCE).where(wanted).order_by(i.id)
        conn.execute(held.with_for_update(of=t.incidents))
    query = (
        select(
            i.id, r.id.label("responsibility_id"), r.cell_id, r.worker_id, r.body_id, r.area_id, r.reason,
            r.valid_from.label("since"), t.categories.c.department, wkb(i.geom).label("geom"),
        )
        .join(t.categories, i.category_id == t.categories.c.id)
        .join(t.responsibilities, IN_FORCE)
        .where(wanted)
        .order_by(i.id)
    )  # fmt: skip
    rows = conn.execute(query).all()
    return rows, _at(pd.DataFrame({"geom": shapely.from_wkb([row.geom for row in rows])}))


def _at(rows: pd.DataFrame) -> pd.DataFrame:
    xy = shapely.get_coordinates(shapely.point_on_surface(rows["geom"].to_numpy(dtype=object)))
    return pd.DataFrame(rows.drop(columns="geom")).assign(lon=xy[:, 0], lat=xy[:, 1])


def respond_instead(conn: Connection, ended: Mapping[int, datetime], rows: Sequence[Mapping[str, Any]]) -> None:
    """End responsibilities, each at its moment, and begin others: rows of `responsibilities`."""
    bulk_update(conn, t.responsibilities, list(ended), {"valid_to": list(ended.values())})
    _add_all(conn, t.responsibilities, rows)


def tell(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put messages into the outbox: they are sent after the transaction."""
    _add_all(conn, t.outbox, rows)


def _add_all(conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        bulk_insert(conn, table, {name: [row[name] for row in rows] for name in rows[0]})


# --- duties ---------------------------------------------------------------------------------------------------------


def move_duties(conn: Connection, day: date, heirs: Mapping[int, int], ended: Collection[int]) -> list[int]:
    """End the duties in ended cells and give each new cell those of the cell it follows; ids of the rows.

    `heirs`: the ended cell by the new one's id. Running again changes nothing.
    """
    d = t.duties
    running = or_(d.c.valid_to.is_(None), d.c.valid_to > day)
    rows = conn.execute(select(*d.c).where(among(conn, d.c.cell_id, ended), running)).all()
    of: dict[int, list[Any]] = {}
    for row in rows:
        of.setdefault(row.cell_id, []).append(row)
    fresh = [
        {**_plain(row), "cell_id": new, "valid_from": max(row.valid_from, day)}
        for new, old in sorted(heirs.items())
        for row in of.get(old, ())
    ]
    late = [row.id for row in rows if row.valid_from >= day]
    over = among(conn, d.c.id, [row.id for row in rows if row.valid_from < day])
    conn.execute(update(d).where(over).values(valid_to=day))
    conn.execute(delete(d).where(among(conn, d.c.id, late)))
    query = select(d.c.worker_id, d.c.cell_id, d.c.valid_from).where(among(conn, d.c.cell_id, heirs))
    known = {tuple(row) for row in conn.execute(query)}
    wanted = [row for row in fresh if (row["worker_id"], row["cell_id"], row["valid_from"]) not in known]
    if wanted:
        conn.execute(insert(d), wanted)
    return [row.id for row in rows]


def _plain(row: Row[Any]) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name != "id"}


def served_by(conn: Connection, cell_ids: Collection[int], day: date) -> dict[int, list[int]]:
    """Workers on the roster of these cells on a day, whatever the hour: the primaries first, each by id."""
    d = t.duties.c
    query = (
        select(d.cell_id, d.worker_id)
        .where(among(conn, d.cell_id, cell_ids), d.valid_from <= day, or_(d.valid_to.is_(None), d.valid_to > day))
        .order_by(d.rank.desc(), d.worker_id)  # primary comes after backup
    )
    found: dict[int, list[int]] = {}
    for row in conn.execute(query):
        found.setdefault(row.cell_id, []).append(row.worker_id)
    return found


# --- sheets ---------------------------------------------------------------------------------------------------------


def add(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write hand-overs: plan_id, day, from_worker_id, to_worker_id, items."""
    if rows:
        conn.execute(insert(t.handovers), [{**row, "items": json.dumps(row["items"])} for row in rows])


def listed(
    conn: Connection, *, worker_id: int | None = None, plan_id: int | None = None, handover_id: int | None = None
) -> list[dict[str, Any]]:
    """Hand-overs with their plan's title and path and both workers, newest first; of one worker, plan, or one."""
    h, p, a = t.handovers.c, t.plans.c, t.areas.c
    giver, taker = t.workers.alias("giver"), t.workers.alias("taker")
    query = (
        select(
            *t.handovers.c, p.title, a.path,
            giver.c.name.label("from_name"), giver.c.name_en.label("from_name_en"),
            taker.c.name.label("to_name"), taker.c.name_en.label("to_name_en"),
        )
        .join(t.plans, p.id == h.plan_id)
        .join(t.areas, a.id == p.area_id)
        .outerjoin(giver, giver.c.id == h.from_worker_id)
        .outerjoin(taker, taker.c.id == h.to_worker_id)
        .order_by(h.day.desc(), h.id)
    )  # fmt: skip
    if worker_id is not None:
        query = query.where(or_(h.from_worker_id == worker_id, h.to_worker_id == worker_id))
    if plan_id is not None:
        query = query.where(h.plan_id == plan_id)
    if handover_id is not None:
        query = query.where(h.id == handover_id)
    return [{**row._mapping, "items": json.loads(row.items)} for row in conn.execute(query)]


def sign(conn: Connection, handover_id: int, side: str, account_id: int, now: datetime) -> bool:
    """Sign for a side ("given" or "taken"); whether this was the first time."""
    h = t.handovers
    moment, by = h.c[f"{side}_at"], h.c[f"{side}_by_id"]
    done = conn.execute(update(h).where(h.c.id == handover_id, moment.is_(None)).values({moment: now, by: account_id}))
    return done.rowcount == 1


def named(conn: Connection, view: View, households: Collection[int], cases: Collection[int]) -> tuple[Any, Any]:
    """Households with their codes and cases with their numbers, in that order, as far as the View admits them: what
    names them without a person. Rows of (id, code) and (id, number)."""
    h, i = t.households.c, t.incidents.c
    homes = select(h.id, h.code).where(among(conn, h.id, households), clause(view, Kind.HOUSEHOLD)).order_by(h.code)
    known = select(i.id, i.number).where(among(conn, i.id, cases), clause(view, Kind.INCIDENT)).order_by(i.number)
    return conn.execute(homes).all(), conn.execute(known).all()


def as_ids(values: Any) -> list[int]:
    """Whole numbers as Python's own."""
    return [int(one) for one in np.asarray(values, dtype=np.int64)]
