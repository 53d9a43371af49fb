"""The sums kept by the events are what a full count of the cases comes to, whatever was done to them."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Connection, delete, func, select, update

from gridmap.case.scorecard import Counts, shifted
from gridmap.case.standing import number_of
from gridmap.errors import GridmapError
from gridmap.store import cases, counting, ledger, read, scorecards, scores, write
from gridmap.store import tables as t
from gridmap.store.chain import append_event
from gridmap.store.doctor import chosen, counted, remembered
from gridmap.store.ledger import KEYS
from gridmap.usecases.casework import act, move
from gridmap.usecases.reporting import report
from gridmap.usecases.scoring import card
from tests.county import CELL, TOWNS, SmallCounty, centre
from tests.usecases.recounted import month_counts
from tests.usecases.test_reporting import draft, view

ACTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "accept": ("worker-a", {}),
    "dispatch": ("dispatcher-1", {"body_id": 2}),
    "sign": ("handler-eco", {}),
    "return": ("handler-eco", {"reason": "not_ours", "note": "x"}),
    "handle": ("worker-a", {}),
    "extend_ask": ("worker-a", {"more": {"workdays": 3}, "reason": "complex", "note": "x"}),
    "extend_grant": ("supervisor", {"more": {"workdays": 2}}),
    "resolve": ("worker-a", {"outcome": "settled", "note": "x"}),
    "verify": ("dispatcher-1", {"passed": True, "note": "x"}),
    "close": ("dispatcher-1", {}),
    "reopen": ("dispatcher-1", {"reason": "came_back", "note": "x"}),
    "rate": ("worker-a", {"satisfied": True}),
    "void": ("dispatcher-1", {"reason": "test", "note": "x"}),
    "recategorise": ("dispatcher-1", {"category": "neighbour"}),
}


def live(county: SmallCounty, seed: int, steps: int) -> set[str]:
    """Months of random work on some cases; what worked."""
    rng, ids, worked = random.Random(seed), list[int](), set[str]()
    for _ in range(steps):
        county.clock.forward(hours=rng.choice((1, 5, 30, 200)))
        if len(ids) < 3 or rng.random() < 0.12:
            ids.append(int(report(county.ctx, view(county, "worker-a"), draft("A"))["id"]))
            continue
        if rng.random() < 0.15:
            worked |= straight(county, rng.choice(ids))
            continue
        case, action = (
            rng.choice(ids),
            rng.choice([*ACTIONS, "accept", "resolve", "verify", "close", "close", "reopen", "rate", "move", "merge"]),
        )
        with suppress(GridmapError):
            if action == "move":
                lon, lat = centre(rng.choice("ABC"), rng.uniform(-0.3, 0.3))
                move(county.ctx, view(county, "dispatcher-1"), case, lon, lat, confirmed=True)
            elif action == "merge":
                act(county.ctx, view(county, "dispatcher-1"), case, "merge", {"into_id": rng.choice(ids)})
            else:
                _, given = ACTIONS[action]
                user = rng.choice(("worker-a", "dispatcher-1", "supervisor", "handler-eco", "handler-land"))
                act(county.ctx, view(county, user), case, action, given)
            worked.add(action)
    return worked


def straight(county: SmallCounty, case: int) -> set[str]:
    """A case taken to its end and opened again, as far as it lets itself be."""
    done = set()
    for action in ("accept", "resolve", "verify", "close", "rate", "reopen"):
        for user in ("worker-a", "dispatcher-1", "handler-land"):
            county.clock.forward(hours=40)
            with suppress(GridmapError):
                act(county.ctx, view(county, user), case, action, ACTIONS[action][1])
                done.add(action)
                break
    return done


def each_once(county: SmallCounty) -> None:
    """What random work seldom comes to: void, merge, reopen, move and a wrong category, in months of their own."""

    def new() -> int:
        county.clock.forward(hours=30)
        return int(report(county.ctx, view(county, "worker-a"), draft("A"))["id"])

    def done(user: str, case: int, action: str, **given: Any) -> None:
        county.clock.forward(hours=7)
        act(county.ctx, view(county, user), case, action, given or ACTIONS[action][1])

    kept, double, wrong, back, elsewhere = (new() for _ in range(5))
    done("dispatcher-1", double, "merge", into_id=kept)
    done("dispatcher-1", wrong, "void")
    done("dispatcher-1", elsewhere, "recategorise")
    move(county.ctx, view(county, "dispatcher-1"), elsewhere, *centre("C"), confirmed=True)
    assert {"accept", "close", "reopen"} <= straight(county, back)
    with read(county.ctx.engine) as conn:
        eco = conn.execute(select(t.bodies.c.id).where(t.bodies.c.code == "B-ECO")).scalar_one()
    done("dispatcher-1", kept, "dispatch", body_id=eco)
    done("handler-eco", kept, "sign")
    done("handler-eco", kept, "return")
    county.clock.forward(days=40)


#: events that `each_once` and the random work after it must have come to
SEEN = {
    "reported", "assigned", "accepted", "dispatched", "signed", "returned", "resolved", "closed", "reopened", "voided",
    "merged", "moved", "recategorised",
}  # fmt: skip


@pytest.mark.parametrize("seed", [1])
def test_the_sums_are_a_full_count(small_county: SmallCounty, seed: int) -> None:
    each_once(small_county)
    live(small_county, seed, 40)
    zone, last = small_county.ctx.zone, small_county.clock().strftime("%Y-%m")
    with write(small_county.ctx.engine) as conn:
        assert set(conn.execute(select(t.events.c.kind).distinct()).scalars()) >= SEEN
        assert scores.drift(conn) == []
        for _ in range(2):  # as they were written, and put together
            assert scores.torn(conn, zone) == 0
            for month in (shifted(last, -back) for back in range(6)):
                assert kept_by_kind(conn, month) == counted_by_kind(conn, month, zone), month
            ledger.compact(conn)


def kept_by_kind(conn: Connection, month: str) -> dict[tuple[int, str], Counts]:
    rows: Any = scorecards.sums(conn, [number_of(month)], ("category_id", "channel")).to_dict("records")
    found = {(row["category_id"], row["channel"]): Counts.of(row) for row in rows}
    return {key: counts for key, counts in found.items() if counts != Counts()}


def counted_by_kind(conn: Connection, month: str, zone: ZoneInfo) -> dict[tuple[int, str], Counts]:
    return {key: Counts(**counts) for key, counts in month_counts(conn, month, zone).items()}


def test_a_recount_mends_what_was_tampered_with(small_county: SmallCounty) -> None:
    zone = small_county.ctx.zone
    with write(small_county.ctx.engine) as conn:
        before = scorecards.sums(conn, [number_of("2026-07")], KEYS)
        some = select(func.min(t.scores.c.id)).scalar_subquery()
        conn.execute(delete(t.scores).where(t.scores.c.id == some))
        assert scores.torn(conn, zone) == 1
        count = conn.execute(select(func.count()).select_from(t.incidents)).scalar_one()
        assert scores.recount(conn, zone) == (count, 1)
        assert scores.torn(conn, zone) == 0
        after = scorecards.sums(conn, [number_of("2026-07")], KEYS)
    pd.testing.assert_frame_equal(before.sort_values(list(KEYS), ignore_index=True),
                                  after.sort_values(list(KEYS), ignore_index=True))  # fmt: skip


def test_a_card_adds_up_and_keeps_to_its_area(small_county: SmallCounty) -> None:
    whole = card(small_county.ctx, view(small_county, "official"), "2026-06", "area")
    assert sum((line.now for line in whole.lines), Counts()) == whole.total.now
    assert {line.label.code for line in whole.lines} >= set(TOWNS.values())
    half = card(small_county.ctx, view(small_county, "official-2"), "2026-06", "area")
    mine = next(line for line in whole.lines if line.label.code == TOWNS[2])
    assert half.total.now == mine.now
    for role in ("worker-a", "admin"):
        with pytest.raises(GridmapError):
            card(small_county.ctx, view(small_county, role), "2026-06")
    with pytest.raises(GridmapError):
        card(small_county.ctx, view(small_county, "official-2"), "2026-06", area=TOWNS[1])


def test_what_is_not_due_yet_is_not_overdue(small_county: SmallCounty) -> None:
    """In a month that runs, a case due tomorrow counts neither as due nor as late."""
    now = card(small_county.ctx, view(small_county, "official"), "2026-07").total.now
    with read(small_county.ctx.engine) as conn:
        i = t.incidents.c
        open_ = select(func.count()).where(i.closed_at.is_(None), i.due_at < small_county.clock(), i.status != "voided")
        assert now.open_overdue == conn.execute(open_).scalar_one()
        assert cases.events(conn, 1)


def kept_cases(county: SmallCounty) -> list[dict[str, Any]]:
    with read(county.ctx.engine) as conn:
        return list(map(dict, conn.execute(select(t.score_cases).order_by(t.score_cases.c.incident_id)).mappings()))


def test_a_register_is_counted_from_its_columns_as_from_its_events(small_county: SmallCounty) -> None:
    """Both ways on the same cases: all at once from the rows, and each folded; closed, open and worked on."""
    each_once(small_county)
    live(small_county, 3, 25)
    zone = small_county.ctx.zone
    with write(small_county.ctx.engine) as conn:
        scores.recount(conn, zone)
        assert scores.drift(conn) == []
        assert scores.torn(conn, zone) == 0
    at_once = kept_cases(small_county)
    with write(small_county.ctx.engine) as conn:
        for table in (t.scores, t.score_cases):
            conn.execute(delete(table))
        for one in at_once:
            scores.keep(conn, one["incident_id"], cases.state_of(conn, one["incident_id"]), zone)
        assert scores.torn(conn, zone) == 0
    assert kept_cases(small_county) == at_once
    assert {one["closed_at"] is None for one in at_once} == {True, False}


def test_what_sql_cannot_tell_is_left_to_be_folded(small_county: SmallCounty) -> None:
    """A case rated twice, and one whose clock was put back."""
    zone, now = small_county.ctx.zone, small_county.clock()
    with write(small_county.ctx.engine) as conn:
        plain, twice, back = conn.execute(select(t.incidents.c.id).order_by(t.incidents.c.id).limit(3)).scalars()
        for case, satisfied, later in ((twice, True, 1), (twice, False, 2), (back, True, -10_000), (plain, True, 1)):
            append_event(conn, case, "rated", now + timedelta(hours=later), None, {"satisfied": satisfied})
        conn.execute(delete(t.scores))
        conn.execute(delete(t.score_cases))
        assert counting.add_lived(conn, plain, back, zone) == 1
        scores.add_missing(conn, zone)
        assert scores.drift(conn) == []
        assert scores.torn(conn, zone) == 0
    rated = {one["incident_id"]: (one["rated"], one["satisfied"]) for one in kept_cases(small_county)}
    assert [rated[case] for case in (plain, twice, back)] == [(1, 1), (1, 0), (1, 1)]


def test_a_cell_that_comes_to_another_area_takes_its_cases_along(small_county: SmallCounty) -> None:
    before = kept_cases(small_county)
    with write(small_county.ctx.engine) as conn:
        c = t.cells
        home = conn.execute(select(c.c.id, c.c.area_id).where(c.c.code == CELL["A"])).one()
        away = conn.execute(select(c.c.area_id).where(c.c.code == CELL["C"])).scalar_one()
        conn.execute(update(c).where(c.c.id == home.id).values(area_id=away))
        wrong = scores.drift(conn)
        assert scores.rehome(conn, [home.id], small_county.ctx.zone) == len(wrong) > 0
        assert scores.rehome(conn, [home.id], small_county.ctx.zone) == 0
        assert scores.drift(conn) == []
        assert scores.torn(conn, small_county.ctx.zone) == 0
    changed = [one for one, old in zip(kept_cases(small_county), before, strict=True) if one != old]
    assert [one["incident_id"] for one in changed] == wrong


def test_the_broom_leaves_lone_lines_alone(small_county: SmallCounty) -> None:
    s = t.scores.c
    with write(small_county.ctx.engine) as conn:
        before = conn.execute(select(s.id).order_by(s.id)).scalars().all()
        assert ledger.compact(conn) == 0
        assert conn.execute(select(s.id).order_by(s.id)).scalars().all() == before
    report(small_county.ctx, view(small_county, "worker-a"), draft("A"))
    report(small_county.ctx, view(small_county, "worker-a"), draft("A"))
    with write(small_county.ctx.engine) as conn:
        assert ledger.compact(conn) > 0
        assert len(set(before) & set(conn.execute(select(s.id)).scalars())) >= len(before) - 4
        assert scores.torn(conn, small_county.ctx.zone) == 0


def test_doctor_tells_sums_that_are_wrong(small_county: SmallCounty) -> None:
    with write(small_county.ctx.engine) as conn:
        assert counted(conn, small_county.ctx.zone) == []
        first = select(func.min(t.score_cases.c.incident_id)).scalar_subquery()
        conn.execute(update(t.score_cases).where(t.score_cases.c.incident_id == first).values(channel="fax"))
        [found] = counted(conn, small_county.ctx.zone)
        assert found.code == "not_counted"
        assert found.details["count"] == 1
        assert found.details["lines"] > 0


def test_doctor_compares_a_sample(small_county: SmallCounty) -> None:
    """The same seed draws the same cases; what is wrong is found when it is among them, and only then."""
    zone, now, seen = small_county.ctx.zone, small_county.clock(), list[tuple[int, int]]()

    def drawn(sample: int | None, seed: int) -> list[int]:
        return list(chosen(conn, sample, np.random.default_rng(seed))[0])

    with write(small_county.ctx.engine) as conn:
        ids, everything = drawn(10, 3), drawn(None, 3)
        assert ids == sorted(set(ids)) == drawn(10, 3) != drawn(10, 4)
        assert len(ids) == 10 < len(everything)
        assert drawn(0, 3) == drawn(10_000, 3) == everything
        conn.execute(update(t.incidents).where(t.incidents.c.id == ids[4]).values(step="nowhere"))
        conn.execute(update(t.score_cases).where(t.score_cases.c.incident_id == ids[4]).values(extended=1))
        others = [one for one in everything if one != ids[4]]
        assert remembered(conn, zone, now, others) == []
        [found] = remembered(conn, zone, now, ids, lambda done, of: seen.append((done, of)))
        assert found.details["count"] == 1
        assert scores.drift(conn, others) == []
        assert scores.drift(conn, ids) == [ids[4]]
    assert seen == [(0, 10)]
