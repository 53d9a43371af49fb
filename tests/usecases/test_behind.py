"""Each figure of a scorecard lists exactly the cases behind it: by every line, in months past and running."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest
from sqlalchemy import func, select

from gridmap.case.scorecard import COUNTS, PARTS, shifted
from gridmap.store import features, read
from gridmap.store.behind import COUNTED, Figure, cases
from gridmap.usecases.scoring import LINES, Card, Line, card
from tests.county import TOWNS, SmallCounty
from tests.usecases.test_reporting import view
from tests.usecases.test_scores import each_once, live


def listed(county: SmallCounty, figure: Figure, *more: Any) -> int:
    with read(county.ctx.engine) as conn:
        ids = cases(figure, county.clock(), county.ctx.zone).where(*more)
        return int(conn.execute(select(func.count()).select_from(ids.subquery())).scalar_one())


def figure(line: Line, counted: str, card: Card) -> Figure:
    """The figure that the page links to."""
    narrowed = {} if card.area is None else {"in_area": str(card.area["code"])}
    return Figure(line.month, counted, **{**narrowed, **line.label.filters})


@pytest.fixture
def worked(small_county: SmallCounty) -> SmallCounty:
    each_once(small_county)
    live(small_county, 5, 40)
    return small_county


def test_every_figure_lists_its_cases(worked: SmallCounty) -> None:
    last, seen = worked.clock().strftime("%Y-%m"), 0
    for month in (last, shifted(last, -1), "2026-07"):
        for by in sorted(set(LINES) - {"channel", "month", "town"}):
            told = card(worked.ctx, view(worked, "official"), month, by)
            for line in (told.total, *told.lines):
                for name, count in asdict(line.now).items():
                    assert listed(worked, figure(line, name, told)) == count, (told.month, by, line.label, name)
                    seen += count
    assert seen > 200
    parts_of_ratios(worked)


def parts_of_ratios(worked: SmallCounty) -> None:
    """Both parts of every ratio."""
    last = worked.clock().strftime("%Y-%m")
    for month in (last, shifted(last, -1), shifted(last, -2)):
        told = card(worked.ctx, view(worked, "official"), month)
        for name, ratio in told.total.now.ratios().items():
            found = tuple(listed(worked, figure(told.total, one, told)) for one in PARTS[name])
            assert found == (ratio.numerator, ratio.denominator), (month, name)
    assert {one for pair in PARTS.values() for one in pair} <= set(COUNTED)
    assert set(COUNTS) < set(COUNTED)


def test_a_person_lists_the_cases_by_right(worked: SmallCounty) -> None:
    """A town's dispatcher and a handler get as many rows as their page says."""
    for user in ("dispatcher-1", "handler-eco"):
        mine = view(worked, user)
        told = card(worked.ctx, mine, "2026-07")
        assert sum(asdict(told.total.now).values()) > 0, user
        for name, count in asdict(told.total.now).items():
            asked = Figure(told.month, name, None if told.body else str(told.area["code"]),  # type: ignore[index]
                           first_body=None if told.body is None else str(told.body["code"]))  # fmt: skip
            with read(worked.ctx.engine) as conn:
                rows = features.page(conn, mine, "incidents", filters={"figure": asked}, limit=1000,
                                     now=worked.clock(), zone=worked.ctx.zone).rows  # fmt: skip
            assert len(rows) == count, (user, name)
    own_body(worked)


def own_body(worked: SmallCounty) -> None:
    """A handler's card is the line of the own body."""
    month = shifted(worked.clock().strftime("%Y-%m"), -1)
    whole = card(worked.ctx, view(worked, "official"), month, "body")
    mine = card(worked.ctx, view(worked, "handler-eco"), month, "town")
    line = next(one for one in whole.lines if one.label.code == "B-ECO")
    assert mine.total.now == line.now
    assert mine.body is not None
    assert sum((one.now.accepted for one in mine.lines), 0) == mine.total.now.accepted


def test_lines_add_up_whatever_they_are_by(worked: SmallCounty) -> None:
    month = shifted(worked.clock().strftime("%Y-%m"), -1)
    for by in ("town", "community", "body", "category", "channel"):
        told = card(worked.ctx, view(worked, "official"), month, by)
        for name in COUNTS:
            assert sum(getattr(line.now, name) for line in told.lines) == getattr(told.total.now, name), (by, name)
    months = card(worked.ctx, view(worked, "official"), month, "month").lines
    assert [one.label.code for one in months] == [shifted(month, -back) for back in range(12)]
    for one in months[:3]:
        assert one.now == card(worked.ctx, view(worked, "official"), one.month).total.now
    town_and_category(worked)


def town_and_category(worked: SmallCounty) -> None:
    """A card of a town and a category is that line of the town's card."""
    month = shifted(worked.clock().strftime("%Y-%m"), -1)
    official = view(worked, "official")
    whole = card(worked.ctx, official, month, "category", area=TOWNS[1])
    parts = [card(worked.ctx, official, month, area=TOWNS[1], category=str(one.label.code)) for one in whole.lines]
    assert len(parts) > 1
    for line, part in zip(whole.lines, parts, strict=True):
        if part.category is not None and len(part.category["ids"]) == 1:
            assert part.total.now == line.now
