"""Work instead of a log-in: a challenge that costs a phone a second and a flood its hours, or a question in words.

A challenge is signed, so that nothing is kept of it until it is answered; it is taken once and for ten minutes. The
work: find a number such that SHA-256 of "challenge:number" begins with so many zero bits. Whoever cannot do the work
(an old phone, no scripts) answers a small sum instead; of those fewer are taken in an hour.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from gridmap.errors import InvalidInput
from gridmap.privacy import Vault
from gridmap.store import residents, write
from gridmap.usecases.context import Context

LASTS = timedelta(minutes=10)
#: zero bits asked for on a quiet day, and in a flood
EASY, HARD = 16, 22
#: reports in an hour up to which the work stays easy; each doubling beyond asks for one bit more
QUIET = 60
#: in an hour: reports of one client, of all, and sums answered by all
PER_CLIENT, PER_HOUR, SUMS = 10, 2000, 120
#: in an hour, of one client: challenges asked for, places searched, wrong answers, links asked for again
ASKED, SEARCHES, WRONG, LOST = 60, 120, 20, 5


@dataclass(frozen=True, slots=True)
class Challenge:
    """What is asked. `bits`: the work; `sum`: the two numbers to add instead."""

    challenge: str
    bits: int
    sum: tuple[int, int]
    expires_at: datetime


def ask(conn: Connection, vault: Vault, now: datetime) -> Challenge:
    """A fresh challenge, harder the more was sent in this hour."""
    over = residents.tallied(conn, "all", now) // QUIET
    bits = min(HARD, EASY + over.bit_length())
    one, other = 2 + secrets.randbelow(8), 2 + secrets.randbelow(8)
    expires = now + LASTS
    said = f"{int(expires.timestamp())}.{bits}.{one}.{other}.{secrets.token_urlsafe(12)}"
    return Challenge(f"{said}.{_signature(vault, said)}", bits, (one, other), expires)


def _signature(vault: Vault, said: str) -> str:
    return vault.digest(f"challenge {said}")[:32]


def check(vault: Vault, challenge: str, answer: str, now: datetime) -> tuple[datetime, bool]:
    """(when the challenge expires, whether the sum was answered). InvalidInput for anything else than a proof."""
    said, _, signature = challenge.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(vault, said).encode()):
        raise InvalidInput("the challenge is none of ours; ask for one", code="challenge_unknown", field="challenge")
    until, bits, one, other, _ = said.split(".", 4)
    expires = datetime.fromtimestamp(int(until), UTC)
    if now > expires:
        raise InvalidInput("the challenge has expired; ask for a new one", code="challenge_expired", field="challenge")
    if answer.startswith("sum:"):
        if answer.removeprefix("sum:").strip() != str(int(one) + int(other)):
            raise InvalidInput("the sum is another one; try again", code="proof_wrong", field="proof")
        return expires, True
    digest = hashlib.sha256(f"{challenge}:{answer}".encode()).digest()
    if int.from_bytes(digest) >> (256 - int(bits)):
        raise InvalidInput("the proof does not fit the challenge", code="proof_wrong", field="proof")
    return expires, False


def client_bucket(conn: Connection, address: str, now: datetime) -> str:
    """A client's tally: its address under the salt of the day (of an IPv6 one, the first 64 bits)."""
    try:
        given = ipaddress.ip_address(address)
        whole = ipaddress.ip_network(f"{given}/{64 if given.version == 6 else 32}", strict=False)
        address = str(whole.network_address)
    except ValueError:
        pass  # a socket without an address: all such are one client
    salt = residents.salt_of(conn, now.date())
    return "client:" + hashlib.sha256(f"{salt} {address}".encode()).hexdigest()


def meet(ctx: Context, challenge: str, answer: str, address: str) -> tuple[datetime, bool]:
    """As `check`, by the server's clock; a wrong answer is counted, and whoever gave too many hears TooMany."""
    now = ctx.clock()
    try:
        return check(ctx.vault, challenge, answer, now)
    except InvalidInput:
        limit(ctx, "wrong", address, WRONG)
        raise


def limit(ctx: Context, what: str, address: str, most: int) -> None:
    """Count one more thing of a client in this hour, in a transaction of its own. TooMany beyond `most`."""
    with write(ctx.engine) as conn:
        now = ctx.clock()
        residents.tally(conn, f"{what} {client_bucket(conn, address, now)}", now, most)


def count(conn: Connection, challenge: str, expires: datetime, address: str, now: datetime, *, by_sum: bool) -> None:
    """Take the challenge, and count the report against the limits. Conflict or TooMany undo the transaction."""
    residents.spend(conn, hashlib.sha256(challenge.encode()).hexdigest(), expires)
    residents.tally(conn, client_bucket(conn, address, now), now, PER_CLIENT)
    if by_sum:
        residents.tally(conn, "sums", now, SUMS)
    residents.tally(conn, "all", now, PER_HOUR)
