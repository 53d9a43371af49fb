"""An account's mailbox on its own pages: what it was told, and what of it was read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from gridmap.delivery import digest_texts, meeting_texts
from gridmap.delivery.texts import LANGUAGES, write
from gridmap.errors import NotFound
from gridmap.store import mailbox
from gridmap.store import read as reading
from gridmap.store import write as writing
from gridmap.usecases.context import Context
from gridmap.usecases.delivering import facts_of, table_facts_of
from gridmap.view import Role, View

#: roles that are told of cases, or of the meetings that they lead;
#: a message that came while an account had another role stays closed to it
TOLD = frozenset({Role.WORKER, Role.DISPATCHER, Role.HANDLER, Role.SUPERVISOR, Role.OFFICIAL})


@dataclass(frozen=True, slots=True)
class Letters:
    """A page of messages; `next`: the id after which the next page begins; `unread`: of all, not of the page."""

    items: list[dict[str, Any]]
    next: int | None
    unread: int


def letters(
    conn: Connection, view: View, *, unread: bool, after: int | None, limit: int, now: datetime, zone: ZoneInfo
) -> Letters:
    """A page of the account's messages. Of a neighbour's case only category and cell are told."""
    if view.actor is None or view.actor.role not in TOLD:
        return Letters([], None, 0)
    rows = mailbox.page(conn, view, unread=unread, after=after, limit=limit + 1, now=now)
    following = rows[limit - 1].id if len(rows) > limit else None
    items = [_letter(row, zone) for row in rows[:limit]]
    return Letters(items, following, mailbox.unread_count(conn, view, now))


def _letter(row: Any, zone: ZoneInfo) -> dict[str, Any]:
    told = {
        "id": row.id, "kind": row.kind, "urgent": bool(row.urgent), "created_at": row.created_at,
        "read_at": row.read_at, "incident_id": None, "number": None, "due_at": None, "category": None, "cell": None,
        "meeting_id": row.meeting_id, "enterprise_id": row.enterprise_id,
    }  # fmt: skip
    if row.told is not None:
        return {**told, "text": {one: digest_texts.write(row.kind, one, row.told).text for one in LANGUAGES}}
    if row.incident_id is None:
        table = table_facts_of(row)
        texts = {language: meeting_texts.write(row.kind, language, table, zone).text for language in LANGUAGES}
        return {**told, "number": row.meeting, "due_at": row.promise_due_at, "text": texts}
    facts, served = facts_of(row), bool(row.served)
    category = {"code": row.category, "name": row.category_name, "name_en": row.category_name_en}
    cell = {"code": row.cell, "name": row.cell_name, "name_en": row.cell_name_en}
    return {
        **told, "category": category, "cell": cell if row.cell else None,
        "incident_id": row.incident_id if served else None, "number": row.number if served else None,
        "due_at": row.due_at if served else None,
        "text": {language: write(row.kind, language, facts, zone).text for language in LANGUAGES},
    }  # fmt: skip


def unread(ctx: Context, view: View) -> int:
    """How many messages the account has not read; nothing is told of them."""
    if view.actor is None or view.actor.role not in TOLD:
        return 0
    with reading(ctx.engine) as conn:
        return mailbox.unread_count(conn, view, ctx.clock())


def mark_read(ctx: Context, view: View, message_id: int) -> None:
    """Mark one of the account's messages as read; again has no effect. NotFound where there is none."""
    told = view.actor is not None and view.actor.role in TOLD
    with writing(ctx.engine) as conn:
        if not told or not mailbox.mark_read(conn, view, message_id, ctx.clock()):
            raise NotFound("there is no such message, or none of yours")
