"""SQL of visits: writing one, a worker's homes with when they were last seen, quotas, and counts of places."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Select, Table, and_, bindparam, delete, func, insert, or_, select, update

from gridmap.people.visits import Quota
from gridmap.store import tables as t
from gridmap.store import versions
from gridmap.store.scope import is_open, on_day


def add(conn: Connection, row: Mapping[str, Any]) -> int:
    """Write a visit; its id."""
    return int(conn.execute(insert(t.visits).values(**row).returning(t.visits.c.id)).scalar_one())


def visit(conn: Connection, visit_id: int) -> Any:
    """A visit's row; None when there is none."""
    v = t.visits
    return conn.execute(select(v).where(v.c.id == visit_id)).one_or_none()


def set_incident(conn: Connection, visit_id: int, incident_id: int) -> None:
    conn.execute(update(t.visits).where(t.visits.c.id == visit_id).values(incident_id=incident_id))


def quotas(conn: Connection) -> tuple[dict[int, Quota], dict[str, Quota]]:
    """All quotas, by worker and by the path of their area."""
    q, a = t.quotas.c, t.areas.c
    rows = conn.execute(
        select(q.worker_id, a.path, q.first_day, q.last_day, q.least).outerjoin(t.areas, a.id == q.area_id)
    ).all()
    made = [(row.worker_id, row.path, Quota(row.first_day, row.last_day, row.least)) for row in rows]
    return {w: q for w, _, q in made if w is not None}, {p: q for w, p, q in made if w is None}


def set_quota(conn: Connection, of: str, row_id: int, quota: Quota | None) -> None:
    """Give an area (`of`: area_id) or a worker (worker_id) this quota in place of its old one; None takes it away."""
    q = t.quotas
    conn.execute(delete(q).where(q.c[of] == row_id))
    if quota is not None:
        values = {"first_day": quota.first_day, "last_day": quota.last_day, "least": quota.least}
        conn.execute(insert(q).values({of: row_id, **values}))
    versions.bump(conn, "quotas")


def listed_quotas(conn: Connection) -> Sequence[Any]:
    """All quotas, areas first: area or worker (codes), first_day, last_day, least."""
    q, a, w = t.quotas.c, t.areas.c, t.workers.c
    query = select(a.code.label("area"), w.code.label("worker"), q.first_day, q.last_day, q.least)
    joined = t.quotas.outerjoin(t.areas, a.id == q.area_id).outerjoin(t.workers, w.id == q.worker_id)
    return conn.execute(query.select_from(joined).order_by(q.area_id.is_(None), a.code, w.code)).all()


def id_by_code(conn: Connection, table: Table, code: str) -> int | None:
    """The id of an area or a worker."""
    return conn.execute(select(table.c.id).where(table.c.code == code)).scalar_one_or_none()


def worker(conn: Connection, worker_id: int) -> Any:
    """A worker's id and the path of their area."""
    w = t.workers.c
    return conn.execute(select(w.id, t.areas.c.path).join(t.areas, t.areas.c.id == w.area_id).where(w.id == worker_id)
                        ).one()  # fmt: skip


def homes_in(conn: Connection, cell_ids: Collection[int], zone: ZoneInfo) -> list[dict[str, Any]]:
    """The households of some cells: id, code, address, lon, lat, last_visit (a day, met at home), return_on, needs."""
    cells = {"cells": sorted(cell_ids)}
    homes, last, promised, asked = (conn.execute(query, cells) for query in _HOMES_IN)
    seen, names = {row[0]: _day(row[1], zone) for row in last}, list(homes.keys())
    back, needs = {row[0]: row[1] for row in promised}, {row[0]: row[1] for row in asked}
    return [
        dict(zip(names, row, strict=True))
        | {"last_visit": seen.get(row[0]), "return_on": back.get(row[0]), "needs": needs.get(row[0], 0)}
        for row in homes
    ]  # fmt: skip


def _homes_in() -> tuple[Select[Any], ...]:
    """Built once, since every phone asks it: the households, when they were last met, when a return was promised for,
    and how many of their cases are open; of all but the first the household's id comes first."""
    h, v, i, again = t.households.c, t.visits.c, t.incidents.c, t.visits.alias("again")
    inside = h.cell_id.in_(bindparam("cells", expanding=True))
    homes = select(
        h.id, h.code, h.address, t.cells.c.code.label("cell"), func.ST_X(h.geom).label("lon"),
        func.ST_Y(h.geom).label("lat"),
    )  # fmt: skip
    homes = homes.outerjoin(t.cells, t.cells.c.id == h.cell_id).where(inside).order_by(h.id)
    of_home = select(v.household_id, func.max(v.visited_at)).join(t.households, h.id == v.household_id)
    last = of_home.where(inside, v.outcome == "met").group_by(v.household_id)
    of_home = select(v.household_id, func.min(v.return_on)).join(t.households, h.id == v.household_id)
    kept = select(again.c.id).where(again.c.return_of_id == v.id).exists()
    promised = of_home.where(inside, v.return_on.is_not(None), ~kept).group_by(v.household_id)
    asked = select(i.household_id, func.count()).join(t.households, h.id == i.household_id)
    return homes, last, promised, asked.where(inside, is_open()).group_by(i.household_id)


