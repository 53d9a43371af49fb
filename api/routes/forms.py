"""What the log-in page and the log-out button send. The pages themselves are in `api.pages`."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from api import auth
from api.deps import Signed, known_parameters
from api.schemas.common import SIGNED, problems
from gridmap.errors import GridmapError, TooMany, Unauthenticated
from gridmap.usecases import accounts

router = APIRouter(tags=["pages"], dependencies=[Depends(known_parameters())])


@router.post(
    "/login",
    status_code=303,
    response_class=RedirectResponse,
    summary="Log in, for the page /login",
    responses=problems(400, 403, 413),
)
async def log_in(
    request: Request,
    username: Annotated[str, Form(max_length=200)],
    password: Annotated[str, Form(max_length=1000, json_schema_extra={"format": "password"})],
    csrf_token: Annotated[str, Form(max_length=200)] = "",
    next: Annotated[str, Form(max_length=1000, description="a path on this site to go on to")] = "/",
) -> Response:
    """Sets the session cookie and goes on to `next`; or back to the form, with `error` and the seconds to `wait`."""
    auth.check_own_site(request, csrf_token, auth.form_secret(request))
    target, settings = auth.own_path(next), request.app.state.ctx.settings
    try:
        session = await auth.log_in(request, username, password)
    except (Unauthenticated, TooMany) as error:
        return RedirectResponse(f"/login?{urlencode(_said(error, target))}", 303)
    response = RedirectResponse(target, 303)
    auth.set_session_cookie(response, session, hours=settings.session_hours, secure=settings.secure_cookies)
    response.delete_cookie(auth.FORM_COOKIE, path="/", secure=settings.secure_cookies, httponly=True, samesite="strict")
    return response


def _said(error: GridmapError, target: str) -> dict[str, str]:
    wait = error.details.get("retry_after_s")
    return {"error": error.code, "next": target} | ({} if wait is None else {"wait": str(wait)})


@router.post(
    "/logout",
    status_code=303,
    response_class=RedirectResponse,
    summary="Log out, for pages",
    responses=problems(*SIGNED, 400, 413),
)
def log_out(caller: Signed) -> Response:
    """Ends the session and goes to /login. The form holds the field `csrf_token`."""
    accounts.log_out(caller.ctx, caller.credential.token, caller.account)
    response = RedirectResponse("/login", 303)
    auth.clear_session_cookie(response, secure=caller.ctx.settings.secure_cookies)
    return response
