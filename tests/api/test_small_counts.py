"""Counts of cases go to those who read figures, of their area; the heat of a lone case to nobody."""

from typing import Any

import pytest

from tests.api.client import Api, problem
from tests.county import CELL, LETTERS


def cases(api: Api, user: str) -> dict[str, Any]:
    """Open cases by the letter of the cell, as the layer tells them to this user; None where it does not."""
    told = {one["properties"]["code"]: one["properties"] for one in api.get(user, "/layers/cells").json()["features"]}
    return {letter: told[CELL[letter]]["open_incidents"] for letter in LETTERS}


@pytest.mark.parametrize(
    ("user", "letters"),
    [
        ("planner", "ABCDEFGH"), ("supervisor", "ABCDEFGH"), ("official-2", "EFGH"), ("dispatcher-1", "ABCD"),
        ("dispatcher-k3", "EF"), ("worker-a", ""), ("handler-land", ""), ("admin", ""),
    ],
)  # fmt: skip
def test_cells_tell_their_cases_to_those_who_read_figures_there(api_shared: Api, user: str, letters: str) -> None:
    told = cases(api_shared, user)
    assert {letter for letter, count in told.items() if count is not None} == set(letters)
    assert all(told[letter] for letter in letters)


@pytest.mark.parametrize("user", ["worker-a", "handler-land", "admin"])
def test_nobody_else_has_cells_shaded_by_cases(api_shared: Api, user: str) -> None:
    problem(api_shared.get(user, "/layers/cells?measure=open_incidents"), 403, "forbidden")


@pytest.mark.parametrize("user", ["planner", "official", "supervisor"])
def test_a_lone_case_draws_no_heat(api_shared: Api, user: str) -> None:
    lone = "/layers/heat?category=mining-dust&from=2026-06-27&to=2026-06-28"
    assert api_shared.get(user, "/layers/heat").json()["features"]
    assert api_shared.get(user, "/stats/counts?by=category&from=2026-06-27&to=2026-06-28").json()
    few = api_shared.get(user, f"{lone}&near=mine&within=100")
    assert few.status_code == 200
    assert few.json()["features"] == []


@pytest.mark.parametrize("path", ["/incidents", "/stats/counts?by=month", "/layers/heat", "/layers/incidents"])
@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-01-01T00:00:00Z", "2026-1-1", "yesterday"])
def test_days_that_cannot_be_reckoned_with_are_named(api_shared: Api, path: str, day: str) -> None:
    user = "supervisor"
    answer = api_shared.get(user, path + ("&" if "?" in path else "?") + f"from={day}")
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize("reason", ["%20%20%20a", "ab", "%00abc", "x" * 201])
def test_a_reason_is_one(api_shared: Api, reason: str) -> None:
    assert api_shared.get("official", f"/incidents?reason={reason}").status_code in (403, 422)


def test_a_far_place_lies_outside_without_a_second_word(api_shared: Api) -> None:
    told = api_shared.get("worker-a", "/locate?lon=2.35&lat=48.85").json()
    assert (told["cell"], told["place_reason"]) == (None, "outside")
    problem(api_shared.get("worker-a", "/locate?lon=27.0&lat=106.5"), 422, "location_doubtful")
