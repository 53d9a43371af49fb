"""Short messages through an HTTP gateway: `{"to", "text", "key"}` as JSON, 2xx once it has taken it.

The key stands in the body and as `Idempotency-Key`. A gateway that has seen it answers 2xx and sends nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from gridmap.delivery.http import Endpoint, post
from gridmap.delivery.outcome import Final, Outcome, Outgoing


@dataclass(frozen=True, slots=True)
class Sms:
    """A gateway; `secret` is sent as a bearer token."""

    endpoint: Endpoint
    secret: str | None = field(default=None, repr=False)

    def send(self, message: Outgoing) -> Outcome:
        if not message.to:
            return Final("no_contact")
        said = {"to": message.to, "text": message.text, "key": message.key}
        headers = {"Idempotency-Key": message.key}
        if self.secret is not None:
            headers["Authorization"] = f"Bearer {self.secret}"
        return post(self.endpoint, json.dumps(said, ensure_ascii=False).encode(), headers)
