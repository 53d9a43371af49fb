"""Anything one can send: properties over the schema (Schemathesis), fuzzed filters. A sample; the trials run more
(`tests/trials/test_api_properties.py`)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.client import Api
from tests.county import SEATS

#: requests for each endpoint and mode
EXAMPLES = int(os.environ.get("GRIDMAP_FUZZ_EXAMPLES", "8"))
QUIET = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
ALWAYS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)


@schemathesis.serializer("application/geopackage+sqlite3")
def file_body(_context: Any, value: Any) -> bytes:
    """A file to be uploaded: whatever was made up, as bytes."""
    return value if isinstance(value, bytes) else str(value).encode()


def operations(api: Api) -> Iterator[Any]:
    schema = schemathesis.openapi.from_dict(api.app.openapi())
    for result in schema.get_all_operations():
        yield result.ok()


def fuzz(api: Api, operation: Any, mode: GenerationMode, examples: int = EXAMPLES) -> int:
    """Send generated requests to one operation as somebody who may use it; how many were sent."""
    checks = [*ALWAYS, negative_data_rejection] if mode is GenerationMode.NEGATIVE else [*ALWAYS]
    user = "official" if operation.path.startswith(("/api/v1/stats", "/tiles")) else "worker-a"
    sent = 0

    @settings(QUIET, max_examples=examples)
    @given(case=operation.as_strategy(generation_mode=mode))
    def run(case: Any) -> None:
        nonlocal sent
        sent += 1
        # a token for each: logging out is among what is tried
        headers = {"Authorization": f"Bearer {api.county.token(user)}"}
        answer = case.call(app=api.app, headers=headers)
        # too large a body, or another version of a plan, is told before the body is looked at
        case.validate_response(answer, checks=list(ALWAYS) if answer.status_code in {412, 413} else checks)

    run()
    return sent


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_endpoint_keeps_its_word(api_lite: Api, mode: GenerationMode) -> None:
    """No 500; status, media type and body as the document says; and what the schema forbids is refused."""
    sent = {}
    for operation in operations(api_lite):
        try:
            sent[operation.label] = fuzz(api_lite, operation, mode)
        except Unsatisfiable:
            assert mode is GenerationMode.NEGATIVE
            assert not operation.definition.raw.get("parameters"), operation.label  # nothing there to be got wrong
    assert len(sent) > 15
    assert min(sent.values()) >= 1


AWKWARD = (
    "", "0", "-1", "1e999", "NaN", "null", "true", "'", "';--", "%", "_", "\\", "\x00", "\ud7ff", "𝟙", "../", "${x}",
    "a" * 300, "2026-02-30", "0000-00-00", "9999-12-31", "2026-07-03T00:00", "closed", "mining", "529901001001001",
)  # fmt: skip
NAMES = (
    "bbox", "category", "status", "light", "cell", "from", "to", "limit", "cursor", "format", "reason", "area", "level",
    "kind", "by", "drawing", "lang", "near", "within", "measure", "detail", "code", "lon", "lat", "crs", "accuracy_m",
    "bandwidth", "as_of",
)  # fmt: skip
PATHS = (
    "/incidents", "/households", "/workers", "/cells", "/areas", "/bodies", "/enterprises", "/stats/counts", "/locate",
    "/layers", "/layers/incidents", "/layers/households", "/layers/cells", "/layers/heat", "/layers/land",
    "/layers/enterprises", "//tiles/heat.json", "//tiles/heat/11/1629/862.png",
)  # fmt: skip
texts = st.text(max_size=12) | st.sampled_from(AWKWARD)
names = st.sampled_from(NAMES) | texts
paths = st.sampled_from(PATHS)


def test_fuzzed_filters_break_nothing_and_widen_nothing(api: Api) -> None:
    """No 500, and no row that the same person does not see without any filter."""
    users = [user for user in SEATS if user not in {"worker-away", "approver", "supervisor-2"}]
    seen: dict[tuple[str, str], set[int]] = {}

    def unfiltered(user: str, path: str) -> set[int]:
        if (user, path) not in seen:
            explain = user.startswith("official") and path in {"/incidents", "/layers/incidents"}
            reason = {"reason": "a hearing"} if explain else {}
            answer = api.get(user, path, params=reason)
            listed = answer.status_code == 200 and not path.endswith(".png")
            seen[user, path] = ids(answer.json()) if listed else set()
        return seen[user, path]

    @settings(QUIET, max_examples=EXAMPLES * 20)
    @given(user=st.sampled_from(users), path=paths, query=st.dictionaries(names, texts, max_size=4))
    def run(user: str, path: str, query: dict[str, str]) -> None:
        answer = api.get(user, path, params=query)
        assert answer.status_code in {200, 403, 404, 422}, (user, path, query, answer.text)
        if answer.status_code == 200 and path != "/locate" and not path.endswith(".png"):
            assert ids(answer.json()) <= unfiltered(user, path)

    run()


def ids(body: Any) -> set[int]:
    """The ids in a list or a collection."""
    rows = body.get("items") or body.get("features") or [] if isinstance(body, dict) else []
    return {row["id"] for row in rows if "id" in row}


def test_fuzzed_ids_break_nothing(api: Api) -> None:
    @settings(QUIET, max_examples=EXAMPLES * 10)
    @given(
        identity=st.integers() | texts,
        suffix=st.sampled_from(["", "/events"]),
        kind=st.sampled_from(["incidents", "households", "enterprises", "cells"]),
    )
    def run(identity: Any, suffix: str, kind: str) -> None:
        name = quote(str(identity), safe="")
        answer = api.get("worker-a", f"/{kind}/{name}{suffix if kind == 'incidents' else ''}")
        assert answer.status_code in {200, 404, 405, 422}, answer.text

    run()
