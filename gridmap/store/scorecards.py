"""Reading the scorecards' sums by month, for a place and those below it; and how long cases took."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd
from sqlalchemy import ColumnElement, Connection, and_, case, func, literal, or_, select, true

from gridmap.case.scorecard import COUNTS
from gridmap.store import tables as t
from gridmap.store.bulk import frame
from gridmap.store.ledger import KEYS

_SHOWN = {"area_id": t.areas, "body_id": t.bodies, "category_id": t.categories}


def inside(path: str | None) -> ColumnElement[bool]:
    """Cases of an area and those below it; None: all."""
    if path is None:
        return true()
    within = select(t.areas.c.id).where(t.areas.c.path.startswith(path, autoescape=True))
    return t.scores.c.area_id.in_(within)


def sums(conn: Connection, months: Sequence[int], by: Sequence[str], path: str | None) -> pd.DataFrame:
    """The counts of months: `month`, then `by` (some of `scores.KEYS`), then `COUNTS`, int64.

    Cases that stand open and due since before count in every month from theirs on.
    """
    s = t.scores.c
    keys = [s[name] for name in by]
    counts = [func.sum(s[name]).label(name) for name in COUNTS]
    parts = []
    for month in sorted(set(months)):
        counted = or_(and_(s.standing == 0, s.month == month), and_(s.standing == 1, s.month <= month))
        query = select(*keys, *counts).where(counted, inside(path))
        rows = frame(conn, query.group_by(*keys) if keys else query)
        parts.append(rows.assign(month=month))
    joined = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["month", *by, *COUNTS])
    joined[list(COUNTS)] = joined[list(COUNTS)].fillna(0).astype("int64")
    return joined[["month", *by, *COUNTS]]


def not_yet_due(conn: Connection, now: datetime, end: datetime, by: Sequence[str], path: str | None) -> pd.DataFrame:
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
    within = select(t.areas.c.id).where(t.areas.c.path.startswith(path or "/", autoescape=True))
    where = [c.due_at >= now, c.due_at < end, c.dropped == 0]
    query = select(*keys, *counts).select_from(s).where(*where, *([] if path is None else [c.area_id.in_(within)]))
    rows = frame(conn, query.group_by(*keys) if keys else query)
    rows[list(COUNTS)] = rows[list(COUNTS)].astype("int64")
    return rows


def lasted(conn: Connection, start: datetime, end: datetime, path: str | None) -> pd.DataFrame:
    """The cases received from `start` until `end`: `KEYS`, `received_at`, `closed_at`; what was dropped left out."""
    c = t.score_cases.c
    query = select(*(c[name] for name in KEYS), c.received_at, c.closed_at)
    query = query.where(c.received_at >= start, c.received_at < end, c.dropped == 0)
    if path is not None:
        within = select(t.areas.c.id).where(t.areas.c.path.startswith(path, autoescape=True))
        query = query.where(c.area_id.in_(within))
    return frame(conn, query)


def labels(conn: Connection, key: str) -> pd.DataFrame:
    """Codes and names by id of what a key refers to: `id`, `code`, `name`, `name_en`, and of areas their `path`."""
    table = _SHOWN[key]
    columns = [table.c.id, table.c.code, table.c.name, table.c.name_en]
    return frame(conn, select(*columns, *([table.c.path] if key == "area_id" else [])))
