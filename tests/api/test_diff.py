"""What is different between two drawings: a draft and its base, two plans, two days; in numbers and in words."""

from __future__ import annotations

from datetime import timedelta

from gridmap.plan import to_json
from gridmap.plan.deltas import Merge
from tests.api.client import Api
from tests.county import CELL, COMMUNITY, NOW
from tests.redraw import without_b

A, B = CELL["A"], CELL["B"]


def test_a_draft_differs_from_its_drawing_and_from_another_plan(api: Api) -> None:
    plan, other = (api.post("planner", "/plans", {"title": title}).json()["id"] for title in ("并格", "不动"))
    assert api.get("planner", f"/plans/{plan}/diff").json()["lines"] == []
    edits = [to_json(Merge((A, B), A))]
    assert api.post("planner", f"/plans/{plan}/edits", {"edits": edits}, headers={"If-Match": '"1"'}).status_code == 200
    answer = api.get("planner", f"/plans/{plan}/diff")
    told = answer.json()
    assert answer.headers["ETag"] == '"2"'
    assert (told["gone"], told["new"], told["error_m"]) == ([B], [], 0.0)
    [land] = told["moved"]
    assert (land["source"], land["to"], land["reliable_m2"]) == (B, A, land["area_m2"])
    km2 = f"{land['area_m2'] / 1e6:,.3f}"
    assert told["lines"] == [f"撤销：B 格（{B}）", f"B 格（{B}） → A 格（{A}）：{km2} 平方千米"]
    english = api.get("planner", f"/plans/{plan}/diff", params={"lang": "en"}).json()
    assert english["lines"] == [f"gone: Cell B ({B})", f"Cell B ({B}) -> Cell A ({A}): {km2} km2"]
    back = api.get("planner", f"/plans/{other}/diff", params={"against": plan}).json()
    assert (back["gone"], back["new"], [(one["source"], one["to"]) for one in back["moved"]]) == ([], [B], [(A, B)])
    assert api.get("worker-a", f"/plans/{plan}/diff").status_code == 404
    assert api.get("planner", f"/plans/{plan}/diff", params={"against": 999}).status_code == 404


def test_two_drawings_that_were_in_force_are_compared(api: Api) -> None:
    first, day = "2026-01-01", api.county.ctx.today() + timedelta(days=1)
    assert api.get("planner", f"/drawings/{first}/diff").status_code == 404
    without_b(api.county, day)
    told = api.get("planner", f"/drawings/{day}/diff").json()
    assert told["gone"] == [B]
    assert [(one["source"], one["to"]) for one in told["moved"]] == [(B, A)]
    assert api.get("planner", f"/drawings/{day}/diff", params={"since": first}).json() == told
    # the drawing of today is the first one
    assert api.get("planner", f"/drawings/{day}/diff", params={"since": NOW.date().isoformat()}).json() == told
    assert api.get("planner", f"/drawings/{first}/diff", params={"since": first}).json()["lines"] == []


def test_another_community_is_told_by_its_names(api: Api) -> None:
    plan = api.post("planner", "/plans", {"title": "换村社"}).json()["id"]
    edits = [{"kind": "change_community", "cell": B, "community": COMMUNITY["C"]}]
    answer = api.post("planner", f"/plans/{plan}/edits", {"edits": edits}, headers={"If-Match": '"1"'})
    assert answer.status_code == 200, answer.text
    told = api.get("planner", f"/plans/{plan}/diff", params={"lang": "en"}).json()
    old, new = COMMUNITY["B"], COMMUNITY["C"]
    assert told["community"] == [{"cell": B, "before": old, "after": new}]
    said = f"another community: Cell B ({B}), Community AB ({old}) before, Community CD ({new}) now"
    assert told["lines"] == [said]
    assert (told["moved"], told["reshaped"]) == ([], [])
