"""Logging in and out, and who one is. Programs get a bearer token, browsers a cookie; both end in the same table."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote

from anyio import to_thread
from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from api import auth
from api.deps import Signed, known_parameters
from api.schemas.common import SIGNED, Named, NamedId, problems
from gridmap.errors import GridmapError, TooMany
from gridmap.usecases import accounts
from gridmap.usecases.accounts import Session

router = APIRouter(tags=["session"], dependencies=[Depends(known_parameters())])

#: log-ins waiting for their turn at the password check; more are sent away
QUEUE = 64

Username = Annotated[str, Form(max_length=200, description="as the administrator gave it")]
Password = Annotated[str, Form(max_length=1000, json_schema_extra={"format": "password"})]


class Token(BaseModel):
    """A bearer token: send it as `Authorization: Bearer ...`."""

    access_token: str = Field(examples=["kXk9y..."])
    token_type: Literal["bearer"] = "bearer"
    expires_at: datetime


class DutyCell(NamedId):
    code: str
    rank: Literal["primary", "backup"]


class Tie(Named):
    id: int


class Me(BaseModel):
    """Who is logged in and what their role is tied to."""

    username: str
    name: str
    role: str
    worker: Tie | None
    body: Tie | None
    area: Tie | None
    cells: list[DutyCell] = Field(description="of a worker: the cells on whose roster they are today")
    csrf_token: str = Field(description="for unsafe requests by cookie: send it as X-CSRF-Token")


async def log_in(request: Request, username: str, password: str) -> Session:
    """Check a password in a few threads of its own: the routes' threads stay free for everybody else."""
    state = request.app.state
    if state.log_ins.statistics().tasks_waiting >= QUEUE:
        raise TooMany("many people are logging in; try again in a moment", retry_after_s=2)
    client = request.client.host if request.client else "unknown"
    return await to_thread.run_sync(
        accounts.log_in, state.ctx, state.passwords, username, password, client, limiter=state.log_ins
    )


@router.post("/api/v1/token", summary="Log in, for a program", responses=problems(400, 401, 413, 429))
async def token(request: Request, username: Username, password: Password) -> Token:
    """Opens a session and answers its token; it ends after some hours, by `POST /api/v1/logout`, or with the account.

    A wrong name and a wrong password answer alike. After five failures the next try has to wait: see `Retry-After`.
    """
    session = await log_in(request, username, password)
    return Token(access_token=session.token, expires_at=session.expires_at)


@router.post("/api/v1/logout", status_code=204, summary="Log out", responses=problems(*SIGNED, 400, 413))
def logout(caller: Signed, response: Response) -> None:
    """Ends the session of the token or cookie that this request carries."""
    accounts.log_out(caller.ctx, caller.credential.token, caller.account)
    auth.clear_session_cookie(response, secure=caller.ctx.settings.secure_cookies)


@router.get("/api/v1/me", summary="Who am I?", responses=problems(*SIGNED))
def me(request: Request, caller: Signed) -> Me:
    """The account of this session, what its role is tied to, and a CSRF token for requests by cookie."""
    profile: dict[str, Any] = accounts.profile(caller.ctx, caller.account)
    return Me(**profile, csrf_token=auth.csrf_token(request))


# --- the browser's log-in form ----------------------------------------------------------------------------------------


@router.post(
    "/login",
    status_code=303,
    response_class=RedirectResponse,
    summary="Log in, for the page /login",
    responses=problems(400, 403, 413),
)
async def log_in_form(
    request: Request,
    username: Username,
    password: Password,
    csrf_token: Annotated[str, Form(max_length=200)] = "",
    next: Annotated[str, Form(max_length=1000, description="a path on this site to go on to")] = "/",
) -> Response:
    """Takes the form of the page /login: sets the session cookie and goes on to `next`, or back to the form with `error`."""
    auth.check_own_site(request, csrf_token, auth.form_secret(request))
    target = auth.own_path(next)
    secure = request.app.state.ctx.settings.secure_cookies
    try:
        session = await log_in(request, username, password)
    except GridmapError as error:
        wait = error.details.get("retry_after_s", "")
        return RedirectResponse(f"/login?error={error.code}&wait={wait}&next={quote(target, safe='')}", 303)
    response = RedirectResponse(target, 303)
    auth.set_session_cookie(response, session.token, session.expires_at, secure=secure)
    response.delete_cookie(auth.FORM_COOKIE, path="/", secure=secure, httponly=True, samesite="strict")
    return response


@router.post(
    "/logout",
    status_code=303,
    response_class=RedirectResponse,
    summary="Log out, for pages",
    responses=problems(*SIGNED, 400, 413),
)
def log_out_form(caller: Signed) -> Response:
    """Takes a form with the field `csrf_token`: ends the session and goes to /login."""
    accounts.log_out(caller.ctx, caller.credential.token, caller.account)
    response = RedirectResponse("/login", 303)
    auth.clear_session_cookie(response, secure=caller.ctx.settings.secure_cookies)
    return response
