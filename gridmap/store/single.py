"""SQL for one thing at a time: an incident, a household, an enterprise, a cell, with the names that belong to it.

Who may see it is decided before (`store.scope`). Moments come as aware UTC datetimes; `lon`, `lat` are WGS84 degrees.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

import shapely
from sqlalchemy import Connection, Select, Table, and_, exists, func, or_, select

from gridmap.case import clock
from gridmap.errors import NotFound
from gridmap.store import tables as t


def _named(table: Any, *keys: str) -> list[Any]:
    """Columns of a joined table, labelled `<alias>_<column>`."""
    return [table.c[key].label(f"{table.name}_{key}") for key in keys]


def _take(row: dict[str, Any], prefix: str, *keys: str) -> dict[str, Any] | None:
    """The labelled columns of one joined table, taken out of the row; None when the join found nothing."""
    taken = {key: row.pop(f"{prefix}_{key}") for key in keys}
    return None if all(value is None for value in taken.values()) else taken


def _one(conn: Connection, query: Select[Any], what: str) -> dict[str, Any]:
    row = conn.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound(f"there is no such {what}, or none that you serve")
    return dict(row)


def incident(conn: Connection, incident_id: int, now: datetime) -> dict[str, Any]:
    """An incident with its category, place, who is responsible and why. `subject_id` is for opening its sealed fields.

    `cell` is where it was reported, `responsible.cell` who answers for it now; `light` is None once it is closed.
    """
    i, r, c = t.incidents, t.responsibilities, t.categories
    reported, near, other = (t.cells.alias(name) for name in ("reported", "near", "other"))
    now_cell, worker, body = t.cells.alias("now"), t.workers.alias("worker"), t.bodies.alias("body")
    query = (
        select(
            i.c.id, i.c.number, i.c.channel, i.c.status, i.c.received_at, i.c.occurred_at, i.c.due_at, i.c.closed_at,
            i.c.accuracy_m, i.c.border_m, i.c.confidence, i.c.place_reason, i.c.nearest_m, i.c.household_id,
            i.c.enterprise_id, i.c.subject_id, i.c.source_ref, i.c.crs_in, i.c.x_in, i.c.y_in,
            func.ST_X(i.c.geom).label("lon"), func.ST_Y(i.c.geom).label("lat"),
            r.c.reason.label("responsible_reason"), r.c.valid_from.label("responsible_since"),
            *_named(c, "code", "name", "name_en"), *_named(reported, "code", "name", "name_en"),
            *_named(near, "code", "name", "name_en"), *_named(other, "code", "name", "name_en"),
            *_named(now_cell, "code", "name", "name_en"), *_named(worker, "id", "name", "name_en"),
            *_named(body, "id", "name", "name_en"),
        )
        .join(c, c.c.id == i.c.category_id)
        .outerjoin(r, and_(r.c.incident_id == i.c.id, r.c.valid_to.is_(None)))
        .outerjoin(reported, reported.c.id == i.c.cell_id)
        .outerjoin(near, near.c.id == i.c.nearest_id)
        .outerjoin(other, other.c.id == i.c.runner_up_id)
        .outerjoin(now_cell, now_cell.c.id == r.c.cell_id)
        .outerjoin(worker, worker.c.id == r.c.worker_id)
        .outerjoin(body, body.c.id == r.c.body_id)
        .where(i.c.id == incident_id)
    )  # fmt: skip
    row = _one(conn, query, "incident")
    row["category"] = _take(row, "categories", "code", "name", "name_en")
    row["cell"] = _take(row, "reported", "code", "name", "name_en")
    row["nearest"] = _take(row, "near", "code", "name", "name_en")
    row["runner_up"] = _take(row, "other", "code", "name", "name_en")
    row["responsible"] = {
        "cell": _take(row, "now", "code", "name", "name_en"),
        "worker": _take(row, "worker", "id", "name", "name_en"),
        "body": _take(row, "body", "id", "name", "name_en"),
        "reason": row.pop("responsible_reason"),
        "since": row.pop("responsible_since"),
    }
    is_open = row["closed_at"] is None
    row["light"] = str(clock.light(row["received_at"], row["due_at"], now)) if is_open else None
    row["came_as"] = {"crs": row.pop("crs_in"), "x": row.pop("x_in"), "y": row.pop("y_in")}
    return row


def events(conn: Connection, incident_id: int) -> list[dict[str, Any]]:
    """An incident's events in order: seq, kind, at, account_id, data, hash."""
    e = t.events.c
    query = select(e.seq, e.kind, e.at, e.account_id, e.data, e.hash).where(e.incident_id == incident_id).order_by(e.seq)
    return [{**row, "data": json.loads(row["data"])} for row in conn.execute(query).mappings()]


