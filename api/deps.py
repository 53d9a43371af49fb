"""What routes ask for: the caller with a View built afresh from the database, and parameters that are known.

    @router.get("/things")
    def things(caller: Signed) -> ...:
        page = caller.reader.page("things", ...)

`Signed` refuses a request without a session (401) and a cross-site one (403 `csrf`). Page routes use it too: the error
handler sends a browser that is not logged in to /login.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.security import APIKeyCookie, OAuth2PasswordBearer

from api import auth
from api.schemas.queries import Reason
from gridmap.errors import InvalidInput, Unauthenticated
from gridmap.store.accounts import Account
from gridmap.usecases.context import Context
from gridmap.usecases.reading import Reader
from gridmap.view import Drawing, View

#: for the OpenAPI document only; `auth.credential` reads the request
_bearer = OAuth2PasswordBearer(tokenUrl="/api/v1/token", scheme_name="bearer", auto_error=False)
_cookie = APIKeyCookie(name=auth.SESSION_COOKIE, scheme_name="cookie", auto_error=False)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent this request, and what they may see while it lasts."""

    account: Account
    reader: Reader
    credential: auth.Credential

    @property
    def ctx(self) -> Context:
        return self.reader.ctx

    @property
    def view(self) -> View:
        return self.reader.view

    def patient(self) -> Caller:
        """The same caller, who waits for what is not at hand."""
        return replace(self, reader=replace(self.reader, waits=True))

    def looking(self, as_of: date | None = None, drawing: Drawing | None = None) -> Caller:
        """The same caller, who looks at the ground as it is on a day, or in the cells as they were drawn then.

        For rows that hold no person: how far a role sees is decided for today, whatever day is looked at.
        """
        if as_of is None and drawing is None:
            return self
        view = replace(self.view, as_of=as_of or self.view.as_of, drawing=drawing or self.view.drawing)
        # what is held in memory is today's
        return replace(self, reader=replace(self.reader, view=view, seen=None if as_of else self.reader.seen))


def context(request: Request) -> Context:
    """The application's context, also for routes that need nobody logged in."""
    ctx: Context = request.app.state.ctx
    return ctx


def route_of(request: Request) -> str:
    """The template of the route that answers, such as /api/v1/cells/{code}."""
    return str(getattr(request.scope.get("route"), "path", "unmatched"))


async def caller(
    request: Request,
    csrf: Annotated[str | None, Depends(auth.sent_csrf_token)],
    _token: Annotated[str | None, Depends(_bearer)],
    _session: Annotated[str | None, Depends(_cookie)],
) -> Caller:
    """Who asks, read from the database for this request: a right withdrawn before it is gone."""
    found = await caller_of(request)
    if found.credential.by_cookie and request.method not in auth.SAFE_METHODS:
        auth.check_own_site(request, csrf, found.credential.token)
    return found


async def caller_of(request: Request, *, waits: bool = True) -> Caller:
    """As `caller`, for a request that changes nothing. Raises Unauthenticated.

    `waits`: False for one who does not: what is not at hand raises NotAtHand.
    """
    shown = auth.credential(request)
    if shown is None:
        raise Unauthenticated("log in first: POST /api/v1/token, then send Authorization: Bearer")
    reason = (request.query_params.get("reason") or "").strip() or None
    state = request.app.state
    entered = await state.entrance.enter(shown.token, reason)
    if entered is None:
        raise Unauthenticated("the session has ended; log in again", code="session_ended")
    reader = Reader(state.ctx, entered.view, state.read_log, route_of(request), entered.seen, waits)
    return Caller(entered.account, reader, shown)


Signed = Annotated[Caller, Depends(caller)]


async def explained(caller: Signed, reason: Annotated[Reason, Query()] = None) -> Caller:  # noqa: ARG001
    """A caller who may have to say why. `reason` is declared here for its limits; `caller` reads it."""
    return caller


Explained = Annotated[Caller, Depends(explained)]
Ctx = Annotated[Context, Depends(context)]


def known_parameters(*also: str) -> Callable[[Request], Awaitable[None]]:
    """A dependency that refuses query parameters which the route does not declare, and ones given twice.

    A misspelt filter would silently widen the answer; so it is an error that names the parameter. `also`: names that
    the route reads for itself; "*" admits any.
    """

    async def check(request: Request) -> None:
        document = request.app.openapi()["paths"].get(route_of(request), {})
        operation = document.get(request.method.lower(), {})
        known = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"} | set(also)
        seen: set[str] = set()
        for name, _ in request.query_params.multi_items():
            if name in seen:
                raise InvalidInput(f"the parameter {name[:40]!r} is given twice", parameter=name[:40])
            if name not in known and "*" not in known:
                known_names = ", ".join(sorted(known)) or "none"
                raise InvalidInput(
                    f"there is no parameter {name[:40]!r} here; there is {known_names}",
                    code="unknown_parameter",
                    parameter=name[:40],
                )
            seen.add(name)

    return check
