"""What the admin's routes of the flow give to whom: a part of test_leaks."""

from __future__ import annotations

from typing import Any

from gridmap.people.roles import ACTIONS
from gridmap.view import Role
from tests.county import CONTACT, CONTACT_PHONE, PHONE, REPORTER, SEATS, TEXT

FLOW_ROUTES = (
    "GET /api/v1/rules",
    "POST /api/v1/rules",
    "GET /api/v1/rules/{version}",
    "POST /api/v1/rules/{version}/replay",
    "POST /api/v1/rules/{version}/publish",
    "GET /api/v1/processes",
    "GET /api/v1/processes/{code}",
    "PUT /api/v1/processes/{code}",
    "GET /api/v1/calendars",
    "POST /api/v1/calendars",
    "POST /api/v1/calendars/local",
    "GET /api/v1/cell-limits",
    "PUT /api/v1/cell-limits",
    "GET /api/v1/messages/failed",
    "POST /api/v1/messages/resend",
)


def check_flow(world: Any) -> None:
    """Rules, processes, calendars and limits are the admin's; a trial on last month's cases holds no text of theirs."""
    asked: tuple[tuple[str, str], ...] = (
        ("GET", "/rules"), ("POST", "/rules"), ("GET", "/rules/1"), ("POST", "/rules/1/replay"),
        ("POST", "/rules/1/publish"), ("GET", "/processes"), ("GET", "/processes/service"),
        ("PUT", "/processes/service"), ("GET", "/calendars"), ("POST", "/calendars"),
        ("POST", "/calendars/local"),
        ("PUT", "/cell-limits"), ("GET", "/messages/failed"), ("POST", "/messages/resend"),
    )  # fmt: skip
    bodies: dict[str, Any] = {
        "/rules": {"rules": []},
        "/processes/service": {},
        "/messages/resend": {"ids": [1]},
        "/calendars/local": {"days": "day,kind\n2026-08-14,off\n"},
        "/calendars": {"year": 2027, "source": "x", "days": "day,kind\n2027-01-01,off\n"},
    }
    for user, (role, _) in SEATS.items():
        for method, path in asked:
            if role is not Role.ADMIN:
                more = {} if method == "GET" else {"json": bodies.get(path, {})}
                assert world.api.ask(user, method, path, **more).status_code == 403, (user, path)
    # limits are numbers of places alone: who weighs plans reads them, and nobody else
    for user, (role, _) in SEATS.items():
        allowed = role in ACTIONS["plan.read"] or role is Role.ADMIN
        assert world.api.get(user, "/cell-limits").status_code == (200 if allowed else 403), user
    answer = world.api.ask("admin", "POST", "/rules/1/replay")
    assert answer.status_code == 200
    assert not any(secret in answer.text for secret in (TEXT, REPORTER, PHONE, CONTACT, CONTACT_PHONE))
