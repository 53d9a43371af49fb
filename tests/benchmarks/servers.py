"""Servers to be raced: started as they are deployed, two worker processes each, on a free port of 127.0.0.1."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

WORKERS = 2
#: the process group of each server by its address
_GROUPS: dict[str, int] = {}
#: a server that ends is seen at once; one on a machine with other work may take minutes to start
START_S = 300
STOP_S = 30


@contextmanager
def gridmap(database_url: str, secret_key: str) -> Iterator[str]:
    """Ours; yields its address."""
    own = {"GRIDMAP_DATABASE_URL": database_url, "GRIDMAP_SECRET_KEY": secret_key}
    with served("gridmap.cli.serve:application", own, factory=True) as address:
        yield address


@contextmanager
def tipg(database_url: str) -> Iterator[str]:
    """tipg as its package comes, over the same database; yields its address."""
    with served("tipg.main:app", {"DATABASE_URL": database_url}) as address:
        yield address


@contextmanager
def served(application: str, environment: Mapping[str, str], *, factory: bool = False) -> Iterator[str]:
    """Both are served by `gridmap serve`'s own runner, so that neither waits for acknowledgements."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = {"port": port, "workers": WORKERS, "factory": factory, "access_log": False, "log_level": "warning"}
    options |= {"proxy_headers": False, "server_header": False}
    program = f"from gridmap.cli.serve import run_workers; run_workers({application!r}, **{options!r})"
    command = [sys.executable, "-c", program]
    server = subprocess.Popen(command, env={**os.environ, **environment}, start_new_session=True)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(server, f"{address}/healthz")
        _GROUPS[address] = server.pid
        yield address
    finally:
        server.terminate()
        try:
            server.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def worked(address: str) -> float:
    """Seconds of the processor that the processes of a server have used so far; its database's are not among them."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended meanwhile
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[2]) == _GROUPS[address]:
                total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def _wait(server: subprocess.Popen[bytes], url: str) -> None:
    give_up = time.monotonic() + START_S
    while time.monotonic() < give_up and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"no answer from {url}")
