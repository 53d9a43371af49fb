"""Scorecards: each ratio by hand and by a loop, open-overdue in the denominators, a published month as printed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from gridmap.case.ratios import Ratio
from gridmap.case.scorecard import (
    COUNTS,
    DENOMINATORS,
    FLAGS,
    MOMENTS,
    Counts,
    Period,
    Weights,
    compare,
    relative,
    shifted,
    tally,
    time_to_close,
)
from gridmap.errors import InvalidInput

ZONE = ZoneInfo("Asia/Shanghai")
JULY = Period.month("2026-07", ZONE)


def cases(rows: int, seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    day = pd.Timedelta(days=1)
    received = pd.Timestamp("2026-05-01", tz="UTC") + pd.to_timedelta(rng.uniform(0, 110, rows), unit="D")
    frame = pd.DataFrame({"received_at": received})
    frame["due_at"] = frame["received_at"] + pd.to_timedelta(rng.uniform(1, 40, rows), unit="D")
    for name, until in (("disposed_at", 60), ("first_closed_at", 70), ("first_dispatched_at", 5)):
        moment = frame["received_at"] + pd.to_timedelta(rng.uniform(0, until, rows), unit="D")
        frame[name] = moment.where(rng.random(rows) < 0.7)
    frame["closed_at"] = frame["first_closed_at"].where(rng.random(rows) < 0.9) + day
    for name in FLAGS:
        frame[name] = rng.random(rows) < 0.3
    frame["body"] = rng.choice(["A", "B", None], rows)
    return frame


def by_loop(frame: pd.DataFrame, period: Period) -> Counts:
    """The definitions, case by case."""
    total = Counts()
    for row in frame.to_dict("records"):
        at = {name: None if pd.isna(row[name]) else row[name] for name in MOMENTS}

        def within(name: str, at: dict[str, datetime | None] = at) -> bool:
            moment = at[name]
            return moment is not None and period.start <= moment < period.end

        def before(name: str, moment: datetime, at: dict[str, datetime | None] = at) -> bool:
            known = at[name]
            return known is not None and known < moment

        if row["dropped"]:
            continue
        falls_due = within("due_at")
        carried = before("due_at", period.start) and not before("disposed_at", period.start)
        due = before("received_at", period.end) and (falls_due or carried)
        disposed = due and before("disposed_at", period.end)
        in_time = at["disposed_at"] is not None and at["disposed_at"] <= row["due_at"]
        closed, sent = within("first_closed_at"), within("first_dispatched_at")
        total += Counts(
            accepted=within("received_at"), due=due, disposed=disposed, on_time=disposed and in_time,
            closed_of_due=due and before("closed_at", period.end), reworked_of_due=due and row["reopened"],
            extended_of_due=due and row["extended"], disposed_within=within("disposed_at"),
            disposed_in_time=within("disposed_at") and in_time, open_overdue=due and not disposed, closed=closed,
            reopened=closed and row["reopened"], closed_by_community=closed and row["by_community"],
            rated=closed and row["rated"], satisfied=closed and row["rated"] and row["satisfied"], dispatched=sent,
            returned=sent and row["returned"],
        )  # fmt: skip
    return total


def test_counts_are_those_of_a_loop() -> None:
    frame = cases(600)
    counts = Counts.of(tally(frame, JULY).iloc[0])
    assert counts == by_loop(frame, JULY)
    assert all(getattr(counts, name) > 0 for name in COUNTS)
    assert counts.open_overdue == counts.due - counts.disposed


def test_counts_add_up_over_groups() -> None:
    frame = cases(600)
    groups = tally(frame, JULY, by=["body"])
    assert len(groups) == 3
    assert sum((Counts.of(row) for row in groups.to_dict("records")), Counts()) == Counts.of(tally(frame, JULY).iloc[0])
    empty = tally(frame.iloc[:0], JULY)
    assert Counts.of(empty.iloc[0]) == Counts()
    assert tally(frame.iloc[:0], JULY, by=["body"]).empty


def test_each_due_case_falls_due_once_and_stays_until_it_is_done() -> None:
    """One that is done in time counts in the month it was due in, whenever it was done."""
    row = {name: pd.Timestamp("2026-06-10", tz="UTC") for name in MOMENTS}
    row |= {"due_at": pd.Timestamp("2026-07-10", tz="UTC")}
    early = pd.DataFrame([{**row, **dict.fromkeys(FLAGS, False)}])
    for month, due in (("2026-06", 0), ("2026-07", 1), ("2026-08", 0)):
        counts = Counts.of(tally(early, Period.month(month, ZONE)).iloc[0])
        assert (counts.due, counts.on_time) == (due, due)
    never = early.assign(disposed_at=early["disposed_at"].where([False]), closed_at=early["closed_at"].where([False]))
    for month, due in (("2026-06", 0), ("2026-07", 1), ("2026-08", 1), ("2027-01", 1)):
        counts = Counts.of(tally(never, Period.month(month, ZONE)).iloc[0])
        assert (counts.due, counts.open_overdue, counts.disposed) == (due, due, 0)


def test_yichang_january_to_october_2011() -> None:
    """14,662 accepted, 13,702 closed, 12,592 by communities, 13,593 satisfied: 93.45, 91.9 and 99.2 %."""
    closed = np.arange(14_662) < 13_702
    received = pd.Timestamp("2011-01-05", tz="UTC")
    frame = pd.DataFrame({name: [received] * 14_662 for name in MOMENTS})
    frame["due_at"] = received + pd.Timedelta(days=9)
    for name in ("disposed_at", "first_closed_at", "closed_at"):
        frame[name] = frame[name].where(closed)
    for name in FLAGS:
        frame[name] = False
    frame["by_community"] = np.arange(14_662) < 12_592
    frame["rated"] = closed
    frame["satisfied"] = np.arange(14_662) < 13_593
    period = Period(datetime(2010, 12, 31, 16, tzinfo=UTC), datetime(2011, 10, 31, 16, tzinfo=UTC))
    ratios = Counts.of(tally(frame, period).iloc[0]).ratios()
    assert ratios["closure"] == Ratio(13_702, 14_662)
    printed = {name: round((ratios[name].value or 0) * 100, 2) for name in ("closure", "by_community", "satisfaction")}
    assert printed == {"closure": 93.45, "by_community": 91.9, "satisfaction": 99.2}
    assert ratios["in_time"] == Ratio(13_702, 14_662)  # those never closed are overdue, and stand in the denominator


def test_every_ratio_says_what_it_is_of() -> None:
    assert set(DENOMINATORS) == set(Counts().ratios())
    assert all(ratio.value is None for ratio in Counts().ratios().values())


def test_jinnius_card() -> None:
    counts = Counts(due=200, disposed=180, on_time=150, reworked_of_due=10, open_overdue=20, extended_of_due=4)
    assert Weights().points(counts) == pytest.approx(30 * 0.9 + 20 * 0.75 + 20 * 0.95 + 20 * 0.9 + 10 * 0.98)
    perfect = Counts(due=7, disposed=7, on_time=7)
    assert Weights().points(perfect) == 100.0
    assert replace(Weights(), disposal=0.0).points(perfect) == 70.0
    assert Weights().points(Counts()) is None
    with pytest.raises(InvalidInput, match="rework"):
        Weights(rework=-1.0)


def test_comparisons() -> None:
    now, before = Counts(due=100, disposed=90), Counts(due=200, disposed=170)
    change = compare(now, before)["disposal"]
    assert change.points == pytest.approx(5.0)
    assert compare(now, Counts())["disposal"].points is None
    assert relative(639, 1000) == pytest.approx(-36.1)
    assert relative(3, 0) is None
    assert (shifted("2026-01", -1), shifted("2026-01", -12), shifted("2026-12", 1)) == ("2025-12", "2025-01", "2027-01")


def test_months_are_local() -> None:
    july = Period.month("2026-07", ZONE)
    assert july == Period(datetime(2026, 6, 30, 16, tzinfo=UTC), datetime(2026, 7, 31, 16, tzinfo=UTC))
    with pytest.raises(InvalidInput):
        Period.month("2026-13", ZONE)


def test_time_to_close_keeps_the_open_ones() -> None:
    received = pd.Timestamp("2026-07-01", tz="UTC")
    closed = received + pd.to_timedelta([10, 20, 30, np.nan, 2000], unit="h")
    frame = pd.DataFrame({"received_at": received, "closed_at": closed, "dropped": False})
    curve = time_to_close(frame, JULY)
    assert curve.times.tolist() == [10.0, 20.0, 30.0]
    assert (curve.percentile(0.5), curve.percentile(0.9)) == (30.0, None)
    assert np.allclose(curve.open_share, [0.8, 0.6, 0.4])


# --- intervals ------------------------------------------------------------------------------------------------------


def test_intervals_against_printed_ones() -> None:
    """Wilson and exact intervals of 81 of 263 and of 15 of 148, 0 of 20 and 1 of 29 (Newcombe 1998, table I)."""
    for k, n, wilson, exact in (
        (81, 263, (0.2553, 0.3662), (0.2527, 0.3676)),
        (15, 148, (0.0624, 0.1605), (0.0578, 0.1617)),
        (0, 20, (0.0, 0.1611), (0.0, 0.1684)),
        (1, 29, (0.0061, 0.1718), (0.0009, 0.1776)),
    ):
        assert np.round(Ratio(k, n).wilson(), 4).tolist() == pytest.approx(wilson)
        assert np.round(Ratio(k, n).clopper_pearson(), 4).tolist() == pytest.approx(exact)


@pytest.mark.parametrize("n", [1, 2, 7, 30, 1000])
def test_intervals_hold_their_ratio(n: int) -> None:
    for k in range(n + 1):
        ratio = Ratio(k, n)
        for low, high in (ratio.wilson(), ratio.clopper_pearson()):
            assert 0.0 <= low <= k / n <= high <= 1.0
        assert ratio.rest.wilson() == pytest.approx((1 - ratio.wilson()[1], 1 - ratio.wilson()[0]))
    assert Ratio(n, n).small is (n < 30)
    assert Ratio(0, 0).wilson() == Ratio(0, 0).clopper_pearson() == (0.0, 1.0)


def test_no_ratio_above_one() -> None:
    for k, n in ((3, 2), (-1, 2)):
        with pytest.raises(InvalidInput):
            Ratio(k, n)
    with pytest.raises(InvalidInput):
        Ratio(1, 2).wilson(1.0)
