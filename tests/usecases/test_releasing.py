"""What leaves for a map: closed months, whole communities, no count between 1 and 4."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from gridmap.usecases.imports import load
from gridmap.usecases.releasing import closed_months, next_month, released_map
from tests.county import NOW, SmallCounty, centre


@pytest.mark.parametrize(
    ("today", "count", "expected"),
    [
        (date(2026, 1, 1), 2, [date(2025, 11, 1), date(2025, 12, 1)]),
        (date(2026, 12, 31), 1, [date(2026, 11, 1)]),
        (date(2026, 3, 15), 3, [date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1)]),
    ],
)
def test_the_last_closed_months(today: date, count: int, expected: list[date]) -> None:
    assert closed_months(today, count) == expected
    assert next_month(expected[-1]) == date(today.year, today.month, 1)


def register(letters: str, days_ago: float, prefix: str) -> pd.DataFrame:
    at = [centre(letter) for letter in letters]
    lon, lat = [p[0] for p in at], [p[1] for p in at]
    return pd.DataFrame(
        {
            "row": range(1, len(letters) + 1), "number": [f"{prefix}{i}" for i in range(len(letters))],
            "category": "neighbour", "received_at": NOW - timedelta(days=days_ago), "crs_in": "wgs84",
            "lon": lon, "lat": lat, "x_in": lon, "y_in": lat, "text": "x", "accuracy_m": np.nan,
        }
    )  # fmt: skip


def test_the_county_is_covered_once_and_nothing_small_is_told(small_county: SmallCounty) -> None:
    load(small_county.ctx, "incidents", register("A" * 9 + "C" * 2 + "E" * 6 + "G" * 7, 40.0, "M-"))
    released = released_map(small_county.ctx, months=1)
    assert released.first == date(2026, 6, 1)
    assert all(count == 0 or count >= 5 for count in released.parts["count"])
    area = released.parts.geometry.to_crs(32648).area
    assert area.sum() == pytest.approx(released.parts.dissolve().to_crs(32648).area.iloc[0])
    assert not (set(released.parts.columns) & {"id", "text", "number"})


def test_too_few_in_the_whole_county_is_withheld(small_county: SmallCounty) -> None:
    small_county.clock.forward(days=400)
    load(small_county.ctx, "incidents", register("AB", -350.0, "L-"))
    released = released_map(small_county.ctx, months=3)
    assert released.withheld
    assert len(released.parts) == 0
