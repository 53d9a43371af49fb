"""A lease as a value: who holds something, until when, and when to say again that one still does."""

from __future__ import annotations

import os
import secrets
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta

#: twice what one conversation may take and more, so that a slow one never looks like a dead one
LENGTH = timedelta(seconds=120)


def new_owner() -> str:
    """A name for one deliverer, never given twice: the host and process for people, the rest for certainty."""
    return f"{socket.gethostname()[:60]}/{os.getpid()}/{secrets.token_hex(6)}"


@dataclass(frozen=True, slots=True)
class Lease:
    """Held by `owner` until a moment; `renewed` moves it on."""

    owner: str
    until: datetime

    @classmethod
    def begin(cls, owner: str, now: datetime) -> Lease:
        return cls(owner, now + LENGTH)

    def fading(self, now: datetime) -> bool:
        """Whether less than half is left: time for a heartbeat before the next step."""
        return self.until - now < LENGTH / 2

    def renewed(self, now: datetime) -> Lease:
        return Lease.begin(self.owner, now)
