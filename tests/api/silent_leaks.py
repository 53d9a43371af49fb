"""Routes whose scope has tests of its own, and which are held here to give away no text, no name and no number.

Each is asked by everybody, with ids that are there: whatever it answers, none of the county's secrets is in it.
"""

from __future__ import annotations

from typing import Any

from tests.county import CONTACT, CONTACT_PHONE, PHONE, REPORTER, SEATS, TEXT

PLAN = "/plans/{plan_id}"
READ = (
    "/drawings", "/drawings/{day}", "/enterprises/{enterprise_id}/agreed", "/enterprises/{enterprise_id}/blasting",
    "/enterprises/{enterprise_id}/evidence", "/enterprises/{enterprise_id}/neighbourhood",
    "/enterprises/{enterprise_id}/review", "/handovers", "/handovers/{handover_id}", "/hotspots",
    "/incidents/{incident_id}/photos", "/meetings", "/meetings/{meeting_id}", "/meetings/{meeting_id}/table",
    "/drawings/{day}/diff",
    "/plans", PLAN, f"{PLAN}/codes", f"{PLAN}/comments", f"{PLAN}/diff",
    f"{PLAN}/drawing", f"{PLAN}/findings", f"{PLAN}/impact",
    "/promises", "/promises/{promise_id}/effect", "/promises/{promise_id}/steps", "/stats/analyses/{analysis_id}",
    "/stats/release", "/stats/scan", "/stats/scorecard", "/stats/sources",
)  # fmt: skip
#: pictures and papers, and what changes something: their own tests say who may
ELSEWHERE = (
    "GET /enterprises/{enterprise_id}/evidence.pdf", "GET /handovers/{handover_id}/sheet.pdf", f"GET {PLAN}/export",
    "GET /incidents/{incident_id}/photos/{photo_id}", "DELETE /stats/analyses/{analysis_id}",
    "POST /enterprises/{enterprise_id}/permits", "PUT /enterprises/{enterprise_id}/regular",
    "PUT /enterprises/{enterprise_id}/rock", "POST /handovers/{handover_id}/sign",
    "POST /incidents/{incident_id}/photos", "POST /meetings", "POST /meetings/{meeting_id}/cancelled",
    "POST /meetings/{meeting_id}/held", "POST /promises/{promise_id}/steps", "POST /plans",
    *(
        f"POST {PLAN}/{act}"
        for act in ("approve", "balance", "comments", "edits", "import", "publish", "rebase", "redo", "return",
                    "reverse", "submit", "undo", "withdraw")
    ),
    "POST /permits/import", "POST /sealed", "GET /incidents/{incident_id}/uploads/{upload}",
    "PATCH /incidents/{incident_id}/uploads/{upload}", "GET /me/answered",
)  # fmt: skip
SILENT_ROUTES = tuple(f"GET /api/v1{path}" for path in READ)
OTHER_ROUTES = tuple(f"{verb} /api/v1{path}" for verb, path in (one.split(" ") for one in ELSEWHERE))
WINDOW = {
    "/hotspots": "?from=2026-01&to=2026-06", "/stats/scan": "?from=2026-01&to=2026-06",
    "/stats/sources": "?from=2026-01&to=2026-06", "/stats/release": "?from=2026-05&to=2026-06",
    "/stats/scorecard": "?month=2026-06&by=area",
}  # fmt: skip


def check_silence(world: Any) -> None:
    """Nothing that was said or sealed is in any answer, whoever asks."""
    for path in READ:
        asked = path.replace("{day}", "2026-07-03") + WINDOW.get(path, "")
        for name in ("enterprise", "incident", "handover", "meeting", "plan", "promise", "analysis"):
            asked = asked.replace(f"{{{name}_id}}", "1")
        for user in SEATS:
            answer = world.api.get(user, asked)
            assert answer.status_code < 500, (user, asked, answer.text)
            for secret in (TEXT, REPORTER, PHONE, CONTACT, CONTACT_PHONE):
                assert secret not in answer.text, (user, asked, secret)
