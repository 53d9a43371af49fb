"""Watching over cases: each duty once, also by two watchers at once and after a kill; who goes on leave hands over."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import Counter
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, insert, select, update

from gridmap.case.sweep import duties
from gridmap.delivery.recipients import on_rung
from gridmap.store import cases, read
from gridmap.store import tables as t
from gridmap.store.chain import broken_chains
from gridmap.usecases.casework import act
from gridmap.usecases.reporting import report
from gridmap.usecases.telling import FLOOD
from gridmap.usecases.watching import Watcher
from tests.county import ZONE, Clock, SmallCounty, open_county
from tests.usecases.test_reporting import draft, rows_of, view


def reported(county: SmallCounty, letter: str = "A") -> int:
    return int(report(county.ctx, view(county, "worker-a"), draft(letter))["id"])


def kinds(county: SmallCounty, incident_id: int) -> list[str]:
    return [row.kind for row in rows_of(county, t.events, incident_id)]


def told(county: SmallCounty, incident_id: int) -> list[str]:
    return [row.kind for row in rows_of(county, t.outbox, incident_id)]


def only(county: SmallCounty) -> None:
    """Leave out the county's own old cases."""
    county.run(update(t.incidents).values(look_at=None))


def test_a_case_is_warned_of_supervised_and_goes_up_once(small_county: SmallCounty) -> None:
    only(small_county)
    one, run = reported(small_county), Watcher(small_county.ctx).run
    assert run().total() == 0
    small_county.clock.forward(hours=5, minutes=20)  # intake: half a workday, of which three quarters are gone
    assert run() == Counter(warned=1)
    assert run().total() == 0
    small_county.clock.forward(days=1)
    assert run() == Counter(warned=1, supervised=1)
    small_county.clock.forward(days=4)
    assert run()["escalated"] == 1
    assert run().total() == 0
    assert kinds(small_county, one)[3:] == ["warned", "warned", "supervised", "warned", "supervised", "escalated"]
    assert told(small_county, one) == [
        "assigned", "warned", "watch", "supervised", "supervised_copy", "watch", "supervised", "supervised_copy",
        "escalated", "late_reply", "late_reply_watch",
    ]  # fmt: skip
    small_county.clock.forward(days=3)  # nobody answers: two letters, each with a limit of two workdays
    assert run()["late_reply"] >= 1
    assert run()["late_reply"] == 0
    with read(small_county.ctx.engine) as conn:
        assert broken_chains(conn) == []


def test_what_was_done_by_hand_is_seen(small_county: SmallCounty) -> None:
    """Who ends a supervision is not met by a new one for the same due moment; a pause that ran out is resumed."""
    only(small_county)
    one, run = reported(small_county), Watcher(small_county.ctx).run
    small_county.clock.forward(days=1)
    run()
    worker = view(small_county, "worker-a")
    act(small_county.ctx, view(small_county, "supervisor"), one, "supervise_end", {"note": "已说明"})
    assert run().total() == 0
    act(small_county.ctx, worker, one, "accept", {})
    until = small_county.clock() + timedelta(days=2)
    act(small_county.ctx, worker, one, "pause", {"reason": "waiting_survey", "until": until.isoformat(), "note": "x"})
    assert run().total() == 0
    small_county.clock.forward(days=2, seconds=1)
    assert run()["resumed"] == 1
    assert kinds(small_county, one)[-1] == "resumed"


def test_many_in_a_day_become_a_digest(small_county: SmallCounty) -> None:
    only(small_county)
    ids = [reported(small_county) for _ in range(FLOOD + 4)]
    small_county.clock.forward(hours=5, minutes=20)
    assert Watcher(small_county.ctx).run()["warned"] == len(ids)
    said = Counter(kind for one in ids for kind in told(small_county, one))
    assert said == {"assigned": len(ids), "warned": FLOOD, "digest": 1}


def every_duty(county: SmallCounty) -> dict[str, int]:
    """How often each duty of any case stands in its events; none may stand twice."""
    rows = county.run(
        select(t.events.c.incident_id, t.events.c.kind, t.events.c.data).where(t.events.c.kind == "warned")
    )
    return Counter(f"{row.incident_id}/{row.data}" for row in rows)


