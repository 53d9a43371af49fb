"""One row as the rules see it: what it is tied to. See `scope` for the same rules over a list."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, and_, case, false, func, null, select

from gridmap.people.roles import Thing
from gridmap.store import tables as t
from gridmap.store.scope import IN_FORCE, TABLES, on_day, overdue, raised
from gridmap.view import Kind


def thing_of(
    conn: Connection, kind: Kind, identity: int, *, day: date | None = None, now: datetime | None = None
) -> Thing | None:
    """One row as the rules see it; None when there is no such row.

    `day` (default: today, UTC) is for rosters, `now` (default: this moment) for what is overdue.
    """
    moment = now or datetime.now(UTC)
    if kind is Kind.BASEMAP:
        return Thing(kind)
    if kind is Kind.WORKER:
        return _worker(conn, identity, day or moment.date())
    row = conn.execute(ties(kind, moment).where(TABLES[kind].c.id == identity)).one_or_none()
    if row is None:
        return None
    cell_id, area_path, body_id, worker_id, late = row[:5]
    thing = Thing(kind, cell_id, area_path, body_id, worker_id, bool(late))
    if kind is Kind.MEETING:
        s = t.seats.c
        seated = select(s.body_id).where(s.meeting_id == identity, s.body_id.is_not(None))
        return replace(thing, seat_ids=frozenset(conn.execute(seated).scalars()))
    if kind is not Kind.INCIDENT:
        return thing
    h = t.helpers.c
    asked = frozenset(conn.execute(select(h.body_id).where(h.incident_id == identity)).scalars())
    return replace(
        thing, unplaced_by=row.entered, first_body_id=row.first_body_id, helper_ids=asked, raised=bool(row.raised)
    )


def ties(kind: Kind, now: datetime) -> Select[Any]:
    """What the kind's rows are tied to: cell_id, area_path, body_id, worker_id, overdue, and last their id.

    Of incidents before it `entered`: the account that entered one which lies in no cell.
    """
    table, area = TABLES[kind], t.areas.alias("tie_area")
    source: FromClause
    columns: tuple[ColumnElement[Any], ...]
    more: tuple[ColumnElement[Any], ...] = ()
    match kind:
        case Kind.INCIDENT:
            r = t.responsibilities
            more = (
                case((table.c.status == "unplaced", table.c.account_id)).label("entered"),
                table.c.first_body_id, raised().label("raised"),
            )  # fmt: skip
            late = func.coalesce(overdue(now), false())
            columns = (r.c.cell_id, area.c.path, r.c.body_id, r.c.worker_id, late)
            source = table.outerjoin(r, IN_FORCE).outerjoin(area, area.c.id == r.c.area_id)
        case Kind.HOUSEHOLD | Kind.ENTERPRISE | Kind.DUTY:
            worker = table.c.worker_id if kind is Kind.DUTY else null()
            columns = (table.c.cell_id, area.c.path, t.cells.c.body_id, worker, false())
            source = table.outerjoin(t.cells, t.cells.c.id == table.c.cell_id)
            source = source.outerjoin(area, area.c.id == t.cells.c.area_id)
        case Kind.CELL:
            columns = (table.c.id, area.c.path, table.c.body_id, null(), false())
            source = table.outerjoin(area, area.c.id == table.c.area_id)
        case Kind.AREA:
            columns = (null(), table.c.path, null(), null(), false())
            source = table
        case Kind.MEETING:
            columns = (null(), area.c.path, null(), null(), false())
            source = table.join(area, area.c.id == table.c.area_id)
        case Kind.BODY:
            columns = (null(), area.c.path, table.c.id, null(), false())
            source = table.outerjoin(area, area.c.id == table.c.area_id)
        case _:  # accounts
            columns = (null(), area.c.path, table.c.body_id, table.c.worker_id, false())
            source = table.outerjoin(area, area.c.id == table.c.area_id)
    named = (column.label(name) for name, column in zip(_TIES, columns, strict=True))
    return select(*named, *more, table.c.id.label("id")).select_from(source)


_TIES = ("cell_id", "area_path", "body_id", "worker_id", "overdue")


def _worker(conn: Connection, identity: int, day: date) -> Thing | None:
    w, d = t.workers, t.duties
    query = (
        select(t.areas.c.path, w.c.body_id, d.c.cell_id)
        .select_from(w.join(t.areas, t.areas.c.id == w.c.area_id).outerjoin(d, _duty_of(day)))
        .where(w.c.id == identity)
    )
    rows = conn.execute(query).all()
    if not rows:
        return None
    cells = frozenset(row.cell_id for row in rows if row.cell_id is not None)
    return Thing(Kind.WORKER, area_path=rows[0].path, body_id=rows[0].body_id, worker_id=identity, cell_ids=cells)


def _duty_of(day: date) -> ColumnElement[bool]:
    return and_(t.duties.c.worker_id == t.workers.c.id, on_day(t.duties, day))
