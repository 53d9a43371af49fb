"""Plans of a redraw: their rows, their edits in order, what was said of them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, delete, func, insert, or_, select, update

from gridmap.errors import Conflict, NotFound
from gridmap.plan.status import PlanStatus
from gridmap.store import tables as t


@dataclass(frozen=True, slots=True)
class Edit:
    """An edit as stored; `delta` and `inverse` are JSON of `gridmap.plan.deltas`."""

    id: int
    place: int
    delta: dict[str, Any]
    inverse: dict[str, Any]
    undone: bool
    account_id: int | None
    at: datetime
    version: int


def _plans() -> Select[Any]:
    """Plans with the names of those who had a hand in them, and how many edits they have."""
    p, e, a = t.plans.c, t.plan_edits.c, t.areas.c
    author, approver, last = (t.accounts.alias(name) for name in ("author", "approver", "last"))
    edits = select(func.count()).where(e.plan_id == p.id, e.undone == 0).scalar_subquery()
    undone = select(func.count()).where(e.plan_id == p.id, e.undone == 1).scalar_subquery()
    return (
        select(
            *t.plans.c, a.path, a.code.label("area"), a.name.label("area_name"), a.name_en.label("area_name_en"),
            author.c.name.label("author"), approver.c.name.label("approver"), last.c.name.label("changed_by"),
            edits.label("edits"), undone.label("undone"),
        )
        .join(t.areas, p.area_id == a.id)
        .outerjoin(author, author.c.id == p.author_id)
        .outerjoin(approver, approver.c.id == p.approver_id)
        .outerjoin(last, last.c.id == p.changed_by_id)
    )  # fmt: skip


@lru_cache(1)
def _one() -> Select[Any]:
    return _plans().where(t.plans.c.id == bindparam("plan"))


def listed(
    conn: Connection, path: str | None, statuses: Collection[str], after: int | None, limit: int
) -> Sequence[Row[Any]]:
    """A page of plans, newest first: of areas above or below the path (None: all), in one of the statuses."""
    p, a = t.plans.c, t.areas.c
    query = _plans().where(p.status.in_(statuses)).order_by(p.id.desc()).limit(limit)
    if path is not None:
        above = [path[: i + 1] for i, sign in enumerate(path) if sign == "/" and i]
        query = query.where(or_(a.path.startswith(path, autoescape=True), a.path.in_(above)))
    return conn.execute(query if after is None else query.where(p.id < after)).all()


def one(conn: Connection, plan_id: int, *, lock: bool = False) -> Row[Any]:
    """A plan; with `lock` nobody else changes it until the transaction ends. Raises NotFound."""
    if lock:
        # first the lock, then the look: PostgreSQL reads a joined row as it was before it waited
        conn.execute(select(t.plans.c.id).where(t.plans.c.id == plan_id).with_for_update())
    row = conn.execute(_one(), {"plan": plan_id}).first()
    if row is None:
        raise NotFound("there is no such plan, or none that you may see")
    return row


def add(conn: Connection, values: Mapping[str, Any]) -> int:
    """A new plan; its id."""
    return int(conn.execute(insert(t.plans).values(**values).returning(t.plans.c.id)).scalar_one())


def change(conn: Connection, plan_id: int, version: int, account_id: int | None, now: datetime, **values: Any) -> int:
    """Change a plan that is at this version; its new version. Raises Conflict when it has moved on."""
    p = t.plans
    moved = conn.execute(
        update(p)
        .where(p.c.id == plan_id, p.c.version == version)
        .values(version=version + 1, changed_by_id=account_id, changed_at=now, **values)
    )
    if moved.rowcount != 1:
        raise Conflict("the plan was changed at this moment by somebody else", code="plan_changed")
    return version + 1


def due(conn: Connection, day: date) -> list[int]:
    """Published plans whose day has come, the earliest first."""
    p = t.plans.c
    query = select(p.id).where(p.status == PlanStatus.PUBLISHED, p.applies_on <= day).order_by(p.applies_on)
    return list(conn.execute(query).scalars())


# --- edits ----------------------------------------------------------------------------------------------------------


def edits(conn: Connection, plan_id: int) -> list[Edit]:
    """All edits in order, those undone last."""
    e = t.plan_edits.c
    query = select(e.id, e.place, e.delta, e.inverse, e.undone, e.account_id, e.at, e.version)
    rows = conn.execute(query.where(e.plan_id == plan_id).order_by(e.place))
    return [
        Edit(r.id, r.place, json.loads(r.delta), json.loads(r.inverse), bool(r.undone), r.account_id, r.at, r.version)
        for r in rows
    ]


def changes_since(conn: Connection, plan_id: int, version: int) -> list[dict[str, Any]]:
    """Edits done or undone after a version: kind, undone, by, at."""
    e, a = t.plan_edits.c, t.accounts.c
    rows = conn.execute(
        select(e.delta, e.undone, e.at, a.name)
        .outerjoin(t.accounts, a.id == e.account_id)
        .where(e.plan_id == plan_id, e.version > version)
        .order_by(e.place)
    )
    return [
        {"kind": json.loads(r.delta)["kind"], "undone": bool(r.undone), "by": r.name, "at": r.at.isoformat()}
        for r in rows
    ]


def add_edits(conn: Connection, plan_id: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """Append edits; those that were undone are forgotten. A row: delta, inverse (JSON), account_id, at, version."""
    e = t.plan_edits
    conn.execute(delete(e).where(e.c.plan_id == plan_id, e.c.undone == 1))
    last = conn.execute(select(func.max(e.c.place)).where(e.c.plan_id == plan_id)).scalar_one() or 0
    told = [
        {**row, "plan_id": plan_id, "place": last + i, "delta": _text(row["delta"]), "inverse": _text(row["inverse"])}
        for i, row in enumerate(rows, start=1)
    ]
    if told:
        conn.execute(insert(e), told)


def set_undone(conn: Connection, edit_id: int, undone: bool, version: int, inverse: Mapping[str, Any]) -> None:
    """Say that an edit is undone, or done again with this inverse."""
    values = {"undone": int(undone), "version": version, "inverse": _text(inverse)}
    conn.execute(update(t.plan_edits).where(t.plan_edits.c.id == edit_id).values(**values))


def replace_edits(conn: Connection, plan_id: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """Other edits instead of all there are, undone ones too."""
    conn.execute(delete(t.plan_edits).where(t.plan_edits.c.plan_id == plan_id))
    add_edits(conn, plan_id, rows)


def _text(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


# --- comments -------------------------------------------------------------------------------------------------------


def comments(conn: Connection, plan_id: int) -> list[dict[str, Any]]:
    """What was said of a plan, oldest first: id, by, role, cell, lon, lat, text, at."""
    c, a = t.plan_comments.c, t.accounts.c
    rows = conn.execute(
        select(c.id, a.name.label("by"), a.role, c.cell, c.lon, c.lat, c.text, c.at)
        .outerjoin(t.accounts, a.id == c.account_id)
        .where(c.plan_id == plan_id)
        .order_by(c.id)
    )
    return [dict(row._mapping) for row in rows]


def add_comment(conn: Connection, values: Mapping[str, Any]) -> int:
    """A comment; its id."""
    query = insert(t.plan_comments).values(**values).returning(t.plan_comments.c.id)
    return int(conn.execute(query).scalar_one())
