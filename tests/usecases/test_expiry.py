"""What has had its day is found by its moment, however much is kept: each removal reads an index."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, select

from gridmap.store import accounts, expiry, links, messages, sweeps, write
from gridmap.store import tables as t
from gridmap.store.engine import is_sqlite
from gridmap.usecases.casework import act
from gridmap.usecases.sweeping import sweep
from tests.county import LETTERS, SmallCounty
from tests.usecases.test_reporting import view

REMOVALS: dict[str, Callable[[Connection, datetime], int]] = {
    "ix_readings_at": accounts.forget_readings, "ix_requests_created_at": expiry.forget_requests,
    "ix_sessions_expires_at": expiry.forget_sessions, "ix_messages_settled_at": messages.forget,
    "ix_sweep_duties_at": sweeps.forget,
    "ix_sealed_reporters": lambda conn, before: expiry.forget_reporters(conn, before, 10),
}  # fmt: skip


@pytest.mark.parametrize("index", sorted(REMOVALS))
def test_a_removal_reads_its_index(small_county: SmallCounty, index: str) -> None:
    heard: list[tuple[str, Any]] = []
    with write(small_county.ctx.engine) as conn:
        event.listen(conn, "before_cursor_execute", lambda _c, _cur, said, bound, *_more: heard.append((said, bound)))
        REMOVALS[index](conn, small_county.clock() - timedelta(days=1_000))
        [(statement, bound)] = heard
        if is_sqlite(conn):
            plan = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", bound).all()
        else:
            conn.exec_driver_sql("SET LOCAL enable_seqscan = off")  # a few rows are read faster as a whole
            plan = conn.exec_driver_sql(f"EXPLAIN {statement}", bound).all()
    assert any(index in str(row) for row in plan), plan


def reporters(county: SmallCounty, last: str) -> set[str]:
    """The fields that are kept sealed of the cases whose numbers end so."""
    i, b = t.incidents.c, t.sealed.c
    query = select(b.field).join(t.incidents, i.subject_id == b.subject_id).where(i.source_ref.like(f"R-%{last}"))
    return {row.field for row in county.run(query)}


def test_a_year_after_its_end_a_case_says_no_more_who_reported_it(small_county: SmallCounty) -> None:
    """Cases end 170 (5) and 85 days (4) before now; the others are open."""
    everything = {"text", "reporter_name", "reporter_phone"}
    small_county.clock.forward(days=365 - 171)
    assert sweep(small_county.ctx)["reporters"] == 0
    small_county.clock.forward(days=2)
    assert sweep(small_county.ctx)["reporters"] == len(LETTERS)
    assert reporters(small_county, "5") == {"text"}
    assert reporters(small_county, "4") == reporters(small_county, "0") == everything
    assert sweep(small_county.ctx)["reporters"] == 0
    small_county.clock.forward(days=3_650)
    sweep(small_county.ctx)
    assert reporters(small_county, "4") == {"text"}
    assert reporters(small_county, "0") == everything  # it is open, and its reporter is to hear of its end


def test_who_reported_a_duplicate_is_kept_until_the_case_it_went_into_is_over(small_county: SmallCounty) -> None:
    clerk = view(small_county, "dispatcher-1")
    main, twice = (
        small_county.one(select(t.incidents.c.id).where(t.incidents.c.source_ref == f"R-A{n}")) for n in "01"
    )
    act(small_county.ctx, clerk, twice, "merge", {"into_id": main})
    small_county.clock.forward(days=400)
    sweep(small_county.ctx)
    assert "reporter_phone" in reporters(small_county, "A1")


def test_links_and_digests_of_a_reporter_end_with_the_name(small_county: SmallCounty) -> None:
    old = small_county.one(select(t.incidents.c.id).where(t.incidents.c.source_ref == "R-A5"))
    with write(small_county.ctx.engine) as conn:
        links.reach(conn, old, "d" * 64)
        links.track_again(conn, old, "h" * 64, small_county.clock())
    small_county.clock.forward(days=400)
    sweep(small_county.ctx)
    assert small_county.run(select(t.reached.c.id)) == small_county.run(select(t.tracks_again.c.id)) == []
