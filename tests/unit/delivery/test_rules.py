"""When a message may go: back-off, quiet hours over daylight saving, limits per person, who hears at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.delivery.backoff import FIRST, LONGEST, LONGEST_ASKED, Breaker, backoff
from gridmap.delivery.limits import WINDOW, Rules, free_at
from gridmap.delivery.quiet import QuietHours
from gridmap.delivery.recipients import STALE, Contacts, Mailbox, News, addressees
from gridmap.errors import EnvironmentFault

NOW = datetime(2026, 7, 3, 4, 0, tzinfo=UTC)
BERLIN, SHANGHAI = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai")
ZONES = [ZoneInfo(name) for name in ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")]
minutes = st.integers(0, 1439)
moments = st.integers(0, 3 * 365 * 86_400).map(lambda s: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=s))


# --- back-off ---------------------------------------------------------------------------------------------------------


@given(st.integers(1, 200), st.text(min_size=1, max_size=20))
def test_waits_double_within_a_fifth_and_end_at_an_hour(attempts: int, key: str) -> None:
    plain = min(FIRST.total_seconds() * 2 ** (attempts - 1), LONGEST.total_seconds())
    assert 0.8 * plain - 1e-6 <= backoff(attempts, key).total_seconds() <= plain
    assert backoff(attempts, key) == backoff(attempts, key)


def test_those_that_failed_together_do_not_come_back_together() -> None:
    waits = {backoff(5, f"key {i}") for i in range(50)}
    assert len(waits) > 30


@pytest.mark.parametrize(("asked", "least", "most"), [(None, 24, 30), (5, 24, 30), (600, 600, 600), (-1, 24, 30)])
def test_what_the_receiver_asks_for_counts_where_it_is_longer(asked: float | None, least: int, most: int) -> None:
    assert timedelta(seconds=least) <= backoff(1, "k", asked) <= timedelta(seconds=most)
    assert backoff(1, "k", 1e12) == LONGEST_ASKED


def test_a_channel_that_is_down_rests_ever_longer_and_alone() -> None:
    one = Breaker()
    one.failed("sms", NOW)
    assert one.rests("sms", NOW + timedelta(seconds=20))
    assert not one.rests("sms", NOW + timedelta(seconds=31))
    assert not one.rests("email", NOW)
    one.failed("sms", NOW)
    assert one.rests("sms", NOW + timedelta(seconds=40))
    one.worked("sms")
    assert not one.rests("sms", NOW)


# --- quiet hours ------------------------------------------------------------------------------------------------------


@given(minutes, minutes, moments, st.sampled_from(ZONES))
def test_quiet_ends_at_the_first_minute_that_is_not(starts: int, ends: int, moment: datetime, zone: ZoneInfo) -> None:
    quiet = QuietHours(starts, ends, zone)
    until = quiet.until(moment)
    local = moment.astimezone(zone)
    minute = local.hour * 60 + local.minute
    inside = starts <= minute < ends if starts <= ends else not ends <= minute < starts
    assert (until is not None) == inside
    if until is not None:
        assert not quiet.at(until)
        assert quiet.at(until - timedelta(minutes=1))
        assert moment < until <= moment + timedelta(hours=25)


@pytest.mark.parametrize(
    ("zone", "hours", "moment", "until"),
    [
        (SHANGHAI, "21:00-07:00", "2026-07-03T13:00+00:00", "2026-07-03T23:00+00:00"),
        (SHANGHAI, "21:00-07:00", "2026-07-03T12:59+00:00", None),
        (SHANGHAI, "21:00-07:00", "2026-07-03T23:00+00:00", None),
        (SHANGHAI, "12:00-14:00", "2026-07-03T05:10:30+00:00", "2026-07-03T06:00+00:00"),
        # 29 March 2026, 02:00 becomes 03:00: a night one hour shorter, and an end that the clock never shows
        (BERLIN, "22:00-07:00", "2026-03-28T22:00+00:00", "2026-03-29T05:00+00:00"),
        (BERLIN, "22:00-02:30", "2026-03-28T22:00+00:00", "2026-03-29T01:00+00:00"),
        # 25 October 2026, 03:00 becomes 02:00: one hour longer, and an end that it shows twice: the first counts
        (BERLIN, "22:00-07:00", "2026-10-24T21:00+00:00", "2026-10-25T06:00+00:00"),
        (BERLIN, "22:00-02:30", "2026-10-24T21:00+00:00", "2026-10-25T00:30+00:00"),
        (BERLIN, "off", "2026-10-24T21:00+00:00", None),
    ],
)
def test_quiet_hours_by_hand(zone: ZoneInfo, hours: str, moment: str, until: str | None) -> None:
    expected = None if until is None else datetime.fromisoformat(until)
    assert QuietHours.parse(hours, zone).until(datetime.fromisoformat(moment)) == expected


@pytest.mark.parametrize("text", ["", "25:00-07:00", "21-7", "21:00", "21:60-07:00", "nachts"])
def test_quiet_hours_that_cannot_be_read_are_named(text: str) -> None:
    with pytest.raises(EnvironmentFault, match="GRIDMAP_QUIET_HOURS"):
        QuietHours.parse(text, SHANGHAI)


# --- limits -----------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 300), max_size=60), st.integers(1, 6))
def test_no_hour_holds_more_than_the_limit(asked: list[int], most: int) -> None:
    """Messages asked for at these minutes, each sent as soon as the rule lets it."""
    sent: list[datetime] = []
    for at in sorted(asked):
        moment = max([NOW + timedelta(minutes=at), *sent[-1:]])
        moment = free_at(sent, most, moment) or moment
        assert free_at(sent, most, moment) is None
        sent.append(moment)
    for i in range(len(sent) - most):
        assert sent[i + most] - sent[i] >= WINDOW


def test_emergencies_wait_for_nothing_and_programs_for_no_limit() -> None:
    rules = Rules(QuietHours.parse("00:00-23:59", SHANGHAI), per_hour=1)
    assert rules.hold("sms", False, NOW, []) is not None
    assert rules.hold("sms", True, NOW, [NOW]) is None
    assert rules.hold("email", False, NOW, []) is None
    assert rules.hold("email", False, NOW, [NOW]) == NOW + WINDOW
    assert rules.hold("webhook", False, NOW, [NOW] * 50) is None
    assert Rules(QuietHours.parse("off", SHANGHAI), per_hour=0).hold("sms", False, NOW, [NOW] * 50) is None


# --- who hears --------------------------------------------------------------------------------------------------------

BOXES = [
    Mailbox(1, "worker", worker_id=7), Mailbox(2, "worker", worker_id=8), Mailbox(3, "handler", body_id=4),
    Mailbox(4, "dispatcher", path="/1/"), Mailbox(5, "dispatcher", path="/1/2/"), Mailbox(6, "planner", body_id=4),
    Mailbox(7, "worker"), Mailbox(8, "handler"), Mailbox(9, "dispatcher", path="/1/5/"), Mailbox(10, "dispatcher"),
]  # fmt: skip
ALL = Contacts({"sms", "email", "webhook"}, phones={7}, emails={4})


def heard(news: News, contacts: Contacts = ALL, now: datetime = NOW) -> set[str]:
    found = addressees(news, BOXES, contacts, now)
    assert len(set(found)) == len(found)
    assert all((one.channel == "in_app") == (one.account_id is not None) for one in found)
    return {f"{one.channel} {one.recipient}" for one in found}


def test_each_hears_through_what_is_configured_and_there() -> None:
    both = News(7, 4, NOW)
    assert heard(both) == {"in_app account:1", "in_app account:3", "sms worker:7", "email body:4", "webhook body:4"}
    assert heard(News(8, None, NOW)) == {"in_app account:2"}  # no telephone
    assert heard(News(None, 5, NOW)) == {"webhook body:5"}  # no mailbox of either kind
    assert heard(both, Contacts((), {7}, {4})) == {"in_app account:1", "in_app account:3"}
    assert heard(both, now=NOW + STALE + timedelta(seconds=1)) == {"in_app account:1", "in_app account:3"}
    assert heard(News(None, None, NOW)) == set()


def test_a_case_of_nobody_goes_to_the_nearest_desk() -> None:
    assert heard(News(None, None, NOW, desk=True, path="/1/2/3/")) == {"in_app account:5"}
    assert heard(News(None, None, NOW, desk=True, path="/1/6/")) == {"in_app account:4"}
    assert heard(News(None, None, NOW, desk=True, path=None)) == set()
    assert heard(News(7, None, NOW, path="/1/2/3/")) == {"in_app account:1", "sms worker:7"}
