"""Joint meetings of three sides, and the promises made there: what each may become, and which light it shows."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from gridmap.errors import Conflict, InvalidInput


class Party(StrEnum):
    """The three sides at the table."""

    GOVERNMENT = "government"
    ENTERPRISE = "enterprise"
    RESIDENTS = "residents"


class Light(StrEnum):
    """As cases show them, under the same words."""

    GREEN = "green"
    YELLOW = "yellow"  # three quarters of the time are used
    RED = "red"


#: the share of its time after which a promise is yellow, as for cases
YELLOW_SHARE: Final = 0.75


class MeetingStatus(StrEnum):
    CALLED = "called"
    HELD = "held"  # minutes and agreements are written
    CANCELLED = "cancelled"


class PromiseStatus(StrEnum):
    OPEN = "open"
    PROVEN = "proven"  # its owner says it is kept, and showed how
    KEPT = "kept"  # the government side looked and agrees
    BROKEN = "broken"
    WITHDRAWN = "withdrawn"  # by a later meeting, which says why


#: what may follow what, and what must be given with it
_NEXT: Final = {
    (PromiseStatus.OPEN, PromiseStatus.PROVEN): "proof",
    (PromiseStatus.PROVEN, PromiseStatus.KEPT): None,
    (PromiseStatus.PROVEN, PromiseStatus.OPEN): "reason",
    (PromiseStatus.OPEN, PromiseStatus.BROKEN): "reason",
    (PromiseStatus.PROVEN, PromiseStatus.BROKEN): "reason",
    (PromiseStatus.OPEN, PromiseStatus.WITHDRAWN): "reason",
}
SETTLED: Final = frozenset({PromiseStatus.KEPT, PromiseStatus.BROKEN, PromiseStatus.WITHDRAWN})


def check_table(parties: Collection[Party]) -> None:
    """A joint meeting has all three sides. InvalidInput names who is missing."""
    missing = [party for party in Party if party not in parties]
    if missing:
        raise InvalidInput(
            f"A joint meeting needs all three sides; nobody is there for: {', '.join(missing)}.", code="side_missing"
        )


def check_step(status: PromiseStatus, wanted: PromiseStatus, *, proof: str | None, reason: str | None) -> None:
    """Conflict when a promise may not become what is wanted, InvalidInput when something that it needs is not said."""
    if (status, wanted) not in _NEXT:
        raise Conflict(f"A promise that is {status} cannot become {wanted}.", code="promise_step")
    needed = _NEXT[status, wanted]
    if needed == "proof" and not (proof or "").strip():
        raise InvalidInput("Say how the promise was kept: what was done, where it can be seen.", code="proof_missing")
    if needed == "reason" and not (reason or "").strip():
        raise InvalidInput("Say why.", code="reason_missing")


@dataclass(frozen=True, slots=True)
class Span:
    """When a promise was given and by when it is due, both aware moments."""

    made_at: datetime
    due_at: datetime

    def __post_init__(self) -> None:
        if self.due_at <= self.made_at:
            raise InvalidInput("A promise is due after it was made.", code="due_before_made")

    @property
    def yellow_at(self) -> datetime:
        """When three quarters of the time are used."""
        return self.made_at + YELLOW_SHARE * (self.due_at - self.made_at)

    def reminders(self, days: Collection[int] = (7, 1)) -> list[datetime]:
        """When its owner is reminded: so many days before it is due, if made by then, and on the moment itself."""
        before = [self.due_at - timedelta(days=ahead) for ahead in sorted(days, reverse=True)]
        return [*(moment for moment in before if moment > self.made_at), self.due_at]


def light(span: Span, status: PromiseStatus, now: datetime) -> Light | None:
    """The light of a promise; None once it is settled. One whose proof waits to be looked at shows no red."""
    if status in SETTLED:
        return None
    if status is PromiseStatus.PROVEN:
        return Light.GREEN
    if now > span.due_at:
        return Light.RED
    return Light.YELLOW if now >= span.yellow_at else Light.GREEN
