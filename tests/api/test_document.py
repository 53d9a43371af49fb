"""The OpenAPI document: every reference leads somewhere, and every example is what the server answers today.

`GRIDMAP_WRITE_EXAMPLES=1 pytest tests/api/test_document.py` writes `api/examples.json` anew.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from api import document
from gridmap.usecases import analysing
from gridmap.usecases.delivering import deliverer
from tests.api.client import Api
from tests.county import CELL, COMMUNITY, centre
from tests.grids import LAT as LAT_0
from tests.grids import LON as LON_0
from tests.grids import SIZE_DEG

LON, LAT = centre("A")
REPORT = {"category": "mining-blasting", "lon": LON, "lat": LAT, "accuracy_m": 28, "text": "爆破后墙面出现裂缝"}
CALL = {
    "title": "爆破裂缝联席会议",
    "meets_at": "2026-07-10T09:00:00+08:00",
    "venue": "村委会会议室",
    "enterprise_id": 1,
    "bodies": ["B-LAND"],
    "residents": COMMUNITY["A"],
}
HELD = {
    "minutes": "三方到会，勘查了房屋。",
    "promises": [{"text": "修复六户房屋裂缝", "due_at": "2026-09-01T00:00:00+08:00"}],
}
#: a node of the county's drawing that four cells share, and where it is moved to
CORNER = [LON_0 + SIZE_DEG, LAT_0 + SIZE_DEG]
NODE = {"kind": "move_node", "place": CORNER, "to": [CORNER[0] + 0.0012, CORNER[1] - 0.0012]}
PLAN = "/api/v1/plans/{plan_id}"
#: one plan from its beginning to its hand-over: operation -> (who, method, address, body)
PLANNED: dict[str, tuple[str, str, str, Any]] = {
    "POST /api/v1/plans": ("planner", "POST", "/plans", {"title": "重划试验"}),
    f"POST {PLAN}/edits": ("planner", "POST", "/plans/1/edits", {"edits": [NODE]}),
    f"GET {PLAN}/drawing": ("planner", "GET", f"/plans/1/drawing?codes={CELL['A']}", None),
    f"GET {PLAN}/findings": ("planner", "GET", "/plans/1/findings", None),
    f"GET {PLAN}/diff": ("planner", "GET", "/plans/1/diff", None),
    f"GET {PLAN}/impact": ("planner", "GET", "/plans/1/impact", None),
    f"POST {PLAN}/rebase": ("planner", "POST", "/plans/1/rebase", None),
    f"POST {PLAN}/submit": ("planner", "POST", "/plans/1/submit", None),
    f"POST {PLAN}/comments": ("worker-a", "POST", "/plans/1/comments", {"text": "河那边更近", "cell": CELL["A"]}),
    f"GET {PLAN}/comments": ("worker-a", "GET", "/plans/1/comments", None),
    f"POST {PLAN}/approve": ("approver", "POST", "/plans/1/approve", None),
    f"POST {PLAN}/publish": ("approver", "POST", "/plans/1/publish", {"from": "2026-07-03"}),
    f"GET {PLAN}": ("planner", "GET", "/plans/1", None),
    "GET /api/v1/plans": ("planner", "GET", "/plans?limit=1", None),
    "GET /api/v1/drawings": ("planner", "GET", "/drawings", None),
    "GET /api/v1/drawings/{day}/diff": ("planner", "GET", "/drawings/2026-07-03/diff?since=2026-07-02", None),
    "GET /api/v1/handovers": ("worker-a", "GET", "/handovers", None),
    "GET /api/v1/handovers/{handover_id}": ("worker-a", "GET", "/handovers/1", None),
    "GET /api/v1/public/plans/{plan_id}": ("planner", "GET", "/public/plans/1", None),
    "POST /api/v1/handovers/{handover_id}/sign": ("worker-a", "POST", "/handovers/1/sign", None),
    f"POST {PLAN}/reverse": ("planner", "POST", "/plans/1/reverse", None),
}
AGAIN = "if that is meant, write the examples anew with GRIDMAP_WRITE_EXAMPLES=1"
#: operation -> (who, method, address, body)
ASKED: dict[str, tuple[str, str, str, Any]] = {
    "GET /api/v1/me": ("worker-a", "GET", "/me", None),
    "POST /api/v1/incidents": ("worker-a", "POST", "/incidents", REPORT),
    "GET /api/v1/incidents": ("worker-a", "GET", "/incidents?limit=1&status=assigned", None),
    "GET /api/v1/incidents/{incident_id}": ("worker-a", "GET", "/incidents/1", None),
    "GET /api/v1/incidents/{incident_id}/events": ("worker-a", "GET", "/incidents/1/events", None),
    "POST /api/v1/incidents/{incident_id}/actions/move": (
        "worker-a",
        "POST",
        "/incidents/1/actions/move",
        {"lon": LON, "lat": LAT},
    ),
    "POST /api/v1/incidents/{incident_id}/actions/close": ("worker-a", "POST", "/incidents/5/actions/close", {}),
    "POST /api/v1/incidents/{incident_id}/actions/{action}": (
        "worker-a",
        "POST",
        "/incidents/2/actions/accept",
        {"note": "已到现场"},
    ),
    "GET /api/v1/incidents/{incident_id}/actions": ("worker-a", "GET", "/incidents/1/actions", None),
    "GET /api/v1/incidents/{incident_id}/why": ("worker-a", "GET", "/incidents/1/why", None),
    "GET /api/v1/areas": ("planner", "GET", "/areas?limit=1", None),
    "GET /api/v1/bodies": ("planner", "GET", "/bodies?limit=1", None),
    "GET /api/v1/cells": ("planner", "GET", "/cells?limit=1", None),
    "GET /api/v1/cells/{code}": ("planner", "GET", f"/cells/{CELL['A']}", None),
    "GET /api/v1/categories": ("planner", "GET", "/categories", None),
    "GET /api/v1/locate": ("worker-a", "GET", f"/locate?lon={LON}&lat={LAT}&accuracy_m=150", None),
    "GET /api/v1/households": ("worker-a", "GET", "/households?limit=1", None),
    "GET /api/v1/households/{household_id}": ("worker-a", "GET", "/households/1", None),
    "GET /api/v1/workers": ("planner", "GET", "/workers?limit=1", None),
    "GET /api/v1/enterprises": ("planner", "GET", "/enterprises?limit=1", None),
    "GET /api/v1/enterprises/{enterprise_id}": ("planner", "GET", "/enterprises/2", None),
    "GET /api/v1/drawings/{day}": ("planner", "GET", "/drawings/2026-07-03", None),
    "GET /api/v1/enterprises/{enterprise_id}/agreed": ("official", "GET", "/enterprises/1/agreed", None),
    "GET /api/v1/enterprises/{enterprise_id}/neighbourhood": ("official", "GET", "/enterprises/1/neighbourhood", None),
    "GET /api/v1/enterprises/{enterprise_id}/review": ("official", "GET", "/enterprises/1/review", None),
    "GET /api/v1/enterprises/{enterprise_id}/blasting": ("official", "GET", "/enterprises/2/blasting", None),
    "PUT /api/v1/enterprises/{enterprise_id}/rock": ("official", "PUT", "/enterprises/2/rock", {"rock": "hard"}),
    "GET /api/v1/messages": ("worker-a", "GET", "/messages?limit=1", None),
    "GET /api/v1/messages/failed": ("admin", "GET", "/messages/failed?limit=1", None),
    "POST /api/v1/messages/resend": ("admin", "POST", "/messages/resend", {"ids": [1], "reason": "gateway_back"}),
    "POST /api/v1/meetings": ("official", "POST", "/meetings", CALL),
    "GET /api/v1/meetings": ("official", "GET", "/meetings?limit=1", None),
    "GET /api/v1/meetings/{meeting_id}": ("official", "GET", "/meetings/1", None),
    "GET /api/v1/meetings/{meeting_id}/table": ("official", "GET", "/meetings/1/table", None),
    "POST /api/v1/meetings/{meeting_id}/held": ("official", "POST", "/meetings/1/held", HELD),
    "GET /api/v1/promises": ("official", "GET", "/promises?unsettled=true", None),
    "POST /api/v1/promises/{promise_id}/steps": (
        "official",
        "POST",
        "/promises/1/steps",
        {"status": "proven", "note": "六户均已修复，附照片"},
    ),
    "GET /api/v1/promises/{promise_id}/steps": ("official", "GET", "/promises/1/steps", None),
    "GET /api/v1/layers": ("planner", "GET", "/layers?lang=en", None),
    "GET /api/v1/layers/{name}": ("planner", "GET", f"/layers/cells?lang=en&code={CELL['A']}", None),
    "GET /api/v1/stats/counts": ("official", "GET", "/stats/counts?by=town", None),
    "GET /api/v1/hotspots": ("official", "GET", "/hotspots?from=2026-06&to=2026-06", None),
    "GET /api/v1/stats/scan": ("official", "GET", "/stats/scan?from=2026-01&to=2026-06", None),
    "GET /api/v1/stats/sources": ("official", "GET", "/stats/sources?from=2026-01&to=2026-06", None),
    "GET /api/v1/enterprises/{enterprise_id}/evidence": (
        "official",
        "GET",
        "/enterprises/2/evidence?from=2026-01&to=2026-06",
        None,
    ),
    "GET /api/v1/stats/analyses/{analysis_id}": ("official", "GET", "/stats/analyses/1", None),
    "DELETE /api/v1/stats/analyses/{analysis_id}": ("official", "DELETE", "/stats/analyses/1", None),
    "GET /api/v1/stats/release": ("official", "GET", "/stats/release?from=2026-05&to=2026-06", None),
    "GET /tiles/heat.json": ("official", "GET", "//tiles/heat.json?category=mining&from=2026-04&to=2026-06", None),
    "GET /api/v1/behalf": ("worker-a", "GET", "/behalf", None),
    "GET /api/v1/calendars": ("admin", "GET", "/calendars", None),
    "GET /api/v1/cell-limits": ("planner", "GET", "/cell-limits", None),
    "PUT /api/v1/cell-limits": ("admin", "PUT", "/cell-limits", {"households_least": 250, "households_most": 450}),
    "GET /api/v1/processes": ("admin", "GET", "/processes", None),
    "GET /api/v1/processes/{code}": ("admin", "GET", "/processes/dispute", None),
    "GET /api/v1/rules": ("admin", "GET", "/rules", None),
    "GET /api/v1/rules/{version}": ("admin", "GET", "/rules/1", None),
    "POST /api/v1/rules/{version}/replay": ("admin", "POST", "/rules/1/replay", {}),
    "GET /api/v1/help/devices": ("supervisor", "GET", "/help/devices", None),
    "GET /api/v1/households/{household_id}/file": ("worker-a", "GET", "/households/1/file?reason=visit", None),
    "POST /api/v1/households/{household_id}/consents": (
        "worker-a",
        "POST",
        "/households/1/consents",
        {"purpose": "care", "how": "spoken"},
    ),
    "POST /api/v1/households/{household_id}/care-notes": (
        "worker-a",
        "POST",
        "/households/1/care-notes",
        {"purpose": "alone", "text": "独居，听力不好", "expires_on": "2026-08-01"},
    ),
    "GET /api/v1/incidents/{incident_id}/photos": ("worker-a", "GET", "/incidents/1/photos", None),
    "GET /api/v1/incidents/{incident_id}/similar": ("worker-a", "GET", "/incidents/1/similar", None),
    "POST /api/v1/incidents/search": ("worker-a", "POST", "/incidents/search", {"words": "裂缝"}),
    "GET /api/v1/messages/unread": ("worker-a", "GET", "/messages/unread", None),
    "POST /api/v1/views": (
        "dispatcher-1",
        "POST",
        "/views",
        {"name": "本周红灯", "query": "light=red"},
    ),
    "GET /api/v1/views": ("dispatcher-1", "GET", "/views", None),
    "GET /api/v1/stats/scorecard": ("official", "GET", "/stats/scorecard?month=2026-06&by=area", None),
    "GET /api/v1/public/places": ("worker-a", "GET", "/public/places?q=测试", None),
    "POST /api/v1/visits": ("worker-a", "POST", "/visits", {"household_id": 1, "outcome": "met"}),
    "GET /api/v1/visits": ("worker-a", "GET", "/visits?limit=1", None),
    "GET /api/v1/visits/plan": ("worker-a", "GET", "/visits/plan?month=2026-07", None),
    "GET /api/v1/visits/figures": ("planner", "GET", "/visits/figures?month=2026-06", None),
    "GET /healthz": ("worker-a", "GET", "//healthz", None),
    "GET /readyz": ("worker-a", "GET", "//readyz", None),
    **PLANNED,
    "GET /api/v1/plans/{plan_id}/codes": (
        "planner",
        "GET",
        f"/plans/1/codes?community={COMMUNITY['A']}&count=1",
        None,
    ),
}
#: answers nothing, forwards, draws a secret, or is not text
WITHOUT = {
    "GET /api/v1/pack",
    "POST /api/v1/sealed",
    "GET /api/v1/handovers/{handover_id}/sheet.pdf",
    f"GET {PLAN}/export",
    f"POST {PLAN}/import",
    f"POST {PLAN}/balance",
    f"POST {PLAN}/return",
    f"POST {PLAN}/undo",
    f"POST {PLAN}/redo",
    f"POST {PLAN}/withdraw",
    "GET /api/v1/enterprises/{enterprise_id}/evidence.pdf",
    "POST /api/v1/token",
    "POST /api/v1/logout",
    "POST /login",
    "POST /logout",
    "GET /metrics",
    "GET /tiles/heat/{z}/{x}/{y}.png",
    "GET /tiles/cells/{z}/{x}/{y}.mvt",
    "POST /api/v1/messages/{message_id}/read",
    "POST /api/v1/meetings/{meeting_id}/cancelled",
    "GET /api/v1/promises/{promise_id}/effect",
    "POST /api/v1/households/{household_id}/correct",
    "POST /api/v1/households/{household_id}/erase",
    "POST /api/v1/households/{household_id}/consents/{purpose}/withdraw",
    "POST /api/v1/households/{household_id}/care-notes/{note_id}/remove",
    "GET /api/v1/households/{household_id}/file.pdf",
    "POST /api/v1/views/{view_id}/forget",
    "GET /api/v1/incidents/{incident_id}/photos/{photo_id}",
    "POST /api/v1/incidents/{incident_id}/photos",
    "POST /api/v1/public/reports/{token}/photos",
    "GET /api/v1/public/challenge",
    "POST /api/v1/public/plans/{plan_id}/comments",
    "POST /api/v1/public/reports",
    "GET /api/v1/public/reports/{token}",
    "POST /api/v1/public/reports/{token}/actions/{action}",
    "GET /api/v1/public/map",
    "POST /api/v1/public/links",
    "POST /api/v1/public/reports/{token}/contact/withdraw",
    "GET /api/v1/incidents/{incident_id}/uploads/{upload}",
    "PATCH /api/v1/incidents/{incident_id}/uploads/{upload}",
    "GET /api/v1/public/reports/{token}/uploads/{upload}",
    "PATCH /api/v1/public/reports/{token}/uploads/{upload}",
    "POST /api/v1/help/calls",
    "GET /api/v1/help/incidents/{incident_id}/circle",
}
#: whose bodies are whole files, or need a header or a state that no example makes; docs/ shows them
LONG = {
    "POST /api/v1/rules", "POST /api/v1/rules/{version}/publish", "PUT /api/v1/processes/{code}",
    "POST /api/v1/permits/import", "POST /api/v1/enterprises/{enterprise_id}/permits",
    "PUT /api/v1/enterprises/{enterprise_id}/regular", "PUT /api/v1/enterprises/{enterprise_id}/contact",
    "GET /api/v1/enterprises/{enterprise_id}/contact",
    "POST /api/v1/calendars", "POST /api/v1/calendars/local", "POST /api/v1/incidents/bulk",
    "POST /api/v1/visits/{visit_id}/incident", "GET /api/v1/me/answered",
}  # fmt: skip


def shortened(body: Any) -> Any:
    """An example as it is shown: the first two rows of a list are enough."""
    return body[:2] if isinstance(body, list) else body


def thinned(body: Any) -> Any:
    """The same all the way down: rows of lists within a plan's answers; places stay whole."""
    if isinstance(body, dict):
        return {name: thinned(one) for name, one in body.items()}
    if isinstance(body, list) and body and isinstance(body[0], dict):
        return [thinned(one) for one in body[:2]]
    return body


