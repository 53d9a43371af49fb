"""What a channel is given, and what it answers: sent, to be tried again, or never to be tried again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message as a channel sends it. `key` is the same each time it is sent: the receiver drops repeats by it."""

    key: str
    #: a telephone number or a mail address, sealed or looked up just before; never logged. None: the channel knows
    to: str | None = field(repr=False)
    subject: str
    text: str
    #: the same as values, in both languages, for programs
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sent:
    """The receiver has taken it. `their_clock`: its idea of now, where it told one."""

    their_clock: datetime | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """Not this time. `reason` is a code; `channel_down`: others would fare alike, so let the channel rest."""

    reason: str
    after_s: float | None = None
    channel_down: bool = False


@dataclass(frozen=True, slots=True)
class Final:
    """Never: the receiver refuses this message or this recipient. `reason` is a code."""

    reason: str


Outcome = Sent | Retry | Final


class Channel(Protocol):
    """A way out. `send` never raises for what happens outside, and ends soon after `deadline.LONGEST_S`."""

    def send(self, message: Outgoing) -> Outcome: ...
