"""Logging in and out for programs, and who one is. Browsers log in at the page /login; both end in the same table."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, Header, Request, Response
from pydantic import BaseModel, Field

from api import auth
from api.deps import Signed, known_parameters
from api.schemas.common import SIGNED, Named, NamedId, problems
from gridmap.usecases import accounts, casework

router = APIRouter(tags=["session"], dependencies=[Depends(known_parameters())])

Username = Annotated[str, Form(max_length=200, description="as the administrator gave it")]
Password = Annotated[str, Form(max_length=1000, json_schema_extra={"format": "password"})]


class Token(BaseModel):
    """A bearer token: send it as `Authorization: Bearer ...`."""

    access_token: str = Field(examples=["kXk9y..."])
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 (the name of a scheme)
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


class Answered(BaseModel):
    """Whether a request of this account was carried out."""

    answered: bool


@router.post("/api/v1/token", summary="Log in, for a program", responses=problems(400, 401, 413, 429))
async def token(request: Request, username: Username, password: Password) -> Token:
    """Opens a session and answers its token; it ends after some hours, by `POST /api/v1/logout`, or with the account.

    A wrong name and a wrong password answer alike. After five failures the next try has to wait: see `Retry-After`.
    """
    session = await auth.log_in(request, username, password)
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


@router.get("/api/v1/me/answered", summary="Was a request carried out?", responses=problems(*SIGNED))
def answered(
    caller: Signed,
    key: Annotated[
        str,
        Header(alias="Idempotency-Key", pattern=r"^[!-~]{1,200}$", description="the key the request was sent with"),
    ],
) -> Answered:
    """For who has lost the answer: whether this account's request with this `Idempotency-Key` had its effect."""
    return Answered(answered=casework.was_answered(caller.ctx, caller.view, key))
