"""Routing: the first rule that fits decides, a frame and a single case say the same, and a replay shows what moves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gridmap.case.routing import (
    NOWHERE_ELSE,
    Known,
    Rule,
    RuleSet,
    Target,
    To,
    When,
    check,
    compare,
    default_rules,
    moved_counts,
    replay,
    route,
)
from gridmap.errors import InvalidInput

MINE = Target(To.DEPARTMENT, "natural-resources")
NIGHT = Rule(
    "night-noise", When(words=("NOISE", "噪声"), hours=(1320, 360), weekdays=0b001_1111), Target(To.BODY, "P1")
)
QUARRY = Rule("quarries", When(areas=("/1/5/",), enterprise_kinds=("mine", "quarry")), MINE, "service", straight=True)
PHONE = Rule("phone-traffic", When(categories=("traffic",), channels=("phone",)), Target(To.DESK, "county"), "service")
RULES = RuleSet("2", (NIGHT, QUARRY, PHONE))
KNOWN = Known(
    categories=frozenset({"traffic", "traffic-parking", "mining", "emergency"}), areas=frozenset({"/1/5/"}),
    bodies=frozenset({"P1"}), departments=frozenset({"natural-resources"}),
    processes=frozenset({"dispute", "service", "emergency"}), straight=frozenset({"service", "emergency"}),
)  # fmt: skip


def case(**change: Any) -> dict[str, Any]:
    plain = {
        "category": "traffic-parking", "parent": "traffic", "area_path": "/1/5/23/", "enterprise_id": None,
        "enterprise_kind": None, "minute": 600, "weekday": 2, "channel": "worker", "text": "a van",
    }  # fmt: skip
    return {**plain, **change}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, None),
        ({"channel": "phone"}, "phone-traffic"),
        ({"channel": "phone", "category": "mining", "parent": ""}, None),
        ({"enterprise_kind": "quarry", "channel": "phone"}, "quarries"),
        ({"enterprise_kind": "quarry", "area_path": "/1/55/"}, None),
        ({"enterprise_kind": "quarry", "area_path": None}, None),
        ({"text": "Noise again", "minute": 1330}, "night-noise"),
        ({"text": "夜里噪声大", "minute": 30}, "night-noise"),
        ({"text": "noise", "minute": 600}, None),
        ({"text": "noise", "minute": 1330, "weekday": 5}, None),
        ({"text": "noise", "minute": 30, "weekday": 5}, "night-noise"),  # Friday's night
        ({"text": "noise", "minute": 30, "weekday": 0}, None),  # Sunday's
        ({"text": None, "minute": 30}, None),
    ],
)
def test_the_first_rule_that_fits(change: dict[str, Any], expected: str | None) -> None:
    routed = route(RULES, case(**change))
    assert routed.rule == expected
    if expected is None:
        assert (routed.target, str(routed.target)) == (NOWHERE_ELSE, "desk:town")


def test_why_did_it_go_there() -> None:
    routed = route(RULES, case(channel="phone"))
    assert [(one.rule, one.failed, one.decided) for one in routed.tried] == [
        ("night-noise", ("words", "hours"), False),
        ("quarries", ("enterprise_kinds",), False),
        ("phone-traffic", (), True),
    ]
    assert (routed.process, routed.straight, routed.target) == ("service", False, Target(To.DESK, "county"))


def many(n: int) -> pd.DataFrame:
    rng = np.random.default_rng(11)
    return pd.DataFrame(
        {
            "category": rng.choice(["traffic", "traffic-parking", "mining"], n),
            "parent": rng.choice(["", "traffic"], n),
            "area_path": rng.choice(["/1/5/23/", "/1/55/", None], n),
            "enterprise_id": rng.choice([1.0, np.nan], n),
            "enterprise_kind": rng.choice(["quarry", "factory", None], n),
            "minute": rng.integers(0, 1440, n),
            "weekday": rng.integers(0, 7, n),
            "channel": rng.choice(["phone", "worker"], n),
            "text": rng.choice(["noise", "噪声", "dust", None], n),
        },
        index=np.arange(n) * 3 + 5,
    )


def test_a_frame_says_what_single_cases_say() -> None:
    cases = many(400)
    before = cases.copy()
    told = replay(RULES, cases)
    pd.testing.assert_frame_equal(cases, before)
    assert list(told.index) == list(cases.index)
    for row, one in zip(told.to_dict("records"), cases.to_dict("records"), strict=True):
        routed = route(RULES, {str(name): value for name, value in one.items()})
        expected = (routed.rule, str(routed.target), routed.process, routed.straight)
        assert (row["rule"], row["target"], row["process"], row["straight"]) == expected
    assert set(told["rule"]) == {None, "night-noise", "quarries", "phone-traffic"}


def test_a_replay_shows_what_would_move() -> None:
    cases = many(400)
    fewer = RuleSet("3", (NIGHT, PHONE))
    both = compare(RULES, fewer, cases)
    assert both["changed"].sum() == (replay(RULES, cases)["rule"] == "quarries").sum() > 0
    counts = moved_counts(both)
    assert set(counts["target_old"]) == {str(MINE)}
    assert counts["cases"].sum() == both["changed"].sum()
    assert not compare(RULES, RULES, cases)["changed"].any()
    assert compare(RULES, RULES, cases.iloc[:0]).empty


def test_json_goes_both_ways() -> None:
    assert RuleSet.from_json(RULES.to_json()) == RULES
    assert check(RULES, KNOWN) == check(default_rules(), KNOWN) == []
    for junk in ({}, {"version": 1, "rules": [3]}, {"version": 1, "rules": [{"name": "x", "when": {"colour": [1]}}]}):
        with pytest.raises(InvalidInput):
            RuleSet.from_json(junk)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "a b"}, "name"),
        ({"when": When(categories=("fire",))}, "categories"),
        ({"when": When(areas=("/9/",))}, "areas"),
        ({"when": When(channels=("pigeon",))}, "channels"),
        ({"when": When(words=(" ",))}, "words"),
        ({"when": When(weekdays=0)}, "weekdays"),
        ({"when": When(hours=(600, 600))}, "hours"),
        ({"when": When(hours=(600, 1500))}, "hours"),
        ({"process": "dance"}, "process"),
        ({"target": Target(To.BODY, "nobody")}, "target"),
        ({"target": Target(To.CATEGORY, "x")}, "target"),
        ({"target": Target(To.DESK, "town"), "straight": True}, "straight"),
        ({"target": MINE, "straight": True, "process": "dispute"}, "straight"),
    ],
)
def test_faults_name_the_rule_and_the_field(change: dict[str, Any], field: str) -> None:
    wrong = replace(PHONE, **change)
    assert {(one.rule, one.field) for one in check(RuleSet("1", (wrong,)), KNOWN)} == {(wrong.name, field)}


def test_rules_behind_one_that_takes_everything() -> None:
    found = check(RuleSet("1", (Rule("all", When(), MINE), PHONE, replace(PHONE, name="all"))), KNOWN)
    assert {(one.rule, one.field) for one in found} == {("phone-traffic", "when"), ("all", "when"), ("all", "name")}
