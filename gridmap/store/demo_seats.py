"""Whom the demo's log-ins sit in for: people and bodies that have something to show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, func, or_, select

from gridmap.store import tables as t
from gridmap.store.scope import is_open


@dataclass(frozen=True, slots=True)
class Seats:
    """(code, name) of a busy worker, of the town and the department with the most open cases, and of the county."""

    worker: tuple[str, str]
    town: tuple[str, str]
    body: tuple[str, str]
    county: tuple[str, str]


def busiest(conn: Connection, day: date) -> Seats:
    """The seats of a loaded county, for a day."""
    r, i, d = t.responsibilities.c, t.incidents.c, t.duties.c
    open_now = (r.valid_to.is_(None)) & is_open()
    here = select(func.count()).select_from(t.responsibilities.join(t.incidents, r.incident_id == i.id))
    on_duty = select(d.worker_id).where(
        d.rank == "primary", d.valid_from <= day, or_(d.valid_to.is_(None), d.valid_to > day)
    )
    workers = here.where(open_now, r.worker_id == t.workers.c.id).scalar_subquery()
    worker = conn.execute(
        select(t.workers.c.code, t.workers.c.name)
        .where(t.workers.c.id.in_(on_duty))
        .order_by(workers.desc(), t.workers.c.id)
        .limit(1)
    ).one()
    bodies = here.where(open_now, r.body_id == t.bodies.c.id).scalar_subquery()
    body = conn.execute(
        select(t.bodies.c.code, t.bodies.c.name)
        .where(t.bodies.c.kind == "department")
        .order_by(bodies.desc(), t.bodies.c.id)
        .limit(1)
    ).one()
    community = t.areas.alias("community")
    in_town = here.join(community, r.area_id == community.c.id).where(
        open_now, community.c.path.startswith(t.areas.c.path)
    )
    town = conn.execute(
        select(t.areas.c.code, t.areas.c.name)
        .where(t.areas.c.level == "town")
        .order_by(in_town.scalar_subquery().desc(), t.areas.c.id)
        .limit(1)
    ).one()
    county = conn.execute(select(t.areas.c.code, t.areas.c.name).where(t.areas.c.level == "county").limit(1)).one()
    return Seats(*((str(row[0]), str(row[1])) for row in (worker, town, body, county)))
