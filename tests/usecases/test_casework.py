"""Correcting a pin assigns again, once, with an event; closing stops the clock; what one cannot see stays as it is."""

from typing import Any

import pytest
from sqlalchemy import func, select

from gridmap.errors import Conflict, Forbidden, NotFound
from gridmap.store import read
from gridmap.store import tables as t
from gridmap.store.chain import broken_chains
from gridmap.usecases.casework import close, move
from gridmap.usecases.reporting import report
from tests.county import CELL, SmallCounty, centre
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
        "assigned",
        "moved",
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


def test_what_one_does_not_serve_is_not_there(small_county: SmallCounty) -> None:
    first = reported(small_county, "G")
    stranger = view(small_county, "worker-b")
    with pytest.raises(NotFound):
        close(small_county.ctx, stranger, first["id"])
    with pytest.raises(NotFound):
        move(small_county.ctx, stranger, first["id"], *centre("B"))
    with pytest.raises(NotFound):
        close(small_county.ctx, view(small_county, "worker-a"), 10**9)


def test_a_handler_may_close_but_not_move(small_county: SmallCounty) -> None:
    first = reported(small_county)
    handler = view(small_county, "handler-land")
    with pytest.raises(Forbidden, match="may not"):
        move(small_county.ctx, handler, first["id"], *centre("B"))
    done = close(small_county.ctx, handler, first["id"])
    assert done["status"] == "closed"
    small_county.clock.forward(hours=1)
    assert close(small_county.ctx, handler, first["id"]) == done
    with pytest.raises(Conflict, match="keeps its place"):
        move(small_county.ctx, view(small_county, "worker-a"), first["id"], *centre("B"))
    kinds = [e.kind for e in rows_of(small_county, t.events, first["id"])]
    assert kinds == ["reported", "assigned", "closed"]


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
