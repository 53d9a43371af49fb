"""Whether a request was carried out, for who has lost the answer."""

from __future__ import annotations

from sqlalchemy import func, select

from gridmap.store import tables as t
from gridmap.usecases.casework import ACTS
from tests.api.client import Api, problem
from tests.county import centre

KEY = {"Idempotency-Key": "a-key-of-a-phone"}


def answered(api: Api, user: str, headers: dict[str, str]) -> bool:
    told = api.get(user, "/me/answered", headers=headers)
    assert told.status_code == 200, told.text
    return bool(told.json()["answered"])


def test_a_key_is_answered_once_its_request_had_its_effect(api: Api) -> None:
    lon, lat = centre("A")
    body = {"category": "land", "lon": lon, "lat": lat, "text": "x"}
    case = api.post("worker-a", "/incidents", body).json()["id"]
    assert not answered(api, "worker-a", KEY)
    refused = api.post("worker-a", f"/incidents/{case}/actions/escalate", {}, headers=KEY)
    assert refused.status_code >= 400
    assert not answered(api, "worker-a", KEY)
    assert api.post("worker-a", f"/incidents/{case}/actions/accept", {}, headers=KEY).status_code == 200
    assert answered(api, "worker-a", KEY)
    assert not answered(api, "worker-b", KEY)  # keys are an account's own


def test_closing_has_a_key_and_a_note(api: Api) -> None:
    """Who lost the answer asks by the key; told again it is the same, and another note is another request."""
    lon, lat = centre("A")
    case = api.post("worker-a", "/incidents", {"category": "land", "lon": lon, "lat": lat, "text": "x"}).json()["id"]
    where = f"/incidents/{case}/actions"
    api.post("worker-a", f"{where}/resolve", {"outcome": "settled", "note": "双方已和解"})
    api.post("dispatcher-1", f"{where}/verify", {"passed": True, "note": "看过"})
    assert not answered(api, "worker-a", KEY)
    first = api.post("worker-a", f"{where}/close", {"note": "住户在场"}, headers=KEY)
    assert first.status_code == 200, first.text
    assert answered(api, "worker-a", KEY)
    api.county.clock.forward(hours=1)
    assert api.post("worker-a", f"{where}/close", {"note": "住户在场"}, headers=KEY).json() == first.json()
    problem(api.post("worker-a", f"{where}/close", {}, headers=KEY), 422, "idempotency_key_reused")
    notes = [one["note"] for one in api.get("dispatcher-1", f"/incidents/{case}/events").json()]
    assert notes[-1] == "住户在场"
    e = t.events.c
    assert api.county.one(select(func.count()).where(e.incident_id == case, e.kind == "closed")) == 1


def test_every_step_that_a_phone_keeps_has_a_key(api_lite: Api) -> None:
    """What waits in a phone's queue goes out by these; one without a key could be taken for somebody else's doing."""
    paths = api_lite.app.openapi()["paths"]
    steps = [path for path in paths if path.startswith("/api/v1/incidents/{incident_id}/actions/")]
    assert {path.rsplit("/", 1)[1] for path in steps} - {"{action}"} <= {*ACTS, "move"}
    for path in ["/api/v1/incidents", "/api/v1/visits", *steps]:
        headers = {one["name"] for one in paths[path]["post"]["parameters"] if one["in"] == "header"}
        assert "Idempotency-Key" in headers, path


def test_without_a_key_it_is_said_what_is_missing(api_lite: Api) -> None:
    assert api_lite.get("worker-a", "/me/answered").status_code == 422
