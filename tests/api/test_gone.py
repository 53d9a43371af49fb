"""A client that has gone: what is read for it stops, and nobody else notices."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from api.app import create_app
from api.cache import Cache
from api.deps import Ctx, Signed
from gridmap.errors import EnvironmentFault
from gridmap.store import read
from gridmap.store.gone import ASKING, Asking
from tests.county import SmallCounty
from tests.serving import running

#: goes on for minutes unless it is broken off; PostgreSQL waits, since what it would count it first wrote to the disk,
#: gigabytes for thirty clients
HEAVY = {
    "postgresql": "SELECT 1 FROM pg_sleep(600)",
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
}
AT_ONCE, LONG_S = 10, 60.0


class Work:
    """What routes of this test are doing: begun and ended queries, by a lock that threads share."""

    def __init__(self) -> None:
        self.begun = 0
        self.ended: list[str] = []
        self.changed = threading.Condition()

    def until(self, asked: str, count: int, seconds: float) -> bool:
        with self.changed:
            return self.changed.wait_for(
                lambda: (self.begun if asked == "begun" else len(self.ended)) >= count, seconds
            )

    @contextmanager
    def one(self) -> Iterator[None]:
        with self.changed:
            self.begun += 1
            self.changed.notify_all()
        why = "done"
        try:
            yield
        except EnvironmentFault as fault:
            why = fault.code
            raise
        finally:
            with self.changed:
                self.ended.append(why)
                self.changed.notify_all()


def heavy_app(county: SmallCounty, work: Work) -> FastAPI:
    app = create_app(county.ctx, county.passwords)
    statement = text(HEAVY[county.ctx.engine.dialect.name])

    @app.get("/api/v1/heavy")
    def heavy(_: Signed, ctx: Ctx) -> int:
        with work.one(), read(ctx.engine) as conn:
            return int(conn.execute(statement).scalar_one())

    return app


def ask(url: str, token: str) -> socket.socket:
    """A connection that has asked and not heard."""
    host, _, port = url.removeprefix("http://").partition(":")
    asked = socket.create_connection((host, int(port)))
    asked.sendall(f"GET /api/v1/heavy HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    return asked


def test_clients_go_and_their_queries_stop(small_county: SmallCounty) -> None:
    """A sample of `tests/trials/test_clients_gone.py`, where a clock is looked at."""
    work, token = Work(), small_county.token("official")
    with running(heavy_app(small_county, work)) as url:
        for n in (AT_ONCE, 2 * AT_ONCE):
            everybody = [ask(url, token) for _ in range(AT_ONCE)]
            assert work.until("begun", n, LONG_S)
            for one in everybody:
                one.close()
            assert work.until("ended", n, LONG_S)
        assert set(work.ended) == {"gone"}
        assert httpx.get(f"{url}/api/v1/cells", headers={"Authorization": f"Bearer {token}"}).status_code == 200
        told = httpx.get(f"{url}/metrics").text
        assert f'gridmap_requests_total{{method="GET",route="/api/v1/heavy",status="499"}} {2 * AT_ONCE}.0' in told


def test_more_than_there_are_threads_go_at_once(small_county: SmallCounty) -> None:
    """Those that waited for a thread or a connection never begin to read."""
    work, token = Work(), small_county.token("official")
    with running(heavy_app(small_county, work)) as url:
        everybody = [ask(url, token) for _ in range(60)]
        assert work.until("begun", 30, LONG_S)
        time.sleep(0.5)
        for one in everybody:
            one.close()
        assert work.until("ended", 60, LONG_S)
        answer = httpx.get(f"{url}/api/v1/me", headers={"Authorization": f"Bearer {token}"}, timeout=30)
        assert answer.status_code == 200
    assert set(work.ended) == {"gone"}


def test_who_has_gone_reads_no_more_and_harms_nobody(small_county: SmallCounty) -> None:
    engine, asking = small_county.ctx.engine, Asking()
    token = ASKING.set(asking)
    try:
        with read(engine) as conn:
            assert conn.execute(text("SELECT 1")).scalar_one() == 1
        asking.stop()
        with pytest.raises(EnvironmentFault) as told, read(engine):
            pytest.fail("it was let in")
        assert told.value.code == "gone"
    finally:
        ASKING.reset(token)
    for _ in range(20):
        with read(engine) as conn:
            assert conn.execute(text("SELECT 1")).scalar_one() == 1


def test_what_is_kept_for_others_is_made_to_its_end(small_county: SmallCounty) -> None:
    asking = Asking()
    asking.stop()
    token = ASKING.set(asking)

    def make() -> bytes:
        with read(small_county.ctx.engine) as conn:
            return bytes(conn.execute(text("SELECT 7")).scalar_one())

    try:
        assert Cache(100, len).get("one", make) == bytes(7)
    finally:
        ASKING.reset(token)
