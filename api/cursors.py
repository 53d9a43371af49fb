"""Cursors of keyset pages: where the next page begins, signed, so that a made-up one never reaches the database."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from typing import Any

from gridmap.errors import InvalidInput
from gridmap.usecases.context import Context

_MAC = 12


def encode(ctx: Context, purpose: str, after: Any) -> str:
    """A cursor for `after` (JSON values), good for this purpose (a route and its filters) only."""
    body = json.dumps(after, separators=(",", ":"), ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(_mac(ctx, purpose, body) + body).decode().rstrip("=")


def decode(ctx: Context, purpose: str, cursor: str) -> Any:
    """What `encode` was given; InvalidInput for anything else."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    mac, body = raw[:_MAC], raw[_MAC:]
    if len(mac) < _MAC or not hmac.compare_digest(mac, _mac(ctx, purpose, body)):
        raise InvalidInput(
            "cursor is not one that this list gave with these filters; begin again without it",
            code="bad_cursor",
            parameter="cursor",
        )
    return json.loads(body)


def _mac(ctx: Context, purpose: str, body: bytes) -> bytes:
    key = hashlib.sha256(b"gridmap cursor v1/" + ctx.vault.master).digest()
    return hmac.digest(key, purpose.encode() + b"\0" + body, "sha256")[:_MAC]
