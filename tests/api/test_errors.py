"""Errors: one shape for each status, nothing of what was sent in them, and no 500 for anything one can send."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api import errors as api_errors
from api.app import create_app
from api.errors import STATUS, status_of
from gridmap import errors
from tests.api.client import Api, problem
from tests.county import CELL, SmallCounty, centre

LON, LAT = centre("A")
REPORT = {"category": "mining-dust", "lon": LON, "lat": LAT, "text": "灰"}


def test_every_kind_of_error_has_its_status() -> None:
    kinds = {one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.GridmapError)}
    table = dict(STATUS)
    assert set(table) == kinds
    assert {kind: status_of(kind("x")) for kind in kinds} == table  # a parent does not shadow its children
    assert status_of(errors.KeyReused("x")) == 422


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/nothing", None, 404, "not_found"),
        ("GET", "//nothing", None, 404, "not_found"),
        ("GET", "/incidents/999999", None, 404, "not_found"),
        ("DELETE", "/incidents", None, 405, "method_not_allowed"),
        ("GET", "/token", None, 405, "method_not_allowed"),
        ("GET", "/stats/counts", None, 403, "forbidden"),
        ("GET", "/incidents/abc", None, 422, "invalid_input"),
        ("GET", "/incidents/0", None, 422, "invalid_input"),
        ("GET", "/incidents/99999999999999999999", None, 422, "invalid_input"),
        ("GET", "/incidents?limit=0", None, 422, "invalid_input"),
        ("GET", "/incidents?limit=1001", None, 422, "invalid_input"),
        ("GET", "/incidents?cursor=made-up", None, 422, "bad_cursor"),
        ("GET", "/incidents?bbox=1,2,3", None, 422, "invalid_input"),
        ("GET", "/incidents?bbox=nan,0,1,1", None, 422, "invalid_input"),
        ("GET", "/incidents?bbox=2,0,1,1", None, 422, "invalid_input"),
        ("GET", "/incidents?categroy=x", None, 422, "unknown_parameter"),
        ("GET", "/incidents/1?x=1", None, 422, "unknown_parameter"),
        ("GET", "/incidents?status=assigned&status=closed", None, 422, "invalid_input"),
        ("GET", "/incidents?from=2026-02-30", None, 422, "invalid_input"),
        ("GET", "/incidents?cell=%00", None, 422, "invalid_input"),
        ("GET", "/locate?lon=nan&lat=1", None, 422, "invalid_input"),
        ("GET", "/locate?lon=27&lat=106.5", None, 422, "location_doubtful"),
        ("GET", "/locate?lon=1&lat=1&crs=EPSG:999999", None, 422, "invalid_input"),
        ("GET", "/layers/nothing", None, 404, "not_found"),
        ("GET", "/layers/heat", None, 403, "forbidden"),
        ("GET", "/layers/cells?measure=x", None, 422, "invalid_input"),
        ("GET", "/layers/cells?x=1", None, 422, "invalid_input"),
        ("POST", "/incidents", {}, 422, "invalid_input"),
        ("POST", "/incidents", {**REPORT, "category": "no-such"}, 422, "invalid_input"),
        ("POST", "/incidents", {**REPORT, "extra": 1}, 422, "invalid_input"),
        ("POST", "/incidents", {**REPORT, "lon": "106.5"}, 422, "invalid_input"),
        ("POST", "/incidents", {**REPORT, "lon": True}, 422, "invalid_input"),
        ("POST", "/incidents", {**REPORT, "lon": LAT, "lat": LON}, 422, "location_doubtful"),
        ("POST", "/incidents", {**REPORT, "accuracy_m": -1}, 422, "invalid_input"),
        ("POST", "/incidents", {**REPORT, "occurred_at": "2026-07-03T09:41:00"}, 422, "invalid_input"),
        ("POST", "/incidents", {**REPORT, "channel": "import"}, 422, "invalid_input"),
        ("POST", "/incidents", {**REPORT, "text": "x" * 4001}, 422, "invalid_input"),
        ("POST", "/incidents", [REPORT], 422, "invalid_input"),
        ("POST", "/incidents", None, 422, "invalid_input"),
        ("POST", "/incidents/1/actions/move", {"lon": 1}, 422, "invalid_input"),
        ("POST", "/incidents/1/actions/explode", {}, 404, "not_found"),
    ],
)  # fmt: skip
def test_problems_have_one_shape(api_shared: Api, method: str, path: str, body: Any, status: int, code: str) -> None:
    answer = api_shared.ask("worker-a", method, path, json=body)
    told = problem(answer, status, code)
    if status == 422 and "?" in path and code != "bad_cursor" and "crs=" not in path:
        named = told.get("parameter") or told.get("field") or told["errors"][0]["field"]
        assert named in path


@pytest.mark.parametrize(
    "text",
    [
        b'{"category":"mining-dust","lon":NaN,"lat":27.0}',
        b'{"category":"mining-dust","lon":1e999,"lat":27.0}',
        b'{"category":"mining-dust","lon":-Infinity,"lat":27.0}',
        b'{"category":"mining-dust","lon":106.5,"lat":27.0,"accuracy_m":NaN}',
        b'{"category":"mining-dust","lon":106.5,"lat":27.0,"text":NaN}',
        b'{"category":"mining-dust","lon":' + b"9" * 5000 + b',"lat":27.0}',
        b'{"category":"mining-dust","lon":106.502,"lat":27.006,"text":"\\ud800"}',
        b'{"category":"a\\u0000b","lon":106.502,"lat":27.006}',
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        b'{"category": "mining-dust",',
        b"\xff\xfe\x00",
        b"\xef\xbb\xbf{}",
        b"null",
        b"1",
        b'""',
        b"",
    ],
)
def test_bodies_no_json_writer_would_send(api_shared: Api, text: bytes) -> None:
    """NaN, infinities, endless numbers, deep nesting, lone surrogates, no JSON at all: 400 or 422 in a clear shape."""
    answer = api_shared.ask(
        "worker-a", "POST", "/incidents", content=text, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in {400, 422}, answer.text
    problem(answer, answer.status_code, answer.json()["code"])


def test_numbers_that_are_whole_are_welcome(api_lite: Api) -> None:
    answer = api_lite.post("worker-a", "/incidents", {**REPORT, "accuracy_m": 28})
    assert answer.status_code == 201


@pytest.mark.parametrize("chunked", [False, True])
def test_oversized_bodies_are_refused_before_they_are_read(api_shared: Api, chunked: bool) -> None:
    most = api_shared.county.ctx.settings.max_body_bytes
    filler = b'{"text":"' + b"x" * most + b'"}'
    sent: Any = iter([filler[:1000], filler[1000:]]) if chunked else filler
    for path in ("/incidents", "/token"):
        kind = "application/json" if path == "/incidents" else "application/x-www-form-urlencoded"
        body = sent if not chunked else iter([filler[:1000], filler[1000:]])
        answer = api_shared.ask("worker-a", "POST", path, content=body, headers={"Content-Type": kind})
        told = problem(answer, 413, "too_large")
        assert told["max_bytes"] == most
    for length in ("-1", "abc", "9" * 30):
        answer = api_shared.ask("worker-a", "POST", "/incidents", content=b"{}", headers={"Content-Length": length})
        assert answer.status_code == 413


def test_a_body_of_just_the_limit_is_read(api_lite: Api) -> None:
    most = api_lite.county.ctx.settings.max_body_bytes
    body = json.dumps(REPORT).encode()
    answer = api_lite.ask(
        "worker-a",
        "POST",
        "/incidents",
        content=body + b" " * (most - len(body)),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 201


def test_nothing_that_was_sent_comes_back_in_an_error(api_shared: Api, caplog: pytest.LogCaptureFixture) -> None:
    secret = "赵某某的秘密"
    bodies: list[Any] = [
        {**REPORT, "text": [secret]}, {**REPORT, secret[:3]: 1}, {**REPORT, "reporter_phone": secret * 50},
        {**REPORT, "occurred_at": secret}, {**REPORT, "channel": secret},
    ]  # fmt: skip
    with caplog.at_level(logging.DEBUG):
        for body in bodies:
            answer = api_shared.post("worker-a", "/incidents", body)
            assert answer.status_code == 422
            assert secret not in answer.text
    assert secret not in caplog.text


def test_errors_nobody_foresaw_have_an_id_and_no_text(
    spatialite_county: SmallCounty, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(spatialite_county.ctx, spatialite_county.passwords)
    secret = "a person's words"

    @app.get("/api/v1/boom")
    def boom() -> None:
        raise RuntimeError(secret)

    with TestClient(app) as client:
        for accept in ("application/json", "text/html"):
            answer = client.get("/api/v1/boom", headers={"Accept": accept})
            told = problem(answer, 500, "internal")
            assert told["id"] in caplog.text
            assert "test_errors.py" in caplog.text
            assert secret not in caplog.text + answer.text
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "content-security-policy" in answer.headers


def test_a_database_that_is_away_is_503(api_lite: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    path = api_lite.county.ctx.settings.database_url.removeprefix("sqlite:///")
    api_lite.get("worker-a", "/me")
    api_lite.county.ctx.engine.dispose()
    from pathlib import Path

    moved = Path(path).rename(path + ".away")
    try:
        for route in ("//readyz", "/me"):
            answer = api_lite.get("worker-a", route)
            assert answer.status_code == 503, answer.text
            assert answer.headers["retry-after"] == "5"
        assert api_lite.get(None, "//healthz").status_code == 200
        assert api_lite.client.head("/healthz").status_code == 200
    finally:
        Path(path).unlink(missing_ok=True)
        api_lite.county.ctx.engine.dispose()
        moved.rename(path)


def test_problem_never_breaks_on_its_details() -> None:
    answer = api_errors.problem(
        422, "x", "y", {"a": float("nan"), "b": [float("inf")], "c": {1, 2}, "status": 1, "d": object}
    )
    body = json.loads(answer.body)
    assert (body["a"], body["b"], body["status"]) == ("nan", ["inf"], 422)


def test_headers_of_every_answer(api_shared: Api) -> None:
    for path in ("//healthz", "/me", "//login", "//nothing", "//static/css/app.css", "//openapi.json"):
        answer = api_shared.get("worker-a", path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "geolocation=(self)" in answer.headers["permissions-policy"]
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert "access-control-allow-origin" not in answer.headers
        assert "server" not in answer.headers
    nonces = {api_shared.get(None, "//login").headers["content-security-policy"] for _ in range(3)}
    assert len(nonces) == 3


def test_codes_of_cells_are_not_echoed(api_shared: Api) -> None:
    answer = api_shared.get("worker-a", f"/cells/{CELL['A']}x")
    assert f"{CELL['A']}x" not in problem(answer, 404, "not_found")["detail"]


def test_a_large_file_is_taken_of_nobody_who_is_not_logged_in(api_lite: Api) -> None:
    """A body is in memory before its route asks who sent it."""
    large, path = b"x" * 2_000_000, "/plans/1/import"
    tokens = [None, "Bearer none", f"Bearer {api_lite.county.token('planner')}"]
    for token in tokens:
        for sent in (large, iter([large[:1_000_000], large[1_000_000:]])):
            headers = {"Content-Type": "application/octet-stream"} | ({"Authorization": token} if token else {})
            answer = api_lite.post(None, path, content=sent, headers=headers)
            assert (answer.status_code == 413) is (token is not tokens[-1]), (token, answer.text)
