"""A report is written at once, from what is held in memory: it equals what its events say, and knows of changes."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import event, insert, select

from gridmap.case.calendar import default_calendar
from gridmap.case.categories import default_categories
from gridmap.errors import Conflict, GridmapError
from gridmap.store import cases, flow, ground, incidents, read, scores, unanswered, versions, write
from gridmap.store import tables as t
from gridmap.store.chain import broken_chains
from gridmap.store.rows import insert_rows
from gridmap.usecases import processes
from gridmap.usecases.imports import load
from gridmap.usecases.reporting import report
from tests.county import NOW, ZONE, SmallCounty, open_county
from tests.usecases.test_reporting import draft, rows_of, view
from tests.usecases.test_ruling import in_force, rule

#: a place on the border of A and B; one far outside; one in the middle of A
SPOTS: tuple[dict[str, Any], ...] = (
    {"accuracy_m": 12.0}, {"accuracy_m": 900.0}, {"lon": 106.5, "confirmed": True}, {"text": ""},
)  # fmt: skip


def reported(county: SmallCounty, **more: Any) -> dict[str, Any]:
    return report(county.ctx, view(county, "worker-a"), draft(**more))


@pytest.mark.parametrize("straight", [False, True])
def test_all_that_is_written_at_once_is_what_the_events_come_to(small_county: SmallCounty, straight: bool) -> None:
    in_force(small_county, rule("all", "category", straight=straight, process="service" if straight else None))
    for more in SPOTS:
        told = reported(small_county, **more)
        with read(small_county.ctx.engine) as conn:
            case = cases.load(conn, told["id"], ZONE)
            row = conn.execute(select(t.incidents).where(t.incidents.c.id == told["id"])).mappings().one()
            held = conn.execute(select(t.responsibilities).where(t.responsibilities.c.incident_id == told["id"])).one()
            assert scores.drift(conn) == []
            assert scores.torn(conn, ZONE) == 0
            assert broken_chains(conn) == []
        wanted = cases.columns(case, small_county.clock())
        assert {name: row[name] for name in wanted} == wanted
        assert (held.worker_id, held.body_id, held.area_id) == tuple(
            getattr(case.state.holder, name) for name in ("worker_id", "body_id", "area_id")
        )
        assert (row["subject_id"] is None) == (more.get("text") == "")


def test_a_report_asks_and_writes_few_things(small_county: SmallCounty) -> None:
    """Forty of them were it once; that one more is asked for each report should be somebody's decision."""
    reported(small_county)
    seen, said = view(small_county, "worker-a"), []

    def hear(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    event.listen(small_county.ctx.engine, "before_cursor_execute", hear)
    report(small_county.ctx, seen, draft(), key="one")
    event.remove(small_county.ctx.engine, "before_cursor_execute", hear)
    assert len(said) <= 17, said


def first_event(county: SmallCounty, told: dict[str, Any]) -> Any:
    return json.loads(rows_of(county, t.events, told["id"])[0].data)


def test_what_is_settled_anew_holds_for_the_next_report_of_every_process(small_county: SmallCounty) -> None:
    """Rules, processes, categories and the calendar, changed by one process and met by another that held the old."""
    other = open_county(small_county.ctx.engine.url.render_as_string(hide_password=False), small_county.clock)
    try:
        admin = view(small_county, "admin")
        before = reported(other)
        in_force(small_county, rule("eco", "body", "B-ECO"))
        assert (before["body"]["code"], reported(other)["body"]["code"]) == ("B-LAND", "B-ECO")

        body = processes.one(small_county.ctx, admin, "dispute")
        saved = processes.save(small_county.ctx, admin, "dispute", {**body, "most_returns": body["most_returns"] + 1})
        assert first_event(other, reported(other))["process_version"] == saved["version"]

        longer = default_categories().assign(limit_hours=240.0)
        load(small_county.ctx, "categories", longer.assign(row=range(1, len(longer) + 1)))
        assert set(first_event(other, reported(other))["limit"].values()) == {10}

        with write(small_county.ctx.engine) as conn:
            flow.put_in_force(conn, default_calendar("UTC"), small_county.clock())
        assert first_event(other, reported(other))["calendar"] == default_calendar("UTC").version
    finally:
        other.ctx.engine.dispose()


def test_a_refused_row_among_many_leaves_nothing_and_says_why(small_county: SmallCounty) -> None:
    """Where PostGIS answers for all at the end, too."""
    counts = {table: len(small_county.run(select(table.c.id))) for table in (t.incidents, t.subjects, t.events)}
    taken = small_county.run(select(t.incidents.c.number).limit(1))[0][0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gridmap.store.incidents.drawn_number", lambda _local: taken)
        with pytest.raises(Conflict) as refused:
            reported(small_county)
    assert refused.value.code == "exists"
    assert counts == {table: len(small_county.run(select(table.c.id))) for table in counts}
    assert reported(small_county)["status"] == "assigned"


def test_a_number_that_is_taken_is_drawn_anew(small_county: SmallCounty) -> None:
    """Six characters are drawn: of 10,000 calls on a day, one day in fifteen draws one of them twice."""
    counts = {table: len(small_county.run(select(table.c.id))) for table in (t.incidents, t.subjects)}
    taken = small_county.run(select(t.incidents.c.number).limit(1))[0][0]
    drawn = incidents.drawn_number
    draws = iter([taken, taken])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gridmap.store.incidents.drawn_number", lambda local: next(draws, None) or drawn(local))
        made = reported(small_county)
    assert made["number"] != taken
    assert next(draws, None) is None
    assert {table: n + 1 for table, n in counts.items()} == {
        table: len(small_county.run(select(table.c.id))) for table in counts
    }  # fmt: skip


def test_statements_sent_together_fail_together(small_county: SmallCounty) -> None:
    before = versions_of(small_county)

    def break_off() -> None:
        with write(small_county.ctx.engine) as conn, unanswered(conn):
            versions.bump_rows(conn, "cells", [1])
            insert_rows(conn, t.changes, [{"layer": "cells", "version": 1, "first_id": 1, "last_id": None}])
            versions.bump_rows(conn, "households", [2])

    with pytest.raises(GridmapError):
        break_off()
    assert versions_of(small_county) == before


def versions_of(county: SmallCounty) -> dict[str, int]:
    with read(county.ctx.engine) as conn:
        return versions.read(conn)


def test_one_statement_knows_of_a_cell_s_duties_what_three_did(small_county: SmallCounty) -> None:
    """Night duties, leaves and rosters of other years, drawn at random; at every hour of three days the same choice."""
    rng = np.random.default_rng(20260703)
    workers = [row[0] for row in small_county.run(select(t.workers.c.id))]
    cell_ids = [row[0] for row in small_county.run(select(t.cells.c.id).order_by(t.cells.c.id))][:3]
    today = NOW.date()
    with write(small_county.ctx.engine) as conn:
        for number in range(60):
            begins = today + timedelta(days=int(rng.integers(-400, 3)), weeks=-number)
            hours = sorted(rng.choice(1440, 2, replace=False).tolist(), reverse=bool(rng.integers(2)))
            conn.execute(insert(t.duties).values(
                worker_id=int(rng.choice(workers)), cell_id=int(rng.choice(cell_ids)), valid_from=begins,
                rank=["primary", "backup"][int(rng.integers(2))], weekdays=int(rng.integers(1, 128)),
                valid_to=None if rng.random() < 0.4 else today + timedelta(days=int(rng.integers(-1, 3))),
                starts_min=hours[0], ends_min=hours[1],
            ))  # fmt: skip
        for worker in workers[:6]:
            begins = today + timedelta(days=int(rng.integers(-3, 2)))
            conn.execute(
                insert(t.leaves).values(worker_id=worker, starts_on=begins, ends_on=begins + timedelta(days=2))
            )
    with read(small_county.ctx.engine) as conn:
        for cell_id in cell_ids:
            every, counted = ground.roster(conn, {cell_id}), ground.open_counts(conn, {cell_id})
            for hour in range(-24, 48):
                local = NOW + timedelta(hours=hour)
                roster, counts = ground.answering(conn, cell_id, local.date())
                assert set(roster.on_duty(cell_id, local)) == set(every.on_duty(cell_id, local))
                assert roster.choose(cell_id, local, counts) == every.choose(cell_id, local, counted)
