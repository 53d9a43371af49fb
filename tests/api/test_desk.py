"""The desks over HTTP: many at once, search in texts and its log, one's own lists, and cases filed for residents."""

from __future__ import annotations

from typing import Any

from tests.api.client import Api, problem
from tests.county import REPORTER, centre

LON, LAT = centre("A")
REPORT = {"category": "mining-blasting", "lon": LON, "lat": LAT, "text": "墙裂了"}
#: routes whose rows are looked at here and not in `test_leaks`
DESK = (
    "POST /api/v1/incidents/bulk",
    "POST /api/v1/incidents/search",
    "GET /api/v1/views",
    "POST /api/v1/views",
    "POST /api/v1/views/{view_id}/forget",
    "GET /api/v1/behalf",
    "GET /api/v1/messages/unread",
)
RESIDENT = {"name": "刘代理户", "phone": "13811112222"}


def filed(api: Api, **more: Any) -> dict[str, Any]:
    answer = api.post("worker-a", "/incidents", {**REPORT, **more})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_many_at_once_need_a_key_and_are_told_one_by_one(api: Api) -> None:
    case = filed(api)["id"]
    many = {"action": "prioritise", "ids": [case, 999_999], "given": {"priority": "urgent"}}
    problem(api.post("dispatcher-1", "/incidents/bulk", many), 422, "invalid_input")
    first, again = (
        api.post("dispatcher-1", "/incidents/bulk", many, headers={"Idempotency-Key": "k"}).json() for _ in range(2)
    )
    assert first == again
    assert (first["done"], first["refused"]) == (1, 1)
    assert first["results"][1]["code"] == "not_found"


def test_a_search_keeps_to_the_scope_and_is_logged(api: Api) -> None:
    case = filed(api)["id"]

    def ask(user: str, words: str, **more: Any) -> Any:
        return api.post(user, "/incidents/search", {"words": words, **more})

    answer = ask("worker-a", "墙裂")
    assert [(one["id"], one["places"]) for one in answer.json()["items"]] == [(case, ["text"])]
    assert "墙裂了" not in answer.text
    [row] = [one for one in api.readings() if one.route == "/api/v1/incidents/search"]
    assert str(case) in row.ids
    for user in ("worker-b", "handler-eco", "planner", "admin"):
        found = ask(user, "墙裂")
        assert found.status_code == 403 or found.json()["items"] == [], user
    problem(ask("official", "墙裂"), 403, "reason_required")
    page = ask("dispatcher-1", REPORTER, limit=1).json()
    problem(ask("dispatcher-1", "墙裂", cursor=page["next"]), 422, "bad_cursor")
    assert ask("dispatcher-1", REPORTER, limit=1, cursor=page["next"]).json()["items"][0]["id"] < page["items"][0]["id"]


def test_lists_are_saved_for_oneself(api: Api) -> None:
    kept = api.post("supervisor", "/views", {"name": "待批", "query": "waiting=extension"}).json()
    assert api.get("supervisor", "/views").json() == [kept]
    assert api.get("dispatcher-1", "/views").json() == []
    problem(api.post("dispatcher-1", f"/views/{kept['id']}/forget", {}), 404, "not_found")
    assert api.post("supervisor", f"/views/{kept['id']}/forget", {}).status_code == 204


def test_for_whom_it_was_filed_is_told_to_nobody_else(api: Api) -> None:
    """No list, case, step, figure, layer or message of anybody names the resident, or differs from a case like any."""
    case = filed(api, behalf=RESIDENT)
    assert "behalf" not in case
    [own] = api.get("worker-a", "/behalf").json()
    assert (own["id"], own["resident_name"], own["resident_phone"]) == (case["id"], *RESIDENT.values())
    paths = [f"/incidents/{case['id']}{part}" for part in ("", "/events", "/actions", "/why", "/similar")]
    paths += ["/incidents", "/layers/incidents", "/messages", "/stats/counts", "/behalf", "//metrics"]
    for user in ("worker-a", "worker-b", "dispatcher-1", "handler-land", "supervisor", "official", "admin"):
        for path in paths:
            if (user, path) == ("worker-a", "/behalf"):
                continue
            answer = api.get(
                user, path, params={"reason": "hearing"} if (user, path[:10]) == ("official", "/incidents") else {}
            )
            assert answer.status_code in (200, 403, 404), (user, path, answer.text)
            assert not any(secret in answer.text for secret in RESIDENT.values()), (user, path)
            assert "behalf" not in answer.text or path in ("/behalf", "//metrics"), (user, path)
            assert path != "/behalf" or answer.json() == [], user
    # the log of readings says that she read her own book, and not what stands in it
    books = [one for one in api.readings() if one.route == "/api/v1/behalf"]
    assert {one.kind for one in books} == {"account"}
    problem(api.post("dispatcher-1", "/incidents", {**REPORT, "behalf": RESIDENT}), 403, "behalf")


def test_what_waits_for_a_supervisor_is_listed(api: Api) -> None:
    case = filed(api)["id"]
    api.post("worker-a", f"/incidents/{case}/actions/accept", {})
    more = {"more": {"workdays": 2}, "reason": "complex", "note": "x"}
    assert api.post("worker-a", f"/incidents/{case}/actions/extend_ask", more).status_code == 200
    assert [row["id"] for row in api.rows("supervisor", "/incidents", waiting="extension")] == [case]
    assert api.rows("supervisor", "/incidents", waiting="appeal") == []
