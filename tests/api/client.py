"""A client that asks as any of the county's people."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.county import SmallCounty

V1 = "/api/v1"


@dataclass
class Api:
    """Asks by bearer token, one session a person; `path` is below /api/v1 unless it begins with "//"."""

    county: SmallCounty
    client: TestClient
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def app(self) -> FastAPI:
        app = self.client.app
        assert isinstance(app, FastAPI)
        return app

    def ask(self, user: str | None, method: str, path: str, **more: Any) -> httpx.Response:
        headers = dict(more.pop("headers", {}))
        if user is not None:
            if user not in self.tokens:
                self.tokens[user] = self.county.token(user)
            headers.setdefault("Authorization", f"Bearer {self.tokens[user]}")
        where = path[1:] if path.startswith("//") else V1 + path
        answer: httpx.Response = self.client.request(method, where, headers=headers, **more)
        return answer

    def get(self, user: str | None, path: str, **more: Any) -> httpx.Response:
        return self.ask(user, "GET", path, **more)

    def post(self, user: str | None, path: str, json: Any = None, **more: Any) -> httpx.Response:
        return self.ask(user, "POST", path, json=json, **more)

    def rows(self, user: str, path: str, **params: Any) -> list[dict[str, Any]]:
        """All rows of a list, page by page."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page = self.get(user, path, params={**params, **({"cursor": cursor} if cursor else {})})
            assert page.status_code == 200, (user, path, page.text)
            found += page.json()["items"]
            cursor = page.json()["next"]
            if cursor is None:
                return found

    def readings(self) -> list[Any]:
        """What the read log holds, after all has been written."""
        from sqlalchemy import select

        from gridmap.store import tables as t

        assert self.app.state.read_log.flush()
        rows: list[Any] = self.county.run(select(t.readings).order_by(t.readings.c.id))
        return rows


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem+json of an answer, checked for its shape."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "code"} <= set(body)
    assert body["code"] == code, body
    assert body["status"] == status
    assert body["type"] == f"urn:gridmap:problem:{code}"
    assert body["detail"]
    assert body["title"]
    return body
