"""Lists, asked hundreds of times a second: the same functions, called without the framework around them.

FastAPI tries its routes one after another, works through a graph of dependencies for each request, and runs the
function in a thread; for an answer that is ready in memory that is most of the work. `Lean` stands before all that. It
knows a list by its path, reads the parameters by the route's own model, and calls the route's own function; it takes a
thread only where something has to be waited for. Whatever it cannot answer (a parameter at fault, nobody logged in, a
right that is missing) goes the usual way, and gets the usual error. The OpenAPI document is the usual one too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple, get_args, get_type_hints

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.types import ASGIApp, Receive, Scope, Send

from api import auth
from api.deps import caller_of
from api.gone import has_body
from gridmap.errors import GridmapError
from gridmap.usecases.holding import NotAtHand

#: what a function may ask for to be called this way, `query` being a pydantic model of all query parameters
_ARGUMENTS = {"request", "caller", "query"}
#: addresses whose parameters are remembered, and the longest of them
_REMEMBERED, _LONGEST = 2_000, 300


class LeanRoute(APIRoute):
    """A route that `Lean` calls, where its function takes `request`, `caller` and `query` and returns a Response."""


class List(NamedTuple):
    """What is called for a path: the route, its function and the model of its parameters."""

    route: LeanRoute
    function: Callable[..., Response]
    model: type[BaseModel]


def lists_of(routers: Iterable[APIRouter]) -> dict[str, List]:
    """All lists that are called this way, by path."""
    found = {}
    for router in routers:
        for route in router.routes:
            if isinstance(route, LeanRoute) and route.methods == {"GET"}:
                hints = get_type_hints(route.endpoint, include_extras=True)
                if set(hints) == _ARGUMENTS | {"return"}:
                    found[route.path] = List(route, route.endpoint, get_args(hints["query"])[0])
    return found


class Asked(Request):
    """A request whose query was read before."""

    @property
    def query_params(self) -> QueryParams:
        given: QueryParams = self.scope["gridmap.query"]
        return given


class Lean:
    """Middleware that answers lists. `zipped`: wraps what is answered, for clients that accept gzip."""

    def __init__(
        self, app: ASGIApp, lists: Mapping[str, List], least_zipped: int, zipped: Callable[[ASGIApp], ASGIApp]
    ) -> None:
        self.app = app
        self.lists = lists
        self.least_zipped = least_zipped
        self.zipped = zipped

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = self.lists.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "GET" else None
        response = None if asked is None else await self._answer(asked, scope)
        if asked is None or response is None:
            await self.app(scope, receive, send)
            return
        scope["route"] = asked.route  # the metrics ask for it
        if len(response.body) < self.least_zipped:
            await response(scope, receive, send)
        elif _accepts_gzip(scope):
            await self.zipped(response)(scope, receive, send)
        else:
            response.headers.add_vary_header("Accept-Encoding")
            await response(scope, receive, send)

    async def _answer(self, asked: List, scope: Scope) -> Response | None:
        """The answer; None for what the usual way must answer."""
        given, query = _read(asked.model, scope["query_string"])
        if query is None or has_body(scope):
            return None
        request = Asked({**scope, "route": asked.route, "gridmap.query": given})
        if auth.credential(request) is None:
            return None
        try:
            caller = await caller_of(request, waits=False)
            try:
                return asked.function(request=request, caller=caller, query=query)
            except NotAtHand:
                return await run_in_threadpool(asked.function, request=request, caller=caller.patient(), query=query)
        except GridmapError:
            return None


def _accepts_gzip(scope: Scope) -> bool:
    return any(name == b"accept-encoding" and b"gzip" in value for name, value in scope["headers"])


def _read(model: type[BaseModel], query_string: bytes) -> tuple[QueryParams, BaseModel | None]:
    """A query, and its parameters as the model reads them: None when it refuses one, or one is given twice."""
    return (_remembered if len(query_string) <= _LONGEST else _parsed)(model, query_string)


def _parsed(model: type[BaseModel], query_string: bytes) -> tuple[QueryParams, BaseModel | None]:
    given = QueryParams(query_string)
    named = dict(given)
    if len(named) != len(given.multi_items()):
        return given, None
    try:
        return given, model.model_validate(named)
    except ValidationError:
        return given, None


#: maps ask for the same boxes again and again; nobody changes what was read
_remembered = lru_cache(_REMEMBERED)(_parsed)
