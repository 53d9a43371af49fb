"""Messages to a program of the county's own, signed: HMAC-SHA256 over "TIMESTAMP.BODY", in seconds since 1970.

The receiver checks with `verify`: the signature, and that the timestamp is fresh, so that nobody can send an old
message again; and drops a key that it has seen.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from gridmap.delivery.http import Endpoint, post
from gridmap.delivery.outcome import Outcome, Outgoing

SIGNATURE, TIMESTAMP = "Gridmap-Signature", "Gridmap-Timestamp"
#: how old, or how far ahead, a signature may be
FRESH_S = 300


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """The value of `Gridmap-Signature`."""
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"v1={digest}"


def verify(secret: str, timestamp: str, body: bytes, signature: str, now: float) -> bool:
    """Whether this was signed with the secret, within `FRESH_S` seconds of `now`: what a receiver asks."""
    if not timestamp.isdecimal() or len(timestamp) > 12 or abs(now - int(timestamp)) > FRESH_S:
        return False
    return hmac.compare_digest(sign(secret, int(timestamp), body).encode(), signature.encode("utf-8", "replace"))


@dataclass(frozen=True, slots=True)
class Webhook:
    """A receiver and the secret that it shares with us."""

    endpoint: Endpoint
    secret: str = field(repr=False)
    clock: Callable[[], float] = time.time

    def send(self, message: Outgoing) -> Outcome:
        body = json.dumps({"key": message.key, **message.payload}, ensure_ascii=False, sort_keys=True).encode()
        stamp = int(self.clock())
        headers = {
            "Idempotency-Key": message.key, TIMESTAMP: str(stamp), SIGNATURE: sign(self.secret, stamp, body),
        }  # fmt: skip
        return post(self.endpoint, body, headers)
