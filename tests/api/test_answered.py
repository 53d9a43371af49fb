"""Whether a request was carried out, for who has lost the answer."""

from __future__ import annotations

from tests.api.client import Api
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


def test_without_a_key_it_is_said_what_is_missing(api_lite: Api) -> None:
    assert api_lite.get("worker-a", "/me/answered").status_code == 422
