"""Scorecards and the lists behind them over HTTP: by right, by filters, and refused where a figure is not whole."""

from __future__ import annotations

import pytest

from tests.api.client import Api, problem
from tests.county import COUNTY, TOWNS

CARD = "/stats/scorecard"
JUNE = {"month": "2026-06"}


@pytest.mark.parametrize("params", [
    {"counted": "accepted"}, {"month": "2026-06"}, {"in_area": COUNTY}, {"first_body": "B-LAND"},
    {"counted": "handsome", "month": "2026-06"}, {"counted": "due", "month": "2026-13"},
    {"counted": "due", "month": "0001-01"}, {"counted": "due", "month": "9999-12"},
])  # fmt: skip
def test_a_figure_is_named_whole_or_refused(api_lite: Api, params: dict[str, str]) -> None:
    problem(api_lite.get("dispatcher-1", "/incidents", params=params), 422, "invalid_input")


@pytest.mark.parametrize("month", ["0001-01", "9999-12", "2027-01"])
def test_a_card_is_of_a_month_that_was(api_lite: Api, month: str) -> None:
    problem(api_lite.get("official", CARD, params={"month": month}), 422, "invalid_input")


def test_a_line_lists_its_cases_page_by_page(api_lite: Api) -> None:
    for by in ("community", "category", "channel"):
        for line in api_lite.get("dispatcher-1", CARD, params={**JUNE, "by": by}).json()["lines"]:
            asked = {"counted": "accepted", "month": line["month"], "in_area": TOWNS[1], **line["filters"]}
            rows = api_lite.rows("dispatcher-1", "/incidents", limit=2, **asked)
            assert len({row["id"] for row in rows}) == len(rows) == line["counts"]["accepted"], (by, line["code"])


def test_towns_and_categories_narrow_a_card(api_lite: Api) -> None:
    whole = api_lite.get("official", CARD, params={**JUNE, "by": "category"}).json()
    north, south = (
        api_lite.get("official", CARD, params={**JUNE, "by": "category", "area": TOWNS[town]}).json() for town in (1, 2)
    )
    parts = [one["total"]["counts"]["accepted"] for one in (north, south)]
    assert sum(parts) + outside(api_lite) == whole["total"]["counts"]["accepted"]
    code = whole["lines"][0]["code"]
    one = api_lite.get("official", CARD, params={**JUNE, "category": code}).json()
    assert one["category"]["code"] == code
    assert one["zone"] == "Asia/Shanghai"
    problem(api_lite.get("official", CARD, params={**JUNE, "category": "nothing"}), 404, "not_found")


def outside(api: Api) -> int:
    """The cases that lie in the county and in no town."""
    lines = api.get("official", CARD, params={**JUNE, "by": "town"}).json()["lines"]
    return int(sum(line["counts"]["accepted"] for line in lines if "at_area" in line["filters"]))


def test_who_may_read_a_card(api_lite: Api) -> None:
    for user in ("official", "supervisor", "dispatcher-1", "planner", "approver", "handler-land"):
        assert api_lite.get(user, CARD, params=JUNE).status_code == 200, user
    for user in ("worker-a", "admin"):
        problem(api_lite.get(user, CARD, params=JUNE), 403, "forbidden")
    mine = api_lite.get("handler-land", CARD, params={**JUNE, "by": "body"}).json()
    assert mine["body"]["code"] == "B-LAND"
    assert {line["code"] for line in mine["lines"]} <= {"B-LAND"}
