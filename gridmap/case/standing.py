"""What one case counts for on the scorecards, month by month, so that sums can be kept up to date by its events.

`scorecard.tally` counts a period's cases from scratch; this is the same law read the other way round: given a case,
in which months it is accepted, due, disposed of and closed. A case that is due and not disposed of counts in its
month and in every later one: that is `standing`. Months are numbers, year * 12 + month - 1, in the county's zone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import datetime, tzinfo

from gridmap.case.state import CaseState, Stay
from gridmap.case.terms import DROPPED, Level, Status

MonthOf = Callable[[datetime], int]
#: (month, standing, the counts that rise by one)
Share = tuple[int, int, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Facts:
    """What the scorecards need of a case: the columns of `scorecard.tally`. Moments in UTC, None: not yet."""

    received_at: datetime
    due_at: datetime
    disposed_at: datetime | None = None
    first_closed_at: datetime | None = None
    closed_at: datetime | None = None
    first_dispatched_at: datetime | None = None
    returned: bool = False
    reopened: bool = False
    extended: bool = False
    rated: bool = False
    satisfied: bool = False
    by_community: bool = False
    dropped: bool = False


FACTS = tuple(field.name for field in fields(Facts))


def facts_of(state: CaseState, due_at: datetime) -> Facts:
    """The facts of a case by its events. `due_at`: of the whole (`case.spans`). It was reported, so `received_at` is.

    Disposed of is resolved, or closed without that; a reopened case is neither until it is so again. What a community
    closed was on the community's rung when it was closed first.
    """
    closed = next((stay for stay in state.stays if stay.status is Status.CLOSED), None)
    ends = [at for at in (state.resolved_at, state.closed_at) if at is not None]
    return Facts(
        received_at=_reported_at(state), due_at=due_at, disposed_at=min(ends, default=None),
        first_closed_at=closed.since if closed else None, closed_at=state.closed_at,
        first_dispatched_at=next((stay.since for stay in state.stays if stay.kind == "dispatched"), None),
        returned=state.returns > 0, reopened=state.round > 0, extended=state.extensions > 0, rated=state.rated,
        satisfied=bool(state.satisfied), by_community=_by_community(closed), dropped=state.status in DROPPED,
    )  # fmt: skip


def _reported_at(state: CaseState) -> datetime:
    if state.received_at is None:
        raise ValueError("a case without its first event counts for nothing")
    return state.received_at


def _by_community(closed: Stay | None) -> bool:
    return closed is not None and closed.level is Level.COMMUNITY


def month_in(zone: tzinfo) -> MonthOf:
    """The number of the month of a moment, in a zone."""

    def month_of(moment: datetime) -> int:
        local = moment.astimezone(zone)
        return local.year * 12 + local.month - 1

    return month_of


def number_of(month: str) -> int:
    """The number of "2026-07"."""
    return int(month[:4]) * 12 + int(month[5:7]) - 1


def month_named(number: int) -> str:
    """ "2026-07" of its number."""
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def shares(facts: Facts, month_of: MonthOf) -> Iterator[Share]:
    """What a case counts for. Void and merged ones count nowhere."""
    if facts.dropped:
        return
    received = month_of(facts.received_at)
    yield received, 0, ("accepted",)
    if facts.first_dispatched_at is not None:
        yield month_of(facts.first_dispatched_at), 0, ("dispatched", *(["returned"] if facts.returned else []))
    if facts.first_closed_at is not None:
        yield month_of(facts.first_closed_at), 0, _of_closed(facts)
    in_time = facts.disposed_at is not None and facts.disposed_at <= facts.due_at
    if facts.disposed_at is not None:
        yield month_of(facts.disposed_at), 0, ("disposed_within", *(["disposed_in_time"] if in_time else []))
    yield from _of_due(facts, max(received, month_of(facts.due_at)), in_time, month_of)


def _of_closed(facts: Facts) -> tuple[str, ...]:
    marks = {
        "reopened": facts.reopened, "closed_by_community": facts.by_community, "rated": facts.rated,
        "satisfied": facts.rated and facts.satisfied,
    }  # fmt: skip
    return ("closed", *(name for name, there in marks.items() if there))


def _of_due(facts: Facts, first: int, in_time: bool, month_of: MonthOf) -> Iterator[Share]:
    """Due in its first month, overdue in those after it, until the month in which it is disposed of."""
    marks = {"reworked_of_due": facts.reopened, "extended_of_due": facts.extended}
    always = ("due", *(name for name, there in marks.items() if there))
    if facts.disposed_at is None:
        yield first, 1, (*always, "open_overdue")
        return
    last = max(first, month_of(facts.disposed_at))
    for month in range(first, last):
        yield month, 0, (*always, "open_overdue")
    closed = facts.closed_at is not None and month_of(facts.closed_at) <= last
    ends = {"disposed": True, "on_time": in_time, "closed_of_due": closed}
    yield last, 0, (*always, *(name for name, there in ends.items() if there))
