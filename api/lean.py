"""Routes of lists, asked hundreds of times a second: the same function, with its arguments made in one step.

FastAPI works through a graph of dependencies for each request, and runs the function in a thread; for an answer that
is ready in memory that is most of the work. A `LeanRoute` makes the arguments itself, and takes a thread only where
something has to be waited for. Whatever it cannot read (a parameter at fault, nobody logged in) goes the usual way,
and gets the usual error. The OpenAPI document is the usual one too.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, get_args, get_type_hints

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams

from api import auth
from api.deps import caller_of
from gridmap.usecases.holding import NotAtHand

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

#: what a function may ask for to be called this way, `query` being a pydantic model of all query parameters
_ARGUMENTS = {"request", "caller", "query"}


class LeanRoute(APIRoute):
    """A GET route whose function takes `request`, `caller` and `query`, and returns a Response; others are as usual."""

    def get_route_handler(self) -> Handler:
        usual = super().get_route_handler()
        hints = get_type_hints(self.endpoint, include_extras=True)
        if self.methods != {"GET"} or set(hints) != _ARGUMENTS | {"return"}:
            return usual
        model: type[BaseModel] = get_args(hints["query"])[0]

        async def handle(request: Request) -> Response:
            query = _read(model, request.query_params)
            if query is None or auth.credential(request) is None:
                return await usual(request)
            caller = await caller_of(request)
            try:
                response: Response = self.endpoint(request=request, caller=caller.at_once(), query=query)
            except NotAtHand:
                response = await run_in_threadpool(self.endpoint, request=request, caller=caller, query=query)
            return response

        return handle


def _read(model: type[BaseModel], given: QueryParams) -> BaseModel | None:
    """The parameters as the model reads them; None when it refuses one, or one is given twice."""
    named = dict(given)
    if len(named) != len(given.multi_items()):
        return None
    try:
        return model.model_validate(named)
    except ValidationError:
        return None
