"""The county's limits for cells: read by those who weigh plans, set by an admin, audited."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from gridmap.errors import Forbidden
from gridmap.people.roles import ACTIONS
from gridmap.plan import Limits
from gridmap.store import accounts, limits, read, write
from gridmap.usecases.context import Context
from gridmap.usecases.ruling import account_id, allow
from gridmap.view import Role, View

#: earlier limits that are told
TOLD: Final = 20


def current(ctx: Context, view: View) -> dict[str, Any]:
    """{limits, history}: what is in force, and what was set before, newest first. Raises Forbidden."""
    if view.actor is not None and view.actor.role not in ACTIONS["plan.read"] | {Role.ADMIN}:
        raise Forbidden(f"limits of cells are for those who draw or weigh plans, not for the role {view.actor.role}")
    with read(ctx.engine) as conn:
        history = [dict(row._mapping) for row in limits.listed(conn, TOLD)]
        return {"limits": asdict(limits.current(conn)), "history": history}


def put(ctx: Context, view: View, wanted: Limits) -> dict[str, Any]:
    """Put these limits in force: every plan is judged by them from now on. The same again changes nothing.

    Raises Forbidden for whoever is no admin, InvalidInput with the field that is wrong.
    """
    allow(view)
    given = wanted.checked()
    with write(ctx.engine) as conn:
        before = limits.current(conn)
        if given != before:
            now = ctx.clock()
            limits.add(conn, given, now, account_id(view))
            told = {"before": asdict(before), "after": asdict(given)}
            accounts.audit(conn, now, account_id(view), "cell_limits.set", "cell_limits", told)
    return current(ctx, view)
