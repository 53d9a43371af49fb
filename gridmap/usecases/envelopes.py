"""Entries that a phone sealed because their writer was logged out: whoever uses the phone next brings them.

Only the server opens them, and each is filed for the worker who wrote it, by the rights of the day it was written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from gridmap.errors import Forbidden, InvalidInput
from gridmap.privacy import envelope
from gridmap.store import accounts, phones, read, subjects, write
from gridmap.usecases.context import Context
from gridmap.usecases.reading import view_for
from gridmap.usecases.reporting import Draft, report

_FIELD = "private_key"


def sealing_key(ctx: Context) -> dict[str, str]:
    """What phones seal to: {id, spki}. Made when it is first asked for; two made at once both open."""
    with read(ctx.engine) as conn:
        known = phones.sealing_key(conn)
    if known is None:
        private, public = envelope.new_key()
        with write(ctx.engine) as conn:
            now = ctx.clock()
            subject_id = subjects.seal_new(conn, ctx.vault, [{_FIELD: private}], now)[0]
            assert subject_id is not None
            phones.add_sealing_key(conn, public, subject_id, now)
            known = phones.sealing_key(conn)
            assert known is not None
    return {"id": str(known.id), "spki": known.public_key}


def opened(ctx: Context, key_id: str, sealed: bytes) -> dict[str, Any]:
    """What a phone sealed: {kind, worker, body, written_at}. InvalidInput where it is not that."""
    with read(ctx.engine) as conn:
        known = phones.sealing_key(conn, int(key_id)) if key_id.isdecimal() and len(key_id) < 10 else None
        private = None if known is None else subjects.open_fields(conn, ctx.vault, known.subject_id).get(_FIELD)
    if private is None:
        raise InvalidInput(f"key_id: this server has no sealing key {key_id!r}", code="unknown_key", field="key_id")
    try:
        entry = json.loads(envelope.open_envelope(private, sealed))
    except ValueError:
        entry = None
    if not isinstance(entry, dict) or entry.get("kind") != "incident" or not isinstance(entry.get("worker"), int):
        raise InvalidInput("the sealed entry is no report of a worker", code="not_a_report")
    return entry


def file(ctx: Context, entry: Mapping[str, Any], read_body: Callable[[Any], Draft], key: str) -> dict[str, Any]:
    """Report an opened entry for the worker who wrote it; under its key it has one effect, sent openly or sealed.

    `read_body` makes a draft of the body. Raises Forbidden where that worker had no account when it was written, and
    what `report` raises.
    """
    moment = min(_written_at(entry), ctx.clock())
    with read(ctx.engine) as conn:
        account = accounts.writer(conn, entry["worker"], moment)
        if account is None:
            raise Forbidden("the worker who wrote this had no account then", code="no_writer")
        view = view_for(conn, account, ctx.day_of(moment))
    return report(ctx, view, read_body(entry.get("body")), key=key)


def _written_at(entry: Mapping[str, Any]) -> datetime:
    try:
        moment = datetime.fromisoformat(str(entry.get("written_at")))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise InvalidInput("written_at: a moment like 2026-07-03T09:41:00+08:00", field="written_at")
    return moment
