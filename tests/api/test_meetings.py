"""From the call for a joint meeting to the end of a promise, on both databases: who may, and what nobody learns."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from gridmap.errors import Conflict
from gridmap.store import tables as t
from gridmap.store import write
from tests.api.client import Api, problem
from tests.county import COMMUNITY, CONTACT, NOW, PHONE, REPORTER, TEXT, centre

LON, LAT = centre("A")


def quarry(api: Api) -> int:
    """The county's enterprise that lies in cell A's town."""
    e, c = t.enterprises, t.cells
    found = api.county.run(
        select(e.c.id, c.c.code).join(c, c.c.id == e.c.cell_id).where(c.c.code.like(f"{COMMUNITY['A'][:9]}%"))
    )
    return int(found[0].id)


def report(api: Api, category: str = "mining-blasting") -> int:
    answer = api.post("worker-a", "/incidents", {"category": category, "lon": LON, "lat": LAT, "text": TEXT})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def wanted(api: Api, **more: Any) -> dict[str, Any]:
    return {
        "title": "爆破裂缝联席会议", "meets_at": (NOW + timedelta(days=5)).isoformat(), "venue": "村委会会议室",
        "enterprise_id": quarry(api), "bodies": ["B-LAND"], "residents": COMMUNITY["A"], **more,
    }  # fmt: skip


def called(api: Api, user: str = "dispatcher-1", **more: Any) -> int:
    answer = api.post(user, "/meetings", wanted(api, **more))
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def held(api: Api, meeting: int, days: float = 60, body: str | None = None) -> dict[str, Any]:
    promise = {"text": "修复六户房屋裂缝", "due_at": (NOW + timedelta(days=days)).isoformat(), "body": body}
    answer = api.post("dispatcher-1", f"/meetings/{meeting}/held", {"minutes": "三方到会。", "promises": [promise]})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def later(api: Api, **by: float) -> None:
    """Time passes, and everybody logs in anew."""
    api.county.clock.forward(**by)
    api.tokens.clear()


def step(api: Api, promise: int, status: str, note: str | None = None, user: str = "dispatcher-1") -> Any:
    return api.post(user, f"/promises/{promise}/steps", {"status": status, "note": note})


def test_a_meeting_is_called_held_and_its_promise_kept(api: Api) -> None:
    case = report(api)
    meeting = called(api, incident_ids=[case])
    told = api.get("official", f"/meetings/{meeting}").json()
    assert [seat["party"] for seat in told["seats"]] == ["government", "enterprise", "residents"]
    assert told["status"] == "called"
    promise = held(api, meeting)["promises"][0]
    assert (promise["of_enterprise"], promise["status"], promise["light"]) == (True, "open", "green")
    later(api, days=50)
    assert api.get("official", "/promises", params={"unsettled": True}).json()["items"][0]["light"] == "yellow"
    later(api, days=11)
    assert api.get("official", "/promises").json()["items"][0]["light"] == "red"
    assert step(api, promise["id"], "proven", "六户均已修复，附照片").json()["light"] == "green"
    kept = step(api, promise["id"], "kept").json()
    assert (kept["status"], kept["light"], kept["settled_at"] is None) == ("kept", None, False)
    assert api.get("official", "/promises", params={"unsettled": True}).json()["items"] == []
    assert api.get("official", "/meetings").json()["items"][0]["open_promises"] == 0
    problem(step(api, promise["id"], "broken", "doch nicht"), 409, "promise_step")


def test_who_follows_a_meeting(api: Api) -> None:
    meeting = called(api)
    for user in ("official", "supervisor", "dispatcher-1", "handler-land"):
        assert [one["id"] for one in api.rows(user, "/meetings")] == [meeting], user
    # another town, a body without a seat, and those who have nothing to do with it
    for user in ("official-2", "supervisor-2", "handler-eco", "worker-a", "planner", "admin"):
        assert api.rows(user, "/meetings") == [], user
        problem(api.get(user, f"/meetings/{meeting}"), 404, "not_found")
        problem(api.get(user, f"/meetings/{meeting}/table"), 404, "not_found")
    for user in ("handler-land", "worker-a", "planner"):
        problem(api.post(user, "/meetings", wanted(api)), 403, "forbidden")


def test_a_handler_proves_what_his_body_promised_and_nothing_else(api: Api) -> None:
    meeting = called(api)
    own = held(api, meeting, body="B-LAND")["promises"][0]
    theirs = held(api, called(api))["promises"][0]
    problem(step(api, theirs["id"], "proven", "done", "handler-land"), 403, "forbidden")
    assert step(api, own["id"], "proven", "done", "handler-land").status_code == 200
    problem(step(api, own["id"], "kept", user="handler-land"), 403, "forbidden")
    problem(step(api, own["id"], "proven", "done", "handler-eco"), 404, "not_found")


def test_proofs_and_reasons_must_be_given(api: Api) -> None:
    promise = held(api, called(api))["promises"][0]["id"]
    problem(step(api, promise, "proven"), 422, "proof_missing")
    problem(step(api, promise, "broken"), 422, "reason_missing")
    assert step(api, promise, "proven", "修好了").status_code == 200
    assert step(api, promise, "open", "墙还是裂的").json()["status"] == "open"
    p = t.promise_steps.c
    history = api.county.run(select(p.seq, p.status, p.note).where(p.promise_id == promise).order_by(p.seq))
    assert [tuple(row) for row in history] == [(1, "open", None), (2, "proven", "修好了"), (3, "open", "墙还是裂的")]


@pytest.mark.parametrize("change", ["update", "delete"])
def test_the_steps_of_a_promise_stay_as_they_are(api: Api, change: str) -> None:
    held(api, called(api))
    statement = t.promise_steps.update().values(note="x") if change == "update" else t.promise_steps.delete()
    with pytest.raises(Conflict, match="only ever added"), write(api.county.ctx.engine) as conn:
        conn.execute(statement)


def test_what_lies_on_the_table_names_no_house_and_no_complainant(api: Api) -> None:
    few = [report(api, "mining-dust") for _ in range(4)]
    many = [report(api) for _ in range(5)]
    meeting = called(api, incident_ids=few + many, called_from=many[0])
    held(api, meeting)
    answer = api.get("dispatcher-1", f"/meetings/{meeting}/table")
    told = answer.json()
    assert [(one["category"]["code"], one["cases"]) for one in told["cases"]] == [("mining-blasting", 5)]
    assert told["promises"][0]["text"] == "修复六户房屋裂缝"
    numbers = [one["number"] for one in api.get("dispatcher-1", f"/meetings/{meeting}").json()["agenda"]]
    assert len(numbers) == 9
    for secret in (*numbers, TEXT, REPORTER, PHONE, CONTACT, "household", "agenda"):
        assert secret not in answer.text, secret


def test_the_agenda_shows_each_caller_his_own_cases_only(api: Api) -> None:
    meeting = called(api, incident_ids=[report(api)])
    assert len(api.get("dispatcher-1", f"/meetings/{meeting}").json()["agenda"]) == 1
    assert api.get("supervisor", f"/meetings/{meeting}").json()["agenda"] == []  # nothing is late


def test_a_call_has_one_effect_for_one_key(api: Api) -> None:
    headers = {"Idempotency-Key": "k1"}
    body = wanted(api)
    first, second = (api.post("dispatcher-1", "/meetings", body, headers=headers) for _ in range(2))
    assert first.json() == second.json()
    assert len(api.rows("dispatcher-1", "/meetings")) == 1
    problem(
        api.post("dispatcher-1", "/meetings", {**body, "title": "x"}, headers=headers), 422, "idempotency_key_reused"
    )


def test_calls_that_make_no_sense_are_refused(api: Api) -> None:
    case = report(api)
    problem(api.post("dispatcher-k3", "/meetings", wanted(api, incident_ids=[case])), 404, "not_found")
    problem(api.post("dispatcher-1", "/meetings", wanted(api, enterprise_id=9999)), 404, "not_found")
    problem(api.post("dispatcher-1", "/meetings", wanted(api, bodies=["NOBODY"])), 422, "invalid_input")
    problem(api.post("dispatcher-1", "/meetings", wanted(api, bodies=[])), 422, "invalid_input")
    problem(api.post("dispatcher-1", "/meetings", wanted(api, title="   ")), 422, "invalid_input")


def test_a_meeting_ends_once(api: Api) -> None:
    meeting = called(api)
    off = api.post("dispatcher-1", f"/meetings/{meeting}/cancelled", {"reason": "暴雨"})
    assert off.json()["status"] == "cancelled"
    again = api.post("dispatcher-1", f"/meetings/{meeting}/held", {"minutes": "x"})
    problem(again, 409, "meeting_ended")
    other = called(api)
    late = {"minutes": "x", "promises": [{"text": "x", "due_at": (NOW - timedelta(days=1)).isoformat()}]}
    problem(api.post("dispatcher-1", f"/meetings/{other}/held", late), 422, "invalid_input")
    stranger = {"text": "x", "due_at": (NOW + timedelta(days=1)).isoformat(), "body": "B-ECO"}
    problem(
        api.post("dispatcher-1", f"/meetings/{other}/held", {"minutes": "x", "promises": [stranger]}),
        422, "invalid_input",
    )  # fmt: skip
    assert api.get("dispatcher-1", f"/meetings/{other}").json()["status"] == "called"


def test_what_reports_did_after_a_promise(api: Api) -> None:
    for _ in range(12):
        report(api)
        api.county.clock.forward(hours=1)
    promise = held(api, called(api), days=300)["promises"][0]["id"]
    problem(api.get("official", f"/promises/{promise}/effect"), 409, "too_early")
    later(api, days=90)
    found = api.get("official", f"/promises/{promise}/effect", params={"category": "mining-blasting"}).json()
    assert (found["before"] >= 12, found["after"], found["verdict"]) == (True, 0, "fell")
    nowhere = api.get("official", f"/promises/{promise}/effect", params={"radius_m": 0.001}).json()
    assert (nowhere["verdict"], nowhere["ratio"]) == ("too_few", None)
    problem(api.get("handler-land", f"/promises/{promise}/effect"), 403, "forbidden")


def test_open_cases_near_it_come_on_the_agenda_by_category(api: Api) -> None:
    """As far as the caller's area goes: those that others serve, too, who see them there, and whose cases say so."""
    mine, near = quarry(api), [report(api) for _ in range(6)]
    place = api.get("official", f"/enterprises/{mine}/neighbourhood").json()
    counted = {one["category"]["code"]: one["cases"] for one in place["open"]}
    assert {one["top"] for one in place["open"]} == {"mining", "labour"}
    i, c = t.incidents, t.categories
    ended = i.c.closed_at.is_(None)
    blasting = select(i.c.id).join(c, c.c.id == i.c.category_id).where(c.c.code == "mining-blasting", ended)
    inside = {row.id for row in api.county.run(blasting)}
    assert set(near) < inside
    assert counted["mining-blasting"] == len(inside)  # the whole county lies within its 1.5 km
    meeting = called(api, "official", categories=["mining-blasting"])
    a = t.agenda.c
    assert {row.incident_id for row in api.county.run(select(a.incident_id).where(a.meeting_id == meeting))} == inside
    told = {user: api.get(user, f"/meetings/{meeting}").json() for user in ("official", "dispatcher-1")}
    assert {one["id"] for one in told["official"]["agenda"]} == inside
    own = {one["id"] for one in told["dispatcher-1"]["agenda"]}
    assert set(near) < own < inside  # those of the other town are not hers to open
    assert [one["agenda_cases"] for one in told.values()] == [len(inside)] * 2
    e = t.events.c
    heard = api.county.run(select(e.incident_id).where(e.kind == "meeting_called"))
    assert {row.incident_id for row in heard} == inside
    [row] = api.get("official", f"/meetings/{meeting}/table").json()["cases"]
    assert row["cases"] == len(inside) // 5 * 5
    hers = called(api, "dispatcher-1", categories=["mining-blasting"])
    assert {row.incident_id for row in api.county.run(select(a.incident_id).where(a.meeting_id == hers))} == own
    problem(api.post("worker-a", "/meetings", wanted(api, categories=["mining-blasting"])), 403, "forbidden")
