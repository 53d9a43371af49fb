"""SQL of routing: rule sets and which of them is live, what rules may name, and a month's cases to try them on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any

import pandas as pd
from sqlalchemy import Connection, func, insert, select, update

from gridmap.case.events import canonical_json
from gridmap.case.process import SHIPPED as PROCESSES
from gridmap.case.routing import Known, RuleSet, default_rules
from gridmap.errors import NotFound
from gridmap.store import tables as t
from gridmap.store import versions
from gridmap.store.bulk import frame
from gridmap.store.cases import process
from gridmap.store.engine import is_sqlite

#: the set that ships, in force while no other is
SHIPPED = 1


def live(conn: Connection) -> RuleSet:
    """The rule set in force."""
    r = t.rule_sets.c
    body = conn.execute(select(r.body).where(r.live == 1)).scalar_one_or_none()
    return default_rules() if body is None else _read(body)


def one(conn: Connection, version: int) -> RuleSet:
    """A rule set by its version. Raises NotFound."""
    if version == SHIPPED:
        return default_rules()
    r = t.rule_sets.c
    body = conn.execute(select(r.body).where(r.version == version)).scalar_one_or_none()
    if body is None:
        raise NotFound(f"there is no rule set {version}; GET /api/v1/rules lists them")
    return _read(body)


def listed(conn: Connection) -> list[dict[str, Any]]:
    """Every version, newest first: version, live, created_at, published_at, rules (how many)."""
    r = t.rule_sets.c
    query = select(r.version, r.live, r.created_at, r.published_at, r.body).order_by(r.version.desc())
    rows = conn.execute(query).all()
    found = [
        {
            "version": row.version, "live": bool(row.live), "created_at": row.created_at,
            "published_at": row.published_at, "rules": len(_read(row.body).rules),
        }
        for row in rows
    ]  # fmt: skip
    shipped = {"version": SHIPPED, "live": not any(row.live for row in rows), "created_at": None, "published_at": None}
    return [*found, {**shipped, "rules": len(default_rules().rules)}]


def add(conn: Connection, rules: RuleSet, now: datetime, account_id: int | None) -> RuleSet:
    """Keep a rule set as the next version; it is not live yet."""
    _alone(conn)
    last = conn.execute(select(func.max(t.rule_sets.c.version))).scalar_one() or SHIPPED
    kept = replace(rules, version=str(last + 1))
    body = canonical_json(kept.to_json())
    conn.execute(insert(t.rule_sets).values(version=last + 1, body=body, created_at=now, account_id=account_id))
    return kept


def publish(conn: Connection, version: int, now: datetime) -> None:
    """Put one version in force and the one before it out, at once."""
    _alone(conn)
    r = t.rule_sets
    conn.execute(update(r).where(r.c.live == 1).values(live=0))
    conn.execute(update(r).where(r.c.version == version).values(live=1, published_at=now))
    versions.bump(conn, "rules")


def _alone(conn: Connection) -> None:
    """One at a time changes the rules: SpatiaLite's writers take turns anyhow."""
    if not is_sqlite(conn):
        conn.exec_driver_sql("LOCK TABLE rule_sets IN SHARE ROW EXCLUSIVE MODE")


@lru_cache(maxsize=8)
def _read(body: str) -> RuleSet:
    return RuleSet.from_json(json.loads(body))


def known(conn: Connection) -> Known:
    """What rules may name in this county."""
    codes = known_processes(conn)
    departments = select(t.bodies.c.department).where(t.bodies.c.department.is_not(None)).distinct()
    return Known(
        categories=_all(conn, select(t.categories.c.code)), areas=_all(conn, select(t.areas.c.path)),
        bodies=_all(conn, select(t.bodies.c.code)), departments=_all(conn, departments),
        processes=codes, straight=frozenset(code for code in codes if process(conn, code).straight),
        enterprise_ids=_all(conn, select(t.enterprises.c.id)),
    )  # fmt: skip


def known_processes(conn: Connection) -> frozenset[str]:
    """The codes of all processes, those that ship among them."""
    return frozenset(conn.execute(select(t.processes.c.code).distinct()).scalars()) | frozenset(PROCESSES)


def enterprise_kinds(conn: Connection) -> dict[int, str]:
    """The kinds of all enterprises by id."""
    return dict(conn.execute(select(t.enterprises.c.id, t.enterprises.c.kind)).all())


def _all(conn: Connection, query: Any) -> frozenset[Any]:
    return frozenset(conn.execute(query).scalars())


def body_ids(conn: Connection) -> dict[str, int]:
    """The bodies' ids by their codes."""
    return dict(conn.execute(select(t.bodies.c.code, t.bodies.c.id)).all())


def enterprise_kind(conn: Connection, enterprise_id: int | None) -> str | None:
    """The kind of an enterprise; None without one."""
    e = t.enterprises.c
    return conn.execute(select(e.kind).where(e.id == enterprise_id)).scalar_one_or_none()


def area_names(conn: Connection) -> Sequence[Any]:
    """Every area: id, level, path."""
    a = t.areas.c
    return conn.execute(select(a.id, a.level, a.path)).all()


def cell_of(conn: Connection, cell_id: int) -> Any:
    """What the choice of worker and body asks of a cell: cell_id, area_id, area_path, body_id."""
    c, a = t.cells.c, t.areas.c
    query = select(c.id, c.area_id, a.path, c.body_id).join(t.areas, a.id == c.area_id).where(c.id == cell_id)
    return conn.execute(query).one()


def cases_between(conn: Connection, start: datetime, end: datetime) -> pd.DataFrame:
    """The cases received in a time, to be routed on trial: id, number, category, parent, department, area_path, body_id
    (the cell's own), enterprise_id, enterprise_kind, channel, received_at, subject_id. What was dropped is left out."""
    i, c, a = t.incidents.c, t.cells, t.areas
    category, above, e = t.categories, t.categories.alias("above"), t.enterprises
    joined = (
        t.incidents.join(category, category.c.id == i.category_id)
        .outerjoin(above, above.c.id == category.c.parent_id)
        .outerjoin(c, c.c.id == i.cell_id)
        .outerjoin(a, a.c.id == c.c.area_id)
        .outerjoin(e, e.c.id == i.enterprise_id)
    )
    query = (
        select(
            i.id, i.number, category.c.code.label("category"), func.coalesce(above.c.code, "").label("parent"),
            category.c.department, a.c.path.label("area_path"), c.c.body_id, i.enterprise_id,
            e.c.kind.label("enterprise_kind"), i.channel, i.received_at, i.subject_id,
        )
        .select_from(joined)
        .where(i.received_at >= start, i.received_at < end, i.status.not_in(("voided", "merged")))
        .order_by(i.received_at, i.id)
    )  # fmt: skip
    return frame(conn, query)
