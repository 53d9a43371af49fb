"""A county behind a real server on loopback, in a thread of this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from api.app import create_app
from tests.county import SmallCounty

START_S = 20


@contextmanager
def served(county: SmallCounty) -> Iterator[str]:
    """Serve a county on a free port of this machine until the block ends; yields http://127.0.0.1:PORT."""
    with running(create_app(county.ctx, county.passwords)) as url:
        yield url


@contextmanager
def running(app: FastAPI) -> Iterator[str]:
    """As `served`, an application that was made before."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    give_up = time.monotonic() + START_S
    while not server.started and time.monotonic() < give_up:
        assert thread.is_alive(), "the server ended before it had started"
        time.sleep(0.01)
    assert server.started, f"the server did not start within {START_S} s"
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(START_S)
    assert not thread.is_alive()
