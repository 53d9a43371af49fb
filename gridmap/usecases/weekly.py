"""The weekly digest: one message a week to each body that has anything late or soon due, and to each supervisor.

It says what single warnings hold back after the fifth of a day: how many are red, how many become due, where most of
it lies. The counts stand in the outbox as they were when it was raised.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

import pandas as pd
from sqlalchemy import Connection

from gridmap.delivery.recipients import STALE
from gridmap.store import alarm, read, reminders, scorecards, sweeps, write
from gridmap.usecases.alarm import COUNTS
from gridmap.usecases.context import Context
from gridmap.view import View

#: how many bodies a supervisor is named
WORST: Final = 3
_LATE: Final = ("very_late", "red")


def tell_week(ctx: Context) -> int:
    """Raise this week's digests when their hour has come, once, whoever comes first; how many were written.

    A week whose hour lies back further than news are told is left out: nothing floods when the sweep begins anew.
    """
    now = ctx.clock()
    due = latest(ctx, now)
    if due is None or now - due > STALE:
        return 0
    day = due.astimezone(ctx.zone).date()
    mark = f"weekly/{day.isoformat()}"
    with read(ctx.engine) as conn:
        if sweeps.claimed(conn, mark):  # by far the most often: nothing is written to find that out
            return 0
    with write(ctx.engine) as conn:
        if not sweeps.claim(conn, mark, now):
            return 0
        return reminders.put(conn, _digests(ctx, conn, day, now), now)


def latest(ctx: Context, now: datetime) -> datetime | None:
    """When the digest of this week was last due, up to now; None where the settings want none."""
    weekly = ctx.settings.messaging.weekly
    if weekly is None:
        return None
    weekday, hour = weekly
    local = now.astimezone(ctx.zone)
    day = local.date() - timedelta(days=(local.isoweekday() - weekday) % 7)
    due = datetime(day.year, day.month, day.day, hour, tzinfo=ctx.zone)
    return due if due <= local else datetime.combine(day - timedelta(days=7), due.timetz())


def _digests(ctx: Context, conn: Connection, day: date, now: datetime) -> list[dict[str, Any]]:
    """The outbox rows of a week: none to a body or a supervisor that has nothing to hear of."""
    late = alarm.late(conn, View.system(ctx.today()), now)
    paths = scorecards.labels(conn, "area_id").set_index("id")["path"]
    bodies = scorecards.labels(conn, "body_id").set_index("id")
    late["path"] = late["area_id"].map(paths)
    rows = [
        _row("weekly_body", day, late[late["body_id"] == body_id], (), body_id=body_id)
        for body_id in sorted(late["body_id"].dropna().astype(int).unique().tolist())
    ]
    for one in alarm.supervisors(conn):
        # what lies outside all cells is the county's
        mine = late[late["path"].fillna("/" + one.path.split("/")[1] + "/").str.startswith(one.path)]
        if len(mine):
            rows.append(_row("weekly_watch", day, mine, _worst(mine, bodies), account_id=one.id))
    return rows


def _worst(late: pd.DataFrame, bodies: pd.DataFrame) -> list[tuple[str, str | None, int]]:
    """The bodies with most that is late: names and number."""
    summed = late.groupby("body_id")[list(_LATE)].sum().sum(axis=1)
    most = summed[summed > 0].sort_values(ascending=False, kind="stable").head(WORST)
    named = bodies.loc[most.index, ["name", "name_en"]]
    return list(zip(named["name"].tolist(), named["name_en"].tolist(), most.astype(int).tolist(), strict=True))


def _row(kind: str, day: date, late: pd.DataFrame, worst: Sequence[Any], **to: int) -> dict[str, Any]:
    told = {"day": day.isoformat(), **{name: int(late[name].sum()) for name in COUNTS}, "worst": list(worst)}
    [(name, who)] = to.items()
    mark = f"{kind}/{day.isoformat()}/{name}/{who}"
    return {"kind": kind, "mark": mark, "told": json.dumps(told, ensure_ascii=False), **to}
