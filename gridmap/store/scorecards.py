"""Reading the scorecards' sums by month, for a place and those below it; and how long cases took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pandas as pd
from sqlalchemy import ColumnElement, Connection, Table, and_, case, func, literal, or_, select

from gridmap.case.scorecard import COUNTS
from gridmap.store import tables as t
from gridmap.store.bulk import frame
from gridmap.store.ledger import KEYS

_SHOWN = {"area_id": t.areas, "body_id": t.bodies, "category_id": t.categories}


@dataclass(frozen=True, slots=True)
class Within:
    """What is counted: an area (by its path) and those below it, some categories, one body; None: all."""

    path: str | None = None
    category_ids: tuple[int, ...] | None = None
    body_id: int | None = None

    def of(self, table: Table) -> list[ColumnElement[bool]]:
        """The conditions on a table that has `KEYS`."""
        found: list[ColumnElement[bool]] = []
        if self.path is not None:
            areas = select(t.areas.c.id).where(t.areas.c.path.startswith(self.path, autoescape=True))
            found.append(table.c.area_id.in_(areas))
        if self.category_ids is not None:
            found.append(table.c.category_id.in_(self.category_ids))
        if self.body_id is not None:
            found.append(table.c.body_id == self.body_id)
        return found


ALL: Final = Within()


def sums(conn: Connection, months: Sequence[int], by: Sequence[str], within: Within = ALL) -> pd.DataFrame:
    """The counts of months: `month`, then `by` (some of `scores.KEYS`), then `COUNTS`, int64.

    Cases that stand open and due since before count in every month from theirs on.
    """
    s = t.scores.c
    keys = [s[name] for name in by]
    counts = [func.sum(s[name]).label(name) for name in COUNTS]
    parts = []
    for month in sorted(set(months)):
        counted = or_(and_(s.standing == 0, s.month == month), and_(s.standing == 1, s.month <= month))
        query = select(*keys, *counts).where(counted, *within.of(t.scores))
        rows = frame(conn, query.group_by(*keys) if keys else query)
        parts.append(rows.assign(month=month))
    joined = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["month", *by, *COUNTS])
    joined[list(COUNTS)] = joined[list(COUNTS)].fillna(0).astype("int64")
    return joined[["month", *by, *COUNTS]]


def not_yet_due(
    conn: Connection, now: datetime, end: datetime, by: Sequence[str], within: Within = ALL
) -> pd.DataFrame:
    """What the sums count as due in a month that runs still, though it is due between `now` and its `end` only.

    To be taken off: `by`, then `COUNTS`.
    """
    c, s = t.score_cases.c, t.score_cases
    one, none = literal(1), literal(0)
    disposed = c.disposed_at.is_not(None)
    told = {
        "due": one, "disposed": case((disposed, 1), else_=0), "open_overdue": case((disposed, 0), else_=1),
        "on_time": case((c.disposed_at <= c.due_at, 1), else_=0),
        "closed_of_due": case((c.closed_at.is_not(None), 1), else_=0),
        "reworked_of_due": c.reopened, "extended_of_due": c.extended,
    }  # fmt: skip
    keys = [c[name] for name in by]
    counts = [func.coalesce(func.sum(told.get(name, none)), 0).label(name) for name in COUNTS]
    where = [c.due_at >= now, c.due_at < end, c.dropped == 0]
    query = select(*keys, *counts).select_from(s).where(*where, *within.of(s))
    rows = frame(conn, query.group_by(*keys) if keys else query)
    rows[list(COUNTS)] = rows[list(COUNTS)].astype("int64")
    return rows


def lasted(conn: Connection, start: datetime, end: datetime, within: Within = ALL) -> pd.DataFrame:
    """The cases received from `start` until `end`: `KEYS`, `received_at`, `closed_at`; what was dropped left out."""
    c = t.score_cases.c
    query = select(*(c[name] for name in KEYS), c.received_at, c.closed_at)
    query = query.where(c.received_at >= start, c.received_at < end, c.dropped == 0, *within.of(t.score_cases))
    return frame(conn, query)


def labels(conn: Connection, key: str) -> pd.DataFrame:
    """Codes and names by id of what a key refers to: `id`, `code`, `name`, `name_en`, and of areas their `path`."""
    table = _SHOWN[key]
    columns = [table.c.id, table.c.code, table.c.name, table.c.name_en]
    return frame(conn, select(*columns, *([table.c.path] if key == "area_id" else [])))


def channels(conn: Connection) -> list[str]:
    """The channels by which any case came, in order."""
    return list(conn.execute(select(t.scores.c.channel).distinct().order_by(t.scores.c.channel)).scalars())


def categories_in(conn: Connection, code: str) -> tuple[int, ...]:
    """The ids of a category and of those right below it; none: there is no such category."""
    c, above = t.categories, t.categories.alias("above")
    query = select(c.c.id).outerjoin(above, above.c.id == c.c.parent_id)
    return tuple(conn.execute(query.where(or_(c.c.code == code, above.c.code == code)).order_by(c.c.id)).scalars())
