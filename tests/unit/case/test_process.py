"""Processes as data: those that ship are sound, what is wrong is named with its step, JSON goes both ways."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from gridmap.case.categories import default_categories
from gridmap.case.process import Process, default_processes, shipped_json
from gridmap.case.process_check import check
from gridmap.case.terms import Level, Status
from gridmap.errors import InvalidInput

SHIPPED = ("dispute", "emergency", "service")


@pytest.mark.parametrize("code", SHIPPED)
def test_what_ships_is_sound(code: str) -> None:
    process = default_processes()[code]
    assert check(process) == check(shipped_json(code)) == []
    assert Process.from_json(json.loads(json.dumps(process.to_json()))) == process
    assert process.to_json() == shipped_json(code)


def test_every_category_names_a_process_that_ships() -> None:
    assert set(default_categories()["process"]) == set(default_processes())


def test_disputes_are_mediated_first_the_others_may_go_straight() -> None:
    assert {code for code, process in default_processes().items() if process.straight} == {"service", "emergency"}


def test_steps_follow_the_rung() -> None:
    process = default_processes()["dispute"]
    names = [process.step_of(Status.HANDLING, level) for level in Level]
    assert [step.name for step in names if step] == [f"mediate-{level}" for level in Level]
    assert process.step_of(Status.CLOSED, Level.TOWN) is None
    assert [process.above(level) for level in Level] == [Level.TOWN, Level.COUNTY, Level.CITY, None]
    assert default_processes()["service"].above(Level.COUNTY) is None


def broken(code: str = "service") -> dict[str, Any]:
    return copy.deepcopy(shipped_json(code))


def step(data: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in data["steps"] if one["name"] == name)


def faults(data: dict[str, Any]) -> set[tuple[str | None, str]]:
    return {(fault.step, fault.field) for fault in check(data)}


def test_all_faults_at_once() -> None:
    data = broken()
    data["ladder"] = ["town", "community"]
    data["priorities"] = {"normal": 1, "urgent": 0}
    data["pause"] = {"days": 0, "times": 1, "why": 1}
    data["until"] = "handling"
    step(data, "intake")["limit"] = {"workdays": -1}
    step(data, "sign")["may"]["dance"] = ["worker"]
    step(data, "sign")["may"]["sign"] = ["handler", "mayor"]
    step(data, "handle")["may"]["resolve"] = ["resident"]
    step(data, "handle")["needs"] = {"resolve": ["colour"]}
    step(data, "verify")["colour"] = "red"
    step(data, "close")["name"] = "verify"
    assert faults(data) == {
        (None, "ladder"), (None, "priorities"), (None, "pause"), (None, "until"), ("intake", "limit"), ("sign", "may"),
        ("handle", "may"), ("handle", "needs"), ("verify", "colour"), ("verify", "name"),
    }  # fmt: skip
    assert all(fault.message for fault in check(data))


@pytest.mark.parametrize("limit", [0, -3, float("nan"), float("inf"), True, "7", 1e9])
def test_limits_are_positive_and_sane(limit: object) -> None:
    data = broken()
    step(data, "handle")["limit"] = {"workdays": limit}
    assert faults(data) == {("handle", "limit")}


@pytest.mark.parametrize("limit", [{}, {"days": 3}, {"hours": 1, "minutes": 2}, 7, [1]])
def test_limits_are_written_with_their_unit(limit: object) -> None:
    data = broken()
    data["limit"] = limit
    assert faults(data) == {(None, "limit")}


def test_a_step_that_is_never_reached() -> None:
    data = broken("dispute")
    for one in data["steps"]:
        one["may"].pop("escalate", None)
        one["may"].pop("return", None)
    assert faults(data) == {(f"mediate-{level}", "statuses") for level in ("town", "county", "city")}


def test_a_case_climbs_by_returns_alone() -> None:
    """Nothing is shuffled: what is returned too often goes up, also where nobody may escalate."""
    data = broken("dispute")
    for one in data["steps"]:
        one["may"].pop("escalate", None)
    assert check(data) == []


def test_a_step_without_a_way_to_an_end() -> None:
    data = broken()
    for one in data["steps"]:
        one["may"].pop("close", None)
    assert faults(data) == {(one["name"], "may") for one in data["steps"]}
    data = broken()
    step(data, "verify")["statuses"] = ["resolved", "verified"]
    data["steps"] = [one for one in data["steps"] if one["name"] != "close"]
    assert {one for one, _field in faults(data)} == {"intake", "sign", "handle", "verify"}


def test_a_status_that_belongs_nowhere_is_named_with_the_step_before_it() -> None:
    data = broken()
    data["steps"] = [one for one in data["steps"] if one["name"] != "sign"]
    found = check(data)
    assert ("handle", "statuses") in {(one.step, one.field) for one in found}
    assert any("dispatched" in one.message for one in found)


def test_two_steps_want_one_status() -> None:
    data = broken()
    step(data, "verify")["statuses"] = ["resolved", "dispatched"]
    assert ("verify", "statuses") in faults(data)


def test_what_can_never_be_done_in_a_step() -> None:
    data = broken()
    step(data, "sign")["may"]["verify"] = ["worker"]
    assert faults(data) == {("sign", "may")}
    data = broken("emergency")
    step(data, "handle")["may"]["pause"] = ["worker"]
    assert faults(data) == {("handle", "may")}


@pytest.mark.parametrize("junk", [{}, {"steps": 3}, {"steps": [3]}, {"steps": []}, {"code": "x" * 100}])
def test_junk_is_faulty_never_a_crash(junk: dict[str, Any]) -> None:
    assert check(junk)
    with pytest.raises(InvalidInput):
        Process.from_json(junk)


@pytest.mark.parametrize("field", sorted(shipped_json("service")))
@pytest.mark.parametrize("value", [None, 3, "x", [], {}, [[]], {"a": 1}])
def test_no_field_crashes_the_check(field: str, value: object) -> None:
    data = {**broken(), field: value}
    check(data)
    for one in data["steps"] if field != "steps" else ():
        for inner in one:
            check({**broken(), "steps": [{**one, inner: value}]})


def test_the_next_version_differs_by_its_number() -> None:
    process = default_processes()["service"]
    assert process.next_version(satisfaction=False).version == 2
    assert process.version == 1
