"""What a promise may become, for every pair of states, and which light it shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gridmap.enterprise import SETTLED, Light, Party, PromiseStatus, Span, check_step, check_table, light
from gridmap.errors import Conflict, InvalidInput

MADE = datetime(2026, 3, 1, tzinfo=UTC)
SPAN = Span(MADE, MADE + timedelta(days=40))
S = PromiseStatus
ALLOWED = {
    (S.OPEN, S.PROVEN),
    (S.PROVEN, S.KEPT),
    (S.PROVEN, S.OPEN),
    (S.OPEN, S.BROKEN),
    (S.PROVEN, S.BROKEN),
    (S.OPEN, S.WITHDRAWN),
}


@pytest.mark.parametrize("status", list(S))
@pytest.mark.parametrize("wanted", list(S))
def test_every_pair_of_states(status: S, wanted: S) -> None:
    if (status, wanted) in ALLOWED:
        check_step(status, wanted, proof="photo 12", reason="agreed")
    else:
        with pytest.raises(Conflict):
            check_step(status, wanted, proof="photo 12", reason="agreed")


def test_a_promise_is_kept_only_with_proof_and_broken_only_with_a_reason() -> None:
    with pytest.raises(InvalidInput, match="how the promise was kept"):
        check_step(S.OPEN, S.PROVEN, proof="  ", reason=None)
    with pytest.raises(InvalidInput, match="why"):
        check_step(S.OPEN, S.BROKEN, proof=None, reason=None)


@pytest.mark.parametrize(
    ("day", "status", "shown"),
    [
        (0, S.OPEN, Light.GREEN),
        (29, S.OPEN, Light.GREEN),
        (30, S.OPEN, Light.YELLOW),
        (40, S.OPEN, Light.YELLOW),
        (41, S.OPEN, Light.RED),
        (41, S.PROVEN, Light.GREEN),
        *((41, settled, None) for settled in sorted(SETTLED)),
    ],
)
def test_lights(day: int, status: S, shown: Light | None) -> None:
    assert light(SPAN, status, MADE + timedelta(days=day)) is shown


def test_reminders_lie_between_the_promise_and_its_day() -> None:
    assert SPAN.reminders() == [MADE + timedelta(days=days) for days in (33, 39, 40)]
    assert Span(MADE, MADE + timedelta(days=3)).reminders() == [MADE + timedelta(days=days) for days in (2, 3)]


def test_a_table_has_three_sides() -> None:
    check_table(list(Party))
    with pytest.raises(InvalidInput, match="residents"):
        check_table([Party.GOVERNMENT, Party.ENTERPRISE])
