"""What is told of a place from squares in order: as counted from the reports themselves, one by one."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
import shapely
from numpy.typing import NDArray

from gridmap.usecases.surroundings import Surroundings, blocks
from gridmap.usecases.trending import months_back, trend

NEAR_M, MONTHS, WINDOW = 900.0, 30, 4
LONG = [months_back(date(2026, 6, 1), MONTHS - i) for i in range(MONTHS)]
KINDS = pd.DataFrame({"code": ["dust", "noise", "roads"], "name": ["粉尘", "噪声", "道路"], "name_en": ["D", "N", "R"]})

Made = tuple[Surroundings, NDArray[np.float64], NDArray[np.int64], pd.DataFrame]


@pytest.fixture(scope="module")
def made() -> Made:
    """A village of 800 homes, and 3,000 reports, of which some lie beyond all homes."""
    rng = np.random.default_rng(1)
    homes = rng.normal(0.0, 900.0, (800, 2))
    reports = rng.normal(0.0, 1_300.0, (3_000, 2))
    month = rng.integers(0, MONTHS, len(reports))
    rows = pd.DataFrame(
        {
            "category": rng.choice(KINDS["code"], len(reports), p=[0.7, 0.29, 0.01]),
            "open": rng.integers(0, 2, len(reports)), "red": rng.integers(0, 2, len(reports)),
        }
    )  # fmt: skip
    past, block = blocks(homes, reports, month, MONTHS)
    early = MONTHS - WINDOW
    kept = month >= early
    recent = rows[kept].assign(month=month[kept] - early)
    return Surroundings(past, recent, block[kept], KINDS, NEAR_M, LONG), homes, block, rows.assign(month=month)


PLACES = [shapely.Point(100, 50), shapely.box(300, 300, 800, 900), shapely.Point(30_000, 0)]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("since", [0, 2, WINDOW])
def test_about_is_what_a_count_of_each_report_says(made: Made, place: shapely.Geometry, since: int) -> None:
    known, homes, block, rows = made
    told = known.about(place, since)
    apart = shapely.distance(shapely.points(known.past.x, known.past.y), place)
    counted = (block >= 0) & (rows["month"].to_numpy() >= MONTHS - WINDOW + since)
    near = counted & (apart[np.maximum(block, 0)] <= NEAR_M)
    share = known.past.households[apart <= NEAR_M].sum() / len(homes)
    assert {row["code"]: row["observed"] for row in told["categories"]} == rows[near][
        "category"
    ].value_counts().to_dict()
    for row in told["categories"]:
        assert row["expected"] == (counted & (rows["category"] == row["code"])).sum() * share
        assert row["name"] == KINDS.set_index("code").at[row["code"], "name"]
    assert (told["open"], told["red"]) == (rows[near]["open"].sum(), rows[near]["red"].sum())


@pytest.mark.parametrize("place", PLACES)
def test_a_trend_is_that_of_the_reports_near_it(made: Made, place: shapely.Geometry) -> None:
    known, _, block, rows = made
    apart = shapely.distance(shapely.points(known.past.x, known.past.y), place)
    near = (block >= 0) & (apart[np.maximum(block, 0)] <= NEAR_M)
    seen = np.bincount(rows["month"][near], minlength=MONTHS).astype(float)
    expected = np.where(np.arange(MONTHS) >= 3, known.past.households[apart <= NEAR_M].sum() * known.past.rate, 0.0)
    plain = trend(LONG, seen, expected, WINDOW, np.random.default_rng(2))
    told = known.trend(place, 3, WINDOW, np.random.default_rng(2))
    assert {name: told[name] for name in plain} == plain


def test_reports_far_from_every_home_are_of_no_square(made: Made) -> None:
    known, _, block, rows = made
    assert 0 < (block < 0).sum() < len(rows) / 2
    assert known.past.cases.sum() == (block >= 0).sum()
    assert [known.reached(place) for place in PLACES] == [True, True, False]
