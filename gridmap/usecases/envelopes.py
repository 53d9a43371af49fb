"""Entries that a phone sealed because their writer was logged out: whoever uses the phone next brings them.

Only the server opens them, and each is filed for the worker who wrote it, by the rights of the day it was written. What
anybody can seal to the key is no proof of who did: the pack gives each worker a voucher, which goes into the envelope.
"""

from __future__ import annotations

import hmac
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
#: of ids in the database
_LARGEST = 2**31 - 1


def sealing_key(ctx: Context, worker_id: int) -> dict[str, str]:
    """What this worker's phone seals to: {id, spki, voucher}. Made when it is first asked for; two made at once both
    open."""
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
    with read(ctx.engine) as conn:
        private = subjects.open_fields(conn, ctx.vault, known.subject_id)[_FIELD]
    return {"id": str(known.id), "spki": known.public_key, "voucher": envelope.voucher(private, worker_id)}


def opened(ctx: Context, key_id: str, sealed: bytes, *, key: str, bringer: int | None) -> dict[str, Any]:
    """What a phone sealed: {kind, worker, body, written_at, key, voucher}. `key`: under which it is brought; `bringer`:
    the worker who brings it. InvalidInput where it is not that, Forbidden (`not_vouched`) where it names another worker
    than the bringer, and nothing shows that that one wrote it under this key."""
    with read(ctx.engine) as conn:
        known = phones.sealing_key(conn, int(key_id)) if key_id.isdecimal() and len(key_id) < 10 else None
        private = None if known is None else subjects.open_fields(conn, ctx.vault, known.subject_id).get(_FIELD)
    if private is None:
        raise InvalidInput(f"key_id: this server has no sealing key {key_id!r}", code="unknown_key", field="key_id")
    try:
        entry = json.loads(envelope.open_envelope(private, sealed))
    except (ValueError, RecursionError):
        entry = None
    if not isinstance(entry, dict) or entry.get("kind") != "incident" or not _is_id(entry.get("worker")):
        raise InvalidInput("the sealed entry is no report of a worker", code="not_a_report")
    _vouched(private, entry, key, bringer)
    return entry


def _is_id(value: Any) -> bool:
    return type(value) is int and 0 < value <= _LARGEST


def _vouched(private: str, entry: Mapping[str, Any], key: str, bringer: int | None) -> None:
    if entry.get("key", key) != key:
        raise InvalidInput("the sealed entry was written under another key", code="not_its_key", field="key")
    if entry["worker"] == bringer:
        return  # their session vouches for them
    right = envelope.voucher(private, entry["worker"])
    shown = str(entry.get("voucher") or "").encode("utf-8", "replace")
    if "key" not in entry or not hmac.compare_digest(right.encode(), shown):
        raise Forbidden(
            "nothing in the entry shows who wrote it; let its writer log in and send it", code="not_vouched"
        )


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
