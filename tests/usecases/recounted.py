"""The scorecards' counts once more, from the events alone and in plain Python: a second reading of the definitions in
`case.scorecard.Counts`, which shares nothing with `case.standing`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from gridmap.store import tables as t

Story = list[tuple[str, datetime, Mapping[str, Any]]]


def stories(conn: Connection) -> Iterator[tuple[Any, Story]]:
    """Every case's row and what happened to it, in order."""
    i, e = t.incidents.c, t.events.c
    happened: dict[int, Story] = {}
    for row in conn.execute(select(e.incident_id, e.kind, e.at, e.data).order_by(e.incident_id, e.seq)):
        happened.setdefault(row.incident_id, []).append((row.kind, row.at, json.loads(row.data)))
    for row in conn.execute(select(i.id, i.due_at, i.category_id, i.channel).order_by(i.id)):
        yield row, happened[row.id]


def month_counts(conn: Connection, month: str, zone: ZoneInfo) -> dict[tuple[int, str], Counter[str]]:
    """The counts of a month by category and channel; groups that count nothing are left out."""
    found: dict[tuple[int, str], Counter[str]] = {}
    for row, story in stories(conn):
        counts = Counter({name: 1 for name, is_so in _case(row.due_at, story, month, zone).items() if is_so})
        if counts:
            found.setdefault((row.category_id, row.channel), Counter()).update(counts)
    return found


def _case(due_at: datetime, story: Story, month: str, zone: ZoneInfo) -> dict[str, bool]:
    """Which counts of a month this case is one of."""
    kinds = [kind for kind, _, _ in story]
    if "voided" in kinds or "merged" in kinds:
        return {}

    def named(moment: datetime | None) -> str:
        return "9999" if moment is None else moment.astimezone(zone).strftime("%Y-%m")

    received, due = named(story[0][1]), named(due_at)
    closed, dispatched = named(_first(story, "closed")), named(_first(story, "dispatched"))
    disposed_at, closed_at, rated = _as_it_stands(story)
    disposed, in_time = named(disposed_at), disposed_at is not None and disposed_at <= due_at
    is_due = received <= month and (due == month or (due < month <= disposed))
    again, longer = "reopened" in kinds, "extension_granted" in kinds
    now_closed = closed == month
    return {
        "accepted": received == month, "due": is_due, "disposed": is_due and disposed <= month,
        "on_time": is_due and disposed <= month and in_time, "closed_of_due": is_due and named(closed_at) <= month,
        "reworked_of_due": is_due and again, "extended_of_due": is_due and longer,
        "disposed_within": disposed == month, "disposed_in_time": disposed == month and in_time,
        "open_overdue": is_due and disposed > month, "closed": now_closed, "reopened": now_closed and again,
        "closed_by_community": now_closed and _rung_when_closed(story) == "community",
        "rated": now_closed and rated is not None, "satisfied": now_closed and rated is True,
        "dispatched": dispatched == month, "returned": dispatched == month and "returned" in kinds,
    }  # fmt: skip


def _first(story: Story, kind: str) -> datetime | None:
    return next((at for one, at, _ in story if one == kind), None)


def _as_it_stands(story: Story) -> tuple[datetime | None, datetime | None, bool | None]:
    """When it was disposed of and closed, and whether the reporter is content, since it was last taken up again."""
    disposed = closed = rated = None
    for kind, at, data in story:
        if kind in ("reopened", "sent_back"):
            disposed = None
        if kind == "reopened":
            closed = rated = None
        if kind == "resolved":
            disposed = at
        if kind == "closed":
            closed, disposed = at, disposed or at
        if kind == "rated":
            rated = data["satisfied"]
    return disposed, closed, rated


def _rung_when_closed(story: Story) -> str:
    rung = "community"
    for kind, _, data in story:
        if kind == "closed":
            break
        rung = data.get("level") or rung
    return rung
