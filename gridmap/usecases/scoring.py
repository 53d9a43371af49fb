"""Scorecards for those who read figures: a month beside the month and the year before, by place, body or category."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection

from gridmap.case.scorecard import COUNTS, Counts, Period, Weights, shifted
from gridmap.case.standing import number_of
from gridmap.case.survival import kaplan_meier
from gridmap.errors import Forbidden, InvalidInput, NotFound
from gridmap.people.roles import can
from gridmap.store import accounts, figures, read, scorecards, single
from gridmap.store.behind import Figure
from gridmap.store.filters import Asked
from gridmap.store.scorecards import Within
from gridmap.usecases.context import Context
from gridmap.usecases.scorelines import BY, Label, lines
from gridmap.view import Audience, Role, View

#: what stands in a card's lines; "month": the months up to the card's
LINES = (*BY, "month")
#: months drawn as a line
MONTHS = 12


@dataclass(frozen=True, slots=True)
class Times:
    """How long the cases received in the period took, in hours; None: not so many had closed by its end."""

    cases: int
    open: int
    median_h: float | None
    p90_h: float | None


@dataclass(frozen=True, slots=True)
class Line:
    """One place, body or category, or all together: its counts beside earlier ones, and its times."""

    label: Label
    now: Counts
    month_before: Counts
    year_before: Counts
    times: Times
    times_before: Times
    #: the month it is of
    month: str


@dataclass(frozen=True, slots=True)
class Card:
    """A month's card. `complete`: the month is over. `history`: counts by month, of two years.

    `area`, `category`, `body`: what it is narrowed to, with code, name and name_en; None: not so.
    """

    month: str
    by: str
    area: Mapping[str, Any] | None
    category: Mapping[str, Any] | None
    body: Mapping[str, Any] | None
    at: datetime
    #: the county's time zone, by which months begin
    zone: str
    complete: bool
    total: Line
    lines: Sequence[Line]
    channels: Mapping[str, int]
    history: Mapping[str, Counts]
    weights: Weights = field(default_factory=Weights)


def card(
    ctx: Context, view: View, month: str, by: str = "area", *,
    area: str | None = None, category: str | None = None, weights: Weights | None = None,
) -> Card:  # fmt: skip
    """The card of a month for what the caller reads figures of (a handler: the own body's), or for `area` within it.
    By `area`: those right below it. `category`: with those below it.

    Raises InvalidInput for a month or a `by` that is none, NotFound for an area outside the caller's, Forbidden.
    """
    if by not in LINES:
        raise InvalidInput(f"a scorecard is by {', '.join(LINES)}; not by {by[:40]}", parameter="by")
    now, period = ctx.clock(), Period.month(month, ctx.zone)
    if period.start > now:
        raise InvalidInput(f"{month} has not begun yet", parameter="month")
    with read(ctx.engine) as conn:
        body, top = _body(conn, view), _area(conn, view, area)
        kind = None if category is None else _category(conn, category)
        everywhere = top is None or (body is not None and area is None)
        within = Within(
            None if everywhere or top is None else top["path"], None if kind is None else kind["ids"],
            None if body is None else int(body["id"]),
        )  # fmt: skip
        cards = _Reading(ctx, conn, month, within, now)
        found = cards.by_month() if by == "month" else cards.lines(by, top)
        return Card(
            month, by, top, kind, body, now, ctx.zone.key, period.end <= now, cards.total(), found, cards.channels(),
            cards.history(), weights or Weights(),
        )  # fmt: skip


def count_of(ctx: Context, view: View, figure: Figure, filters: Mapping[str, Any]) -> int | None:
    """How many cases a figure counts, whether or not the caller may open them all; None where that is not the
    caller's to know. `filters`: those of the list, `category` and `channel` among them.
    """
    narrowed = {name: filters.get(name) for name in ("category", "channel")}
    with read(ctx.engine) as conn:
        body, top = _body(conn, view), _area(conn, view, figure.in_area)
        if body is not None and figure.first_body != body["code"]:
            return None
        if body is None and figure.in_area is None and top is not None:
            figure = replace(figure, in_area=str(top["code"]))
        asked = Asked(view.for_use(Audience.FIGURES), ctx.clock(), ctx.zone)
        return figures.count_where(conn, {"figure": figure, **narrowed}, asked)


def _body(conn: Connection, view: View) -> Mapping[str, Any] | None:
    """The body whose figures alone the caller reads: a handler the own; None for those who read an area's. Forbidden
    for roles that read no scorecards.
    """
    if view.actor is None:
        return None
    decision = can(view.actor, view.scope, "scorecard.read")
    if not decision:
        raise Forbidden(decision.reason)
    if view.actor.role is not Role.HANDLER:
        return None
    bodies = scorecards.labels(conn, "body_id")
    found = bodies[bodies["id"] == view.actor.body_id]
    if found.empty:
        raise Forbidden("an account that belongs to no body has no figures")
    return dict(found.iloc[0])


def _category(conn: Connection, code: str) -> Mapping[str, Any]:
    labels = scorecards.labels(conn, "category_id")
    found = labels[labels["code"] == code]
    if found.empty:
        raise NotFound(f"there is no category {code}")
    return {**found.iloc[0], "ids": scorecards.categories_in(conn, code)}


def _area(conn: Connection, view: View, code: str | None) -> dict[str, Any] | None:
    """The area that is asked for, if it lies in the caller's own; by default that; None: everything."""
    tied = view.actor is not None and view.actor.role is not Role.HANDLER
    own = accounts.area_path(conn, view.actor.area_id) if view.actor is not None and tied else None
    areas = scorecards.labels(conn, "area_id")
    if code is None:
        found = areas[areas["path"] == own] if own is not None else areas[areas["path"].str.count("/") == 2].head(1)
        return None if found.empty else dict(found.iloc[0])
    single.area(conn, code)
    found = areas[(areas["code"] == code) & areas["path"].str.startswith(own or "/")]
    if found.empty:
        raise NotFound(f"there is no area {code} within yours")
    return dict(found.iloc[0])


#: the line of what lies in none of those that a card is by, and of all together
_REST, _ALL = "rest", "all"


class _Reading:
    """One card's figures, read from the sums within one transaction."""

    def __init__(self, ctx: Context, conn: Connection, month: str, within: Within, now: datetime) -> None:
        self._ctx, self._conn, self._month, self._within, self._now = ctx, conn, month, within, now
        self._earlier = {"now": month, "month_before": shifted(month, -1), "year_before": shifted(month, -12)}
        self._cases = {one: self._lasted(one) for one in (month, self._earlier["year_before"])}
        self._lasting = {one: self._durations(one) for one in self._cases}

    def _lasted(self, month: str) -> pd.DataFrame:
        period = Period.month(month, self._ctx.zone)
        return scorecards.lasted(self._conn, period.start, period.end, self._within)

    def _sums(self, months: Sequence[str], by: Sequence[str]) -> pd.DataFrame:
        """Counts by month; what runs still is due only so far."""
        found = scorecards.sums(self._conn, [number_of(one) for one in months], by, self._within)
        for one in months:
            end = Period.month(one, self._ctx.zone).end
            if end > self._now:
                off = scorecards.not_yet_due(self._conn, self._now, end, by, self._within)
                off[list(COUNTS)] *= -1
                found = pd.concat([found, off.assign(month=number_of(one))], ignore_index=True)
        return found.groupby(["month", *by], dropna=False, sort=False)[list(COUNTS)].sum().reset_index()

    def total(self, label: Label | None = None) -> Line:
        sums = self._sums(list(self._earlier.values()), ()).assign(line=_ALL)
        times = {month: _times_by(self._lasting[month], _ALL) for month in self._cases}
        return self._line(label or Label(None, None, None, {}), _ALL, _counts_by_line(sums), times)

    def lines(self, by: str, top: Mapping[str, Any] | None) -> list[Line]:
        those = lines(self._conn, by, top)
        key = those.key

        def line_of(rows: pd.DataFrame) -> pd.Series:
            return rows[key].map(those.of).astype(object).fillna(_REST)

        sums = self._sums(list(self._earlier.values()), (key,))
        counts = _counts_by_line(sums.assign(line=line_of(sums)))
        times = {month: _times_by(self._lasting[month], line_of(cases)) for month, cases in self._cases.items()}
        told = sorted(set(counts) - {_REST}, key=lambda one: str(those.labels[one].code))
        found = [self._line(those.labels[one], one, counts, times) for one in told]
        if any(one != Counts() for one in counts.get(_REST, {}).values()):
            found.append(self._line(those.rest, _REST, counts, times))
        return found

    def by_month(self) -> list[Line]:
        """A line for each of the months up to the card's, the newest first."""
        months = [shifted(self._month, -back) for back in range(MONTHS)]
        cards = (_Reading(self._ctx, self._conn, month, self._within, self._now) for month in months)
        return [one.total(Label(month, month, None, {})) for month, one in zip(months, cards, strict=True)]

    def _line(
        self, label: Label, line: Any, counts: Mapping[Any, Mapping[int, Counts]],
        times: Mapping[str, Mapping[Any, Times]],
    ) -> Line:  # fmt: skip
        mine, year_before = counts.get(line, {}), self._earlier["year_before"]
        told = {name: mine.get(number_of(month), Counts()) for name, month in self._earlier.items()}
        now, before = (times[one].get(line, _NO_TIMES) for one in (self._month, year_before))
        return Line(label, told["now"], told["month_before"], told["year_before"], now, before, self._month)

    def _durations(self, month: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Hours that each case of a month lasted until the month's end or now, and whether it was closed by then."""
        cases, end = self._cases[month], pd.Timestamp(min(Period.month(month, self._ctx.zone).end, self._now))
        closed = (cases["closed_at"] < end).to_numpy(dtype=bool)
        until = cases["closed_at"].where(closed, end)
        hours = (until - cases["received_at"]).dt.total_seconds().to_numpy() / 3600.0
        return hours.clip(min=0.0), closed

    def channels(self) -> dict[str, int]:
        sums = self._sums([self._month], ("channel",))
        told = sums.set_index("channel")["accepted"].sort_values(ascending=False)
        return {str(name): int(count) for name, count in told.items() if count}

    def history(self) -> dict[str, Counts]:
        months = [shifted(self._month, -back) for back in range(2 * MONTHS - 1, -1, -1)]
        counts = _counts_by_line(self._sums(months, ()).assign(line=_ALL)).get(_ALL, {})
        return {month: counts.get(number_of(month), Counts()) for month in months}


_NO_TIMES = Times(0, 0, None, None)


def _times_by(lasting: tuple[NDArray[np.float64], NDArray[np.bool_]], line: Any) -> dict[Any, Times]:
    """The times of the cases of each line; `line`: one for each case, or the same for all."""
    hours, closed = lasting
    places = pd.Series(line, index=range(len(hours)), dtype=object) if isinstance(line, str) else line
    rows = places.reset_index(drop=True).groupby(places.to_numpy(), sort=False).indices
    return {one: _times(hours[at], closed[at]) for one, at in rows.items()}


def _times(hours: NDArray[np.float64], closed: NDArray[np.bool_]) -> Times:
    curve = kaplan_meier(hours, closed)
    return Times(len(hours), int((~closed).sum()), curve.percentile(0.5), curve.percentile(0.9))


def _counts_by_line(sums: pd.DataFrame) -> dict[Any, dict[int, Counts]]:
    """By line and number of the month."""
    table = sums.groupby(["line", "month"], sort=False)[list(COUNTS)].sum()
    found: dict[Any, dict[int, Counts]] = {}
    for (line, month), values in zip(table.index, table.to_numpy().tolist(), strict=True):
        found.setdefault(line, {})[int(month)] = Counts(*map(int, values))
    return found
