"""Wiring: one application over one context. Nothing is decided here."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache, partial
from importlib.resources import as_file, files
from pathlib import Path

from anyio import CapacityLimiter
from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp

from api import document, errors, pages
from api.cache import AnswerCache, Cache, StateCache
from api.entrance import Entrance
from api.gone import Gone
from api.lean import Lean, lists_of
from api.middleware import BodyLimit, LastCatch, Metrics, SecurityHeaders
from api.queue_metrics import QueueMetrics
from api.routes.every import ROUTERS
from api.static import Assets
from gridmap.jobs.loop import Loop
from gridmap.usecases import analysing, qgis
from gridmap.usecases.accounts import Passwords
from gridmap.usecases.context import Context
from gridmap.usecases.delivering import deliverer
from gridmap.usecases.helping import ask_on
from gridmap.usecases.publishing import apply_due
from gridmap.usecases.readlog import ReadLog
from gridmap.usecases.reminding import remind
from gridmap.usecases.watching import Watcher
from gridmap.usecases.weekly import tell_week

#: bytes from which on an answer is compressed
_LEAST_ZIPPED = 800
#: addresses that take files, which are larger than other bodies
_FILES = re.compile(r"/api/v1/plans/\d+/import")

DESCRIPTION = """\
Disputes and daily life of a county on its grid of cells. Coordinates are WGS84 longitude and latitude in degrees
unless `crs` says otherwise; lengths are metres; moments are ISO 8601 with an offset. Lists come in pages: follow
`next` (also in the
`Link` header) until it is null. Errors are problem+json (RFC 9457) with a stable `code`. What somebody may see follows
from their role and is read from the database for each request; rows outside it answer like rows that do not exist.
"""


def create_app(ctx: Context, passwords: Passwords | None = None, *, delivering: bool = False) -> FastAPI:
    """The whole application over a context: API, pages, static files, health and metrics.

    `passwords` is given by tests, which hash faster. State that routes use: `ctx`, `passwords`, `read_log`, `registry`,
    `assets`, `answers`, `rasters` and `tile_sources` (kept between requests), `entrance` (who asks), `log_ins` (how
    many log-ins are checked at once). The read log is flushed when the application stops. `delivering`: `_loops` run
    beside it; EnvironmentFault where their settings are wrong.
    """
    of_all = _api()
    app = FastAPI(
        routes=of_all.routes,
        docs_url=None,  # the stock pages load scripts from other hosts
        redoc_url=None,
        lifespan=_lifespan,
        telemetry={
            "tracing": False,
            "metrics": False,
            "logs": False,
        },  # /metrics counts, and nothing leaves the machine
    )
    app.openapi = of_all.openapi  # type: ignore[method-assign]
    app.state.ctx = ctx
    app.state.passwords = passwords or Passwords()
    app.state.read_log = ReadLog(ctx.engine)
    app.state.registry = CollectorRegistry()
    app.state.registry.register(QueueMetrics(ctx))
    app.state.loops = _loops(ctx) if delivering else []
    app.state.log_ins = CapacityLimiter(os.cpu_count() or 1)
    app.state.answers = AnswerCache()
    app.state.rasters = StateCache(ctx.settings.heat_bytes)
    app.state.entrance = Entrance(ctx)
    app.state.tile_sources = Cache(4, lambda _: 1)
    app.state.assets = Assets(static_folder())
    errors.install(app, pages.error_page)
    page_router: APIRouter = pages.router(ctx)
    app.include_router(page_router)
    app.mount("/static", app.state.assets, name="static")
    _add_middleware(app, ctx)
    return app


@cache
def _api() -> FastAPI:
    """The API's routes and document, which FastAPI makes of the routers when they are first asked: once for all
    applications of a process, since tests make a thousand."""
    api = FastAPI(
        openapi_url=None,
        title="gridmap",
        summary="Cells, households, enterprises and incidents of one county",
        description=DESCRIPTION,
        version="1",
        generate_unique_id_function=document.operation_id,
    )
    for router in ROUTERS:
        api.include_router(router)
    document.install(api)
    return api


def _loops(ctx: Context) -> list[Loop]:
    """What runs beside the requests: messages go out, help calls are passed on, asked analyses are computed, drawings
    come into force on their day, due promises are reminded of, and of all server processes one watches over cases."""
    return [
        Loop("delivery", deliverer(ctx).run),
        Loop("help-calls", partial(ask_on, ctx)),
        Loop("analyses", lambda stop: analysing.work(ctx, stop), pause_s=0.5),
        Loop("watch", Watcher(ctx, leased=True).run, pause_s=20.0, longest_pause_s=300.0),
        Loop("drawings", lambda _: apply_due(ctx), pause_s=20.0),
        Loop("reminders", lambda _stop: remind(ctx) + tell_week(ctx), pause_s=300.0, longest_pause_s=900.0),
    ]


def _add_middleware(app: FastAPI, ctx: Context) -> None:
    """From the inside out: the one added last sees a request first."""
    app.add_middleware(LastCatch, error_page=pages.error_page)
    app.add_middleware(BodyLimit, most=ctx.settings.max_body_bytes, larger=(_FILES, qgis.MOST_BYTES))
    app.add_middleware(_zipped)
    app.add_middleware(Lean, lists=lists_of(ROUTERS), least_zipped=_LEAST_ZIPPED, zipped=_zipped)
    app.add_middleware(Gone)
    app.add_middleware(SecurityHeaders, secure=ctx.settings.secure_cookies)
    app.add_middleware(Metrics, registry=app.state.registry)


def _zipped(app: ASGIApp) -> ASGIApp:
    return GZipMiddleware(app, minimum_size=_LEAST_ZIPPED, compresslevel=5)


def static_folder() -> Path:
    """Where the pages' static files lie: the package's own folder."""
    with as_file(files("api.pages") / "static") as folder:
        return folder


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.openapi()  # with all that FastAPI makes of the routes: the first who asks would wait for it
    loops: list[Loop] = app.state.loops
    for loop in loops:
        loop.start()
    app.state.entrance.open()
    try:
        yield
    finally:
        app.state.entrance.close()
        for loop in loops:
            loop.close()
        app.state.read_log.close()
