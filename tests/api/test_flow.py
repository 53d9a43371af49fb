"""Rules, processes and calendars over the API: for the admin alone, faults with their rule or step."""

from __future__ import annotations

import json

from tests.api.client import Api, problem

RULES = {
    "rules": [
        {"name": "all", "when": {}, "target": {"to": "body", "name": "B-ECO"}, "process": None, "straight": False}
    ]
}


def test_rules_are_kept_tried_and_published(api: Api) -> None:
    problem(api.get("dispatcher-1", "/rules"), 403, "forbidden")
    assert api.get("admin", "/rules").json()[0]["version"] == 1
    kept = api.post("admin", "/rules", RULES)
    assert kept.status_code == 201
    version = kept.json()["version"]
    problem(api.post("admin", f"/rules/{version}/publish"), 409, "rules_untried")
    tried = api.post("admin", f"/rules/{version}/replay").json()
    assert tried["changed"] <= tried["cases"]
    assert api.post("admin", f"/rules/{version}/publish").json()["live"]
    wrong = {"rules": [{**RULES["rules"][0], "name": "x", "process": "none"}]}
    refused = problem(api.post("admin", "/rules", wrong), 422, "invalid_input")
    assert refused["errors"][0]["rule"] == "x"


def test_a_trial_that_asks_for_words_is_a_reading(api: Api) -> None:
    """Which cases it names tells what was said in them, to somebody who reads no case."""
    for words in ([], ["裂缝"]):
        rule = {**RULES["rules"][0], "when": {"words": words}}
        version = api.post("admin", "/rules", {"rules": [rule]}).json()["version"]
        named = api.post("admin", f"/rules/{version}/replay").json()["named"]
        assert named
        logged = [row for row in api.readings() if row.route.endswith("/replay")]
        assert len(logged) == len(words)
    assert len(json.loads(logged[0].ids)) == len(named)
    assert (logged[0].kind, logged[0].reason) == ("incident", f"rules:{version}")
    assert logged[0].account_id == api.county.account("admin").id


def test_the_calendar_says_which_years_are_provisional(api: Api) -> None:
    years = {one["year"]: one["provisional"] for one in api.get("admin", "/calendars").json()["years"]}
    assert (years[2026], years[2027]) == (False, True)
    codes = [one["code"] for one in api.get("admin", "/processes").json()]
    assert codes == ["dispute", "service", "emergency"]


def test_local_days_and_hours_come_in_by_the_api(api_lite: Api) -> None:
    local = {
        "days": "day,kind,name,hours\n2026-08-14,work,会期,09:00-12:00\n",
        "office": [{"since": "01-01", "hours": "09:00-12:00 13:00-17:00"}],
    }
    told = api_lite.post("admin", "/calendars/local", local)
    assert told.status_code == 200, told.text
    assert told.json()["local"] == [{"day": "2026-08-14", "works": True, "name": "会期", "hours": "09:00-12:00"}]
    assert api_lite.get("admin", "/calendars").json() == told.json()
    wrong = problem(
        api_lite.post("admin", "/calendars/local", {"days": "day,kind\n2026-08-14,closed\n"}), 422, "invalid_input"
    )
    assert "line 2" in wrong["detail"]