def answers(api: Api) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    held = {"If-Match": '"1"'}  # what was read of the plan last
    for operation, (user, method, address, body) in ASKED.items():
        if "messages" in operation:
            deliverer(api.county.ctx).run()
        api.county.clock.forward(minutes=1)
        known = held if method == "POST" else {}
        answer = api.ask(user, method, address, json=body, headers=known)
        if answer.status_code == 202:
            analysing.work(api.county.ctx)
            answer = api.ask(user, method, address, json=body, headers=known)
        assert answer.status_code in {200, 201}, (operation, answer.text)
        held = (
            {"If-Match": answer.headers["etag"]}
            if address.startswith("/plans/1") and "etag" in answer.headers
            else held
        )
        media_type = answer.headers["content-type"].split(";")[0]
        cut = thinned if operation in PLANNED else shortened
        asked = f"{method} {address}" if address.startswith("//") else f"{method} /api/v1{address}"
        found[operation] = {"ask": asked.replace("//", "/"), "type": media_type, "body": cut(answer.json())}
    return found


def shape(value: Any) -> Any:
    """What kind of value stands where; rows of a list are alike, and numbers are numbers."""
    match value:
        case dict():
            return {key: shape(one) for key, one in value.items()}
        case list():
            return [shape(value[0])] if value else []
        case bool() | None:
            return type(value).__name__
        case int() | float():
            return "number"
    # codes and moments keep their form
    return re.sub(r"\d", "9", value) if re.fullmatch(r"\d{6,}|\d{4}-\d\d-\d\d(T.*)?", value) else "str"


