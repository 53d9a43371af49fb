"""Cases filed for a resident: whoever filed one stays the contact, and alone sees that it is one of these.

To everybody else it is a case that this worker reported, as all of hers are: no column, event, list or export tells it
apart. The link is a row of its own, whose case and resident are sealed and whose owner is a keyed digest. The resident
follows the case by a tracking link that whoever filed it hands over; it only shows, since what a resident did by it
would give the case away. All ends with the time the settings name, and the key of what it sealed with it.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from gridmap.errors import Forbidden
from gridmap.store import desk, links, subjects
from gridmap.usecases.context import Context
from gridmap.view import Role, View

#: petition agents have the role of a worker
FILING = frozenset({Role.WORKER})
MOST = 200


@dataclass(frozen=True, slots=True)
class Resident:
    """For whom a case is filed; both are sealed, and opened for whoever filed it alone."""

    name: str
    phone: str | None = None


def check(view: View) -> None:
    """Raises Forbidden for roles that file for nobody."""
    if view.actor is None or view.actor.role not in FILING:
        raise Forbidden("only a worker or a petition agent files for a resident", code="behalf")


def keep(ctx: Context, conn: Connection, view: View, incident_id: int, resident: Resident, now: datetime) -> None:
    """Keep for whom a case was filed, in its transaction. Raises Forbidden."""
    check(view)
    token = secrets.token_hex(32)
    sealed = {"case": str(incident_id), "resident_name": resident.name, "resident_phone": resident.phone,
              "token": token}  # fmt: skip
    subject_id = subjects.seal_new(conn, ctx.vault, [sealed], now)[0]
    assert subject_id is not None
    desk.keep_behalf(conn, _owner(ctx, view), subject_id, now + timedelta(days=ctx.settings.behalf_days))
    links.add_behalf(conn, subject_id, hashlib.sha256(token.encode()).hexdigest())


def mine(ctx: Context, conn: Connection, view: View, now: datetime) -> list[dict[str, Any]]:
    """The cases that this account filed for residents, newest first: how far each is, for whom, until when it is told.

    Also those that left its cells since: it is the contact until the end.
    """
    if view.actor is None:
        return []
    links = {row.subject_id: row.ends_at for row in desk.behalves(conn, _owner(ctx, view), now, MOST)}
    opened = subjects.open_many(conn, ctx.vault, list(links))
    cases = desk.progress(conn, [int(one["case"]) for one in opened.values()])
    told = [(cases.get(int(opened[subject]["case"])), opened[subject], ends) for subject, ends in links.items()]
    return [_told(case, one, ends) for case, one, ends in told if case is not None]


def _told(case: Any, sealed: dict[str, str], ends_at: datetime) -> dict[str, Any]:
    category = {"code": case.category, "name": case.category_name, "name_en": case.category_name_en}
    body = {"code": case.body, "name": case.body_name, "name_en": case.body_name_en} if case.body else None
    return {
        "id": case.id, "number": case.number, "status": case.status, "received_at": case.received_at,
        "due_at": case.due_at, "closed_at": case.closed_at, "category": category, "body": body,
        "resident_name": sealed["resident_name"], "resident_phone": sealed.get("resident_phone"), "ends_at": ends_at,
        "token": sealed.get("token"),
    }  # fmt: skip


def _owner(ctx: Context, view: View) -> str:
    assert view.actor is not None
    return ctx.vault.digest(f"behalf:{view.actor.account_id}")
