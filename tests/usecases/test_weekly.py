"""The weekly digest: once a week to each body and supervisor that has anything to hear of, also when two raise it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from gridmap.delivery import digest_texts
from gridmap.delivery.texts import LANGUAGES
from gridmap.errors import EnvironmentFault
from gridmap.settings import Messaging
from gridmap.store import read
from gridmap.store import tables as t
from gridmap.usecases.delivering import deliverer
from gridmap.usecases.mailbox import letters
from gridmap.usecases.sweeping import sweep
from gridmap.usecases.weekly import latest, tell_week
from tests.county import ZONE, SmallCounty
from tests.usecases.test_reporting import view

#: a Monday, past the hour of the digest
MONDAY = datetime(2026, 7, 20, 8, 30, tzinfo=ZONE)


def digests(county: SmallCounty) -> list[Any]:
    o = t.outbox.c
    return list(county.run(select(o.kind, o.body_id, o.account_id, o.told).where(o.told.is_not(None)).order_by(o.id)))


def test_two_at_once_tell_it_once(small_county: SmallCounty) -> None:
    small_county.clock.now = MONDAY
    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda _: tell_week(small_county.ctx), range(8)))
    written = digests(small_county)
    assert sorted(told)[:-1] == [0] * 7
    assert max(told) == len(written) > 0
    assert len({(row.kind, row.body_id, row.account_id) for row in written}) == len(written)
    small_county.clock.forward(days=7)
    assert tell_week(small_county.ctx) > 0


def test_its_counts_are_the_rows_of_the_database(small_county: SmallCounty) -> None:
    """Counted once more by hand: the county's supervisor hears of every open case, a town's of the town's."""
    small_county.clock.now = MONDAY
    tell_week(small_county.ctx)
    now, i, r = MONDAY, t.incidents.c, t.responsibilities.c
    cells = dict(small_county.run(select(t.cells.c.id, t.cells.c.code)))
    query = select(i.due_at, i.red_at, i.very_late_at, i.yellow_at, i.paused_until, r.cell_id, r.body_id)
    query = query.join(t.responsibilities, r.incident_id == i.id).where(r.valid_to.is_(None), i.closed_at.is_(None))
    rows = small_county.run(query.where(i.status.not_in(["voided", "merged"])))
    very_late = [row for row in rows if row.very_late_at is not None and row.very_late_at < now]
    red = [row for row in rows if row not in very_late and row.red_at is not None and row.red_at < now]
    soon = [row for row in rows if row not in very_late + red and now <= row.due_at < now + timedelta(days=7)]
    told = {row.account_id or f"body {row.body_id}": json.loads(row.told) for row in digests(small_county)}
    whole = told[small_county.account("supervisor").id]
    assert (whole["very_late"], whole["red"], whole["soon"]) == (len(very_late), len(red), len(soon))
    assert whole["very_late"] + whole["red"] > 0
    south = told.get(small_county.account("supervisor-2").id, {"very_late": 0, "red": 0})
    mine = [row for row in very_late + red if row.cell_id and cells[row.cell_id][:9] == "529901002"]
    assert south["very_late"] + south["red"] == len(mine)
    for body_id in {row.body_id for row in very_late + red if row.body_id}:
        late = sum(row.body_id == body_id for row in very_late + red)
        assert told[f"body {body_id}"]["red"] + told[f"body {body_id}"]["very_late"] == late
    assert sum(count for _, _, count in whole["worst"]) <= len(very_late + red)


def test_it_waits_for_its_hour_and_is_not_told_late(small_county: SmallCounty) -> None:
    for moment in (MONDAY - timedelta(hours=1), MONDAY + timedelta(days=3)):
        small_county.clock.now = moment
        assert tell_week(small_county.ctx) == 0
    assert digests(small_county) == []
    off = replace(small_county.ctx.settings, messaging=replace(small_county.ctx.settings.messaging, weekly=None))
    small_county.clock.now = MONDAY
    assert latest(replace(small_county.ctx, settings=off), MONDAY) is None


def test_it_stands_in_the_mailbox_in_both_languages(small_county: SmallCounty) -> None:
    small_county.clock.now = MONDAY
    sweep(small_county.ctx)
    deliverer(small_county.ctx).run()
    with read(small_county.ctx.engine) as conn:
        mine = letters(conn, view(small_county, "supervisor"), unread=True, after=None, limit=50, now=MONDAY, zone=ZONE)
    [digest] = [one for one in mine.items if one["kind"] == "weekly_watch"]
    assert digest["incident_id"] is None
    assert "今后 7 天到期" in digest["text"]["zh"]
    assert "fall due within 7 days" in digest["text"]["en"]
    with read(small_county.ctx.engine) as conn:
        hers = letters(conn, view(small_county, "handler-land"), unread=True, after=None, limit=50, now=MONDAY,
                       zone=ZONE)  # fmt: skip
    assert all(one["kind"] != "weekly_watch" for one in hers.items)


def test_templates_name_the_same_in_both_languages() -> None:
    told = json.dumps({"day": "2026-07-20", "very_late": 1, "red": 2, "yellow": 3, "soon": 4,
                       "worst": [["甲局", "Bureau A", 2], ["乙局", None, 1]]})  # fmt: skip
    assert set(digest_texts.templates()) == set(digest_texts.KINDS)
    for kind in digest_texts.KINDS:
        for language in LANGUAGES:
            said = digest_texts.write(kind, language, told, "https://x/figures")
            assert all(f" {n} " in f" {said.text} ".replace("：", " ") for n in (1, 2, 3, 4))
            assert said.text.endswith("https://x/figures")
            assert "\n" not in said.text
    assert "Bureau A 2, 乙局 1" in digest_texts.write("weekly_watch", "en", told).text


@pytest.mark.parametrize(("raw", "wanted"), [("mon 08:00", (1, 8)), ("sun 23:00", (7, 23)), ("off", None)])
def test_the_setting_says_when(raw: str, wanted: tuple[int, int] | None) -> None:
    assert Messaging.from_env({"GRIDMAP_WEEKLY_DIGEST": raw}).weekly == wanted


@pytest.mark.parametrize("raw", ["monday 8", "mon 24:00", "8", "mon 08:30"])
def test_a_setting_that_says_nothing_is_named(raw: str) -> None:
    with pytest.raises(EnvironmentFault, match="GRIDMAP_WEEKLY_DIGEST"):
        Messaging.from_env({"GRIDMAP_WEEKLY_DIGEST": raw})
