"""What to ask about a place that looks wrong."""

from __future__ import annotations

import numpy as np
import pytest

from gridmap.errors import InvalidInput
from gridmap.ground import question, question_text
from tests.awkward import AWKWARD_POINTS, HOME

XIFENG = (106.45, 26.95, 107.05, 27.35)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("nan", "not_finite"), ("nan_lon", "not_finite"), ("nan_lat", "not_finite"), ("inf", "not_finite"),
        ("minus_inf_lat", "not_finite"), ("swapped", "swapped"), ("null_island", "elsewhere"),
        ("north_pole", "elsewhere"), ("antipode", "elsewhere"), ("antimeridian", "elsewhere"),
        ("projected_metres", "out_of_range"), ("web_mercator", "out_of_range"), ("lon_beyond_180", "out_of_range"),
        ("huge", "out_of_range"), ("largest", "out_of_range"), ("denormal", "elsewhere"),
        ("another_country", "elsewhere"),
    ],
)  # fmt: skip
def test_awkward_places_are_asked_about(name: str, code: str) -> None:
    lon, lat = AWKWARD_POINTS[name]
    assert question(lon, lat, XIFENG).tolist() == [code]


def test_places_in_the_county_and_near_it_are_not() -> None:
    near = [HOME, (106.45, 26.95), (107.05, 27.35), (106.44, 27.0), (106.71, 26.58), (107.9, 27.1)]
    assert question(*np.array(near).T, XIFENG).tolist() == [None] * len(near)


def test_far_begins_at_a_hundred_kilometres() -> None:
    # one degree of latitude is 110.8 km here
    assert question([106.7, 106.7], [26.95 - 0.90, 26.95 - 0.91], XIFENG).tolist() == [None, "elsewhere"]


def test_swapped_is_asked_when_the_exchanged_place_is_only_near() -> None:
    assert question(26.5, 106.2, XIFENG).tolist() == ["swapped"]


def test_a_county_where_both_readings_are_near_is_not_asked() -> None:
    assert question([40.2], [40.1], (40.0, 40.0, 40.5, 40.5)).tolist() == [None]


def test_length_zero_and_order_are_kept() -> None:
    assert len(question([], [], XIFENG)) == 0
    assert question([HOME[0], HOME[1]], [HOME[1], HOME[0]], XIFENG).tolist() == [None, "swapped"]


@pytest.mark.parametrize("extent", [(1, 2, 3), (107, 27, 106, 28), (np.nan, 27, 107, 28), ()])
def test_an_extent_that_is_none_is_refused(extent: tuple[float, ...]) -> None:
    with pytest.raises(InvalidInput, match="west, south, east, north"):
        question(106.7, 27.1, extent)


def test_each_code_has_a_sentence() -> None:
    for code in ("not_finite", "out_of_range", "swapped", "elsewhere"):
        assert question_text(code).endswith((".", "?"))
