"""The administrator's overview: accounts and rosters. No case and no household is in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gridmap.errors import Forbidden
from gridmap.people.roles import can
from gridmap.store import overview as store
from gridmap.store import read
from gridmap.usecases.context import Context
from gridmap.view import View


@dataclass(frozen=True, slots=True)
class Overview:
    """Rows as `store.overview` gives them."""

    accounts: list[dict[str, Any]]
    workers: list[dict[str, Any]]


def overview(ctx: Context, view: View) -> Overview:
    """All accounts and all workers with the cells on whose rosters they are today. Forbidden but for administrators."""
    if view.actor is None or not (decision := can(view.actor, view.scope, "account.manage")):
        raise Forbidden(decision.reason if view.actor else "nobody is logged in")
    with read(ctx.engine) as conn:
        return Overview(store.account_rows(conn), store.roster_rows(conn, view.as_of))
