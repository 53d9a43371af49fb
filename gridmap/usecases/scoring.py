"""Scorecards for those who read figures: a month beside the month and the year before, by place, body or category."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection

from gridmap.case.scorecard import COUNTS, Counts, Period, Weights, shifted
from gridmap.case.standing import number_of
from gridmap.case.survival import kaplan_meier
from gridmap.errors import InvalidInput, NotFound
from gridmap.store import accounts, read, scorecards, single
from gridmap.usecases.context import Context
from gridmap.usecases.counting import figures_view
from gridmap.view import View

#: what a card is told apart by, and the key that the ledger has for it
BY: Mapping[str, str] = {"area": "area_id", "body": "body_id", "category": "category_id"}
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

    code: str | None
    name: str | None
    name_en: str | None
    now: Counts
    month_before: Counts
    year_before: Counts
    times: Times
    times_before: Times


@dataclass(frozen=True, slots=True)
class Card:
    """A month's card. `complete`: the month is over. `history`: counts by month, of two years."""

    month: str
    by: str
    area: Mapping[str, Any] | None
    at: datetime
    complete: bool
    total: Line
    lines: Sequence[Line]
    channels: Mapping[str, int]
    history: Mapping[str, Counts]
    weights: Weights = field(default_factory=Weights)


def card(
    ctx: Context, view: View, month: str, by: str = "area", *, area: str | None = None, weights: Weights | None = None
) -> Card:
    """The card of a month for the caller's area, or for `area` within it. By `area`: those right below it.

    Raises InvalidInput for a month or a `by` that is none, NotFound for an area outside the caller's, Forbidden.
    """
    if by not in BY:
        raise InvalidInput(f"a scorecard is by {', '.join(BY)}; not by {by[:40]}", parameter="by")
    now, period = ctx.clock(), Period.month(month, ctx.zone)
    if period.start > now:
        raise InvalidInput(f"{month} has not begun yet", parameter="month")
    with read(ctx.engine) as conn:
        top = _area(conn, view, area)
        cards = _Reading(ctx, conn, month, None if top is None else top["path"], now)
        lines = cards.lines(by, top)
        return Card(
            month, by, top, now, period.end <= now, cards.total(), lines, cards.channels(), cards.history(),
            weights or Weights(),
        )  # fmt: skip


def _area(conn: Connection, view: View, code: str | None) -> dict[str, Any] | None:
    """The area that is asked for, if it lies in the caller's own; by default that; None: everything."""
    figures_view(conn, view)
    own = None if view.actor is None else accounts.area_path(conn, view.actor.area_id)
    areas = scorecards.labels(conn, "area_id")
    if code is None:
        found = areas[areas["path"] == own] if own is not None else areas[areas["path"].str.count("/") == 2].head(1)
        return None if found.empty else dict(found.iloc[0])
    single.area(conn, code)
    found = areas[(areas["code"] == code) & areas["path"].str.startswith(own or "/")]
    if found.empty:
        raise NotFound(f"there is no area {code} within yours")
    return dict(found.iloc[0])


