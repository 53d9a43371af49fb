"""Correcting a pin assigns again, once, with an event; closing stops the clock; what one cannot see stays as it is."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
import shapely
from sqlalchemy import func, select, update

from gridmap.errors import Conflict, Forbidden, KeyReused, NotFound
from gridmap.store import read
from gridmap.store import tables as t
from gridmap.store.chain import broken_chains
from gridmap.usecases.casework import act, close, move
from gridmap.usecases.imports import load
from gridmap.usecases.reporting import report
from tests.county import CELL, ZONE, SmallCounty, centre
from tests.grids import LON, SIZE_DEG
from tests.usecases.test_reporting import draft, rows_of, view


def reported(county: SmallCounty, letter: str = "A") -> dict[str, Any]:
    return report(county.ctx, view(county, "worker-a"), draft(letter))


def test_a_moved_pin_is_assigned_again_once(small_county: SmallCounty) -> None:
    first = reported(small_county)
    seen = view(small_county, "dispatcher-1")
    small_county.clock.forward(minutes=5)
    answer = move(small_county.ctx, seen, first["id"], *centre("D"), accuracy_m=5.0)
    assert answer["moved"]
    assert (answer["cell"]["code"], answer["worker"]["name"]) == (CELL["D"], "网格员 D")
    again = move(small_county.ctx, seen, first["id"], *centre("D"), accuracy_m=5.0)
    assert not again["moved"]
    assert again["cell"]["code"] == CELL["D"]
    assert [e.kind for e in rows_of(small_county, t.events, first["id"])] == [
        "reported",
        "routed",
        "assigned",
        "moved",
        "routed",
        "assigned",
    ]
    held = rows_of(small_county, t.responsibilities, first["id"])
    assert [row.valid_to is None for row in held] == [False, True]
    assert held[0].valid_to == held[1].valid_from == small_county.clock()
    [row] = small_county.run(select(t.incidents).where(t.incidents.c.id == first["id"]))
    assert (row.x_in, row.y_in) == centre("D")
    with read(small_county.ctx.engine) as conn:
        assert broken_chains(conn) == []


def test_a_pin_moved_out_and_in_again(small_county: SmallCounty) -> None:
    first = reported(small_county)
    lon, lat = centre("A", -0.75)
    seen = view(small_county, "dispatcher-1")
    small_county.clock.forward(minutes=1)
    assert move(small_county.ctx, seen, first["id"], lon, lat)["status"] == "unplaced"
    # outside it belongs to the county, no longer to this town's dispatcher
    with pytest.raises(NotFound):
        move(small_county.ctx, seen, first["id"], *centre("B"))


def test_whoever_set_a_pin_outside_mends_it(small_county: SmallCounty) -> None:
    lost = report(small_county.ctx, view(small_county, "worker-a"), draft(lon=LON - SIZE_DEG))
    with pytest.raises(NotFound):
        move(small_county.ctx, view(small_county, "worker-b"), lost["id"], *centre("B"))
    small_county.clock.forward(minutes=1)
    answer = move(small_county.ctx, view(small_county, "worker-a"), lost["id"], *centre("B"))
    assert (answer["status"], answer["worker"]["name"]) == ("assigned", "网格员 B")
    with pytest.raises(NotFound):  # now it is B's
        act(small_county.ctx, view(small_county, "worker-a"), lost["id"], "accept", {})


def test_what_one_does_not_serve_is_not_there(small_county: SmallCounty) -> None:
    first = reported(small_county, "G")
    stranger = view(small_county, "worker-b")
    with pytest.raises(NotFound):
        close(small_county.ctx, stranger, first["id"])
    with pytest.raises(NotFound):
        move(small_county.ctx, stranger, first["id"], *centre("B"))
    with pytest.raises(NotFound):
        close(small_county.ctx, view(small_county, "worker-a"), 10**9)


def test_a_handler_may_take_it_but_not_move_it(small_county: SmallCounty) -> None:
    first = reported(small_county)
    handler = view(small_county, "handler-land")
    with pytest.raises(Forbidden, match="may not"):
        move(small_county.ctx, handler, first["id"], *centre("B"))
    assert act(small_county.ctx, handler, first["id"], "accept", {})["status"] == "accepted"


def test_closing_comes_after_resolving_and_verifying(small_county: SmallCounty) -> None:
    """Nobody loses the quick way: the worker resolves on the spot from where the report put it, another one closes."""
    first = reported(small_county)
    ctx, worker, desk = small_county.ctx, view(small_county, "worker-a"), view(small_county, "dispatcher-1")
    with pytest.raises(Conflict, match="not possible while the case is assigned"):
        close(ctx, worker, first["id"])
    small_county.clock.forward(minutes=5)
    done = {"outcome": "settled", "note": "双方已和解"}
    assert act(ctx, worker, first["id"], "resolve", done)["status"] == "resolved"
    with pytest.raises(Forbidden, match="knows no close"):
        close(ctx, worker, first["id"])
    with pytest.raises(Conflict, match="does not judge it as well"):
        act(ctx, worker, first["id"], "verify", {"passed": True, "note": "我自己看过"})
    small_county.clock.forward(minutes=5)
    assert act(ctx, desk, first["id"], "verify", {"passed": True, "note": "现场已核实"})["status"] == "verified"
    closed = close(ctx, desk, first["id"])
    assert closed["status"] == "closed"
    small_county.clock.forward(hours=1)
    assert close(ctx, desk, first["id"]) == close(ctx, worker, first["id"]) == closed
    with pytest.raises(Conflict, match="keeps its place"):
        move(ctx, worker, first["id"], *centre("B"))
    kinds = [e.kind for e in rows_of(small_county, t.events, first["id"])]
    assert kinds == ["reported", "routed", "assigned", "resolved", "verified", "closed"]


def test_nothing_is_written_when_a_step_fails(small_county: SmallCounty, monkeypatch: pytest.MonkeyPatch) -> None:
    import gridmap.usecases.spots as spots

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("the lights went out")

    counted = [t.incidents, t.events, t.responsibilities, t.outbox, t.sealed, t.requests]
    before = [small_county.one(select(func.count()).select_from(table)) for table in counted]
    monkeypatch.setattr(spots.incidents, "tell", fail)
    with pytest.raises(RuntimeError):
        report(small_county.ctx, view(small_county, "worker-a"), draft(), key="k")
    assert [small_county.one(select(func.count()).select_from(table)) for table in counted] == before


def test_a_pin_moved_within_its_cell_stays_with_its_worker(small_county: SmallCounty) -> None:
    small_county.run(update(t.duties).where(t.duties.c.rank == "backup").values(rank="primary"))
    first = reported(small_county)
    seen = view(small_county, "dispatcher-1")
    for step in range(1, 5):
        small_county.clock.forward(minutes=1)
        answer = move(small_county.ctx, seen, first["id"], *centre("A", 0.01 * step))
        assert answer["worker"] == first["worker"]


def test_moves_at_once_leave_a_history_in_order(small_county: SmallCounty) -> None:
    first = reported(small_county)
    seen = view(small_county, "dispatcher-1")
    places = [centre("ABCD"[i % 4], 0.02 * i - 0.2) for i in range(16)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda place: move(small_county.ctx, seen, first["id"], *place), places))
    held = rows_of(small_county, t.responsibilities, first["id"])
    assert len(held) == 17
    assert all(row.valid_to is None or row.valid_to > row.valid_from for row in held)
    by_start = sorted(held, key=lambda row: row.valid_from)
    assert [row.valid_to for row in by_start[:-1]] == [row.valid_from for row in by_start[1:]]
    events = rows_of(small_county, t.events, first["id"])
    assert [e.at for e in events] == sorted(e.at for e in events)


def test_a_move_repeated_with_its_key_answers_the_same_though_the_incident_has_left(small_county: SmallCounty) -> None:
    first = reported(small_county, "B")
    worker = view(small_county, "worker-b")
    small_county.clock.forward(minutes=1)
    answer = move(small_county.ctx, worker, first["id"], *centre("G"), key="m")
    assert move(small_county.ctx, worker, first["id"], *centre("G"), key="m") == answer
    with pytest.raises(KeyReused):
        move(small_county.ctx, worker, first["id"], *centre("H"), key="m")


def test_a_report_made_before_its_cell_was_drawn_gets_it(small_county: SmallCounty) -> None:
    lon, lat = LON + 4.5 * SIZE_DEG, centre("D")[1]
    early = report(small_county.ctx, view(small_county, "worker-a"), draft(lon=lon, lat=lat))
    assert early["status"] == "unplaced"
    shape = shapely.MultiPolygon([shapely.box(LON + 4 * SIZE_DEG, lat - 0.002, LON + 5 * SIZE_DEG, lat + 0.002)])
    new = {"row": 1, "code": "N1", "name": "新格", "geometry": shape}
    small_county.clock.forward(minutes=1)
    load(small_county.ctx, "cells", pd.DataFrame([new]))
    [row] = small_county.run(select(t.incidents).where(t.incidents.c.id == early["id"]))
    assert (row.status, row.place_reason) == ("assigned", "inside")
    kinds = [e.kind for e in rows_of(small_county, t.events, early["id"])]
    assert kinds == ["reported", "routed", "assigned", "assigned"]
    with read(small_county.ctx.engine) as conn:
        assert broken_chains(conn) == []


def test_a_report_at_midnight_lies_in_the_drawing_of_its_own_day(small_county: SmallCounty) -> None:
    """The clock passes midnight between the look at the cells and the write."""
    small_county.run(update(t.cells).where(t.cells.c.code == CELL["A"]).values(valid_to=date(2026, 7, 4)))
    small_county.run(update(t.versions).where(t.versions.c.layer == "cells").values(version=t.versions.c.version + 1))
    midnight = datetime(2026, 7, 4, tzinfo=ZONE)
    ticks = iter([midnight - timedelta(milliseconds=3), midnight])
    ctx = replace(small_county.ctx, clock=lambda: next(ticks, midnight))
    answer = report(ctx, view(small_county, "worker-a"), draft())
    assert answer["received_at"] == "2026-07-03T16:00:00.000000+00:00"
    assert answer["status"] == "unplaced"
