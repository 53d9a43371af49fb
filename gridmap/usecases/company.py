"""Whom to call at an enterprise: kept sealed, for those who lead joint meetings there."""

from __future__ import annotations

from gridmap.store import accounts, meetings, permits, read, subjects, write
from gridmap.usecases.context import Context
from gridmap.usecases.leading import lead_at
from gridmap.usecases.reading import Reader
from gridmap.view import Kind, View

FIELDS = ("contact_name", "contact_phone")


def contact(reader: Reader, enterprise_id: int) -> dict[str, str | None]:
    """Name and number of whom to call there, None where nobody was named; the reading is written down.

    Raises NotFound, and Forbidden for those who do not lead meetings there.
    """
    ctx = reader.ctx
    with read(ctx.engine) as conn:
        lead_at(reader.view, meetings.enterprise_place(conn, enterprise_id)["path"])
        subject_id = permits.contact_of(conn, enterprise_id)
        opened = {} if subject_id is None else subjects.open_fields(conn, ctx.vault, subject_id)
    if opened:
        reader.note(Kind.ENTERPRISE, [enterprise_id])
    return {name: opened.get(name) for name in FIELDS}


def keep_contact(ctx: Context, view: View, enterprise_id: int, name: str | None, phone: str | None) -> None:
    """Say whom to call there, in place of who was named before, whose name and number cannot be opened any more.
    Both None: nobody. Raises NotFound, Forbidden."""
    said = {"contact_name": (name or "").strip(), "contact_phone": (phone or "").strip()}
    with write(ctx.engine) as conn:
        lead_at(view, meetings.enterprise_place(conn, enterprise_id)["path"])
        now, account_id = ctx.clock(), view.actor.account_id if view.actor else None
        before = permits.contact_of(conn, enterprise_id)
        [subject_id] = subjects.seal_new(conn, ctx.vault, [said], now)
        permits.say_contact(conn, enterprise_id, subject_id, account_id, now)
        if before is not None:
            subjects.erase(conn, before, now)
        accounts.audit(
            conn, now, account_id, "enterprise.contact", str(enterprise_id), {"kept": subject_id is not None}
        )