class _Reading:
    """One card's figures, read from the sums within one transaction."""

    def __init__(self, ctx: Context, conn: Connection, month: str, path: str | None, now: datetime) -> None:
        self._ctx, self._conn, self._month, self._path, self._now = ctx, conn, month, path, now
        self._earlier = {"now": month, "month_before": shifted(month, -1), "year_before": shifted(month, -12)}
        self._cases = {one: self._lasted(one) for one in (month, self._earlier["year_before"])}

    def _lasted(self, month: str) -> pd.DataFrame:
        period = Period.month(month, self._ctx.zone)
        return scorecards.lasted(self._conn, period.start, period.end, self._path)

    def _sums(self, months: Sequence[str], by: Sequence[str]) -> pd.DataFrame:
        """Counts by month; what runs still is due only so far."""
        found = scorecards.sums(self._conn, [number_of(one) for one in months], by, self._path)
        for one in months:
            end = Period.month(one, self._ctx.zone).end
            if end > self._now:
                off = scorecards.not_yet_due(self._conn, self._now, end, by, self._path)
                off[list(COUNTS)] *= -1
                found = pd.concat([found, off.assign(month=number_of(one))], ignore_index=True)
        return found.groupby(["month", *by], dropna=False, sort=False)[list(COUNTS)].sum().reset_index()

    def total(self) -> Line:
        sums = self._sums(list(self._earlier.values()), ())
        return self._line((None, None, None), sums, lambda cases: cases)

    def lines(self, by: str, top: Mapping[str, Any] | None) -> list[Line]:
        key = BY[by]
        sums = self._sums(list(self._earlier.values()), (key,))
        labels = scorecards.labels(self._conn, key)
        groups = _groups(labels, key, top)
        sums["group"], named = sums[key].map(groups), labels.set_index("id")
        lines = []
        for group in sorted(set(sums["group"].dropna()), key=lambda one: str(named.loc[one, "code"])):
            row = named.loc[group]
            mine = sums[sums["group"] == group]
            pick = lambda cases, one=group: cases[cases[key].map(groups) == one]  # noqa: E731
            lines.append(self._line((row["code"], row["name"], row["name_en"]), mine, pick))
        rest = sums[sums["group"].isna()]
        if rest[list(COUNTS)].to_numpy().any():
            lines.append(self._line((None, None, None), rest, lambda cases: cases[cases[key].map(groups).isna()]))
        return lines

    def _line(self, named: tuple[Any, Any, Any], sums: pd.DataFrame, pick: Any) -> Line:
        counts = {name: _counts(sums, month) for name, month in self._earlier.items()}
        year_before = self._earlier["year_before"]
        now, before = (self._times(pick(self._cases[one]), one) for one in (self._month, year_before))
        return Line(*named, counts["now"], counts["month_before"], counts["year_before"], now, before)

    def _times(self, cases: pd.DataFrame, month: str) -> Times:
        end = pd.Timestamp(min(Period.month(month, self._ctx.zone).end, self._now))
        closed = (cases["closed_at"] < end).to_numpy(dtype=bool)
        until = cases["closed_at"].where(closed, end)
        hours = (until - cases["received_at"]).dt.total_seconds().to_numpy() / 3600.0
        curve = kaplan_meier(hours.clip(min=0.0), closed)
        return Times(len(cases), int((~closed).sum()), curve.percentile(0.5), curve.percentile(0.9))

    def channels(self) -> dict[str, int]:
        sums = self._sums([self._month], ("channel",))
        told = sums.set_index("channel")["accepted"].sort_values(ascending=False)
        return {str(name): int(count) for name, count in told.items() if count}

    def history(self) -> dict[str, Counts]:
        months = [shifted(self._month, -back) for back in range(2 * MONTHS - 1, -1, -1)]
        sums = self._sums(months, ())
        return {month: _counts(sums, month) for month in months}


def _counts(sums: pd.DataFrame, month: str) -> Counts:
    summed = sums.loc[sums["month"] == number_of(month), list(COUNTS)].sum()
    return Counts.of({name: summed[name] for name in COUNTS})


def _groups(labels: pd.DataFrame, key: str, top: Mapping[str, Any] | None) -> dict[int, int]:
    """The line that each id counts in: of areas the one right below `top` that holds it, else itself."""
    if key != "area_id":
        return {int(one): int(one) for one in labels["id"]}
    start = "/" if top is None else str(top["path"])
    ids = {str(path): int(one) for one, path in zip(labels["id"], labels["path"], strict=True)}
    return {one: ids.get(_below(start, path), one) for path, one in ids.items()}


def _below(start: str, path: str) -> str:
    """The part of a path that leads from an area to the next one below it: /1/ and /1/2/3/ give /1/2/."""
    rest = path[len(start) :] if path.startswith(start) else ""
    return f"{start}{rest.split('/')[0]}/" if rest else path
