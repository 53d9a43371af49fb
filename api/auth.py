"""How a request says who it is: a bearer token, or the session cookie with what keeps other sites from using it.

Both carry the same kind of token (see `usecases.accounts`). A request that came by cookie and changes something must
also come from our own pages (Sec-Fetch-Site, Origin) and hold a CSRF token, in the header X-CSRF-Token or the form
field `csrf_token`. Templates get the token by `csrf_token(request)`, scripts by GET /api/v1/me. Before anybody is
logged in the same function binds the log-in form to a short-lived cookie of its own, so that no other site can log a
visitor in as somebody else.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

from anyio import to_thread
from fastapi import Request, Response

from gridmap.errors import Forbidden, TooMany
from gridmap.usecases import accounts

SESSION_COOKIE = "gridmap_session"
FORM_COOKIE = "gridmap_form"
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf_token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_SALT = 16
#: log-ins waiting for their turn at the password check; more are sent away
_QUEUE = 64


@dataclass(frozen=True, slots=True)
class Credential:
    """The token of a request, and whether it came by cookie."""

    token: str
    by_cookie: bool


def credential(request: Request) -> Credential | None:
    """The token that a request carries. A bearer token excludes the cookie: a wrong one does not fall back."""
    header = request.headers.get("authorization")
    if header is not None:
        scheme, _, token = header.partition(" ")
        return Credential(token.strip(), by_cookie=False) if scheme.lower() == "bearer" else None
    cookie = request.cookies.get(SESSION_COOKIE)
    return Credential(cookie, by_cookie=True) if cookie else None


async def log_in(request: Request, username: str, password: str) -> accounts.Session:
    """Check a password, in a few threads of its own: those of the routes stay free for everybody else.

    Raises Unauthenticated (`wrong_credentials`) and TooMany; see `usecases.accounts.log_in`.
    """
    state = request.app.state
    if state.log_ins.statistics().tasks_waiting >= _QUEUE:
        raise TooMany("many people are logging in; try again in a moment", retry_after_s=2)
    client = request.client.host if request.client else "unknown"
    return await to_thread.run_sync(
        accounts.log_in, state.ctx, state.passwords, username, password, client, limiter=state.log_ins
    )


# --- cross-site requests ----------------------------------------------------------------------------------------------


def csrf_token(request: Request) -> str:
    """A token for the forms and scripts of the page being made; another at each call, so compression tells nothing.

    Somebody who is not logged in gets one bound to the form cookie, which `api.middleware` sets with the answer.
    """
    secret = form_secret(request) or _new_form_secret(request)
    salt = secrets.token_hex(_SALT)
    return salt + _mac(secret, salt)


def form_secret(request: Request) -> str | None:
    """What the CSRF token of a form is bound to: the session's cookie, else the form's own."""
    return request.cookies.get(SESSION_COOKIE) or request.cookies.get(FORM_COOKIE)


def _new_form_secret(request: Request) -> str:
    fresh: str | None = getattr(request.state, "form_secret", None)
    if fresh is None:
        fresh = request.state.form_secret = secrets.token_urlsafe(24)
    return fresh


def _mac(secret: str, salt: str) -> str:
    return hmac.digest(secret.encode("utf-8", "replace"), b"gridmap csrf v1/" + salt.encode(), "sha256").hex()


def check_own_site(request: Request, token: str | None, secret: str | None) -> None:
    """Forbidden (code `csrf`) unless the request comes from our own pages and holds a token made for this secret."""
    if not _from_here(request):
        raise Forbidden("this request came from another site and was refused", code="csrf")
    text = token or ""
    salt, mac = text[: 2 * _SALT], text[2 * _SALT :]
    fits = salt.isascii() and mac.isascii() and hmac.compare_digest(mac, _mac(secret or "", salt))
    if not (secret and fits):
        raise Forbidden(f"the page is out of date: load it again (no fitting {CSRF_HEADER})", code="csrf")


def _from_here(request: Request) -> bool:
    """Whether the browser says that our own page sent this. Old browsers say nothing; then the token alone decides."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site != "same-origin":
        return False
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


async def sent_csrf_token(request: Request) -> str | None:
    """The CSRF token of a request: its header, else the form field of a form."""
    header = request.headers.get(CSRF_HEADER)
    if header is not None or not request.headers.get("content-type", "").startswith(
        "application/x-www-form-urlencoded"
    ):
        return header
    field = (await request.form()).get(CSRF_FIELD)
    return field if isinstance(field, str) else None


# --- the cookie -------------------------------------------------------------------------------------------------------


def set_session_cookie(response: Response, session: accounts.Session, *, hours: int, secure: bool) -> None:
    """Hand the browser a session: HttpOnly, and SameSite=Lax, so that a link from elsewhere finds one logged in."""
    response.set_cookie(
        SESSION_COOKIE, session.token, max_age=hours * 3600, path="/", secure=secure, httponly=True, samesite="lax"
    )


def clear_session_cookie(response: Response, *, secure: bool) -> None:
    response.delete_cookie(SESSION_COOKIE, path="/", secure=secure, httponly=True, samesite="lax")


def own_path(target: str | None) -> str:
    """A path on this site to go on to after logging in; "/" for anything that could lead elsewhere."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")) or not target.isprintable():
        return "/"
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc and "\\" not in target else "/"
