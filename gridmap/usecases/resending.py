"""Messages that were given up, as an admin sees them: which, to what kind of recipient, why; and another try."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gridmap.errors import Forbidden, InvalidInput
from gridmap.store import accounts, messages, read, write
from gridmap.usecases.context import Context
from gridmap.view import Role, View

#: why messages are sent again, as the audit keeps it
REASONS = ("gateway_back", "address_mended", "settings_mended", "asked", "other")
MOST = 500
#: whose name is told; of residents and households none is
_NAMED = {"body": ("body", "body_en"), "worker": ("worker", "worker_en")}


@dataclass(frozen=True, slots=True)
class Failed:
    """A page of messages that were given up; `next`: the id after which the next page begins."""

    items: list[dict[str, Any]]
    next: int | None
    total: int


def failed(ctx: Context, view: View, *, after: int | None, limit: int) -> Failed:
    """The messages that were given up, latest first: no text, no address, and of residents no name. Forbidden."""
    _allow(view)
    with read(ctx.engine) as conn:
        rows = messages.dead(conn, limit + 1, after)
        total = messages.count_dead(conn)
    following = rows[limit - 1].id if len(rows) > limit else None
    return Failed([_told(row) for row in rows[:limit]], following, total)


def _told(row: Any) -> dict[str, Any]:
    to = row.recipient.partition(":")[0]
    name, name_en = (getattr(row, column) for column in _NAMED[to]) if to in _NAMED else (None, None)
    return {
        "id": row.id, "number": row.number, "kind": row.kind, "channel": row.channel, "to": to, "name": name,
        "name_en": name_en, "attempts": row.attempts, "error": row.error, "settled_at": row.settled_at,
    }  # fmt: skip


def resend(ctx: Context, view: View, ids: Sequence[int], reason: str | None) -> int:
    """Put messages that were given up back into the queue under their old keys; how many.

    Written to the audit with the ids and the reason, which more than one message asks for. Those that are not given up
    any more are left as they are, so that asking again has no second effect. Raises Forbidden, InvalidInput.
    """
    _allow(view)
    if not 1 <= len(ids) <= MOST:
        raise InvalidInput(f"name 1 to {MOST} messages, not {len(ids)}", field="ids")
    if reason is None and len(ids) > 1:
        raise InvalidInput(f"say why many are sent again: {', '.join(REASONS)}", field="reason")
    if reason is not None and reason not in REASONS:
        raise InvalidInput(f"reason must be one of {', '.join(REASONS)}", field="reason")
    with write(ctx.engine) as conn:
        now = ctx.clock()
        count = messages.revive(conn, ids, now)
        if count:
            data = {"ids": sorted(ids), "resent": count, "reason": reason}
            account_id = view.actor.account_id if view.actor else None
            accounts.audit(conn, now, account_id, "messages.resend", "messages", data)
    return count


def _allow(view: View) -> None:
    if view.actor is not None and view.actor.role is not Role.ADMIN:
        raise Forbidden(f"failed messages are for the admin, not for the role {view.actor.role}")
