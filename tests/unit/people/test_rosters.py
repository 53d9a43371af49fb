"""Who gets a report: on duty then and there, primary before backup, least open, lowest id; else the dispatcher."""

from datetime import UTC, date, datetime

import pytest

from gridmap.people.rosters import Chosen, Duty, Leave, Reason, Roster

MONDAY = datetime(2026, 6, 29, 10, 0, tzinfo=UTC)
SINCE = date(2026, 1, 1)


def duty(worker: int, rank: str = "primary", **more: object) -> Duty:
    return Duty(worker, 1, rank, **{"valid_from": SINCE, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("duties", "counts", "expected"),
    [
        ([duty(5), duty(2, "backup")], {5: 99}, Chosen(5, Reason.PRIMARY)),
        ([duty(5), duty(2)], {5: 1, 2: 3}, Chosen(5, Reason.PRIMARY)),
        ([duty(5), duty(2)], {5: 3, 2: 3}, Chosen(2, Reason.PRIMARY)),
        ([duty(5), duty(2)], {2: 1}, Chosen(5, Reason.PRIMARY)),
        ([duty(7, "backup"), duty(6, "backup")], {}, Chosen(6, Reason.BACKUP)),
        ([], {}, Chosen(None, Reason.DISPATCHER)),
        ([duty(5, valid_from=date(2026, 6, 30))], {}, Chosen(None, Reason.DISPATCHER)),
        ([duty(5, valid_to=date(2026, 6, 29))], {}, Chosen(None, Reason.DISPATCHER)),
        ([duty(5, valid_to=date(2026, 6, 30))], {}, Chosen(5, Reason.PRIMARY)),
    ],
)
def test_the_rule(duties: list[Duty], counts: dict[int, int], expected: Chosen) -> None:
    assert Roster(duties).choose(1, MONDAY, counts) == expected


def test_a_cell_without_a_roster_goes_to_the_dispatcher() -> None:
    assert Roster([duty(5)]).choose(2, MONDAY, {}) == Chosen(None, Reason.DISPATCHER)


@pytest.mark.parametrize(
    ("hours", "moment", "covered"),
    [
        ((480, 1080), datetime(2026, 6, 29, 7, 59, tzinfo=UTC), False),
        ((480, 1080), datetime(2026, 6, 29, 8, 0, tzinfo=UTC), True),
        ((480, 1080), datetime(2026, 6, 29, 18, 0, tzinfo=UTC), False),
        ((1320, 360), datetime(2026, 6, 29, 23, 0, tzinfo=UTC), True),
        ((1320, 360), datetime(2026, 6, 30, 5, 59, tzinfo=UTC), True),
        ((1320, 360), datetime(2026, 6, 30, 6, 0, tzinfo=UTC), False),
        ((1320, 360), datetime(2026, 6, 29, 5, 0, tzinfo=UTC), False),  # Sunday's night is not on Monday's duty
    ],
)
def test_hours_and_nights(hours: tuple[int, int], moment: datetime, covered: bool) -> None:
    monday_only = duty(1, weekdays=1, starts_min=hours[0], ends_min=hours[1])
    assert (monday_only.day_at(moment) is not None) is covered


def test_leave_hands_over_to_the_backup_until_the_day_before_the_return() -> None:
    roster = Roster([duty(5), duty(6, "backup")], [Leave(5, date(2026, 6, 29), date(2026, 7, 1))])
    assert roster.choose(1, MONDAY, {}).worker_id == 6
    assert roster.choose(1, datetime(2026, 7, 1, 0, 0, tzinfo=UTC), {}).worker_id == 5


def test_a_night_belongs_to_the_day_it_began_for_leave_too() -> None:
    night = duty(5, starts_min=1320, ends_min=360)
    roster = Roster([night], [Leave(5, date(2026, 7, 4), date(2026, 7, 8))])
    assert roster.choose(1, datetime(2026, 7, 4, 2, 0, tzinfo=UTC), {}).worker_id == 5
    assert roster.choose(1, datetime(2026, 7, 4, 23, 0, tzinfo=UTC), {}).worker_id is None
