"""Pages of joint meetings and of one enterprise; and the edition that lies on the table, to read, print or hand out."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse, Response

from api import auth
from api.deps import Caller, Signed
from api.pages.frame import PAGES, county_of, page, page_data
from api.pages.words import TAGS, language
from api.schemas.common import Id
from gridmap.errors import Forbidden
from gridmap.people.roles import ACTIONS
from gridmap.reports import pdf
from gridmap.usecases import tablepaper

router = APIRouter(include_in_schema=False)

PathId = Annotated[Id, Path()]


@router.get("/meetings")
def meetings_page(request: Request, caller: Signed) -> Response:
    """The list of meetings, or (`?call=`) the form that calls one, of an enterprise and a case where they are named."""
    return _show(request, caller, "meetings.html", "meetings")


@router.get("/meetings/{meeting_id}")
def meeting_page(request: Request, caller: Signed, meeting_id: PathId) -> Response:
    """One meeting; what is not the caller's is refused by the API that the page asks."""
    return _show(request, caller, "meetings.html", "meetings", meeting=meeting_id)


@router.get("/enterprises/{enterprise_id}")
def enterprise_page(request: Request, caller: Signed, enterprise_id: PathId) -> Response:
    """The file of one enterprise."""
    return _show(request, caller, "enterprise.html", "enterprise", enterprise=enterprise_id)


@router.get("/meetings/{meeting_id}/table")
def table(
    request: Request,
    caller: Signed,
    meeting_id: PathId,
    format: Annotated[Literal["html", "pdf"], Query()] = "html",
) -> Response:
    """The edition for the table: no house, no complainant, no case. As a page, or as a PDF to hand out."""
    lang, private = language(request), {"Cache-Control": "private, no-store"}
    if format == "html":
        nonce = request.state.csp_nonce
        text = tablepaper.sheet(caller.ctx, caller.view, meeting_id, lang, TAGS[lang], nonce=nonce)
        return HTMLResponse(text, headers=private)
    made = pdf(tablepaper.sheet(caller.ctx, caller.view, meeting_id, lang, TAGS[lang]))
    return Response(made, media_type="application/pdf", headers=private)


def _show(request: Request, caller: Caller, template: str, name: str, **more: Any) -> Response:
    role, ctx = caller.account.role, caller.ctx
    if "meetings" not in PAGES[role]:
        said = f"this page is not for the role {role}; yours is /{PAGES[role][0]}"
        raise Forbidden(said, code="page_of_another_role")
    county = county_of(ctx)
    data = page_data(
        name, county, language(request), None,
        me={"username": caller.account.username, "role": str(role)}, csrf=auth.csrf_token(request),
        today=ctx.today().isoformat(), now=ctx.clock().isoformat(), timezone=ctx.settings.timezone,
        leads=role in ACTIONS["meeting.lead"], figures=role in ACTIONS["figures.read"], **more,
    )  # fmt: skip
    shown: dict[str, Any] = {"county": county, "me": caller.account, "pages": PAGES[role], "current": "meetings"}
    return page(request, template, data=data, **shown)
