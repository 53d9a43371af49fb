"""Every action has its event and all that follows from it, or nothing; who may see a case follows who is asked."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from gridmap.errors import Conflict, Forbidden, InvalidInput, NotFound
from gridmap.store import cases, read
from gridmap.store import tables as t
from gridmap.store.chain import broken_chains
from gridmap.usecases.casework import act
from gridmap.usecases.reporting import report
from tests.county import SmallCounty
from tests.usecases.test_reporting import draft, rows_of, view


def reported(county: SmallCounty, letter: str = "A") -> int:
    return int(report(county.ctx, view(county, "worker-a"), draft(letter))["id"])


def done(county: SmallCounty, user: str, incident: int, action: str, **given: Any) -> dict[str, Any]:
    county.clock.forward(minutes=7)
    return act(county.ctx, view(county, user), incident, action, given)


def body(county: SmallCounty, code: str) -> int:
    return int(county.one(select(t.bodies.c.id).where(t.bodies.c.code == code)))


def remembered(county: SmallCounty, incident: int) -> None:
    """What stands in the row is what the events come to, and the chain is whole."""
    with read(county.ctx.engine) as conn:
        told = cases.columns(cases.load(conn, incident, county.ctx.zone), county.clock())
        row = conn.execute(select(t.incidents).where(t.incidents.c.id == incident)).mappings().one()
        look, kept = told.pop("look_at"), row["look_at"]
        assert {name: row[name] for name in told} == told
        # the moment of the next look may have come already: then it need not be this one
        assert (look is None) == (kept is None)
        assert look is None or kept <= max(look, county.clock())
        assert broken_chains(conn) == []


def test_help_is_asked_of_a_body_that_then_sees_the_case(small_county: SmallCounty) -> None:
    case = reported(small_county)
    with pytest.raises(NotFound):
        done(small_county, "handler-eco", case, "comment", note="x")
    done(small_county, "handler-land", case, "accept")
    asked = done(small_county, "handler-land", case, "ask_help", body_id=body(small_county, "B-ECO"), note="请测噪声")
    done(small_county, "handler-eco", case, "answer_help", ask_seq=asked["event"], note="已测，未超标")
    with pytest.raises(Conflict, match="no help was asked"):
        done(small_county, "handler-eco", case, "answer_help", ask_seq=asked["event"], note="再答")
    remembered(small_county, case)


def test_more_time_is_granted_by_a_supervisor_who_sees_it_for_that(small_county: SmallCounty) -> None:
    case = reported(small_county)
    with pytest.raises(NotFound):
        done(small_county, "supervisor", case, "comment", note="x")
    done(small_county, "worker-a", case, "accept")
    before = done(small_county, "worker-a", case, "extend_ask", more={"workdays": 3}, reason="complex", note="多方")
    granted = done(small_county, "supervisor", case, "extend_grant", more={"workdays": 2})
    assert granted["due_at"] > before["due_at"]
    remembered(small_county, case)


def test_hands_change_with_the_case(small_county: SmallCounty) -> None:
    case = reported(small_county)
    done(small_county, "dispatcher-1", case, "dispatch", body_id=body(small_county, "B-ECO"))
    done(small_county, "handler-eco", case, "sign")
    with pytest.raises(Forbidden):
        done(small_county, "worker-a", case, "handle")
    returned = done(small_county, "handler-eco", case, "return", reason="not_ours", note="不属环保")
    assert (returned["status"], returned["body"]) == ("returned", None)
    # whoever took it first goes on seeing it
    done(small_county, "handler-eco", case, "comment", note="资料已移交")
    held = rows_of(small_county, t.responsibilities, case)
    assert [row.reason for row in held] == ["primary", "dispatched", "desk"]
    assert [row.valid_to is None for row in held] == [False, False, True]
    remembered(small_county, case)


def test_a_parent_ends_after_its_parts_and_a_duplicate_goes_into_another(small_county: SmallCounty) -> None:
    parent, part, double = (reported(small_county) for _ in range(3))
    done(small_county, "worker-a", parent, "accept")
    done(small_county, "worker-a", parent, "split", child_ids=[part])
    with pytest.raises(InvalidInput, match="another case that is open"):
        done(small_county, "worker-a", parent, "split", child_ids=[parent])
    with pytest.raises(Conflict, match="a parent ends after its children"):
        done(small_county, "dispatcher-1", parent, "void", reason="test", note="x")
    assert done(small_county, "dispatcher-1", double, "merge", into_id=parent)["status"] == "merged"
    done(small_county, "dispatcher-1", part, "void", reason="test", note="x")
    kinds = [row.kind for row in rows_of(small_county, t.events, parent)]
    assert kinds[-2:] == ["absorbed", "child_ended"]
    assert done(small_county, "dispatcher-1", parent, "void", reason="test", note="x")["status"] == "voided"
    for case in (parent, part, double):
        remembered(small_county, case)


def test_a_wrong_category_takes_its_process_and_limit_along(small_county: SmallCounty) -> None:
    case = reported(small_county)
    done(small_county, "dispatcher-1", case, "recategorise", category="neighbour")
    [row] = small_county.run(select(t.categories.c.code).join(t.incidents).where(t.incidents.c.id == case))
    assert row.code == "neighbour"
    with pytest.raises(InvalidInput, match="no category"):
        done(small_county, "dispatcher-1", case, "recategorise", category="no-such")
    remembered(small_county, case)


def test_a_note_is_sealed_and_goes_with_the_reporter(small_county: SmallCounty) -> None:
    case = reported(small_county)
    done(small_county, "worker-a", case, "comment", note="邻居王某在场")
    [row] = small_county.run(select(t.incidents).where(t.incidents.c.id == case))
    boxes = small_county.run(select(t.sealed).where(t.sealed.c.subject_id == row.subject_id))
    assert {box.field for box in boxes} >= {"text", "note:4"}
    assert not any("王某".encode() in box.box for box in boxes)
    assert "王某" not in rows_of(small_county, t.events, case)[-1].data


def test_what_is_remembered_of_a_register_is_what_its_events_come_to(small_county: SmallCounty) -> None:
    """An import reckons all its rows at once, a fold each by itself."""
    for incident in small_county.run(select(t.incidents.c.id).order_by(t.incidents.c.id).limit(8)):
        remembered(small_county, incident.id)
