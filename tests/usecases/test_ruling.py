"""Rules are tried before they go live and answer why; cases are routed again once; processes and years by an admin."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from gridmap.errors import Conflict, Forbidden, GridmapError, InvalidInput
from gridmap.store import read
from gridmap.store import tables as t
from gridmap.store.doctor import remembered
from gridmap.usecases import following, processes, ruling
from gridmap.usecases.casework import act, move
from gridmap.usecases.reporting import report
from gridmap.usecases.reports import recount
from gridmap.usecases.watching import Watcher
from tests.county import CELL, NOW, TEXT, TOWNS, ZONE, SmallCounty, centre
from tests.usecases.test_reporting import draft, rows_of, view


def rule(
    name: str, to: str, target: str = "", *, straight: bool = False, process: str | None = None, **when: Any
) -> Any:
    return {
        "name": name, "when": when, "target": {"to": to, "name": target}, "process": process, "straight": straight,
    }  # fmt: skip


BY_CATEGORY = rule("by-category", "category")


def in_force(county: SmallCounty, *given: Any) -> int:
    admin = view(county, "admin")
    version = int(ruling.keep(county.ctx, admin, {"rules": list(given)})["version"])
    ruling.replay(county.ctx, admin, version)
    ruling.publish(county.ctx, admin, version)
    return version


def reported(county: SmallCounty, letter: str = "A", **more: Any) -> dict[str, Any]:
    return report(county.ctx, view(county, "worker-a"), replace(draft(letter), **more))


def why(county: SmallCounty, incident_id: int) -> Any:
    with read(county.ctx.engine) as conn:
        return following.explain(county.ctx, conn, incident_id, county.clock())["routed"]


def test_a_rule_decides_and_says_so(small_county: SmallCounty) -> None:
    first = reported(small_county)
    assert why(small_county, first["id"])["rule"] == "by-category"
    words = rule("cracks", "body", "B-ECO", words=["裂缝"])
    version = in_force(small_county, words, rule("rest", "category", categories=["safety"]))
    cracked = reported(small_county, text=TEXT)
    assert cracked["body"]["code"] == "B-ECO"
    told = why(small_county, cracked["id"])
    assert (told["rules"], told["rule"], told["when"], told["name"]) == (
        version,
        "cracks",
        {"words": ["裂缝"]},
        "B-ECO",
    )
    other = reported(small_county, text="")
    assert (other["worker"], other["body"]) == (None, None)  # nothing fits: the town's dispatcher
    assert why(small_county, other["id"])["rule"] is None
    [row] = small_county.run(select(t.incidents.c.level).where(t.incidents.c.id == other["id"]))
    assert row.level == "town"
    act(small_county.ctx, view(small_county, "dispatcher-1"), other["id"], "accept", {})


def test_straight_to_the_body_where_the_process_lets_it(small_county: SmallCounty) -> None:
    in_force(
        small_county,
        rule("now", "body", "B-ECO", process="service", straight=True),
    )
    one = reported(small_county)
    assert (one["status"], one["worker"], one["body"]["code"]) == ("dispatched", None, "B-ECO")
    kinds = [row.kind for row in rows_of(small_county, t.events, one["id"])]
    assert kinds == ["reported", "routed", "assigned", "dispatched"]
    assert act(small_county.ctx, view(small_county, "handler-eco"), one["id"], "sign", {})["status"] == "signed"


def test_moved_or_of_another_category_it_is_routed_again_once(small_county: SmallCounty) -> None:
    small_county.clock.forward(minutes=1)
    categories = [row.code for row in small_county.run(select(t.categories.c.code).order_by(t.categories.c.id))]
    own = draft("A").category
    other = next(code for code in categories if not own.startswith(code))
    in_force(small_county, rule("other", "body", "B-ECO", categories=[other]), rule("all", "body", "B-LAND"))
    one = reported(small_county)["id"]
    dispatcher = view(small_county, "dispatcher-1")
    small_county.clock.forward(minutes=1)
    act(small_county.ctx, dispatcher, one, "recategorise", {"category": other})
    small_county.clock.forward(minutes=1)
    act(small_county.ctx, dispatcher, one, "recategorise", {"category": other})
    kinds = [row.kind for row in rows_of(small_county, t.events, one)]
    assert kinds[3:] == ["recategorised", "routed", "assigned", "recategorised"]
    assert why(small_county, one)["rule"] == "other"
    held = rows_of(small_county, t.responsibilities, one)
    assert [row.valid_to is None for row in held] == [False, True]
    small_county.clock.forward(minutes=1)
    moved = move(small_county.ctx, dispatcher, one, *centre("B"))
    assert (moved["cell"]["code"], moved["body"]["code"]) == (CELL["B"], "B-ECO")
    again = move(small_county.ctx, dispatcher, one, *centre("B"))
    assert not again["moved"]
    assert [row.kind for row in rows_of(small_county, t.events, one)].count("routed") == 3


def test_rules_are_tried_before_they_go_live(small_county: SmallCounty) -> None:
    admin = view(small_county, "admin")
    with pytest.raises(InvalidInput) as wrong:
        ruling.keep(small_county.ctx, admin, {"rules": [rule("x", "body", "B-NONE"), BY_CATEGORY]})
    assert wrong.value.details["errors"][0]["rule"] == "x"
    with pytest.raises(Forbidden):
        ruling.keep(small_county.ctx, view(small_county, "dispatcher-1"), {"rules": [BY_CATEGORY]})
    version = int(ruling.keep(small_county.ctx, admin, {"rules": [rule("all", "body", "B-ECO")]})["version"])
    with pytest.raises(Conflict):
        ruling.publish(small_county.ctx, admin, version)
    events = small_county.run(select(t.events.c.id))
    told = ruling.replay(small_county.ctx, admin, version, 90)
    assert small_county.run(select(t.events.c.id)) == events
    assert (
        told["cases"] == sum(one["before"] for one in told["by_body"]) == sum(one["after"] for one in told["by_body"])
    )
    assert told["cases"] > 0
    [now] = [one for one in told["by_body"] if one["after"]]
    assert (now["body"], now["after"]) == ("B-ECO", told["cases"])
    assert told["changed"] == len(told["named"]) > 0
    ruling.publish(small_county.ctx, admin, version)
    assert [one["version"] for one in ruling.listed(small_county.ctx, admin) if one["live"]] == [version]
    ruling.publish(small_county.ctx, admin, 1)
    assert [one["version"] for one in ruling.listed(small_county.ctx, admin) if one["live"]] == [1]


def test_the_database_keeps_one_live_set(small_county: SmallCounty) -> None:
    row = {"body": "{}", "created_at": NOW, "live": 1}
    small_county.run(insert(t.rule_sets).values(version=8, **row))
    with pytest.raises((IntegrityError, GridmapError)):
        small_county.run(insert(t.rule_sets).values(version=9, **row))


def test_a_process_is_checked_and_old_cases_keep_theirs(small_county: SmallCounty) -> None:
    admin = view(small_county, "admin")
    old = reported(small_county)["id"]
    [row] = small_county.run(select(t.incidents.c.process).where(t.incidents.c.id == old))
    body = processes.one(small_county.ctx, admin, row.process)
    broken = {**body, "steps": [{**body["steps"][0], "limit": {"workdays": -1}}, *body["steps"][1:]]}
    with pytest.raises(InvalidInput) as wrong:
        processes.save(small_county.ctx, admin, row.process, broken)
    assert wrong.value.details["errors"][0]["step"] == body["steps"][0]["name"]
    kept = processes.save(small_county.ctx, admin, row.process, {**body, "most_returns": body["most_returns"] + 1})
    assert kept["version"] == 2
    with pytest.raises(Conflict):
        processes.save(small_county.ctx, admin, row.process, {**body, "most_returns": 9})
    new = reported(small_county)["id"]
    versions = small_county.run(
        select(t.incidents.c.process_version).where(t.incidents.c.id.in_((old, new))).order_by(t.incidents.c.id)
    )
    assert [row.process_version for row in versions] == [1, 2]


def test_a_year_that_comes_in_counts_open_cases_again(small_county: SmallCounty) -> None:
    admin = view(small_county, "admin")
    one = reported(small_county)["id"]
    due = select(t.incidents.c.due_at).where(t.incidents.c.id == one)
    before = small_county.one(due)
    days = "day,kind,name\n2026-07-06,off,试\n2026-07-07,off,试\n"
    told = processes.import_year(small_county.ctx, admin, 2026, days.splitlines(), "试验通知")
    assert told["left"] > 0
    small_county.run(update(t.incidents).values(look_at=None))
    small_county.clock.forward(minutes=1)
    assert Watcher(small_county.ctx).run()["recounted"] == told["left"]
    assert Watcher(small_county.ctx).run()["recounted"] == 0
    assert (small_county.one(due) - before).days >= 2
    assert [row.kind for row in rows_of(small_county, t.events, one)].count("calendar_changed") == 1
    again = processes.import_year(small_county.ctx, admin, 2026, days.splitlines(), "试验通知")
    assert (again["left"], again["version"]) == (0, told["version"])
    assert next(year for year in again["years"] if year["year"] == 2027)["provisional"]


def test_doctor_folds_cases_again(small_county: SmallCounty) -> None:
    one = reported(small_county)
    with read(small_county.ctx.engine) as conn:
        assert remembered(conn, ZONE, small_county.clock()) == []
    changed = {"level": "town", "look_at": None}
    small_county.run(update(t.incidents).where(t.incidents.c.id == one["id"]).values(changed))
    with read(small_county.ctx.engine) as conn:
        [found] = remembered(conn, ZONE, small_county.clock())
    assert found.details["cases"] == [{"number": one["number"], "columns": ["level", "look_at"]}]


def test_a_day_of_the_countys_own_moves_open_deadlines_in_lists_and_sums(small_county: SmallCounty) -> None:
    """A typhoon on Monday: what was due after it is due a day later; lists and scorecards say what the events say."""
    admin, one = view(small_county, "admin"), reported(small_county)["id"]
    due = select(t.incidents.c.due_at).where(t.incidents.c.id == one)
    before = small_county.one(due)
    typhoon = "day,kind,name,hours\n2026-07-06,off,台风,\n"
    with pytest.raises(Forbidden):
        processes.set_local(small_county.ctx, view(small_county, "supervisor"), typhoon.splitlines(), None)
    told = processes.set_local(small_county.ctx, admin, typhoon.splitlines(), None)
    assert [(str(day["day"]), day["works"], day["name"]) for day in told["local"]] == [("2026-07-06", False, "台风")]
    assert told["left"] > 0
    assert processes.set_local(small_county.ctx, admin, typhoon.splitlines(), None)["version"] == told["version"]
    small_county.clock.forward(minutes=1)
    assert Watcher(small_county.ctx).run()["recounted"] == told["left"]
    assert small_county.one(due) - before == timedelta(days=1)
    with read(small_county.ctx.engine) as conn:
        assert remembered(conn, ZONE, small_county.clock()) == []
    assert recount(small_county.ctx)[1] == 0
    usual = processes.set_local(small_county.ctx, admin, ["day,kind", "2026-07-06,usual"], None)
    assert usual["local"] == []
    Watcher(small_county.ctx).run()
    assert small_county.one(due) == before


def test_office_hours_are_the_countys(small_county: SmallCounty) -> None:
    admin = view(small_county, "admin")
    hours = [
        {"since": "01-01", "hours": "09:00-12:00 13:00-17:00"},
        {"since": "06-01", "hours": "08:00-11:30，15:30-19:00"},
    ]
    told = processes.set_local(small_county.ctx, admin, [], hours)
    assert told["office"][1] == {"since": "06-01", "hours": "08:00-11:30 15:30-19:00"}
    ends = select(t.incidents.c.step_due_at).where(t.incidents.c.id == reported(small_county)["id"])
    assert small_county.one(ends).astimezone(ZONE).strftime("%m-%d %H:%M") == "07-03 17:30"  # 3.5 hours from 10:00


@pytest.mark.parametrize(
    ("days", "office", "said"),
    [
        (["day,kind", "2026-07-06,holiday"], None, "line 2: kind"),
        (["day,kind", "6 July,off"], None, "line 2: '6 July'"),
        (["day", "2026-07-06"], None, "lack the columns kind"),
        (["day,kind,hours", "2026-07-06,off,09:00-12:00"], None, "hours are for a day that is worked"),
        (["day,kind", "2026-07-06,off", "2026-07-06,work"], None, "stands there twice"),
        ([], [{"since": "01-01", "hours": "nine to five"}], "are no hours"),
        ([], [{"since": "01-01", "hours": "12:00-09:00"}], "hours must follow one another"),
        ([], [{"since": "02-30", "hours": "09:00-12:00"}], "no day of the year"),
        ([], [{"since": "05-01", "hours": "09:00-12:00"}, {"since": "01-01", "hours": "09:00-12:00"}], "in the order"),
    ],
)
def test_local_time_that_cannot_be_names_what_is_wrong(
    spatialite_county: SmallCounty, days: list[str], office: Any, said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        processes.set_local(spatialite_county.ctx, view(spatialite_county, "admin"), days, office)


def test_a_county_adds_a_process_of_its_own(small_county: SmallCounty) -> None:
    """Made from a copy of one that ships; a rule sends cases through it."""
    admin = view(small_county, "admin")
    service = processes.one(small_county.ctx, admin, "service")
    kept = processes.save(small_county.ctx, admin, "heating", {**service, "code": "heating", "name": "供暖"})
    assert (kept["code"], kept["version"]) == ("heating", 1)
    assert "heating" in [one["code"] for one in processes.listed(small_county.ctx, admin)]
    in_force(small_county, rule("heat", "category", process="heating"))
    one = reported(small_county)["id"]
    assert small_county.one(select(t.incidents.c.process).where(t.incidents.c.id == one)) == "heating"


def sent(county: SmallCounty, incident_id: int) -> list[str]:
    """The bodies that a case was sent to, one after the other."""
    bodies = {row.id: row.code for row in county.run(select(t.bodies.c.id, t.bodies.c.code))}
    rows = [row for row in rows_of(county, t.events, incident_id) if row.kind == "dispatched"]
    return [bodies[json.loads(row.data)["body_id"]] for row in rows]


def test_what_was_sent_straight_to_the_wrong_body_is_sent_to_the_right_one_once(small_county: SmallCounty) -> None:
    """As long as that body has not signed for it; who was told last has it, and a signed case stays where it is."""
    south = {"areas": [small_county.one(select(t.areas.c.path).where(t.areas.c.code == TOWNS[2]))]}
    in_force(
        small_county,
        rule("south", "body", "B-LAB", process="service", straight=True, **south),
        rule("neighbours", "body", "B-LAND", process="service", straight=True, categories=["neighbour"]),
        rule("rest", "body", "B-ECO", process="service", straight=True),
    )
    one, dispatcher = reported(small_county)["id"], view(small_county, "dispatcher-1")
    for _ in range(2):
        small_county.clock.forward(minutes=1)
        act(small_county.ctx, dispatcher, one, "recategorise", {"category": "neighbour"})
    assert sent(small_county, one) == ["B-ECO", "B-LAND"]
    small_county.clock.forward(minutes=1)
    moved = move(small_county.ctx, dispatcher, one, *centre("E"))
    assert (moved["status"], moved["body"]["code"], moved["worker"]) == ("dispatched", "B-LAB", None)
    assert sent(small_county, one) == ["B-ECO", "B-LAND", "B-LAB"]
    told = [row for row in rows_of(small_county, t.responsibilities, one) if row.valid_to is None]
    assert [(row.worker_id, row.reason) for row in told] == [(None, "dispatched")]
    two = reported(small_county)["id"]
    act(small_county.ctx, view(small_county, "handler-eco"), two, "sign", {})
    small_county.clock.forward(minutes=1)
    act(small_county.ctx, dispatcher, two, "recategorise", {"category": "neighbour"})
    assert (sent(small_county, two), why(small_county, two)["rule"]) == (["B-ECO"], "neighbours")
    with read(small_county.ctx.engine) as conn:
        assert remembered(conn, ZONE, small_county.clock()) == []


def test_a_corrected_category_goes_straight_where_its_rule_says_so(small_county: SmallCounty) -> None:
    in_force(
        small_county,
        rule("neighbours", "body", "B-LAND", process="service", straight=True, categories=["neighbour"]),
        BY_CATEGORY,
    )
    one = reported(small_county)["id"]
    small_county.clock.forward(minutes=1)
    act(small_county.ctx, view(small_county, "dispatcher-1"), one, "recategorise", {"category": "neighbour"})
    assert sent(small_county, one) == ["B-LAND"]
    assert act(small_county.ctx, view(small_county, "handler-land"), one, "sign", {})["status"] == "signed"
