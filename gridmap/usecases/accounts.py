"""Who may come in: logging in and out, sessions, and the accounts themselves.

A log-in that fails tells nothing but that it failed: an unknown name, a wrong password and a disabled account answer
alike, take as long (an unknown name is checked against a hash that fits nothing), and count alike. After `FREE_TRIES`
failures of one name within `WINDOW` the next try has to wait 1, 2, 4 ... seconds, up to `LONGEST_WAIT`. A client that
failed `CLIENT_TRIES` times has one try left for each name, and then waits likewise; a whole office may share its
address, so a name that has not failed lately is not held up. Tries that came too early are not counted, so nobody can
push another's wait further out by haste.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import threading
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from gridmap.errors import Conflict, InvalidInput, NotFound, TooMany, Unauthenticated
from gridmap.store import accounts as store
from gridmap.store import read, write
from gridmap.store.accounts import Account, Failures
from gridmap.usecases.context import Context
from gridmap.view import Role

WINDOW = timedelta(hours=1)
FREE_TRIES = 5
CLIENT_TRIES = 40
LONGEST_WAIT = timedelta(minutes=15)
SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 256
LONGEST_NAME = 64

#: what each role must be tied to
TIE: dict[Role, str | None] = {
    Role.WORKER: "worker",
    Role.HANDLER: "body",
    Role.DISPATCHER: "area",
    Role.SUPERVISOR: "area",
    Role.PLANNER: "area",
    Role.APPROVER: "area",
    Role.OFFICIAL: "area",
    Role.ADMIN: None,
}


class Passwords:
    """Argon2id (RFC 9106, the hasher's defaults), in at most `at_once` threads: each check takes 64 MiB and a core."""

    def __init__(self, hasher: PasswordHasher | None = None, at_once: int | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turns = threading.BoundedSemaphore(at_once or os.cpu_count() or 1)
        self._fits_nothing = self._hasher.hash(secrets.token_urlsafe(32))

    def hash(self, password: str) -> str:
        with self._turns:
            return self._hasher.hash(_same_form(password))

    def matches(self, stored: str | None, password: str) -> bool:
        """Whether the password fits; `stored` None (no such account) takes as long and never fits."""
        with self._turns:
            try:
                self._hasher.verify(stored or self._fits_nothing, _same_form(password))
            except (VerifyMismatchError, InvalidHashError):
                return False
        return stored is not None

    def outdated(self, stored: str) -> bool:
        """Whether the hash was made with weaker settings than today's."""
        return self._hasher.check_needs_rehash(stored)


@dataclass(frozen=True, slots=True)
class Session:
    """A session just opened. The token is shown once; the database holds its SHA-256."""

    token: str
    expires_at: datetime
    account: Account


def log_in(ctx: Context, passwords: Passwords, username: str, password: str, client: str) -> Session:
    """Open a session. Unauthenticated when name and password do not fit, TooMany when it is too early to try again."""
    name, fits = account_name(username), False
    _take_turn(ctx, name, client)
    with read(ctx.engine) as conn:
        known = store.credentials(conn, name) if name else None
    if len(password) <= LONGEST_PASSWORD:
        fits = passwords.matches(known[1] if known else None, password)
    if known is None or not fits:
        raise Unauthenticated("the user name or the password is wrong", code="wrong_credentials")
    account, stored = known
    renewed = passwords.hash(password) if passwords.outdated(stored) else None
    return _open_session(ctx, account, name, stored, renewed)


def _open_session(ctx: Context, account: Account, name: str, stored: str, renewed: str | None) -> Session:
    """Open it, unless the password was changed or the account disabled while the slow hash was computed."""
    now = ctx.clock()
    token = secrets.token_urlsafe(32)
    expires_at = now + timedelta(hours=ctx.settings.session_hours)
    with write(ctx.engine) as conn:
        known = store.credentials(conn, name)
        if known is None or known[1] != stored:
            raise Unauthenticated("the user name or the password is wrong", code="wrong_credentials")
        store.forget_failures(conn, _keyed(ctx, "name", name))
        if renewed is not None:
            store.set_password(conn, account.id, renewed)
        store.open_session(conn, token_hash(token), account.id, now, expires_at)
        store.audit(conn, now, account.id, "session.open", f"account:{account.id}", {})
    return Session(token, expires_at, account)


def log_out(ctx: Context, token: str, account: Account) -> None:
    """End one session; its token opens nothing from now on."""
    now = ctx.clock()
    with write(ctx.engine) as conn:
        store.revoke_session(conn, token_hash(token), now)
        store.audit(conn, now, account.id, "session.close", f"account:{account.id}", {})


def profile(ctx: Context, account: Account) -> dict[str, Any]:
    """An account as its owner sees it: names, role, what the role is tied to, and a worker's cells of today."""
    with read(ctx.engine) as conn:
        cells = store.duty_cells(conn, account, ctx.today()) if account.role is Role.WORKER else []
        ties = store.ties(conn, account)
    return {"username": account.username, "name": account.name, "role": str(account.role), "cells": cells, **ties}


def token_hash(token: str) -> str:
    """What the database holds of a token: 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


# --- throttling -------------------------------------------------------------------------------------------------


def _take_turn(ctx: Context, name: str, client: str) -> None:
    """Count this try as failed until it succeeds; TooMany when it came too early.

    The try is committed before the others are counted: of tries made at once, each sees those committed before it, so
    no more get through together than one after the other. On a hot name the first look keeps haste from writing.
    """
    keys = _keyed(ctx, "name", name), _keyed(ctx, "client", client)
    _refuse_haste(ctx, keys, None)
    now = ctx.clock()
    with write(ctx.engine) as conn:
        attempt = store.note_attempt(conn, *keys, now, now - WINDOW)
    try:
        _refuse_haste(ctx, keys, attempt)
    except TooMany:
        with write(ctx.engine) as conn:
            store.drop_attempt(conn, attempt)
        raise


def _refuse_haste(ctx: Context, keys: tuple[str, str], but: int | None) -> None:
    now = ctx.clock()
    with read(ctx.engine) as conn:
        of_name = store.failures_of_name(conn, keys[0], now - WINDOW, but)
        of_client = store.failures_of_client(conn, keys[1], now - WINDOW, but)
    client_wait = _wait(of_client, CLIENT_TRIES, now) if of_name.count else timedelta(0)
    longest = max(_wait(of_name, FREE_TRIES, now), client_wait)
    if longest > timedelta(0):
        seconds = max(1, -(-longest // timedelta(seconds=1)))
        raise TooMany(f"too many failed log-ins; try again in {seconds} s", retry_after_s=seconds)


def _wait(failures: Failures, free: int, now: datetime) -> timedelta:
    """How long the next try still has to wait: 2^(failures - free) seconds after the last one, at most LONGEST_WAIT."""
    if failures.count < free or failures.last is None:
        return timedelta(0)
    delay: timedelta = min(timedelta(seconds=1 << min(failures.count - free, 20)), LONGEST_WAIT)
    return failures.last + delay - now


def _keyed(ctx: Context, kind: str, text: str) -> str:
    """A name or client as the failures hold it: useless to whoever reads the table without the master key."""
    return hmac.digest(ctx.vault.master, f"gridmap log-in {kind}/{text}".encode("utf-8", "replace"), "sha256").hex()


# --- the accounts themselves --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account to be added. `tie` is the code of the worker, body or area that the role needs (see TIE)."""

    username: str
    name: str
    role: Role
    tie: str | None = None


def add(ctx: Context, passwords: Passwords, new: NewAccount, password: str) -> Account:
    """Add an account; Conflict when the user name is taken, InvalidInput when the role lacks what it is tied to."""
    username = account_name(new.username)
    if not username or not new.name.strip():
        raise InvalidInput(f"a user name has 1 to {LONGEST_NAME} letters, and the account a name", field="username")
    check_password(password)
    stored, now = passwords.hash(password), ctx.clock()
    with write(ctx.engine) as conn:
        if store.find(conn, username) is not None:
            raise Conflict(f"there is an account {username} already", code="username_taken", field="username")
        values: dict[str, Any] = {
            "username": username, "name": new.name.strip(), "role": str(new.role), "password_hash": stored,
        }  # fmt: skip
        tie = TIE[new.role]
        if tie is not None:
            values[f"{tie}_id"] = _tied(store.id_of(conn, tie, new.tie) if new.tie else None, new, tie)
        account_id = store.add(conn, {**values, "created_at": now})
        store.audit(conn, now, None, "account.add", f"account:{account_id}", {"role": str(new.role)})
        added = store.find(conn, username)
    assert added is not None
    return added


def _tied(identity: int | None, new: NewAccount, tie: str) -> int:
    if identity is not None:
        return identity
    if new.tie:
        raise InvalidInput(f"there is no {tie} with the code {new.tie}", field=tie)
    raise InvalidInput(f"the role {new.role} needs the code of its {tie}", field=tie)


def disable(ctx: Context, username: str) -> Account:
    """Disable an account and end its sessions: the next request with any of them is refused."""
    now = ctx.clock()
    with write(ctx.engine) as conn:
        account = _existing(store.find(conn, account_name(username)), username)
        store.disable(conn, account.id, now)
        store.revoke_all(conn, account.id, now)
        store.audit(conn, now, None, "account.disable", f"account:{account.id}", {})
    return account


def set_password(ctx: Context, passwords: Passwords, username: str, password: str) -> Account:
    """Set a new password and end all sessions opened with the old one."""
    check_password(password)
    stored, now = passwords.hash(password), ctx.clock()
    with write(ctx.engine) as conn:
        account = _existing(store.find(conn, account_name(username)), username)
        store.set_password(conn, account.id, stored)
        store.revoke_all(conn, account.id, now)
        store.audit(conn, now, None, "account.passwd", f"account:{account.id}", {})
    return account


def draw_password() -> str:
    """A random password of 95 bits that can be read over the phone: 19 letters and digits without l, o, 0, 1."""
    alphabet = "abcdefghijkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(alphabet) for _ in range(size)) for size in (5, 5, 5, 4))


def check_password(password: str) -> None:
    """InvalidInput when a password is too short or too long; nothing else is asked (NIST SP 800-63B)."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise InvalidInput(
            f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters; this one has {len(password)}",
            field="password",
        )


def _existing(account: Account | None, username: str) -> Account:
    if account is None:
        raise NotFound(f"there is no account {username}")
    return account


def account_name(username: str) -> str:
    """User names are compared without regard to case and width; one that is too long is nobody's."""
    name = unicodedata.normalize("NFKC", username).strip().casefold()
    return name if len(name) <= LONGEST_NAME and name.isprintable() else ""


def _same_form(password: str) -> bytes:
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
