"""What somebody who sees a case may ask of it: what can be done with it now, and why it shows the light it shows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from gridmap.case import flow, why
from gridmap.case.inputs import Input
from gridmap.store import cases
from gridmap.usecases import routing
from gridmap.usecases.casework import ACTS, asker_of
from gridmap.usecases.context import Context
from gridmap.view import View


def actions(ctx: Context, view: View, conn: Connection, incident_id: int, now: datetime) -> list[dict[str, Any]]:
    """Every action with a verdict: whether this actor may, if not why not, and what must be entered.

    Raises NotFound. Whether the case may be seen is asked before.
    """
    case, asker = cases.load(conn, incident_id, ctx.zone), asker_of(conn, view)
    return [
        {
            "action": verdict.action, "allowed": verdict.allowed, "code": verdict.code,
            "reason": verdict.reason or None,
            "asked": [_asked(one) for one in flow.asked_for(case.state, case.process, verdict.action)],
        }
        for verdict in flow.allowed(case.state, case.process, asker, now)
        if verdict.action in ACTS
    ]  # fmt: skip


def _asked(one: Input) -> dict[str, Any]:
    return {"name": one.name, "type": str(one.type), "required": one.required, "codes": list(one.codes)}


def explain(ctx: Context, conn: Connection, incident_id: int, now: datetime) -> dict[str, Any]:
    """Why a case shows its light at a moment: its clock, what its limit is made of, and every span that it counted.

    The spans' minutes add up to the used ones. `routed`: why it went where it went. Raises NotFound.
    """
    case = cases.load(conn, incident_id, ctx.zone)
    told = why.explain(case.counted, case.counted_by, case.calendar, now).to_json()
    return {
        **told, "process": case.process.code, "process_version": case.process.version,
        "level": str(case.state.level), "status": str(case.state.status), "routed": routing.why(conn, case),
    }  # fmt: skip
