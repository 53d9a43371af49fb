"""The cases behind a figure of the scorecards: `case.scorecard.tally` said once more, as a condition of a list.

A figure is a count of a month, of a line (a place, a body, a category) or of everything. What it counts is read from
`score_cases`, the rows of which the sums are kept, so the list is as long as the figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, case, func, not_, null, or_, select, true

from gridmap.case.scorecard import COUNTS, Period
from gridmap.errors import InvalidInput
from gridmap.store import tables as t

#: what can be listed: every count, and the two parts of ratios that are none
COUNTED: Final = (*COUNTS, "disposed_or_overdue", "not_returned")
#: in place of a code: the cases that have no area, or no body
NONE: Final = "-"


@dataclass(frozen=True, slots=True)
class Figure:
    """Which figure: a local month "2026-07", one of `COUNTED`, and of which line. Codes; `NONE` where there is none.

    `in_area`: an area and all below it; `at_area`: right in it, not below. `first_body`: which took a case first.
    """

    month: str
    counted: str
    in_area: str | None = None
    at_area: str | None = None
    first_body: str | None = None
    of_category: str | None = None


def in_time() -> ColumnElement[bool | None]:
    """Of an incident that has ended, whether it was disposed of in time, as the scorecards count it; NULL for one that
    is open, void or merged. Looked up for each row that is given, and for no other: by its key."""
    i, s = t.incidents.c, t.score_cases.c
    counted = select(s.disposed_at <= s.due_at).where(s.incident_id == i.id, s.dropped == 0)
    return case((i.closed_at.is_(None), null()), else_=counted.correlate(t.incidents).scalar_subquery())


def behind(figure: Figure, now: datetime, zone: tzinfo) -> ColumnElement[bool]:
    """The incidents that a figure counts. Raises InvalidInput for a month or a count that is none."""
    return t.incidents.c.id.in_(cases(figure, now, zone))


def cases(figure: Figure, now: datetime, zone: tzinfo) -> Select[Any]:
    """The ids of the incidents that a figure counts."""
    if figure.counted not in COUNTED:
        raise InvalidInput(f"counted must be one of {', '.join(COUNTED)}", parameter="counted")
    s = t.score_cases.c
    counts = _counts(Period.month(figure.month, zone), now)
    return select(s.incident_id).where(s.dropped == 0, counts[figure.counted], *_line(figure))


def _counts(period: Period, now: datetime) -> dict[str, ColumnElement[bool]]:
    """Each count's condition, beside not being dropped. In a month that runs, what is due later is not due yet."""
    s, end = t.score_cases.c, period.end

    def within(moment: Any, until: datetime = end) -> ColumnElement[bool]:
        return and_(moment >= period.start, moment < until)

    # each part by one index: what stands open, what was disposed of since, what falls due; not by all that came before
    received, fell = func.coalesce(s.received_at, s.due_at), func.coalesce(s.due_at, s.received_at)
    due_now = or_(
        and_(s.disposed_at.is_(None), fell < period.start),
        and_(s.disposed_at >= period.start, fell < period.start),
        within(s.due_at, min(end, now)),
    )
    due = and_(received < end, due_now)
    ended = and_(s.disposed_at.is_not(None), s.disposed_at < end)
    disposed, in_time = and_(due, ended), s.disposed_at <= s.due_at
    overdue = and_(due, not_(ended))
    closed, within_month = within(s.first_closed_at), within(s.disposed_at)
    sent = within(s.first_dispatched_at)
    return {
        "accepted": within(s.received_at), "due": due, "disposed": disposed, "on_time": and_(disposed, in_time),
        "closed_of_due": and_(due, s.closed_at < end), "reworked_of_due": and_(due, s.reopened == 1),
        "extended_of_due": and_(due, s.extended == 1), "disposed_within": within_month,
        "disposed_in_time": and_(within_month, in_time), "open_overdue": overdue,
        "disposed_or_overdue": or_(within_month, overdue), "closed": closed, "reopened": and_(closed, s.reopened == 1),
        "closed_by_community": and_(closed, s.by_community == 1), "rated": and_(closed, s.rated == 1),
        "satisfied": and_(closed, s.rated == 1, s.satisfied == 1), "dispatched": sent,
        "returned": and_(sent, s.returned == 1), "not_returned": and_(sent, s.returned == 0),
    }  # fmt: skip


def _line(figure: Figure) -> list[ColumnElement[bool]]:
    s = t.score_cases.c
    return [
        _below(figure.in_area),
        _named(s.area_id, t.areas, figure.at_area),
        _named(s.body_id, t.bodies, figure.first_body),
        _named(s.category_id, t.categories, figure.of_category),
    ]


def _named(column: Any, table: Any, code: str | None) -> ColumnElement[bool]:
    if code is None:
        return true()
    found: ColumnElement[bool] = column.in_(select(table.c.id).where(table.c.code == code))
    return column.is_(None) if code == NONE else found


def _below(code: str | None) -> ColumnElement[bool]:
    if code is None:
        return true()
    a, above = t.areas, t.areas.alias("above")
    inside = func.substr(a.c.path, 1, func.length(above.c.path)) == above.c.path
    below = select(a.c.id).join(above, inside).where(above.c.code == code)
    return t.score_cases.c.area_id.in_(below)