_HOMES_IN = _homes_in()


def _day(moment: datetime | None, zone: ZoneInfo) -> date | None:
    return None if moment is None else moment.astimezone(zone).date()


def done_by(conn: Connection, worker_id: int, since: datetime, until: datetime) -> int:
    """How many households a worker met in a time."""
    v = t.visits.c
    query = select(func.count(v.household_id.distinct())).where(
        v.worker_id == worker_id, v.outcome == "met", v.visited_at >= since, v.visited_at < until
    )
    return int(conn.execute(query).scalar_one())


def listed(
    conn: Connection, cell_ids: Collection[int], household_id: int | None, before: int | None, limit: int
) -> list[dict[str, Any]]:
    """Visits to households of some cells, newest written first, without notes."""
    v, h, w = t.visits.c, t.households.c, t.workers.c
    query = (
        select(
            v.id, v.household_id, h.code.label("household"), v.visited_at, v.written_at, v.outcome, v.return_on,
            v.return_of_id, v.incident_id, w.name.label("worker"), w.name_en.label("worker_en"),
        )
        .join(t.households, h.id == v.household_id)
        .join(t.workers, w.id == v.worker_id)
        .where(h.cell_id.in_(sorted(cell_ids)))
        .order_by(v.id.desc())
        .limit(limit)
    )  # fmt: skip
    if household_id is not None:
        query = query.where(v.household_id == household_id)
    if before is not None:
        query = query.where(v.id < before)
    return [dict(row) for row in conn.execute(query).mappings()]


def counts(conn: Connection, path: str, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """By community below an area: households, and how many of them were met in a time. Counts of places, of nobody."""
    h, c, a, v = t.households.c, t.cells.c, t.areas.c, t.visits.c
    met = select(v.household_id).where(v.outcome == "met", v.visited_at >= since, v.visited_at < until)
    query = (
        select(
            a.id, a.code, a.name, a.name_en, a.path, func.count().label("households"),
            func.count().filter(h.id.in_(met)).label("met"),
        )
        .select_from(t.households.join(t.cells, c.id == h.cell_id).join(t.areas, a.id == c.area_id))
        .where(a.path.startswith(path, autoescape=True))
        .group_by(a.id, a.code, a.name, a.name_en, a.path)
        .order_by(a.code)
    )  # fmt: skip
    return [dict(row) for row in conn.execute(query).mappings()]


def staffed(conn: Connection, path: str, day: date) -> dict[int, list[tuple[int, str]]]:
    """Who is on the rosters of each community's cells as primary on a day: (worker, path of their area) by area id."""
    d, c, a, w, away = t.duties.c, t.cells.c, t.areas.c, t.workers.c, t.leaves.c
    home = t.areas.alias("home")
    query = (
        select(c.area_id, d.worker_id, home.c.path)
        .distinct()
        .join(t.cells, c.id == d.cell_id)
        .join(t.areas, a.id == c.area_id)
        .join(t.workers, w.id == d.worker_id)
        .join(home, home.c.id == w.area_id)
        .where(
            d.rank == "primary", on_day(t.duties, day), on_day(t.cells, day), a.path.startswith(path, autoescape=True),
            ~select(away.id).where(and_(away.worker_id == d.worker_id, away.starts_on <= day, away.ends_on > day)
                                   ).exists(),
        )
    )  # fmt: skip
    found: dict[int, list[tuple[int, str]]] = {}
    for area_id, worker_id, area_path in conn.execute(query):
        found.setdefault(area_id, []).append((worker_id, area_path))
    return found


def places(conn: Connection, path: str) -> Sequence[Any]:
    """Where the households below an area stand: area_id, lon, lat."""
    h, c, a = t.households.c, t.cells.c, t.areas.c
    query = (
        select(c.area_id, func.ST_X(h.geom).label("lon"), func.ST_Y(h.geom).label("lat"))
        .select_from(t.households.join(t.cells, c.id == h.cell_id).join(t.areas, a.id == c.area_id))
        .where(or_(a.path == path, a.path.startswith(path, autoescape=True)))
    )
    return conn.execute(query).all()


def area_of_account(conn: Connection, account_id: int) -> str | None:
    """The path of an account's area."""
    a = t.accounts.c
    query = select(t.areas.c.path).join(t.accounts, a.area_id == t.areas.c.id).where(a.id == account_id)
    return conn.execute(query).scalar_one_or_none()
