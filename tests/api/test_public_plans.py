"""A submitted plan without an account: places and bodies, a word that is sealed, limits; nobody's data leaks."""

from __future__ import annotations

import hashlib
import itertools
import json
from typing import Any

import pytest
from sqlalchemy import func, select

from gridmap.plan.deltas import Merge
from gridmap.store import tables as t
from gridmap.usecases import proofs, remarking
from tests.api.client import Api, problem
from tests.county import CELL, CONTACT, SEATS, TEXT
from tests.redraw import approve, submitted

WORDS = "我家在河边，去办事要绕路，电话 13900000055"


@pytest.fixture
def plan(api: Api) -> tuple[int, int]:
    """A submitted plan by which A takes B's land, and its version."""
    return submitted(api.county, [Merge((CELL["A"], CELL["B"]), CELL["A"])], title="河东两格合一")


def proof(api: Api) -> dict[str, str]:
    asked = api.get(None, "/public/challenge").json()
    return {"challenge": asked["challenge"], "proof": f"sum:{sum(asked['sum'])}"}


def said(api: Api, plan_id: int, text: str = WORDS, key: str = "k" * 24, **more: Any) -> Any:
    body = {"text": text, **proof(api), **more}
    return api.post(None, f"/public/plans/{plan_id}/comments", body, headers={"Idempotency-Key": key})


def test_it_tells_places_and_bodies_and_no_count_of_people(api: Api, plan: tuple[int, int]) -> None:
    told = api.get(None, f"/public/plans/{plan[0]}")
    assert told.status_code == 200, told.text
    body = told.json()
    assert (body["title"], body["status"], body["open"]) == ("河东两格合一", "submitted", True)
    a, b = body["changes"]
    assert (a["code"], b["code"], b["after"]) == (CELL["A"], CELL["B"], None)
    assert a["before"]["area_en"] == b["before"]["area_en"] == a["after"]["area_en"] == "Community AB"
    assert a["after"]["area_m2"] == pytest.approx(a["before"]["area_m2"] + b["before"]["area_m2"], abs=2)
    assert a["before"]["body_en"] == a["after"]["body_en"] == "Committee A"
    assert body["pieces"] == [{"from": CELL["B"], "to": CELL["A"], "area_m2": b["before"]["area_m2"]}]
    assert [len(body[side]["features"]) for side in ("before", "after")] == [2, 1]
    # of no cell it says how many live there or what is open, and of nobody who serves
    assert not {"households", "open", "worker", "overdue"} & set(told.text.replace('"open":true', "").split('"'))
    assert not any(word in told.text for word in (TEXT, CONTACT, "网格员", "planner", "W-A"))


def test_it_is_made_once_for_as_long_as_it_stays_so(
    api: Api, plan: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody may ask as often as they like: drawing a county anew for each would be the end of it."""
    made, real = [], remarking.reading
    monkeypatch.setattr(remarking, "reading", lambda ctx, plan_id: made.append(plan_id) or real(ctx, plan_id))
    first = api.get(None, f"/public/plans/{plan[0]}")
    assert api.get(None, f"/public/plans/{plan[0]}").content == first.content
    held = api.get(None, f"/public/plans/{plan[0]}", headers={"If-None-Match": first.headers["etag"]})
    assert (held.status_code, held.content, made) == (304, b"", [plan[0]])
    approve(api.county, *plan)
    later = api.get(None, f"/public/plans/{plan[0]}", headers={"If-None-Match": first.headers["etag"]})
    assert (later.status_code, later.json()["status"], len(made)) == (200, "approved", 2)


def test_drafts_and_withdrawn_plans_are_no_plan(api: Api) -> None:
    draft = api.post("planner", "/plans", {"title": "草"}).json()["id"]
    gone = api.post("planner", "/plans", {"title": "撤"}).json()["id"]
    api.post("planner", f"/plans/{gone}/withdraw", headers={"If-Match": '"1"'})
    answers = {api.get(None, f"/public/plans/{one}").text for one in (draft, gone, 999)}
    assert len(answers) == 1
    for one in (draft, gone, 999):
        problem(api.get(None, f"/public/plans/{one}"), 404, "not_found")
        problem(said(api, one, key=f"{one}" * 24), 404, "not_found")


def test_a_word_is_sealed_and_read_by_planner_and_approver_alone(api: Api, plan: tuple[int, int]) -> None:
    plan_id, _ = plan
    first = said(api, plan_id, cell=CELL["B"])
    assert first.status_code == 201, first.text
    assert set(first.json()) == {"at"}
    before = api.county.one(select(func.count()).select_from(t.readings))
    for user in SEATS:
        listed = api.get(user, f"/plans/{plan_id}/comments")
        if user in {"planner", "approver"}:
            (one,) = listed.json()["items"]
            assert (one["text"], one["cell"], one["resident"], one["by"]) == (WORDS, CELL["B"], True, None)
        else:
            assert WORDS not in listed.text
    rows = api.county.run(select(t.readings.c.kind, t.readings.c.ids).offset(before))
    assert [(row.kind, json.loads(row.ids)) for row in rows] == [("remark", [1])] * 2
    assert WORDS not in api.get(None, f"/public/plans/{plan_id}").text
    # in no column and no line of the audit
    stored = [
        *api.county.run(select(t.plan_remarks)),
        *api.county.run(select(t.audit)),
        *api.county.run(select(t.requests)),
    ]
    assert not any(WORDS in str(row) or "13900000055" in str(row) for row in stored)


def test_the_same_key_again_says_it_once(api: Api, plan: tuple[int, int]) -> None:
    answers = [said(api, plan[0]).json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert api.county.one(select(func.count()).select_from(t.plan_remarks)) == 1
    problem(said(api, plan[0], text="另说"), 422, "idempotency_key_reused")


def test_once_it_is_approved_nothing_is_added(api: Api, plan: tuple[int, int]) -> None:
    approve(api.county, *plan)
    assert api.get(None, f"/public/plans/{plan[0]}").json()["open"] is False
    problem(said(api, plan[0]), 409, "plan_status")


def test_it_is_limited_as_a_report_is(api_lite: Api) -> None:
    plan_id, _ = submitted(api_lite.county, [Merge((CELL["A"], CELL["B"]), CELL["A"])])
    for number in range(proofs.PER_CLIENT):
        assert said(api_lite, plan_id, key=f"{number:024}").status_code == 201
    assert said(api_lite, plan_id, key="y" * 24).status_code == 429
    api_lite.county.clock.forward(hours=2)
    body = {"text": "x", "challenge": "none", "proof": "1"}
    wrong = api_lite.post(None, f"/public/plans/{plan_id}/comments", body, headers={"Idempotency-Key": "z" * 24})
    assert wrong.status_code == 422
    asked = api_lite.get(None, "/public/challenge").json()
    work = next(
        n for n in itertools.count()
        if int.from_bytes(hashlib.sha256(f"{asked['challenge']}:{n}".encode()).digest()) >> (256 - asked["bits"]) == 0
    )  # fmt: skip
    body = {"text": "x", "challenge": asked["challenge"], "proof": str(work)}
    done = api_lite.post(None, f"/public/plans/{plan_id}/comments", body, headers={"Idempotency-Key": "w" * 24})
    assert done.status_code == 201
    problem(said(api_lite, plan_id, key="v" * 24, cell=CELL["H"]), 422, "invalid_input")
