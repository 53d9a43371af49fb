"""Page routes: who may open what, the log-in form, the switch between languages. Rows come from the API."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api import auth
from api.deps import Caller, Signed
from api.pages import field, figures, insight, meetings, redrawn, resident, tiles
from api.pages.frame import PAGES, composed, county_of, page, page_data, tiles_of
from api.pages.homes import visits_page
from api.pages.words import LANG_COOKIE, language
from gridmap.errors import Forbidden, NotFound
from gridmap.people.roles import ACTIONS
from gridmap.usecases.context import Context
from gridmap.usecases.overview import overview
from layers import LANGS

YEAR_S = 365 * 24 * 3600


def router(ctx: Context) -> APIRouter:
    """All page routes over a context."""
    pages = APIRouter(include_in_schema=False)
    pages.add_api_route("/login", login_form, methods=["GET"])
    pages.add_api_route("/language/{lang}", switch_language, methods=["GET"])
    pages.add_api_route("/", home, methods=["GET"])
    pages.add_api_route("/visits", visits_page, methods=["GET"])
    pages.include_router(field.router)
    pages.include_router(meetings.router)
    for name in sorted(
        {name for names in PAGES.values() for name in names} - {"field", "meetings", "figures", "visits"}
    ):
        pages.add_api_route(f"/{name}", _page_route(name), methods=["GET"], name=f"page_{name}")
    resident.add_to(pages)
    pages.include_router(insight.router)
    pages.include_router(figures.router)
    pages.include_router(redrawn.router)
    if ctx.settings.tile_url is not None:
        pages.include_router(tiles.router())
    return pages


def login_form(request: Request, next: str = "/", error: str = "", wait: int = 0) -> Response:
    """The log-in form; POST /login of `api.routes.session` answers it, and comes back here with an error's code."""
    ctx: Context = request.app.state.ctx
    known: dict[str, Any] = {"next": auth.own_path(next), "refused": error, "wait": max(0, min(wait, 3600))}
    return page(request, "login.html", county=county_of(ctx), **known)


def switch_language(request: Request, lang: str, next: str = "/") -> Response:
    """Read the pages in another language from now on."""
    if lang not in LANGS:
        raise NotFound("there is no such language; there are " + ", ".join(LANGS))
    answer = RedirectResponse(auth.own_path(next), 303)
    ctx: Context = request.app.state.ctx
    secure = ctx.settings.secure_cookies
    answer.set_cookie(LANG_COOKIE, lang, max_age=YEAR_S, samesite="lax", secure=secure, httponly=True)
    return answer


def home(caller: Signed) -> Response:
    """One's own page."""
    return RedirectResponse("/" + PAGES[caller.account.role][0], 303)


def _page_route(name: str) -> Any:
    def show(request: Request, caller: Signed) -> Response:
        return _map_page(request, caller, name)

    show.__doc__ = f"The page /{name}, for the roles that have it."
    return show


def _map_page(request: Request, caller: Caller, name: str) -> Response:
    role = caller.account.role
    if name not in PAGES[role]:
        said = f"the page /{name} is not for the role {role}; yours is /{PAGES[role][0]}"
        raise Forbidden(said, code="page_of_another_role")
    ctx, lang = caller.ctx, language(request)
    county, base = county_of(ctx), tiles_of(ctx)
    data = page_data(
        name, county, lang, base,
        me={"username": caller.account.username, "role": str(role)},
        csrf=auth.csrf_token(request),
        today=ctx.today().isoformat(),
        now=ctx.clock().isoformat(),
        timezone=ctx.settings.timezone, figure=figures.figure_asked(request, caller) if name == "cases" else None,
        leads=role in ACTIONS["meeting.lead"],
    )  # fmt: skip
    more: dict[str, Any] = {"overview": overview(ctx, caller.view)} if name == "admin" else {}
    return page(
        request, f"{name}.html", county=county, me=caller.account, pages=PAGES[role], current=name,
        map=composed(request, county, base), data=data, **more,
    )  # fmt: skip
