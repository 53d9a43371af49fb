"""Residents at the contact they gave: who hears that a case is over, once, and by which link it is looked up again."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from gridmap.store import cases, incidents, links, single, subjects
from gridmap.store.cases import Case
from gridmap.usecases.context import Context
from gridmap.usecases.delivering import token_again

#: what a reporter is told when the case has ended, by the event that ended it. Of a merged one the other case tells
ENDS: Mapping[str, str] = {"closed": "answered", "voided": "dropped"}


def digest_of(ctx: Context, phone: str) -> str:
    """By which a telephone number is found again, however it was written; "" for what is none."""
    digits = "".join(one for one in unicodedata.normalize("NFKC", phone) if one in "0123456789")
    short = digits.removeprefix("0086") if digits.startswith("0086") else digits
    short = short[2:] if len(short) == 13 and short.startswith("86") else short
    return ctx.vault.digest(f"contact {short}") if len(short) >= 5 else ""


def sends_links(ctx: Context) -> bool:
    """Whether residents are sent anything here: by short messages that can hold a link."""
    messaging = ctx.settings.messaging
    return messaging.sms_url is not None and messaging.public_url is not None


def send_link(ctx: Context, conn: Connection, incident_id: int, kind: str, now: datetime) -> None:
    """Put a message to a case's reporter into the outbox, with a link of its own; the first link stays good."""
    asked = links.tell_again(conn, incident_id, kind, now)
    token = token_again(ctx, asked, now)
    links.track_again(conn, incident_id, hashlib.sha256(token.encode()).hexdigest(), now)


def tell_end(ctx: Context, conn: Connection, case: Case, event: str, data: Mapping[str, Any], now: datetime) -> None:
    """Tell everybody who reported this case, a part of it or one that went into it how it ended: each contact once.

    A part says nothing while the whole goes on, and whoever withdrew the own report knows.
    """
    kind = ENDS.get(event)
    if kind is None or data.get("by") == "resident" or not sends_links(ctx) or _goes_on(conn, case):
        return
    told: set[str] = set()
    for incident_id in _reported_as(conn, case):
        subject_id = single.subject_of_incident(conn, incident_id)
        if not subjects.has_field(conn, subject_id, ("reporter_phone",)):
            continue
        digest = digest_of(ctx, subjects.open_fields(conn, ctx.vault, subject_id).get("reporter_phone", ""))
        if digest and digest not in told:
            told.add(digest)
            send_link(ctx, conn, incident_id, kind, now)


def _goes_on(conn: Connection, case: Case) -> bool:
    parent_id = incidents.parent_of(conn, case.id)
    return parent_id is not None and not cases.state_of(conn, parent_id).ended


def _reported_as(conn: Connection, case: Case) -> Iterator[int]:
    """A case, its parts, and what was merged into any of these; itself first, each once."""
    seen, waiting = {case.id}, [(case.id, case.state)]
    while waiting:
        incident_id, state = waiting.pop()
        yield incident_id
        for other in sorted((state.children | state.absorbed) - seen):
            seen.add(other)
            waiting.append((other, cases.state_of(conn, other)))
