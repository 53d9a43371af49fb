"""A new calendar is in force: open cases that counted by another one are counted again, each with an event."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import Connection

from gridmap.store import cases, incidents, versions
from gridmap.usecases.context import Context


def recount(ctx: Context, conn: Connection, incident_id: int) -> Counter[str]:
    """Count one open case by the calendar in force; how many were `recounted`. Twice has no second effect.

    Which cases are left is read from their own rows, so a job that died goes on where it stopped.
    """
    row = incidents.current(conn, incident_id)
    now = incidents.after(row, ctx.clock())
    case, calendar = cases.load(conn, incident_id, ctx.zone), cases.in_force(conn, ctx.zone)
    if case.state.ended or case.state.calendar in (None, calendar.version):
        return Counter()
    case.write(conn, "calendar_changed", now, None, {"calendar": calendar.version, "by": "system"})
    case.calendar = calendar
    cases.remember(conn, case, now)
    versions.bump_rows(conn, "incidents", [incident_id])
    return Counter(recounted=1)
