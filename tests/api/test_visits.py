"""Visits over HTTP: once for each key, planned, turned into cases, counted by place; no place of a worker is kept."""

from __future__ import annotations

from sqlalchemy import func, select

from gridmap.people.visits import Quota
from gridmap.store import tables as t
from gridmap.usecases import quotas
from tests.api.client import Api, problem
from tests.county import COMMUNITY, SEATS


def household(api: Api, code: str) -> int:
    return int(api.county.one(select(t.households.c.id).where(t.households.c.code == code)))


def test_a_visit_is_written_once_and_leaves_the_plan(api: Api) -> None:
    plan = api.get("worker-a", "/visits/plan").json()
    assert (plan["month"], plan["from"], plan["to"], plan["least"], plan["met"], plan["red"]) == (
        "2026-07", "2026-07-01", "2026-07-05", 5, 0, 4,
    )  # fmt: skip
    assert all(item["due"] and item["days"] is None for item in plan["items"])
    first = plan["items"][0]["id"]
    body = {"household_id": first, "outcome": "met", "return_on": "2026-07-20"}
    key = {"Idempotency-Key": "visit-1"}
    made = [api.post("worker-a", "/visits", body, headers=key).json() for _ in range(3)]
    assert made[0] == made[1] == made[2]
    problem(api.post("worker-a", "/visits", {**body, "outcome": "absent"}, headers=key), 422, "idempotency_key_reused")
    assert api.county.one(select(func.count()).select_from(t.visits)) == 1
    plan = api.get("worker-a", "/visits/plan").json()
    assert (plan["met"], plan["red"], plan["items"][-1]["id"]) == (1, 3, first)
    api.county.clock.forward(days=20)  # the day that was promised
    api.tokens.clear()  # sessions have ended
    later = api.get("worker-a", "/visits/plan").json()
    assert later["items"][0]["id"] == first
    assert later["items"][0]["due"]
    api.post("worker-a", "/visits", {"household_id": first, "return_of": made[0]["id"]})
    assert api.get("worker-a", "/visits/plan").json()["items"][0]["id"] != first


def test_a_note_needs_consent_and_becomes_a_case_with_one_call(api: Api) -> None:
    home = household(api, "H-A0")
    visit = {"household_id": home, "note": "井水发浑"}
    problem(api.post("worker-a", "/visits", visit), 409, "no_consent")
    agreed = api.post("worker-a", f"/households/{home}/consents", {"purpose": "visits", "how": "spoken"})
    assert agreed.status_code == 201, agreed.text
    made = api.post("worker-a", "/visits", visit).json()
    raised = [api.post("worker-a", f"/visits/{made['id']}/incident", {"category": "mining-dust"}) for _ in range(2)]
    assert [one.status_code for one in raised] == [201, 201], raised[0].text
    assert raised[0].json() == raised[1].json()
    case = api.get("worker-a", f"/incidents/{raised[0].json()['id']}").json()
    assert (case["text"], case["household_id"]) == ("井水发浑", home)
    listed = api.get("worker-a", "/visits", params={"household_id": home}).json()["items"]
    assert listed[0]["incident_id"] == case["id"]
    assert "note" not in listed[0]
    found = api.get("worker-a", f"/households/{home}/file", params={"reason": "monthly visit"}).json()
    assert [one["note"] for one in found["visits"]] == ["井水发浑"]
    assert case["number"] in {one["number"] for one in found["requests"]}
    paper = api.get("worker-a", f"/households/{home}/file.pdf", params={"reason": "asked for it", "lang": "en"})
    assert paper.content.startswith(b"%PDF")


def test_nobody_else_reads_or_writes_visits(api: Api) -> None:
    home = household(api, "H-A0")
    made = api.post("worker-a", "/visits", {"household_id": home}).json()
    for user in set(SEATS) - {"worker-a"}:
        assert api.post(user, "/visits", {"household_id": home}).status_code in {403, 404}, user
        assert api.get(user, "/visits").json()["items"] == [], user
        assert api.post(user, f"/visits/{made['id']}/incident", {"category": "mining"}).status_code == 404, user
        assert api.get(user, f"/households/{home}/file", params={"reason": "curious"}).status_code == 404, user
    assert {column.name for column in t.visits.columns} & {"geom", "lon", "lat", "track"} == set()


def test_supervisors_see_places_and_counts(api: Api) -> None:
    for code in ("H-A0", "H-A0", "H-A1"):
        api.post("worker-a", "/visits", {"household_id": household(api, code)})
    api.post("worker-a", "/visits", {"household_id": household(api, "H-A2"), "outcome": "absent"})
    for user in SEATS:
        answer = api.get(user, "/visits/figures")
        assert answer.status_code == (200 if SEATS[user][0] in {"supervisor", "dispatcher", "planner"} else 403), user
    items = {row["code"]: row for row in api.get("supervisor", "/visits/figures").json()["items"]}
    assert len(items) == 4
    north = items[COMMUNITY["A"]]
    assert (north["households"], north["met"], north["asked"], north["done"]) == (8, 2, 8, 2)
    for worker in ("W-A", "W-B"):
        quotas.put(api.county.ctx, Quota(1, 5, 1 if worker == "W-A" else 0), worker=worker)
    less = next(
        one for one in api.get("supervisor", "/visits/figures").json()["items"] if one["code"] == COMMUNITY["A"]
    )
    assert (less["met"], less["asked"], less["done"]) == (2, 1, 1)  # more than asked for is no more than done
    assert north["capacity_h"] == 2 * 5 * 4.0
    assert north["enough"]
    assert {row["code"] for row in api.get("supervisor-2", "/visits/figures").json()["items"]} == {
        COMMUNITY["E"], COMMUNITY["G"],
    }  # fmt: skip
