"""Pages of a redraw for those who do not draw: a submitted plan for everybody, and a worker's hand-over sheets."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from api import auth
from api.deps import Signed
from api.pages.frame import PAGES, county_of, page, page_data
from api.pages.words import language
from api.schemas.common import Id
from gridmap.errors import Forbidden
from gridmap.people.roles import ACTIONS
from gridmap.usecases.context import Context

router = APIRouter(include_in_schema=False)

PathId = Annotated[Id, Path()]


@router.get("/plans/{plan_id}")
def plan_page(request: Request, plan_id: PathId) -> Response:
    """A submitted plan, without a log-in. Whether there is one is the API's to say."""
    ctx: Context = request.app.state.ctx
    asset = request.app.state.assets.url
    county = county_of(ctx)
    data = page_data(
        "reading", county, language(request), None, csrf="", today=ctx.today().isoformat(),
        now=ctx.clock().isoformat(), timezone=ctx.settings.timezone, plan=plan_id,
        leaflet={"script": asset("vendor/leaflet.js"), "style": asset("vendor/leaflet.css")},
    )  # fmt: skip
    return page(request, "reading.html", county=county, data=data)


@router.get("/handovers")
def handovers_page(request: Request, caller: Signed) -> Response:
    """One's own sheets, those that wait for a signature first; for others those of their area, to be read."""
    return _handovers(request, caller, None)


@router.get("/handovers/{handover_id}")
def handover_page(request: Request, caller: Signed, handover_id: PathId) -> Response:
    """One sheet; what is not the caller's is refused by the API that the page asks."""
    return _handovers(request, caller, handover_id)


def _handovers(request: Request, caller: Signed, handover_id: int | None) -> Response:
    role, ctx = caller.account.role, caller.ctx
    if role not in ACTIONS["plan.read"]:
        said = f"this page is not for the role {role}; yours is /{PAGES[role][0]}"
        raise Forbidden(said, code="page_of_another_role")
    county = county_of(ctx)
    data = page_data(
        "handovers", county, language(request), None, csrf=auth.csrf_token(request), today=ctx.today().isoformat(),
        now=ctx.clock().isoformat(), timezone=ctx.settings.timezone, handover=handover_id,
        worker=None if caller.view.actor is None else caller.view.actor.worker_id,
    )  # fmt: skip
    return page(
        request, "handovers.html", county=county, me=caller.account, pages=PAGES[role], current="handovers", data=data
    )
