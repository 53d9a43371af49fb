"""One POST to a gateway, and what its answer means. Straight to the host named: no proxy, no redirect followed."""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from gridmap.delivery.deadline import LONGEST_S, STEP_S, ending
from gridmap.delivery.outcome import Final, Outcome, Retry, Sent
from gridmap.errors import EnvironmentFault

#: answers that speak of us or of the gateway, not of the message: a corrected setting or a rest mends them
_NOT_THE_MESSAGE = frozenset({401, 402, 403, 404, 405, 407, 408, 421, 425, 429})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to post: https anywhere, http only within this machine or a private network given by its address."""

    secure: bool
    host: str
    port: int
    path: str
    longest_s: float = LONGEST_S

    @classmethod
    def parse(cls, variable: str, url: str) -> Endpoint:
        """Of a URL in a setting; EnvironmentFault names the variable."""
        parts = urlsplit(url)
        with contextlib.suppress(ValueError):
            port = parts.port or (443 if parts.scheme == "https" else 80)
            if parts.hostname and (parts.scheme == "https" or (parts.scheme == "http" and is_near(parts.hostname))):
                path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
                return cls(parts.scheme == "https", parts.hostname, port, path)
        raise EnvironmentFault(
            f"{variable} must be an https:// address (http:// only for this machine, or a private network's address "
            "in numbers): messages and secrets do not travel in the clear"
        )


def is_near(host: str) -> bool:
    """Whether a host is this machine, or an address of a private network."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_private


def post(to: Endpoint, body: bytes, headers: Mapping[str, str]) -> Outcome:
    """POST JSON once. Certificates are verified. 2xx is sent; the rest as `read_answer` says."""
    connection = (
        http.client.HTTPSConnection(to.host, to.port, timeout=STEP_S, context=ssl.create_default_context())
        if to.secure
        else http.client.HTTPConnection(to.host, to.port, timeout=STEP_S)
    )
    try:
        with ending(lambda: connection.sock, to.longest_s):
            connection.request("POST", to.path, body, {"Content-Type": "application/json", **headers})
            answer = connection.getresponse()
            return read_answer(answer.status, dict(answer.headers.items()), datetime.now(UTC))
    except ssl.SSLError:
        return Retry("tls", channel_down=True)
    except (OSError, http.client.HTTPException) as exc:
        # the answer may be lost and the message taken: it goes again, under the same key
        return Retry(type(exc).__name__, channel_down=True)
    finally:
        connection.close()


def read_answer(status: int, headers: Mapping[str, str], now: datetime) -> Outcome:
    """Sent, final or to be tried again, by the status; `Retry-After` in seconds or as a date counts."""
    told = {name.lower(): value for name, value in headers.items()}
    if 200 <= status < 300:
        return Sent(_date(told.get("date")))
    reason = f"http_{status}"
    if status in _NOT_THE_MESSAGE or status >= 500:
        # 429 may be about one recipient, 5xx about one message; a refusal of ourselves is about all
        return Retry(reason, _wait(told.get("retry-after"), now), channel_down=status in {401, 403, 404, 503})
    return Final(reason)


def _wait(text: str | None, now: datetime) -> float | None:
    if text is None:
        return None
    if text.strip().isdecimal():
        return float(text.strip()[:9])
    moment = _date(text)
    return None if moment is None else max((moment - now).total_seconds(), 0.0)


def _date(text: str | None) -> datetime | None:
    try:
        return None if text is None else parsedate_to_datetime(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
