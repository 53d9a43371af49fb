"""The one table from error kind to status, and every answer that is an error: RFC 9457 problem+json.

Nothing that a request held is repeated in an answer or in the server's log, but for names of parameters and fields: it
may be personal. A browser asking for a page without a session is sent to /login.
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from gridmap.errors import (
    Conflict,
    EnvironmentFault,
    Forbidden,
    GridmapError,
    InvalidInput,
    KeyReused,
    NotFound,
    Stale,
    TooMany,
    Unauthenticated,
    VersionNeeded,
)

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
#: the most specific kind first
STATUS: Sequence[tuple[type[GridmapError], int]] = (
    (KeyReused, 422),
    (Stale, 412),
    (VersionNeeded, 428),
    (InvalidInput, 422),
    (Unauthenticated, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (Conflict, 409),
    (TooMany, 429),
    (EnvironmentFault, 503),
    (GridmapError, 500),
)
#: codes of errors that the framework raises by status alone
_CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
}

#: draws an error for a browser: (request, status, code, message) -> page, or None for plain problem+json
ErrorPage = Callable[[Request, int, str, str], Response | None]


def status_of(error: GridmapError) -> int:
    return next(status for kind, status in STATUS if isinstance(error, kind))


def problem(
    status: int,
    code: str,
    detail: str,
    extra: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An RFC 9457 answer. `extra` joins it as members of its own and never replaces the standard ones."""
    body = {
        **(extra or {}),
        "type": f"urn:gridmap:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }
    text = json.dumps(_finite(body), ensure_ascii=False, default=str, allow_nan=False)
    return Response(
        text.encode("utf-8", "replace"), status, {"Cache-Control": "no-store", **(headers or {})}, MEDIA_TYPE
    )


def _finite(value: Any) -> Any:
    """The value with NaN and infinities as text: JSON has none."""
    match value:
        case float() if value != value or value in (float("inf"), float("-inf")):
            return str(value)
        case Mapping():
            return {str(key): _finite(one) for key, one in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_finite(one) for one in value]
    return value


def install(app: FastAPI, error_page: ErrorPage | None = None) -> None:
    """Make every error of this application answer by the table. `error_page` draws those that a page meets."""

    def answer(
        request: Request, status: int, code: str, detail: str, extra: Mapping[str, Any] | None = None
    ) -> Response:
        if _wants_page(request):
            if status == 401:
                return RedirectResponse(f"/login?next={quote(_target(request), safe='')}", 303)
            page = error_page(request, status, code, detail) if error_page else None
            if page is not None:
                return page
        return problem(status, code, detail, extra, _headers(status, extra))

    async def domain(request: Request, error: Exception) -> Response:
        assert isinstance(error, GridmapError)
        status = status_of(error)
        if status >= 500 and error.code != "gone":
            logger.error("%s %s: %s (%s)", request.method, _route(request), error.message, error.code)
        return answer(request, status, error.code, error.message, error.details)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        faults = [_fault(one) for one in error.errors()]
        detail = "; ".join(f"{one['field']}: {one['message']}" for one in faults[:5])
        return answer(request, 422, "invalid_input", detail, {"errors": faults[:50]})

    async def framework(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        status = error.status_code
        code, detail = _CODES.get(status, "error"), _WORDS.get(status, HTTPStatus(status).phrase)
        made = answer(request, status, code, detail)
        made.headers.update(error.headers or {})
        return made

    app.add_exception_handler(GridmapError, domain)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, framework)


def unexpected(request: Request, error: Exception, error_page: ErrorPage | None = None) -> Response:
    """The answer to an error nobody foresaw: 500 with an id under which the server's log has its traceback."""
    identity = secrets.token_hex(6)
    # an exception's own text may hold what a person wrote: the log gets its kind and its place
    bare = RuntimeError(f"{type(error).__name__} (text withheld)").with_traceback(error.__traceback__)
    logger.error("%s %s failed, id %s", request.method, _route(request), identity, exc_info=bare)
    detail = f"something went wrong on the server; its log has it under {identity}"
    if error_page and _wants_page(request):
        try:
            page = error_page(request, 500, "internal", detail)
        except Exception:  # what broke may be what pages are drawn with; the answer below needs nothing
            logger.error("the error page failed too, id %s", identity)
        else:
            if page is not None:
                return page
    return problem(500, "internal", detail, {"id": identity})


_WORDS = {
    400: "the body cannot be read: it is not the JSON or the form that its Content-Type says",
    404: "there is nothing at this address",
    405: "this address does not take this method",
    413: "the body is too large",
}


def _headers(status: int, extra: Mapping[str, Any] | None) -> dict[str, str]:
    if status == 401:
        return {"WWW-Authenticate": 'Bearer realm="gridmap"'}
    wait = (extra or {}).get("retry_after_s")
    if wait is None and status == 503:
        wait = 5
    return {} if wait is None else {"Retry-After": str(int(wait))}


def _wants_page(request: Request) -> bool:
    accepts = request.headers.get("accept", "")
    return request.method in {"GET", "HEAD"} and "text/html" in accepts and not request.url.path.startswith("/api/")


def _target(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _route(request: Request) -> str:
    return str(getattr(request.scope.get("route"), "path", "unmatched"))


def _fault(error: Mapping[str, Any]) -> dict[str, str]:
    """One fault of a body or parameter: where and what, never the value."""
    where, *path = (str(part) for part in error["loc"])
    message = str(error["msg"])
    if error["type"] in {"json_invalid", "value_error"}:
        message = "this is not JSON" if error["type"] == "json_invalid" else message.removeprefix("Value error, ")
    return {"in": where, "field": ".".join(path) or where, "code": str(error["type"]), "message": message}
