"""Who hears of an action that leaves a case where it is: whoever was asked, whoever asked, and those over them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from gridmap.case.events import canonical_moment
from gridmap.store import cases, incidents, versions
from gridmap.store.cases import Case
from gridmap.store.meetings import Seat
from gridmap.usecases.context import Context
from gridmap.usecases.telling import Teller
from gridmap.view import View

#: events of which whoever has the case hears
TO_HOLDER = frozenset({"help_answered", "extension_granted", "extension_refused", "sent_back", "supervision_ended"})
#: events that wait for a supervisor, or answer one (`delivery.recipients.TO_SUPERVISORS`)
TO_OVER = frozenset({"extension_asked", "supervision_answered", "appealed"})


def notify(
    ctx: Context, conn: Connection, case: Case, row: Any, kind: str, data: Mapping[str, Any], now: datetime
) -> None:
    """Put what an event means to others into the outbox, in its transaction. The sweep writes its own letters."""
    holder = case.state.holder
    if kind == "supervised" and data.get("by") != "system":
        Teller(ctx, conn, row, now).supervise(holder)
    elif kind in TO_HOLDER:
        incidents.tell(conn, case.id, kind, now, worker_id=holder.worker_id, body_id=holder.body_id)
    elif kind in TO_OVER:
        incidents.tell(conn, case.id, kind, now, worker_id=None, body_id=None)


def write_called(
    ctx: Context, view: View, conn: Connection, ids: Collection[int], seats: Sequence[Seat], at: datetime, now: datetime
) -> None:
    """Write into the open cases among these that a joint meeting is called about them, and which bodies sit there."""
    data = {"body_ids": sorted({seat.body_id for seat in seats if seat.body_id}), "at": canonical_moment(at)}
    for incident_id in sorted(ids):
        row = incidents.current(conn, incident_id)
        case, moment = cases.load(conn, incident_id, ctx.zone), incidents.after(row, now)
        if case.state.ended or not data["body_ids"]:
            continue
        case.write(conn, "meeting_called", moment, view.actor.account_id if view.actor else None, data)
        cases.remember(conn, case, moment)
        versions.bump_rows(conn, "incidents", [incident_id])
