"""The OpenAPI document: what FastAPI derives from the routes, with shapes of errors and GeoJSON, and real answers.

`examples.json` holds one answer for each operation, taken from the tests' tiny county; a test asks again and compares.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic.json_schema import models_json_schema

from api.schemas.common import Features, Problem

PROBLEM = {
    "type": "urn:gridmap:problem:not_found",
    "title": "Not Found",
    "status": 404,
    "detail": "there is no such incident, or none that you serve",
    "code": "not_found",
}


def operation_id(route: APIRoute) -> str:
    """A name for generated clients: the route's function."""
    return route.name


def complete(derive: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The document that FastAPI derives, completed."""
    document = derive()
    models = [(model, "serialization") for model in (Problem, Features)]
    _, shapes = models_json_schema(models, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    document["components"]["schemas"].update(shapes["$defs"])
    document["components"]["schemas"]["Problem"]["examples"] = [PROBLEM]
    shown = examples()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            example = shown.get(f"{method.upper()} {path}")
            for status in ("200", "201"):
                for media_type, content in operation["responses"].get(status, {}).get("content", {}).items():
                    if example is not None and media_type == example["type"]:
                        content["example"] = example["body"]
    return document


def examples() -> Mapping[str, Mapping[str, Any]]:
    """One answer by operation ("GET /api/v1/me"): `ask` (how it was asked), `type` (media type) and `body`."""
    text = (files("api") / "examples.json").read_text("utf-8")
    found: Mapping[str, Mapping[str, Any]] = json.loads(text)
    return found


def install(app: FastAPI) -> None:
    """Make the application answer /openapi.json with the completed document.

    It is made once, by the first who asks: routes ask too (`deps.known_parameters`), from several threads.
    """
    derive, making = app.openapi, threading.Lock()
    made: list[dict[str, Any]] = []

    def openapi() -> dict[str, Any]:
        with making:
            if not made:
                made.append(complete(derive))
        return made[0]

    app.openapi = openapi  # type: ignore[method-assign]
