"""Who is told of meetings and promises, and when: bodies and neighbours when one is called, owners before a promise is
due, the desk when it is time for a regular meeting.

Neighbours are invited by distance alone. The enterprise is told nothing, and nobody learns who was
invited or complained.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

import numpy as np
import shapely
from sqlalchemy import Connection

from gridmap.delivery.recipients import STALE
from gridmap.enterprise import Span
from gridmap.ground.measure import box_around, metric_crs, project
from gridmap.store import meetings, reminders, write
from gridmap.usecases.context import Context

#: the farthest from which neighbours are asked
FARTHEST_M: Final = 5_000.0
#: how long before a regular meeting is due the desk is told
AHEAD: Final = timedelta(days=30)
_DAYS: Final = {7: "promise_due_7", 1: "promise_due_1", 0: "promise_due_0"}


def tell_called(ctx: Context, conn: Connection, meeting_id: int, now: datetime, invite_m: float | None) -> int:
    """Tell the bodies of a meeting that was called, and invite the households within `invite_m` that agreed to be
    called (None: nobody). How many households; within the caller's transaction, so all of them or nobody.
    """
    rows = [_news(meeting_id, "meeting_called", body_id=one) for one in reminders.bodies_at(conn, meeting_id)]
    homes = [] if invite_m is None else _around(ctx, conn, meeting_id, invite_m)
    rows += [_news(meeting_id, "meeting_invite", household_id=one) for one in homes]
    reminders.put(conn, rows, now)
    return len(homes)


def tell_off(conn: Connection, meeting_id: int, now: datetime) -> None:
    """Tell all who heard of a meeting that it does not take place."""
    rows = [_news(meeting_id, "meeting_off", body_id=one) for one in reminders.bodies_at(conn, meeting_id)]
    invited = reminders.invited_to(conn, meeting_id)
    rows += [_news(meeting_id, "meeting_invite_off", household_id=one) for one in invited]
    reminders.put(conn, rows, now)


def _news(meeting_id: int, kind: str, **to: int) -> dict[str, Any]:
    [(name, who)] = to.items()
    return {"meeting_id": meeting_id, "kind": kind, "mark": f"{kind}/{meeting_id}/{name}/{who}", **to}


def _around(ctx: Context, conn: Connection, meeting_id: int, metres: float) -> list[int]:
    """The households within a distance of the meeting's enterprise that agreed to be called."""
    place = meetings.place_of(conn, meeting_id)
    homes = reminders.reachable(conn, box_around([place], metres), ctx.today())
    flat = project(np.append(homes["geom"].to_numpy(dtype=object), place), metric_crs(*_lonlat(place)))
    near = shapely.distance(flat[:-1], flat[-1]) <= metres
    return [int(one) for one in homes["id"].to_numpy()[near]]


def _lonlat(place: shapely.Geometry) -> Any:
    return shapely.get_coordinates(place).T


def remind(ctx: Context) -> int:
    """Tell of the promises and regular meetings that are due by now, each once; how many."""
    with write(ctx.engine) as conn:
        now = ctx.clock()
        due = [row for one in reminders.promises_due(conn, now + timedelta(days=7, hours=1)) for row in _due(one, now)]
        regular = [row for one in reminders.preventives(conn) if (row := _regular(ctx, one, now)) is not None]
        return reminders.put(conn, [*due, *regular], now)


def _due(one: Any, now: datetime) -> Sequence[dict[str, Any]]:
    """The last reminder of a promise whose moment has come, to its owner's body and to who leads the meeting.

    One whose moment lies back further than news are told is left out: so nothing floods when the sweep begins anew.
    """
    moments = {one.due_at - timedelta(days=days): days for days in _DAYS}
    passed = [at for at in Span(one.made_at, one.due_at).reminders() if now - STALE < at <= now]
    if not passed:
        return []
    kind = _DAYS[moments[max(passed)]]
    about = {"meeting_id": one.meeting_id, "promise_id": one.id, "kind": kind}
    rows = [{**about, "account_id": one.account_id, "mark": f"{kind}/{one.id}/lead"}]
    if one.body_id is not None:
        rows.append({**about, "body_id": one.body_id, "mark": f"{kind}/{one.id}/owner"})
    return rows


def _regular(ctx: Context, one: Any, now: datetime) -> dict[str, Any] | None:
    """The news that it is time for a regular meeting; None while it is not, or when one is called already."""
    due = next_on(ctx, one)
    if one.called_at is not None or due - AHEAD > now.astimezone(ctx.zone).date():
        return None
    mark = f"preventive/{one.enterprise_id}/{due.isoformat()}"
    return {"enterprise_id": one.enterprise_id, "kind": "preventive_due", "mark": mark}


def next_on(ctx: Context, rule: Any) -> date:
    """The day by which the next regular meeting is due: so many months after the last one, or after the rule began."""
    last = rule.since
    if rule.held_at is not None:
        last = max(last, rule.held_at.astimezone(ctx.zone).date())
    year, month = divmod(last.year * 12 + last.month - 1 + rule.months, 12)
    # a month without this day ends before it
    for day in range(last.day, 27, -1):
        try:
            return date(year, month + 1, day)
        except ValueError:
            continue
    return date(year, month + 1, last.day)
