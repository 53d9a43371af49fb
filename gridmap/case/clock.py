"""When a case is due, and which light it shows.

The clock here runs always; work time with its calendar joins it behind the same names. Lights (Signalen, Yichang):
yellow when three quarters of the time are used, red past due, very late past three times the limit.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

YELLOW_SHARE = 0.75
VERY_LATE_TIMES = 3.0


class Light(StrEnum):
    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    VERY_LATE = "very_late"


def due(received_at: datetime, limit_hours: float) -> datetime:
    """The moment by which a case of this limit must be done."""
    return received_at + timedelta(hours=limit_hours)


def light(received_at: datetime, due_at: datetime, now: datetime) -> Light:
    """The light of an open case; of a closed one, ask with the moment it was closed."""
    limit = due_at - received_at
    used = now - received_at
    if used > limit * VERY_LATE_TIMES:
        return Light.VERY_LATE
    if now > due_at:
        return Light.RED
    return Light.YELLOW if used >= limit * YELLOW_SHARE else Light.GREEN