def test_two_at_once_do_each_duty_once(small_county: SmallCounty) -> None:
    url = small_county.ctx.engine.url.render_as_string(hide_password=False)
    others = [open_county(url, small_county.clock) for _ in range(3)]
    ready, done = threading.Barrier(3), []

    def run(county: SmallCounty) -> None:
        ready.wait(30)
        done.append(Watcher(county.ctx).run())

    threads = [threading.Thread(target=run, args=(county,)) for county in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for county in others:
        county.ctx.engine.dispose()
    assert sum(one["failed"] for one in done) == 0
    duty = every_duty(small_county)
    assert sum(one["warned"] for one in done) == sum(duty.values()) > 20
    assert set(duty.values()) == {1}
    assert Watcher(small_county.ctx).run().total() == 0
    nothing_left(small_county)


def nothing_left(county: SmallCounty) -> None:
    with read(county.ctx.engine) as conn:
        assert broken_chains(conn) == []
        for one in conn.execute(select(t.incidents.c.id)).scalars().all():
            case = cases.load(conn, one, ZONE)
            assert not duties(case.counted, case.counted_by, case.clocks(county.clock()), county.clock())


def watch_until(url: str, now: Any, reached: Any) -> None:
    """What the child does: after some cases it stops in the midst of one, holding its transaction."""
    county = open_county(url, Clock(now))
    honest, seen = cases.remember, 0

    def remember(*given: Any) -> None:
        nonlocal seen
        seen += 1
        if seen == 4:
            reached.set()
            threading.Event().wait(60)
        honest(*given)

    cases.remember = remember
    Watcher(county.ctx).run()


def test_killed_in_the_middle_it_goes_on(small_county: SmallCounty) -> None:
    spawn = multiprocessing.get_context("spawn")
    reached, url = spawn.Event(), small_county.ctx.engine.url.render_as_string(hide_password=False)
    child = spawn.Process(target=watch_until, args=(url, small_county.clock(), reached))
    child.start()
    assert reached.wait(60)
    os.kill(child.pid or 0, signal.SIGKILL)
    child.join()
    before = every_duty(small_county)
    assert len(before) >= 3
    done = Watcher(small_county.ctx).run()
    assert done["failed"] == 0
    duty = every_duty(small_county)
    assert set(duty.values()) == {1}
    assert len(duty) == len(before) + done["warned"]
    nothing_left(small_county)


def test_of_several_servers_one_watches(small_county: SmallCounty) -> None:
    only(small_county)
    first, second = (Watcher(small_county.ctx, leased=True) for _ in range(2))
    reported(small_county)
    small_county.clock.forward(hours=5, minutes=20)
    assert first.run() == Counter(warned=1)
    small_county.run(update(t.incidents).values(look_at=small_county.clock()))
    assert second.run().total() == 0  # the first has the lease
    assert small_county.one(select(t.beats.c.owner).where(t.beats.c.job == "watch")) == first.owner
    small_county.clock.forward(minutes=3)
    second.run()
    assert small_county.one(select(t.beats.c.owner).where(t.beats.c.job == "watch")) == second.owner


def test_who_goes_on_leave_hands_over_once(small_county: SmallCounty) -> None:
    only(small_county)
    one = reported(small_county)
    row = rows_of(small_county, t.responsibilities, one)[0]
    due = small_county.one(select(t.incidents.c.due_at).where(t.incidents.c.id == one))
    leave = {"worker_id": row.worker_id, "starts_on": date(2026, 7, 4), "ends_on": date(2026, 7, 9)}
    small_county.run(insert(t.leaves).values(leave))
    assert Watcher(small_county.ctx).run()["handed_over"] == 0  # it begins tomorrow
    small_county.clock.forward(days=1)
    assert Watcher(small_county.ctx).run()["handed_over"] > 0
    assert Watcher(small_county.ctx).run()["handed_over"] == 0
    held = rows_of(small_county, t.responsibilities, one)
    assert len(held) == 2
    assert held[0].valid_to == held[1].valid_from
    assert held[1].worker_id != row.worker_id
    assert kinds(small_county, one).count("handed_over") == 1
    assert small_county.one(select(t.incidents.c.due_at).where(t.incidents.c.id == one)) == due


def test_the_sweep_reads_an_index(spatialite_county: SmallCounty) -> None:
    with read(spatialite_county.ctx.engine) as conn:
        query = "SELECT id, look_at FROM incidents WHERE look_at IS NOT NULL AND look_at <= '2026' ORDER BY look_at, id"
        [*plan] = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}").all()
    assert "ix_incidents_look_at" in plan[0][3]
    assert spatialite_county.one(select(func.count()).select_from(t.incidents).where(t.incidents.c.look_at.is_(None)))


def test_a_path_up_to_a_rung() -> None:
    assert [on_rung("/1/5/23/", level) for level in ("community", "town", "county", "city")] == [
        "/1/5/23/", "/1/5/", "/1/", "/1/"
    ]  # fmt: skip
    assert on_rung(None, "town") is None
