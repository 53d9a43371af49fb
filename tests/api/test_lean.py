"""A list that is answered before the framework is the list that the framework answers: bytes, headers, refusals."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI

from api.lean import Lean
from tests.api.client import Api

#: who asks for what: allowed, outside their scope, without a right, without a reason, at fault
ASKED = [
    ("planner", "/cells?format=geojson"), ("planner", "/cells"), ("planner", "/cells?limit=1"),
    ("planner", "/areas?format=geojson&bbox=0,0,1,1"), ("planner", "/bodies"), ("planner", "/enterprises"),
    ("worker-a", "/households?format=geojson"), ("worker-b", "/households"), ("worker-a", "/cells?format=geojson"),
    ("official", "/households"), ("official", "/households?reason=a+visit"), ("admin", "/households"),
    ("planner", "/cells?limit=0"), ("planner", "/cells?limit=1&limit=2"), ("planner", "/cells?colour=red"),
    ("planner", "/cells?cursor=zz"), (None, "/cells"), ("worker-a", "/enterprises?format=geojson"),
]  # fmt: skip


def lean_of(app: FastAPI) -> Lean:
    """The layer of the application that answers lists."""
    layer: Any = app.middleware_stack
    while not isinstance(layer, Lean):
        layer = layer.app
    return layer


def told(api: Api, user: str | None, path: str, encoding: str) -> tuple[int, bytes, dict[str, str]]:
    """Status, bytes and headers; left aside are what is drawn for each answer (the policy's nonce) and Vary's order."""
    answer = api.get(user, path, headers={"Accept-Encoding": encoding})
    headers = {name: value for name, value in answer.headers.items() if name != "content-security-policy"}
    headers["vary"] = ", ".join(sorted(one.strip() for one in headers.get("vary", "").split(",")))
    return answer.status_code, answer.content, headers


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
@pytest.mark.parametrize(("user", "path"), ASKED)
def test_both_ways_answer_alike(
    api_shared: Api, monkeypatch: pytest.MonkeyPatch, user: str | None, path: str, encoding: str
) -> None:
    first = told(api_shared, user, path, encoding)  # what was not at hand is now
    lean = told(api_shared, user, path, encoding)
    monkeypatch.setattr(lean_of(api_shared.app), "lists", {})
    usual = told(api_shared, user, path, encoding)
    assert lean == usual
    assert first == usual


def test_readings_are_logged_alike(api_shared: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """One reading for each answer, of the same rows by the same route and for the same reason."""
    people = [("worker-a", "/households"), ("worker-b", "/households?reason=a+visit")]
    for user, path in people:
        api_shared.get(user, path)
    before = len(api_shared.readings())
    for user, path in people:
        api_shared.get(user, path)
    lean = api_shared.readings()[before:]
    monkeypatch.setattr(lean_of(api_shared.app), "lists", {})
    for user, path in people:
        api_shared.get(user, path)
    usual = api_shared.readings()[before + len(lean) :]
    said = [[(one.account_id, one.route, one.kind, one.ids, one.reason) for one in part] for part in (lean, usual)]
    assert len(said[0]) == len(people)
    assert said[0] == said[1]
