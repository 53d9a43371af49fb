"""Whether the server lives, is ready, and how it does. No session is needed; nothing here is about anybody."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from api.deps import Ctx, known_parameters
from api.schemas.common import problems
from gridmap.errors import EnvironmentFault
from gridmap.store import migrate, read

router = APIRouter(tags=["system"], dependencies=[Depends(known_parameters())])


class Alive(BaseModel):
    status: Literal["ok"] = "ok"


class Ready(Alive):
    revision: str


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz", summary="Is the process alive?", responses=problems())
async def healthz() -> Alive:
    """Answers as long as the process can answer at all; looks at nothing else."""
    return Alive()


@router.get("/readyz", summary="Can the server serve?", responses=problems())
def readyz(ctx: Ctx) -> Ready:
    """Answers 200 when the database is reached and at this program's schema, else 503 saying what to do."""
    with read(ctx.engine) as conn:
        at = migrate.current(conn)
    if at is None or at != migrate.head():
        raise EnvironmentFault(
            f"the database is at schema {at or 'none'}, this program needs {migrate.head()}: run `gridmap init`",
            code="not_migrated",
        )
    return Ready(revision=at)


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **problems()},
)
def metrics(request: Request) -> Response:
    """Requests by method, route and status, and how long they took, of this process; the queue of messages (how many
    wait, how long the oldest could have gone already, how many were given up), and the drift of the clock."""
    return Response(generate_latest(request.app.state.registry), media_type=CONTENT_TYPE_LATEST)
