"""What holds for every request, as plain ASGI: body limit, security headers with a nonce, metrics, the last catch.

Plain ASGI because Starlette's BaseHTTPMiddleware copies bodies and breaks cancellation when a client goes away.
"""

from __future__ import annotations

import base64
import contextlib
import re
import secrets
import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import auth
from api.errors import ErrorPage, problem, unexpected
from gridmap.errors import GridmapError


class BodyLimit:
    """Refuse a body over `most` bytes with 413, by its declared length at once, else as it comes in.

    `larger`: what may be sent to addresses that match, for the few that take files, by whoever is logged in: a body is
    in memory before its route asks who sent it.
    """

    def __init__(self, app: ASGIApp, most: int, larger: tuple[re.Pattern[str], int] | None = None) -> None:
        self.app = app
        self.usual = most
        self.larger = larger

    async def _most(self, scope: Scope) -> int:
        if self.larger is None or not self.larger[0].fullmatch(scope["path"]):
            return self.usual
        return self.larger[1] if await _is_logged_in(scope) else self.usual

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most = await self._most(scope)
        declared = Headers(scope=scope).get("content-length", "0")
        if not declared.isdecimal() or len(declared) > 18 or int(declared) > most:
            await self._refuse(most, scope, receive, send)
            return
        taken, started = 0, False

        async def limited() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > most:
                raise _TooLarge
            return message

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            if taken <= most:
                await send(message)

        with contextlib.suppress(_TooLarge):
            await self.app(scope, limited, watched)
        if taken > most and not started:
            await self._refuse(most, scope, receive, send)

    async def _refuse(self, most: int, scope: Scope, receive: Receive, send: Send) -> None:
        detail = f"the body is larger than {most:,} bytes"
        await problem(413, "too_large", detail, {"max_bytes": most}, {"Connection": "close"})(scope, receive, send)


async def _is_logged_in(scope: Scope) -> bool:
    shown = auth.credential(Request(scope))
    if shown is None:
        return False
    try:
        return await scope["app"].state.entrance.enter(shown.token, None) is not None
    except GridmapError:
        return False  # the route tells what is wrong


class _TooLarge(BaseException):
    """Ends the reading of a body. Not an Exception, so that no handler on the way answers in its place."""


class SecurityHeaders:
    """Headers of every answer. Templates find the nonce of their answer at `request.state.csp_nonce`.

    Scripts and style sheets are our own or carry the nonce; styles set by scripts through the CSSOM need neither. The
    form cookie that `auth.csrf_token` asked for is set here, so templates need no answer object.
    """

    def __init__(self, app: ASGIApp, secure: bool) -> None:
        self.app = app
        self.nonces = Nonces()
        #: headers that are the same for each answer
        self.always = (*_HEADERS, (b"strict-transport-security", b"max-age=31536000")) if secure else _HEADERS
        self.secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        nonce = state["csp_nonce"] = self.nonces.draw()

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = self._dress(list(message.get("headers", ())), nonce, state.get("form_secret"))
            await send(message)

        await self.app(scope, receive, dressed)

    def _dress(self, headers: list[Header], nonce: str, form_secret: str | None) -> list[Header]:
        """An answer's headers with ours, but for those that it has set itself. Names are lower case already."""
        given = {name for name, _ in headers}
        headers += [header for header in self.always if header[0] not in given]
        if b"content-security-policy" not in given:
            headers.append((b"content-security-policy", content_policy(nonce).encode()))
        if form_secret is not None:
            headers.append((b"set-cookie", self._form_cookie(form_secret).encode()))
        return headers

    def _form_cookie(self, secret: str) -> str:
        secure = "; Secure" if self.secure else ""
        return f"{auth.FORM_COOKIE}={secret}; HttpOnly; Path=/; SameSite=strict{secure}"


class Nonces:
    """Random words of 24 letters, each handed out once. Safe to share between threads.

    Many are drawn at a time: a draw lets go of Python's lock, and under load gets it back last.
    """

    _BYTES, _AT_ONCE = 18, 256

    def __init__(self) -> None:
        self._left: list[str] = []

    def draw(self) -> str:
        try:
            return self._left.pop()
        except IndexError:
            drawn = base64.urlsafe_b64encode(secrets.token_bytes(self._BYTES * self._AT_ONCE)).decode()
            size = len(drawn) // self._AT_ONCE
            first, *rest = (drawn[i : i + size] for i in range(0, len(drawn), size))
            self._left += rest
            return first


Header = tuple[bytes, bytes]

_HEADERS: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"permissions-policy", b"geolocation=(self), camera=(), microphone=(), payment=(), usb=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


def content_policy(nonce: str) -> str:
    """The Content-Security-Policy of an answer."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' 'nonce-{nonce}'",
            f"style-src 'self' 'nonce-{nonce}'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            "connect-src 'self'",
            "manifest-src 'self'",
            "worker-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


class LastCatch:
    """Answers errors that nobody foresaw. Stands inside the other middleware, so that 500s carry their headers too, and
    raises nothing on: the server's own log would print the error's text, which may be personal."""

    def __init__(self, app: ASGIApp, error_page: ErrorPage | None = None) -> None:
        self.app = app
        self.error_page = error_page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception as error:
            answer = unexpected(Request(scope), error, self.error_page)
            if started:
                raise ConnectionAbortedError("an answer broke off") from None
            await answer(scope, receive, send)


class Metrics:
    """Counts and times requests by method, route template and status, in a registry of the application's own."""

    def __init__(
        self, app: ASGIApp, registry: CollectorRegistry, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.app = app
        self.clock = clock
        labels = ("method", "route")
        self.count = Counter("gridmap_requests", "Requests answered", (*labels, "status"), registry=registry)
        self.seconds = Histogram("gridmap_request_seconds", "Time to the answer's end", labels, registry=registry)
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start, status = self.clock(), 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "other"
            route = str(getattr(scope.get("route"), "path", "unmatched"))
            count, seconds = self._of(method, route, status)
            count.inc()
            seconds.observe(self.clock() - start)

    def _of(self, method: str, route: str, status: int) -> tuple[Counter, Histogram]:
        """What counts and times these; looking it up by its labels takes longer than counting."""
        known = self._known.get((method, route, status))
        if known is None:
            known = self.count.labels(method, route, str(status)), self.seconds.labels(method, route)
            self._known[method, route, status] = known
        return known


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
