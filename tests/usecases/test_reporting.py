"""A report gets its cell, its worker and its body at once; the same key has one effect, also in parallel."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from gridmap.errors import Forbidden, InvalidInput, KeyReused
from gridmap.store import read
from gridmap.store import tables as t
from gridmap.store.chain import broken_chains
from gridmap.usecases.reading import view_for
from gridmap.usecases.reporting import Draft, report
from gridmap.view import View
from tests.county import CELL, NOW, SmallCounty, centre
from tests.grids import LAT, LON, SIZE_DEG


def view(county: SmallCounty, username: str) -> View:
    with read(county.ctx.engine) as conn:
        return view_for(conn, county.account(username), county.ctx.today())


def draft(letter: str = "A", **more: Any) -> Draft:
    lon, lat = centre(letter)
    return Draft(**{"category": "mining-blasting", "lon": lon, "lat": lat, "text": "早上放炮后墙裂了", **more})


def rows_of(county: SmallCounty, table: Any, incident_id: int) -> list[Any]:
    return county.run(select(table).where(table.c.incident_id == incident_id).order_by(table.c.id))  # type: ignore[no-any-return]


def test_a_report_is_placed_assigned_timed_and_sealed(small_county: SmallCounty) -> None:
    answer = report(small_county.ctx, view(small_county, "worker-a"), draft(accuracy_m=12.0))
    assert answer["cell"]["code"] == CELL["A"]
    assert answer["worker"]["name"] == "网格员 A"
    assert answer["body"]["code"] == "B-LAND"  # the department of the category, though the cell has a committee
    assert (answer["status"], answer["place_reason"], answer["reason"]) == ("assigned", "inside", "primary")
    assert 190 < answer["border_m"] < 220  # half a cell of 1/256 degree at 27 degrees north
    assert answer["confidence"] == pytest.approx(1.0, abs=1e-6)
    assert datetime.fromisoformat(answer["due_at"]) > NOW
    [row] = small_county.run(select(t.incidents).where(t.incidents.c.id == answer["id"]))
    assert (row.crs_in, row.x_in, row.received_at) == ("wgs84", centre("A")[0], NOW)
    events = rows_of(small_county, t.events, answer["id"])
    assert [(e.seq, e.kind) for e in events] == [(1, "reported"), (2, "routed"), (3, "assigned")]
    assert not any("墙" in e.data for e in events)
    assert [m.kind for m in rows_of(small_county, t.outbox, answer["id"])] == ["assigned"]
    boxes = small_county.run(select(t.sealed.c.box).where(t.sealed.c.subject_id == row.subject_id))
    assert boxes
    assert "墙".encode() not in boxes[0].box
    with read(small_county.ctx.engine) as conn:
        assert broken_chains(conn) == []


def test_primary_before_backup_and_the_dispatcher_when_nobody_is_there(small_county: SmallCounty) -> None:
    seen = view(small_county, "dispatcher-1")
    worker = {row.code: row.id for row in small_county.run(select(t.workers.c.code, t.workers.c.id))}
    on_leave = {"starts_on": date(2026, 7, 1), "ends_on": date(2026, 7, 4)}
    small_county.run(insert(t.leaves).values(worker_id=worker["W-B"], **on_leave))
    backup = report(small_county.ctx, seen, draft("B"))
    assert (backup["worker"]["name"], backup["reason"]) == ("网格员 BACKUP", "backup")
    small_county.run(insert(t.leaves).values(worker_id=worker["W-C"], **on_leave))
    nobody = report(small_county.ctx, seen, draft("C", category="neighbour"))
    assert (nobody["worker"], nobody["reason"]) == (None, "dispatcher")
    assert nobody["body"]["code"] == "B-KC"
    small_county.clock.forward(days=1)
    assert report(small_county.ctx, seen, draft("C"))["worker"]["name"] == "网格员 C"


def test_the_least_open_incidents_then_the_lowest_id(small_county: SmallCounty) -> None:
    small_county.run(update(t.duties).where(t.duties.c.rank == "backup").values(rank="primary"))
    names = [report(small_county.ctx, view(small_county, "worker-a"), draft("A"))["worker"]["name"] for _ in range(7)]
    # W-A holds four open ones from the register and the one handed over to her; BACKUP has none
    assert names == ["网格员 BACKUP"] * 5 + ["网格员 A", "网格员 BACKUP"]


@pytest.mark.parametrize(("share", "reason"), [(0.003, "border"), (0.5, "inside")])
def test_near_a_border_the_runner_up_is_named(small_county: SmallCounty, share: float, reason: str) -> None:
    lon = LON + SIZE_DEG * (1 - share)  # west of the border between A and B
    answer = report(small_county.ctx, view(small_county, "worker-a"), draft(lon=lon, accuracy_m=30.0))
    assert answer["cell"]["code"] == CELL["A"]
    assert answer["place_reason"] == reason
    if reason == "border":
        assert answer["runner_up"]["code"] == CELL["B"]
        assert answer["runner_up"]["worker"]["name"] == "网格员 B"
        assert 0.5 < answer["confidence"] < 0.6
    else:
        assert answer["runner_up"] is None


@pytest.mark.parametrize(("sure", "told"), [(False, ["网格员 A", "网格员 B"]), (True, ["网格员 A"])])
def test_near_a_border_both_workers_are_told_unless_the_side_is_sure(
    small_county: SmallCounty, sure: bool, told: list[str]
) -> None:
    seen = view(small_county, "worker-a")
    answer = report(small_county.ctx, seen, draft(lon=LON + SIZE_DEG * 0.997, accuracy_m=30.0, sure=sure))
    names = select(t.workers.c.name).join(t.outbox, t.outbox.c.worker_id == t.workers.c.id).order_by(t.outbox.c.id)
    rows = small_county.run(names.where(t.outbox.c.incident_id == answer["id"]))
    assert [row.name for row in rows] == told


def test_exactly_on_a_border_the_lowest_code_has_it(small_county: SmallCounty) -> None:
    lon, lat = LON + 2 * SIZE_DEG, LAT + SIZE_DEG  # the corner of B, C, F and G
    answer = report(small_county.ctx, view(small_county, "worker-a"), draft(lon=lon, lat=lat))
    assert answer["cell"]["code"] == min(CELL[letter] for letter in "BCFG")
    assert answer["border_m"] == 0.0


def test_outside_the_reason_and_the_nearest_cell_are_told(small_county: SmallCounty) -> None:
    answer = report(small_county.ctx, view(small_county, "worker-a"), draft(lon=LON - SIZE_DEG / 4, lat=centre("A")[1]))
    assert (answer["cell"], answer["worker"], answer["status"]) == (None, None, "unplaced")
    assert (answer["place_reason"], answer["reason"]) == ("outside", "outside")
    assert answer["nearest"]["code"] == CELL["A"]
    assert 90 < answer["nearest"]["distance_m"] < 105
    assert answer["body"]["code"] == "B-LAND"


def test_gcj02_is_read_and_kept_as_it_came(small_county: SmallCounty) -> None:
    from gridmap.ground import convert

    lon, lat = (float(v[0]) for v in convert([centre("A")[0]], [centre("A")[1]], "wgs84", "gcj02"))
    answer = report(small_county.ctx, view(small_county, "worker-a"), draft(lon=lon, lat=lat, crs="GCJ-02"))
    assert answer["cell"]["code"] == CELL["A"]
    [row] = small_county.run(select(t.incidents).where(t.incidents.c.id == answer["id"]))
    assert (row.crs_in, row.x_in, row.y_in) == ("gcj02", lon, lat)
    # read as WGS84 it would have lain hundreds of metres off, in another cell
    assert (
        report(small_county.ctx, view(small_county, "worker-a"), draft(lon=lon, lat=lat))["cell"]["code"] != CELL["A"]
    )


@pytest.mark.parametrize(
    ("change", "asked"),
    [
        ({"lon": LAT, "lat": LON}, "swapped"),
        ({"lon": 2.35, "lat": 48.85}, "elsewhere"),
        ({"lon": float("nan")}, "not_finite"),
        ({"lon": float("inf")}, "not_finite"),
    ],
)
def test_a_doubtful_place_is_asked_about(small_county: SmallCounty, change: dict[str, float], asked: str) -> None:
    seen = view(small_county, "worker-a")
    before = small_county.one(select(func.count()).select_from(t.incidents))
    with pytest.raises(InvalidInput) as caught:
        report(small_county.ctx, seen, draft(**change), key="k")
    assert caught.value.code == "location_doubtful"
    assert caught.value.details["question"] == asked
    assert small_county.one(select(func.count()).select_from(t.incidents)) == before
    if asked == "elsewhere":  # the sender was asked and means it
        assert report(small_county.ctx, seen, draft(**change, confirmed=True), key="k")["status"] == "unplaced"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"category": "no-such"}, "category"),
        ({"crs": "mars"}, "coordinate reference system"),
        ({"accuracy_m": -1.0}, "accuracy_m"),
        ({"text": "x" * 4001}, "text"),
        ({"enterprise_id": 999999}, "enterprise_id"),
        ({"household_id": 999999}, "household_id"),
        ({"occurred_at": datetime(2026, 7, 3)}, "occurred_at"),  # noqa: DTZ001
    ],
)
def test_bad_input_is_named(small_county: SmallCounty, change: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        report(small_county.ctx, view(small_county, "worker-a"), draft(**change))


def test_only_a_household_one_serves_can_be_linked(small_county: SmallCounty) -> None:
    of = {row.code: row.id for row in small_county.run(select(t.households.c.code, t.households.c.id))}
    seen = view(small_county, "worker-a")
    assert report(small_county.ctx, seen, draft(household_id=of["H-A0"]))["id"]
    with pytest.raises(InvalidInput, match="there is none"):
        report(small_county.ctx, seen, draft(household_id=of["H-G0"]))


@pytest.mark.parametrize("username", ["planner", "approver", "official", "admin"])
def test_roles_that_serve_no_case_do_not_report(small_county: SmallCounty, username: str) -> None:
    with pytest.raises(Forbidden, match="may not"):
        report(small_county.ctx, view(small_county, username), draft())


def test_a_key_belongs_to_its_sender_and_its_body(small_county: SmallCounty) -> None:
    seen, other = view(small_county, "worker-a"), view(small_county, "worker-b")
    first = report(small_county.ctx, seen, draft(), key="k")
    with pytest.raises(KeyReused):
        report(small_county.ctx, seen, draft(text="另一件"), key="k")
    assert report(small_county.ctx, other, draft(), key="k")["id"] != first["id"]


def test_what_was_entered_offline_keeps_its_time_and_gets_the_cells_of_the_day_it_arrives(
    small_county: SmallCounty,
) -> None:
    seen = view(small_county, "worker-a")
    happened = NOW - timedelta(days=3)
    answer = report(small_county.ctx, seen, draft(occurred_at=happened))
    [row] = small_county.run(select(t.incidents).where(t.incidents.c.id == answer["id"]))
    assert (row.occurred_at, row.received_at) == (happened, NOW)
    # A is drawn anew from tomorrow: the queue that arrives then gets the new A, though it happened under the old one
    [old] = small_county.run(select(t.cells).where(t.cells.c.code == CELL["A"]))
    tomorrow = date(2026, 7, 4)
    small_county.run(update(t.cells).where(t.cells.c.id == old.id).values(valid_to=tomorrow))
    values = {k: v for k, v in old._mapping.items() if k != "id"} | {"valid_from": tomorrow, "valid_to": None}
    small_county.run(insert(t.cells).values(**values))
    small_county.run(update(t.versions).where(t.versions.c.layer == "cells").values(version=t.versions.c.version + 1))
    assert report(small_county.ctx, seen, draft(occurred_at=happened))["cell"]["name"] == "A 格"
    small_county.clock.forward(days=1)
    late = report(small_county.ctx, seen, replace(draft(), occurred_at=happened))
    [row] = small_county.run(select(t.incidents.c.cell_id).where(t.incidents.c.id == late["id"]))
    assert row.cell_id != old.id
