"""Wiring: one application over one context. Nothing is decided here."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import as_file, files
from pathlib import Path

from anyio import CapacityLimiter
from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry
from starlette.middleware.gzip import GZipMiddleware

from api import document, errors, pages
from api.cache import AnswerCache, Cache, StateCache
from api.entrance import Entrance
from api.middleware import BodyLimit, LastCatch, Metrics, SecurityHeaders
from api.queue_metrics import QueueMetrics
from api.routes.every import ROUTERS
from api.static import Assets
from gridmap.jobs.loop import Loop
from gridmap.usecases import qgis
from gridmap.usecases.accounts import Passwords
from gridmap.usecases.context import Context
from gridmap.usecases.delivering import deliverer
from gridmap.usecases.publishing import apply_due
from gridmap.usecases.readlog import ReadLog

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
    many log-ins are checked at once). The read log is flushed when the application stops. `delivering`: threads
    beside it send messages and apply drawings while it runs; EnvironmentFault where the settings are wrong.
    """
    app = FastAPI(
        title="gridmap",
        summary="Cells, households, enterprises and incidents of one county",
        description=DESCRIPTION,
        version="1",
        docs_url=None,  # the stock pages load scripts from other hosts
        redoc_url=None,
        lifespan=_lifespan,
        generate_unique_id_function=document.operation_id,
    )
    app.state.ctx = ctx
    app.state.passwords = passwords or Passwords()
    app.state.read_log = ReadLog(ctx.engine)
    app.state.registry = CollectorRegistry()
    app.state.registry.register(QueueMetrics(ctx))
    app.state.loops = _jobs(ctx) if delivering else ()
    app.state.log_ins = CapacityLimiter(os.cpu_count() or 1)
    app.state.answers = AnswerCache()
    app.state.rasters = StateCache(ctx.settings.heat_bytes)
    app.state.entrance = Entrance(ctx)
    app.state.tile_sources = Cache(4, lambda _: 1)
    app.state.assets = Assets(static_folder())
    errors.install(app, pages.error_page)
    for router in ROUTERS:
        app.include_router(router)
    page_router: APIRouter = pages.router(ctx)
    app.include_router(page_router)
    app.mount("/static", app.state.assets, name="static")
    _add_middleware(app, ctx)
    document.install(app)
    return app


def _jobs(ctx: Context) -> tuple[Loop, ...]:
    """What goes on beside the answers: messages leave, and drawings are applied on their first day."""
    return Loop("delivery", deliverer(ctx).run), Loop("drawings", lambda _: apply_due(ctx), pause_s=20.0)


def _add_middleware(app: FastAPI, ctx: Context) -> None:
    """From the inside out: the one added last sees a request first."""
    app.add_middleware(LastCatch, error_page=pages.error_page)
    app.add_middleware(BodyLimit, most=ctx.settings.max_body_bytes, larger=(_FILES, qgis.MOST_BYTES))
    app.add_middleware(GZipMiddleware, minimum_size=800, compresslevel=5)
    app.add_middleware(SecurityHeaders, secure=ctx.settings.secure_cookies)
    app.add_middleware(Metrics, registry=app.state.registry)


def static_folder() -> Path:
    """Where the pages' static files lie: the package's own folder."""
    with as_file(files("api.pages") / "static") as folder:
        return folder


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    loops: tuple[Loop, ...] = app.state.loops
    for loop in loops:
        loop.start()
    try:
        yield
    finally:
        for loop in loops:
            loop.close()
        app.state.read_log.close()
