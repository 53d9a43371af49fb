"""SQL for one thing at a time: an incident with the names that belong to it, its events, a cell's roster.

Who may see it is decided before (`store.scope`). Moments come as aware UTC datetimes; `lon`, `lat` are WGS84 degrees.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

import shapely
from sqlalchemy import Connection, Select, exists, func, select

from gridmap.case import clock
from gridmap.errors import NotFound
from gridmap.store import tables as t
from gridmap.store.behind import in_time
from gridmap.store.bulk import frame
from gridmap.store.scope import IN_FORCE, on_day


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

    `cell` is where it was reported, `responsible.cell` who answers for it now; `light` is None once it has ended,
    `in_time` before.
    """
    i, r, c = t.incidents, t.responsibilities, t.categories
    reported, near, other = (t.cells.alias(name) for name in ("reported", "near", "other"))
    now_cell, worker, body = t.cells.alias("now"), t.workers.alias("worker"), t.bodies.alias("body")
    query = (
        select(
            i.c.id, i.c.number, i.c.channel, i.c.status, i.c.received_at, i.c.occurred_at, i.c.due_at, i.c.closed_at,
            i.c.accuracy_m, i.c.border_m, i.c.confidence, i.c.place_reason, i.c.nearest_m, i.c.household_id,
            i.c.level, i.c.priority, i.c.process, i.c.step, i.c.step_due_at, i.c.paused_until, i.c.parent_id,
            i.c.merged_into_id, i.c.yellow_at, i.c.red_at, i.c.very_late_at, in_time().label("in_time"),
            i.c.enterprise_id, i.c.subject_id, i.c.source_ref, i.c.crs_in, i.c.x_in, i.c.y_in,
            func.ST_X(i.c.geom).label("lon"), func.ST_Y(i.c.geom).label("lat"),
            r.c.reason.label("responsible_reason"), r.c.valid_from.label("responsible_since"),
            *_named(c, "code", "name", "name_en"), *_named(reported, "code", "name", "name_en"),
            *_named(near, "code", "name", "name_en"), *_named(other, "code", "name", "name_en"),
            *_named(now_cell, "code", "name", "name_en"), *_named(worker, "id", "name", "name_en"),
            *_named(body, "code", "name", "name_en"),
        )
        .join(c, c.c.id == i.c.category_id)
        .outerjoin(r, IN_FORCE)
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
        "body": _take(row, "body", "code", "name", "name_en"),
        "reason": row.pop("responsible_reason"),
        "since": row.pop("responsible_since"),
    }
    moments = clock.Thresholds(*(row.pop(name) for name in ("yellow_at", "red_at", "very_late_at")))
    row["red_at"] = moments.red_at
    light = moments.light(now, row["paused_until"])
    row["light"] = str(light) if row["closed_at"] is None else None
    row["came_as"] = {"crs": row.pop("crs_in"), "x": row.pop("x_in"), "y": row.pop("y_in")}
    return row


def events(conn: Connection, incident_id: int) -> list[dict[str, Any]]:
    """An incident's events in order: seq, kind, at, account_id, data, hash."""
    e = t.events.c
    query = (
        select(e.seq, e.kind, e.at, e.account_id, e.data, e.hash).where(e.incident_id == incident_id).order_by(e.seq)
    )
    return [{**row, "data": json.loads(row["data"])} for row in conn.execute(query).mappings()]


def subject_of(conn: Connection, household_id: int) -> int | None:
    """The subject under whose key a household's contact is sealed."""
    return conn.execute(select(t.households.c.subject_id).where(t.households.c.id == household_id)).scalar_one_or_none()


def subject_of_incident(conn: Connection, incident_id: int) -> int | None:
    """The subject under whose key an incident's text, reporter and notes are sealed."""
    return conn.execute(select(t.incidents.c.subject_id).where(t.incidents.c.id == incident_id)).scalar_one_or_none()


def roster(conn: Connection, cell_id: int, day: date) -> list[dict[str, Any]]:
    """Who is on a cell's roster on a day, primary first, those on leave left out: id, name, name_en, rank."""
    d, w, away = t.duties, t.workers, t.leaves
    on_leave = exists().where(
        away.c.worker_id == d.c.worker_id, away.c.starts_on <= day, away.c.ends_on > day
    )  # fmt: skip
    query = (
        select(w.c.id, w.c.name, w.c.name_en, func.max(d.c.rank).label("rank"))
        .join(d, d.c.worker_id == w.c.id)
        .where(d.c.cell_id == cell_id, on_day(d, day), ~on_leave)
        .group_by(w.c.id, w.c.name, w.c.name_en)
        .order_by(func.max(d.c.rank).desc(), w.c.id)
    )
    return [dict(row) for row in conn.execute(query).mappings()]


def categories(conn: Connection) -> list[dict[str, Any]]:
    """All categories by code, each with its parent's code."""
    c, parent = t.categories, t.categories.alias("parent")
    columns = (
        c.c.code,
        c.c.name,
        c.c.name_en,
        parent.c.code.label("parent"),
        c.c.process,
        c.c.limit_hours,
        c.c.department,
    )
    query = select(*columns).outerjoin(parent, parent.c.id == c.c.parent_id).order_by(c.c.code)
    return [dict(row) for row in conn.execute(query).mappings()]


def area(conn: Connection, code: str) -> dict[str, Any]:
    """An area by its code: id, code, path."""
    a = t.areas.c
    return _one(conn, select(a.id, a.code, a.path).where(a.code == code), "area")


def area_shape(conn: Connection, area_id: int) -> shapely.Geometry | None:
    """An area's own border (WGS84); None where it came without one."""
    return frame(conn, select(t.areas.c.geom).where(t.areas.c.id == area_id))["geom"].iloc[0]
