"""Lights: three quarters yellow, past due red, past three times the limit very late."""

from datetime import UTC, datetime, timedelta

import pytest

from gridmap.case.clock import Light, due, light

START = datetime(2026, 2, 28, 22, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        (0, Light.GREEN),
        (74.9, Light.GREEN),
        (75, Light.YELLOW),
        (100, Light.YELLOW),
        (100.001, Light.RED),
        (300, Light.RED),
        (300.001, Light.VERY_LATE),
    ],
)
def test_lights(hours: float, expected: Light) -> None:
    assert light(START, due(START, 100), START + timedelta(hours=hours)) is expected
