"""Clients that ask a server over several connections at once: `wrk` where it is installed, else a small one in Python.

Both stop by themselves and ask 127.0.0.1 only.
"""

from __future__ import annotations

import http.client
import json
import re
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

CONNECTIONS = 8
TIMEOUT_S = 60


@dataclass(frozen=True)
class Load:
    """How many requests were answered, all with 200 or 201, and in how many seconds."""

    requests: int
    seconds: float

    @property
    def each(self) -> float:
        """Seconds a request: the reciprocal of requests per second."""
        return self.seconds / max(self.requests, 1)


def get(url: str, headers: Mapping[str, str] | None = None) -> Any:
    """The JSON of one answer."""
    return json.loads(body_of(url, headers))


def body_of(url: str, headers: Mapping[str, str] | None = None) -> bytes:
    """One answer as it came."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=TIMEOUT_S)
    try:
        return ask(connection, "GET", url, dict(headers or {}), None)
    finally:
        connection.close()


def drive(urls: Sequence[str], headers: Mapping[str, str], seconds: float, connections: int = CONNECTIONS) -> Load:
    """Ask for the addresses in turn, over and over, for so many seconds."""
    if shutil.which("wrk"):
        return _wrk(urls, headers, seconds, connections)
    until = time.monotonic() + seconds

    def drive_one(worker: int) -> int:
        connection = http.client.HTTPConnection(urlsplit(urls[0]).netloc, timeout=TIMEOUT_S)
        done = 0
        while time.monotonic() < until:
            ask(connection, "GET", urls[(worker + done) % len(urls)], dict(headers), None)
            done += 1
        connection.close()
        return done

    return timed(drive_one, range(connections), connections)


def post_all(url: str, bodies: Sequence[bytes], headers: Mapping[str, str]) -> Load:
    """Send each body once, with an Idempotency-Key of its own, over several connections."""

    def send(worker: int) -> int:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=TIMEOUT_S)
        mine = bodies[worker::CONNECTIONS]
        for body in mine:
            own = {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
            ask(connection, "POST", url, {**headers, **own}, body)
        connection.close()
        return len(mine)

    return timed(send, range(CONNECTIONS))


def timed(work: Callable[[Any], int], things: Iterable[Any], connections: int = CONNECTIONS) -> Load:
    """Do the work for each of these at once over all connections; it says how many requests it made."""
    start = time.perf_counter()
    with ThreadPoolExecutor(connections) as pool:
        done = sum(pool.map(work, things))
    return Load(done, time.perf_counter() - start)


def ask(
    connection: http.client.HTTPConnection, method: str, url: str, headers: dict[str, str], body: bytes | None
) -> bytes:
    """One request over a connection that stays open: the answer's bytes. RuntimeError unless it is 200 or 201."""
    parts = urlsplit(url)
    connection.request(method, f"{parts.path}?{parts.query}" if parts.query else parts.path, body, headers)
    answer = connection.getresponse()
    text = answer.read()
    if answer.status not in {200, 201}:
        raise RuntimeError(f"{method} {parts.path}: {answer.status} {text[:300]!r}")
    return text


_TURNS = """
local paths = {%s}
local turn = 0
request = function()
  turn = turn %% #paths + 1
  return wrk.format("GET", paths[turn])
end
"""


def _wrk(urls: Sequence[str], headers: Mapping[str, str], seconds: float, connections: int) -> Load:
    parts = [urlsplit(url) for url in urls]
    paths = ", ".join(json.dumps(f"{one.path}?{one.query}") for one in parts)
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "turns.lua"
        script.write_text(_TURNS % paths, encoding="utf-8")
        command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", f"--timeout={TIMEOUT_S}s"]
        given = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
        told = subprocess.run(
            [*command, *given, "-s", script, f"http://{parts[0].netloc}"], capture_output=True, text=True, check=True
        ).stdout
    if "Non-2xx" in told or "Socket errors" in told:
        raise RuntimeError(told)
    counted = re.search(r"(\d+) requests in ([\d.]+)(m?s)", told)
    assert counted, told
    return Load(int(counted[1]), float(counted[2]) / (1000 if counted[3] == "ms" else 1))
