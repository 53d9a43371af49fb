"""How a help button signs what it sends: HMAC-SHA-256 over its code, counter, moment and kind, each on a line."""

from __future__ import annotations

import hashlib
import hmac
import secrets


def new_secret() -> str:
    """A device's secret: 32 random bytes as hex, given to the device once and sealed here."""
    return secrets.token_hex(32)


def signature(secret: str, device: str, counter: int, sent_at: int, kind: str) -> str:
    """The signature of one call, hex; `sent_at` in whole seconds since 1970."""
    said = "\n".join(("gridmap help v1", device, str(counter), str(sent_at), kind))
    return hmac.new(bytes.fromhex(secret), said.encode(), hashlib.sha256).hexdigest()


def signed(secret: str, given: str, device: str, counter: int, sent_at: int, kind: str) -> bool:
    """Whether a signature is right, in constant time."""
    right = signature(secret, device, counter, sent_at, kind)
    return hmac.compare_digest(right.encode(), given.encode())
