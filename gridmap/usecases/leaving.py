"""Who goes on leave hands over: the roster's next takes a case, else the desk of its body, once and with an event."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from sqlalchemy import Connection

from gridmap.case.flow import SYSTEM, decide, judge
from gridmap.people.rosters import Reason
from gridmap.store import cases, incidents, sweeps, versions
from gridmap.usecases.assigning import on_duty
from gridmap.usecases.context import Context


def hand_over(ctx: Context, conn: Connection, incident_id: int) -> Counter[str]:
    """Move one case from a worker on leave to whoever is on duty in its cell; how many were `handed_over`.

    Where nobody is, it stays with its body, and the dispatcher hears of it. The clock runs on: no limit changes.
    """
    row = incidents.current(conn, incident_id)
    now = incidents.after(row, ctx.clock())
    case = cases.load(conn, incident_id, ctx.zone)
    holder, cell_id = case.state.holder, row.responsible_cell_id
    gone = holder.worker_id is not None and sweeps.on_leave(conn, holder.worker_id, ctx.day_of(now))
    if not gone or not judge(case.state, case.process, "hand_over", SYSTEM, now):
        return Counter()
    worker_id = None if cell_id is None else on_duty(conn, cell_id, now, ctx.zone)
    if worker_id == holder.worker_id or (worker_id is None and holder.body_id is None):
        return Counter()  # nobody else is there: it stays on the list until somebody is
    given = {"worker_id": worker_id} if worker_id is not None else {"body_id": holder.body_id}
    planned = decide(case.state, case.process, "hand_over", SYSTEM, {"reason": "leave", **given}, now)
    case.write(conn, planned.kind, now, None, planned.data)
    if row.responsibility_id is not None:
        incidents.end_responsibility(conn, row.responsibility_id, now)
    taker = replace(holder, worker_id=worker_id)
    reason = Reason.DISPATCHER if worker_id is None else Reason.HANDED_OVER
    values = {
        "incident_id": incident_id, "cell_id": cell_id, "worker_id": taker.worker_id, "body_id": taker.body_id,
        "area_id": taker.area_id, "reason": str(reason), "valid_from": now,
    }  # fmt: skip
    incidents.respond(conn, {name: [value] for name, value in values.items()})
    incidents.tell(conn, incident_id, "handed_over", now, worker_id=taker.worker_id, body_id=taker.body_id)
    cases.remember(conn, case, now)
    versions.bump_rows(conn, "incidents", [incident_id])
    return Counter(handed_over=1)