def test_every_example_is_what_the_server_answers(api_lite: Api) -> None:
    today = answers(api_lite)
    if os.environ.get("GRIDMAP_WRITE_EXAMPLES"):
        path = Path(document.__file__).with_name("examples.json")
        path.write_text(json.dumps(today, ensure_ascii=False, indent=1) + "\n", "utf-8")
    shown = document.examples()
    assert set(shown) == set(ASKED)
    for operation, example in shown.items():
        assert shape(example) == shape(today[operation]), f"{operation} answers otherwise now: {AGAIN}"


def test_every_operation_has_an_example_and_every_reference_an_end(api_lite: Api) -> None:
    whole = api_lite.get(None, "//openapi.json").json()
    names = {f"{method.upper()} {path}" for path, one in whole["paths"].items() for method in one}
    assert names == set(ASKED) | WITHOUT | LONG
    for path, operations in whole["paths"].items():
        for method, operation in operations.items():
            if f"{method.upper()} {path}" in ASKED:
                answered = operation["responses"].get("200") or operation["responses"]["201"]
                assert any("example" in one for one in answered["content"].values()), (method, path)
    references = set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(whole)))
    assert references
    for reference in references:
        prefix, _, name = reference.rpartition("/")
        assert prefix == "#/components/schemas", reference
        assert name in whole["components"]["schemas"], reference
    identities = [operation["operationId"] for one in whole["paths"].values() for operation in one.values()]
    assert len(set(identities)) == len(identities)
    assert "list_cells" in identities
