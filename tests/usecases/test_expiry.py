"""What has had its day is found by its moment, however much is kept: each removal reads an index."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Connection, event

from gridmap.store import accounts, expiry, messages, sweeps, write
from gridmap.store.engine import is_sqlite
from tests.county import SmallCounty

REMOVALS: dict[str, Callable[[Connection, datetime], int]] = {
    "ix_readings_at": accounts.forget_readings, "ix_requests_created_at": expiry.forget_requests,
    "ix_sessions_expires_at": expiry.forget_sessions, "ix_messages_settled_at": messages.forget,
    "ix_sweep_duties_at": sweeps.forget,
}  # fmt: skip


@pytest.mark.parametrize("index", sorted(REMOVALS))
def test_a_removal_reads_its_index(small_county: SmallCounty, index: str) -> None:
    heard: list[tuple[str, Any]] = []
    with write(small_county.ctx.engine) as conn:
        event.listen(conn, "before_cursor_execute", lambda _c, _cur, said, bound, *_more: heard.append((said, bound)))
        REMOVALS[index](conn, small_county.clock())
        [(statement, bound)] = heard
        if is_sqlite(conn):
            plan = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", bound).all()
        else:
            conn.exec_driver_sql("SET LOCAL enable_seqscan = off")  # a few rows are read faster as a whole
            plan = conn.exec_driver_sql(f"EXPLAIN {statement}", bound).all()
    assert any(index in str(row) for row in plan), plan
