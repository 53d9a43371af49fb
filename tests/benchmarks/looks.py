"""Every list and figure that a page asks for, over a county of real size: how long, and how many rows are looked at.

    python -m tests.benchmarks.looks DATABASE_URL

for a county that `tests.benchmarks.large` has made. Each is asked three times of the API in one process; the middle
time counts. Rows looked at are those of the tables that grow with the cases, by PostgreSQL's EXPLAIN (ANALYZE) of each
query; SQLite does not count, so there the tables are named that a query walks from end to end.
"""

from __future__ import annotations

import json
import secrets
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import Connection, Engine, event

from api.app import create_app
from gridmap.store import accounts, read, write
from gridmap.usecases.accounts import Passwords, token_hash
from gridmap.usecases.context import Context
from gridmap.usecases.setup import demo_seats, draw_logins
from tests.benchmarks import large

#: tables that grow with the cases
GROWING = frozenset({"incidents", "responsibilities", "events", "score_cases", "scores", "messages", "outbox"})
TIMES = 3


@dataclass(frozen=True, slots=True)
class Look:
    """What a page asks: the role, the path below /api/v1, its parameters. `items`: it is a list."""

    name: str
    role: str
    path: str
    params: Mapping[str, str]
    items: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of it. `looked`: rows of the growing tables; None where the database does not count."""

    look: Look
    status: int
    seconds: float
    looked: int | None
    returned: int
    walked: Sequence[str]


def _list(name: str, role: str, **params: str) -> Look:
    return Look(name, role, "/incidents", params, items=True)


def _counts(name: str, **params: str) -> Look:
    return Look(name, "official", "/stats/counts", params)


def looks(month: str) -> list[Look]:
    """All of them."""
    cards = [
        Look(f"scorecard by {by}", "official", "/stats/scorecard", {"month": month, "by": by})
        for by in ("area", "body", "category")
    ]
    return [
        _list("dispatcher, all", "dispatcher"), _list("dispatcher, open", "dispatcher", open="true", limit="1000"),
        _list("dispatcher, red", "dispatcher", light="red"),
        _list("dispatcher, one category", "dispatcher", category="mining"),
        _list("dispatcher, closed", "dispatcher", status="closed"),
        _list("dispatcher, a week", "dispatcher", **{"from": f"{month}-01", "to": f"{month}-08"}),
        _list("dispatcher, waiting", "dispatcher", waiting="extension"),
        _list("handler, open", "handler", open="true", limit="1000"), _list("handler, all", "handler"),
        _list("worker, today", "worker", open="true", limit="1000"), _list("worker, all", "worker"),
        _list("supervisor, red", "supervisor", light="red"),
        _list("supervisor, very late", "supervisor", light="very_late"),
        _list("supervisor, waiting", "supervisor", waiting="supervision"),
        Look("mailbox", "handler", "/messages", {}), Look("mailbox, unread", "worker", "/messages/unread", {}),
        *cards, _counts("insight, months", by="month"), _counts("insight, communities", by="community"),
        _counts("insight, categories", by="category"),
        _counts("insight, a month's communities", by="community", **{"from": f"{month}-01"}),
    ]  # fmt: skip


def ask(ctx: Context) -> Iterator[Seen]:
    """Ask everything, one after the other."""
    seats = draw_logins(ctx, Passwords(), demo_seats(ctx))
    tokens = {str(one.seat.role): _token(ctx, one.username) for one in seats}
    month = f"{ctx.today().replace(day=1) - timedelta(days=1):%Y-%m}"
    with TestClient(create_app(ctx), base_url="http://testserver") as client:
        for look in looks(month):
            yield _ask(ctx, client, look, {"Authorization": f"Bearer {tokens[look.role]}"})


def _token(ctx: Context, username: str) -> str:
    token, now = secrets.token_urlsafe(32), ctx.clock()
    with write(ctx.engine) as conn:
        account = accounts.find(conn, username)
        assert account is not None, username
        accounts.open_session(conn, token_hash(token), account.id, now, now + timedelta(hours=12))
    return token


def _ask(ctx: Context, client: TestClient, look: Look, headers: Mapping[str, str]) -> Seen:
    seconds = []
    for _ in range(TIMES):
        started = time.perf_counter()
        with listening(ctx.engine) as heard:
            answer = client.get(f"/api/v1{look.path}", params=dict(look.params), headers=dict(headers))
        seconds.append(time.perf_counter() - started)
    told: Any = answer.json()
    rows: Any = told.get("items", told.get("rows", told.get("lines", []))) if isinstance(told, dict) else told
    with read(ctx.engine) as conn:
        counted = [_explained(conn, *one) for one in heard]
    looked = None if any(one[0] is None for one in counted) else sum(one[0] or 0 for one in counted)
    walked = sorted({table for one in counted for table in one[1]})
    return Seen(look, answer.status_code, statistics.median(seconds), looked, len(rows), walked)


@contextmanager
def listening(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    """The queries that run meanwhile, with what was bound."""
    heard: list[tuple[str, Any]] = []

    def hear(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            heard.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(engine, "before_cursor_execute", hear)


def _explained(conn: Connection, statement: str, bound: Any) -> tuple[int | None, set[str]]:
    """Rows looked at, and the growing tables that are walked from end to end."""
    if conn.dialect.name == "sqlite":
        plan = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", bound).all()
        steps = [row[3].split() for row in plan if row[3].startswith("SCAN ") and " USING " not in row[3]]
        return None, {step[1] for step in steps} & GROWING
    told = conn.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", bound).scalar_one()
    nodes = list(_nodes((json.loads(told) if isinstance(told, str) else told)[0]["Plan"]))
    grown = [node for node in nodes if node.get("Relation Name") in GROWING]
    return sum(map(_looked, grown)), {n["Relation Name"] for n in grown if n["Node Type"] == "Seq Scan"}


def _looked(node: Mapping[str, Any]) -> int:
    """Rows of one step, all its loops together."""
    dropped = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return int((node["Actual Rows"] + dropped) * node["Actual Loops"])


def _nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


def table(ctx: Context) -> Iterator[str]:
    """As Markdown, a line as soon as it is known."""
    incidents, events = large.sizes(ctx)
    yield f"{incidents:,} incidents, {events:,} events, {ctx.engine.dialect.name}"
    yield ""
    yield "| what | ms | rows looked at | returned | walked whole |"
    yield "|---|---|---|---|---|"
    for one in ask(ctx):
        looked = "" if one.looked is None else f"{one.looked:,}"
        what = one.look.name if one.status == 200 else f"{one.look.name} (answers {one.status})"
        yield f"| {what} | {one.seconds * 1000:,.0f} | {looked} | {one.returned} | {', '.join(one.walked)} |"


def main(arguments: Sequence[str]) -> None:
    ctx = large.open_context(arguments[0])
    try:
        for line in table(ctx):
            print(line, flush=True)
    finally:
        ctx.engine.dispose()


if __name__ == "__main__":
    main(sys.argv[1:])
