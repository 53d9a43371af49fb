"""The plan of a month, quotas and the feasibility of their hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gridmap.people.homes import call_order
from gridmap.people.rosters import Duty, Leave, Roster
from gridmap.people.visits import Home, Quota, feasibility, plan, quota_of

TODAY = date(2026, 7, 3)
homes = st.builds(
    Home,
    id=st.integers(1, 40),
    last_visit=st.none() | st.integers(0, 400).map(lambda n: TODAY - timedelta(days=n)),
    return_on=st.none() | st.integers(-20, 20).map(lambda n: TODAY + timedelta(days=n)),
    needs=st.integers(0, 3),
)
several = st.lists(homes, max_size=20, unique_by=lambda home: home.id)


@given(several, st.integers(0, 8), st.integers(0, 8))
def test_a_plan_holds_everybody_once_and_asks_for_the_least(given_homes: list[Home], least: int, done: int) -> None:
    planned = plan(given_homes, Quota(least=least), TODAY, done)
    by_id = {home.id: home for home in given_homes}
    assert sorted(one.id for one in planned) == sorted(by_id)
    assert sum(one.due for one in planned) >= min(max(0, least - done), len(planned))
    for one in planned:
        seen = by_id[one.id].last_visit
        assert one.red == (least > 0 and (seen is None or (TODAY - seen).days > 30))


@given(several)
def test_among_equals_the_one_not_seen_for_longest_comes_first(given_homes: list[Home]) -> None:
    plain = [Home(home.id, home.last_visit) for home in given_homes]
    days = [float("inf") if one.days is None else one.days for one in plan(plain, Quota(), TODAY)]
    assert days == sorted(days, reverse=True)


def test_whoever_does_the_least_each_month_reaches_all_in_turn() -> None:
    seen: dict[int, date | None] = dict.fromkeys(range(1, 24))
    month = date(2026, 1, 1)
    for _ in range(5):  # 23 homes at 5 a month
        for one in plan([Home(i, at) for i, at in seen.items()], Quota(), month)[:5]:
            seen[one.id] = month
        month = (month + timedelta(days=32)).replace(day=1)
    assert None not in seen.values()


def test_days_of_visits_stay_in_their_month() -> None:
    assert Quota().window(date(2026, 7, 19)) == (date(2026, 7, 1), date(2026, 7, 6))
    assert Quota(28, 31).window(date(2026, 2, 1)) == (date(2026, 2, 28), date(2026, 3, 1))


def test_a_workers_quota_goes_before_the_nearest_areas() -> None:
    areas = {"/1/": Quota(least=3), "/1/2/": Quota(least=8)}
    assert quota_of(7, "/1/2/5/", {7: Quota(least=1)}, areas).least == 1
    assert quota_of(8, "/1/2/5/", {}, areas).least == 8
    assert quota_of(8, "/1/3/", {}, areas).least == 3
    assert quota_of(8, "/9/", {}, areas) == Quota(1, 5, 5)


def test_hours_by_hand() -> None:
    # 40 visits of half an hour, each after 1,000 m x 1.4 at 4 km/h: 40 x 0.85 h
    found = feasibility(40, [500.0, 1500.0], days=5, hours_a_day=6.0)
    assert (round(found.need_h, 6), found.capacity_h, found.enough) == (34.0, 30.0, False)
    assert feasibility(0, [], days=0).enough


def duty(worker: int, cell: int, rank: str = "primary", hours: tuple[int, int] | None = None) -> Duty:
    start, end = hours or (None, None)
    return Duty(worker, cell, rank, date(2026, 1, 1), starts_min=start, ends_min=end)


def test_a_help_call_goes_by_cells_and_by_who_is_on_duty_at_night() -> None:
    day, night = (8 * 60, 20 * 60), (20 * 60, 8 * 60)
    roster = Roster(
        [duty(1, 10, hours=day), duty(2, 10, "backup"), duty(3, 11, hours=night), duty(2, 11), duty(4, 12)],
        [Leave(4, date(2026, 7, 1), date(2026, 7, 5))],
    )
    noon, late = datetime(2026, 7, 3, 12, tzinfo=UTC), datetime(2026, 7, 4, 1, tzinfo=UTC)
    assert call_order([10, 11, 12], roster, noon) == [1, 2]
    assert call_order([10, 11, 12], roster, late) == [2, 3]
    assert call_order([11, 10], roster, late, most=1) == [2]
    assert call_order([12], roster, late) == []
