"""When to try again, and when a channel that is down is asked again."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta

FIRST = timedelta(seconds=30)
LONGEST = timedelta(hours=1)
#: what a receiver may ask for with Retry-After
LONGEST_ASKED = timedelta(hours=6)
#: some seventeen hours of trying: a night's outage is no reason to give a message up
MOST_ATTEMPTS = 24


def backoff(attempts: int, key: str, asked_s: float | None = None) -> timedelta:
    """How long to wait after this many attempts (at least 1): doubling from `FIRST` to `LONGEST`.

    Each wait is shortened by up to a fifth, by the message's key, so that those that failed together do not come back
    together. `asked_s`: what the receiver asked for, in seconds; it counts where it is longer, up to `LONGEST_ASKED`.
    """
    plain = min(FIRST * int(2 ** min(attempts - 1, 20)), LONGEST)
    share = hashlib.sha256(f"{key}/{attempts}".encode()).digest()[0] / 255
    wait = plain * (1 - 0.2 * share)
    asked = min(timedelta(seconds=max(asked_s or 0.0, 0.0)), LONGEST_ASKED)
    return max(wait, asked)


@dataclass
class Breaker:
    """Which channels rest, in one process. A message in hand then waits without an attempt of its own."""

    _failures: dict[str, int] = field(default_factory=dict)
    _until: dict[str, datetime] = field(default_factory=dict)

    def rests(self, channel: str, now: datetime) -> bool:
        return channel in self._until and now < self._until[channel]

    def failed(self, channel: str, now: datetime, asked_s: float | None = None) -> None:
        self._failures[channel] = self._failures.get(channel, 0) + 1
        self._until[channel] = now + backoff(self._failures[channel], channel, asked_s)

    def worked(self, channel: str) -> None:
        self._failures.pop(channel, None)
        self._until.pop(channel, None)