def household(conn: Connection, household_id: int) -> dict[str, Any]:
    """A household with its cell. `subject_id` is for opening its sealed contact."""
    h = t.households
    query = (
        select(
            h.c.id, h.c.code, h.c.address, h.c.children, h.c.adults, h.c.elders, h.c.housing, h.c.subject_id,
            func.ST_X(h.c.geom).label("lon"), func.ST_Y(h.c.geom).label("lat"), *_named(t.cells, "code", "name", "name_en"),
        )
        .outerjoin(t.cells, t.cells.c.id == h.c.cell_id)
        .where(h.c.id == household_id)
    )  # fmt: skip
    row = _one(conn, query, "household")
    row["cell"] = _take(row, "cells", "code", "name", "name_en")
    return row


def enterprise(conn: Connection, enterprise_id: int) -> dict[str, Any]:
    """An enterprise with its cell and `geometry` (GeoJSON)."""
    e = t.enterprises
    query = (
        select(
            e.c.id, e.c.code, e.c.name, e.c.name_en, e.c.kind, e.c.status, e.c.opened_on, e.c.source,
            func.ST_AsBinary(e.c.geom).label("wkb"), *_named(t.cells, "code", "name", "name_en"),
        )
        .outerjoin(t.cells, t.cells.c.id == e.c.cell_id)
        .where(e.c.id == enterprise_id)
    )  # fmt: skip
    row = _one(conn, query, "enterprise")
    row["cell"] = _take(row, "cells", "code", "name", "name_en")
    row["geom"] = shapely.from_wkb(bytes(row.pop("wkb")))
    return row


def cell(conn: Connection, code: str, day: date) -> dict[str, Any]:
    """The cell valid on a day under this code, with its community, its body and `geom`."""
    c, area, body = t.cells, t.areas, t.bodies
    query = (
        select(
            c.c.id, c.c.code, c.c.name, c.c.name_en, c.c.area_m2, c.c.valid_from, c.c.valid_to,
            func.ST_AsBinary(c.c.geom).label("wkb"), area.c.path.label("area_path"),
            *_named(area, "code", "name", "name_en"), *_named(body, "id", "name", "name_en"),
        )
        .join(area, area.c.id == c.c.area_id)
        .outerjoin(body, body.c.id == c.c.body_id)
        .where(c.c.code == code, c.c.valid_from <= day, or_(c.c.valid_to.is_(None), c.c.valid_to > day))
    )  # fmt: skip
    row = _one(conn, query, "cell")
    row["area"] = _take(row, "areas", "code", "name", "name_en")
    row["body"] = _take(row, "bodies", "id", "name", "name_en")
    row["geom"] = shapely.from_wkb(bytes(row.pop("wkb")))
    return row


def roster(conn: Connection, cell_id: int, day: date) -> list[dict[str, Any]]:
    """Who is on a cell's roster on a day, primary first, those on leave left out: id, name, name_en, rank."""
    d, w, away = t.duties, t.workers, t.leaves
    on_leave = exists().where(
        away.c.worker_id == d.c.worker_id, away.c.starts_on <= day, away.c.ends_on > day
    )  # fmt: skip
    query = (
        select(w.c.id, w.c.name, w.c.name_en, func.max(d.c.rank).label("rank"))
        .join(d, d.c.worker_id == w.c.id)
        .where(d.c.cell_id == cell_id, d.c.valid_from <= day, or_(d.c.valid_to.is_(None), d.c.valid_to > day), ~on_leave)
        .group_by(w.c.id, w.c.name, w.c.name_en)
        .order_by(func.max(d.c.rank).desc(), w.c.id)
    )
    return [dict(row) for row in conn.execute(query).mappings()]


def listed(conn: Connection, table: Table) -> list[dict[str, Any]]:
    """All rows of a short register (categories, bodies) by code."""
    if table is t.categories:
        parent = t.categories.alias("parent")
        columns = [column for column in table.c if column.name not in {"id", "parent_id"}]
        query = select(*columns, parent.c.code.label("parent")).outerjoin(parent, parent.c.id == table.c.parent_id)
    else:
        columns = [column for column in table.c if column.name != "area_id"]
        query = select(*columns, t.areas.c.code.label("area")).join(t.areas, t.areas.c.id == table.c.area_id)
    return [dict(row) for row in conn.execute(query.order_by(table.c.code)).mappings()]
