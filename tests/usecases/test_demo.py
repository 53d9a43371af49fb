"""The demo county as it stands once it is in a database: every page has something true to show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from sqlalchemy import func, select

from gridmap.demo import make_county
from gridmap.privacy import Vault
from gridmap.settings import Settings
from gridmap.store import figures, open_engine, read, tallies
from gridmap.store import tables as t
from gridmap.store.filters import Asked
from gridmap.usecases.context import Context
from gridmap.usecases.setup import has_demo, initialise, load_demo
from gridmap.view import Drawing, View
from tests.county import MASTER, Clock

NOW = datetime(2026, 6, 30, 15, 8, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def demo(database_url: str) -> Iterator[Context]:
    ctx = Context(open_engine(database_url), Settings(database_url=database_url), Vault(MASTER), Clock(NOW))
    initialise(ctx)
    load_demo(ctx, make_county(scale=0.05, until=NOW.date()), lambda kind, loaded: None)
    yield ctx
    ctx.engine.dispose()


def test_the_demo_county_stands_whole_and_a_second_time_changes_nothing(demo: Context) -> None:
    assert has_demo(demo)
    before = counted(demo)
    load_demo(demo, make_county(scale=0.05, until=NOW.date()), lambda kind, loaded: None)
    assert counted(demo) == before
    assert all(before.values()), before
    assert before["visits"] == pytest.approx(0.9 * before["households"], rel=0.05)
    people_visit_meet_and_blast_by_day(demo)
    the_sums_count_as_the_rows_do(demo)


def people_visit_meet_and_blast_by_day(demo: Context) -> None:
    with read(demo.engine) as conn:
        visits = conn.execute(select(t.visits.c.visited_at)).scalars().all()
        meetings = conn.execute(select(t.meetings.c.meets_at)).scalars().all()
        blasts = conn.execute(select(t.blasts.c.at)).scalars().all()
        purposes = set(conn.execute(select(t.consents.c.purpose).distinct()).scalars())
    assert {8 <= one.astimezone(ZONE).hour < 19 for one in visits} == {True}
    assert max(visits) < NOW
    assert {(one.astimezone(ZONE).hour, one.astimezone(ZONE).weekday() < 5) for one in meetings} == {(9, True)}
    assert {11 <= one.astimezone(ZONE).hour <= 17 for one in blasts} == {True}
    assert purposes == {"contact", "visits", "care", "interpreter"}


def counted(ctx: Context) -> dict[str, int]:
    kinds = (
        "households",
        "incidents",
        "enterprises",
        "visits",
        "consents",
        "care_notes",
        "meetings",
        "promises",
        "blasts",
    )
    with read(ctx.engine) as conn:
        return {
            one: conn.execute(select(func.count()).select_from(t.metadata.tables[one])).scalar_one() for one in kinds
        }


def the_sums_count_as_the_rows_do(demo: Context) -> None:
    """What the scorecards' sums say of months, kinds and places is what a walk through all cases says."""
    plain = View.system(demo.today())
    filters: tuple[dict[str, Any], ...] = (
        {}, {"category": "mining"}, {"from": date(2026, 1, 1), "to": date(2026, 4, 1)}, {"from": date(2027, 1, 1)},
    )  # fmt: skip
    wanted = (("month",), ("top_category",), ("community",), ("town", "month"), ("category", "community", "month"))
    with read(demo.engine) as conn:
        locate = demo.grounds.on(conn, plain.as_of).cell_ids
        for drawing, by, given in product(Drawing, wanted, filters):
            view = replace(plain, drawing=drawing)
            asked = Asked(view, NOW, demo.zone)
            assert tallies.hold(conn, by, given, asked)
            summed, walked = (
                figures.counts(conn, view, by, given, locate=locate, now=NOW, zone=demo.zone, summed=one)
                for one in (True, False)
            )
            pd.testing.assert_frame_equal(summed, walked, check_dtype=False)
        others: tuple[tuple[str, dict[str, Any]], ...] = (
            ("cell", {}), ("month", {"from": date(2026, 1, 2)}), ("month", {"status": "closed"}),
        )  # fmt: skip
        assert not any(tallies.hold(conn, [by], given, Asked(plain, NOW, demo.zone)) for by, given in others)
