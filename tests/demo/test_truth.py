"""The planted truth is in the data: raised where it says, and nowhere else."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from gridmap.case.categories import default_categories
from gridmap.demo import County
from gridmap.demo.plane import Plane
from gridmap.errors import GridmapError


class Around:
    """Counts of homes and disputes by distance, in plane metres."""

    def __init__(self, county: County) -> None:
        process = default_categories().set_index("code")["process"]
        plane = Plane()
        incidents = county.incidents
        self.dispute = (process[incidents["category"].tolist()] == "dispute").to_numpy()
        self.category = incidents["category"].to_numpy()
        self.named = incidents["enterprise"].to_numpy()
        self.homes = plane.xy(*(county.households[c].to_numpy() for c in ("lon", "lat")))
        self.reports = plane.xy(*(incidents[c].to_numpy() for c in ("lon", "lat")))
        self.plane, self.base = plane, county.truth["base_disputes_per_household"]

    def near(self, one: dict[str, Any], low: float, high: float) -> tuple[int, float]:
        """Disputes and households between two distances of an enterprise."""
        at = self.plane.xy(np.array([one["lon"]]), np.array([one["lat"]]))[0]
        reports, homes = (np.hypot(*(xy - at).T) for xy in (self.reports[self.dispute], self.homes))
        return int(((reports >= low) & (reports < high)).sum()), float(((homes >= low) & (homes < high)).sum())

    def ratio(self, one: dict[str, Any], low: float, high: float) -> float:
        """Observed over expected by households alone, at the county's mean rate."""
        reports, homes = self.near(one, low, high)
        return reports / (homes * self.dispute.sum() / len(self.homes))


@pytest.fixture(scope="module")
def around(county: County) -> Around:
    return Around(county)


def of_role(county: County, role: str) -> list[dict[str, Any]]:
    return [one for one in county.truth["enterprises"] if one["role"] == role]


def test_the_parts_are_cast(county: County) -> None:
    assert [one["name"] for one in of_role(county, "raised")] == ["云岭水泥厂", "鸿发铅锌矿", "青石采石场"]
    assert [one["name"] for one in of_role(county, "populous")] == ["城关机械厂"]
    assert len(of_role(county, "quiet")) == 1
    assert [one["code"] for one in county.truth["enterprises"]] == county.enterprises["code"].tolist()
    assert json.loads(json.dumps(county.truth, ensure_ascii=False)) == county.truth


def test_raised_ones_are_raised_and_fade_with_distance(county: County, around: Around) -> None:
    for one in of_role(county, "raised"):
        assert around.ratio(one, 0, 1_500) > 1.5, one["name"]
        assert around.ratio(one, 0, 700) > around.ratio(one, 700, 1_500) > around.ratio(one, 3_000, 5_000)
        assert abs(one["drawn_excess"] - one["expected_excess"]) < 4.0 * math.sqrt(one["expected_excess"])


def test_the_excess_fits_the_enterprise(county: County, around: Around) -> None:
    for one in of_role(county, "raised"):
        named = around.category[around.named == one["code"]]
        assert len(named) > 0.6 * one["drawn_excess"]
        assert np.isin(named, list(one["categories"])).mean() > 0.8
        assert sum(one["categories"].values()) == pytest.approx(1.0)


def test_the_populous_one_has_many_and_is_not_raised(county: County, around: Around) -> None:
    [one] = of_role(county, "populous")
    reports, _ = around.near(one, 0, 1_500)
    assert reports > max(around.near(other, 0, 1_500)[0] for other in of_role(county, "quiet"))
    assert reports > 700
    assert 0.8 < around.ratio(one, 0, 1_500) < 1.2


def test_nothing_is_said_of_the_quiet_one(county: County, around: Around) -> None:
    [one] = of_role(county, "quiet")
    reports, homes = around.near(one, 0, 1_500)
    assert 50 < homes < 300
    assert abs(reports - around.base * homes) < 4.0 * math.sqrt(around.base * homes)
    assert not (around.named == one["code"]).any()
    at = around.plane.xy(np.array([one["lon"]]), np.array([one["lat"]]))[0]
    close = np.hypot(*(around.reports - at).T) < 1_300.0
    assert not any(code.startswith("mining") for code in around.category[close])


def test_background_enterprises_are_what_chance_gives(county: County, around: Around) -> None:
    raised = of_role(county, "raised")
    scores = []
    for one in of_role(county, "background"):
        apart = min(math.hypot(96_000 * (one["lon"] - o["lon"]), 111_000 * (one["lat"] - o["lat"])) for o in raised)
        reports, homes = around.near(one, 0, 1_500)
        if apart > 6_000.0 and homes > 60:
            scores.append((reports - around.base * homes) / math.sqrt(around.base * homes))
    assert len(scores) > 20
    assert abs(float(np.mean(scores))) < 0.8
    assert float(np.max(np.abs(scores))) < 4.0


def test_the_brickworks_cannot_be_told_from_the_cement_works(county: County) -> None:
    [[one, two]] = county.truth["not_separable"]
    known = {e["name"]: e for e in county.truth["enterprises"]}
    plane = Plane()
    a, b = plane.xy(*(np.array([known[name][c] for name in (one, two)]) for c in ("lon", "lat")))
    assert 900.0 < float(np.hypot(*(a - b))) < 1_300.0


def test_the_truth_keeps_its_own_sums(county: County) -> None:
    truth = county.truth
    assert truth["households"] == 60_000
    assert truth["incidents"] == 25_000
    for one in truth["enterprises"]:
        expected = truth["base_disputes_per_household"] * one["households_1500m"]
        assert one["expected_background_1500m"] == pytest.approx(expected, abs=0.01)
    disputes = truth["base_disputes_per_household"] * truth["households"]
    excess = sum(one["expected_excess"] for one in truth["enterprises"])
    assert disputes + excess == pytest.approx(0.78 * (25_000 - excess) + excess, rel=1e-6)


def test_errors_of_the_generator_are_gridmap_errors() -> None:
    from shapely import LineString

    from gridmap.demo.boundaries import _face

    with pytest.raises(GridmapError, match="encloses 0 faces"):
        _face(np.array([LineString([(0, 0), (1, 1)])], dtype=object), 3)
