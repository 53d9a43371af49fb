"""May this message go now? Quiet hours and the limit per person, as one pure rule."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from gridmap.delivery.quiet import QuietHours

WINDOW = timedelta(hours=1)
#: channels that ring in somebody's pocket; a mailbox and a program may be written to at night
RINGING = frozenset({"sms"})
#: channels with a person at the other end
LIMITED = frozenset({"sms", "email"})


@dataclass(frozen=True, slots=True)
class Rules:
    """`per_hour`: messages to one recipient through one channel within any hour; 0 means no limit."""

    quiet: QuietHours
    per_hour: int

    def hold(self, channel: str, urgent: bool, now: datetime, recent: Collection[datetime]) -> datetime | None:
        """Until when a message waits; None: it may go now.

        `recent`: when others were last tried for the same recipient on the same channel. An emergency waits for
        nothing.
        """
        if urgent:
            return None
        quiet = self.quiet.until(now) if channel in RINGING else None
        return quiet or (free_at(recent, self.per_hour, now) if channel in LIMITED else None)


def free_at(recent: Collection[datetime], most: int, now: datetime) -> datetime | None:
    """When fewer than `most` of these moments lie within the last hour; None: they do already."""
    inside = sorted(moment for moment in recent if moment > now - WINDOW)
    if most <= 0 or len(inside) < most:
        return None
    return inside[-most] + WINDOW
