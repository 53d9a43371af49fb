"""Files come in once: good rows in, bad rows back with row, field and reason; a second time changes nothing."""

from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest
import shapely
from sqlalchemy import func, select

from gridmap.errors import InvalidInput
from gridmap.store import read, subjects
from gridmap.store import tables as t
from gridmap.store.chain import broken_chains
from gridmap.usecases.imports import KINDS, load
from tests.county import CELL, CONTACT, LETTERS, NOW, SmallCounty, frames, open_county
from tests.grids import grid
from tests.trials.test_killed_import import kill_once


def numbered(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(row=range(1, len(frame) + 1))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in {"categories", "blasts", "permits"}])
def test_the_same_file_again_changes_nothing(small_county: SmallCounty, kind: str) -> None:
    tables = (t.sealed, t.subjects, t.events, t.audit, t.versions)
    before = [small_county.run(select(table)) for table in tables]
    frame = frames()[kind]
    loaded = load(small_county.ctx, kind, numbered(frame))
    assert (loaded.inserted, loaded.updated, loaded.unchanged) == (0, 0, len(frame))
    assert loaded.rejects == ()
    assert [small_county.run(select(table)) for table in tables] == before


def test_changed_rows_are_updated_and_counted(small_county: SmallCounty) -> None:
    frame = frames()["enterprises"]
    frame.loc[0, "name"] = "改名铁矿"
    loaded = load(small_county.ctx, "enterprises", numbered(frame))
    assert (loaded.inserted, loaded.updated, loaded.unchanged) == (0, 1, 2)
    assert small_county.one(select(t.enterprises.c.name).where(t.enterprises.c.code == "E-MINE")) == "改名铁矿"


def test_a_contact_is_sealed_only_with_consent_and_replaced_with_its_key(small_county: SmallCounty) -> None:
    house = t.households
    held = {row.code: row.subject_id for row in small_county.run(select(house.c.code, house.c.subject_id))}
    assert held["H-A3"] is None  # no consent
    with read(small_county.ctx.engine) as conn:
        assert subjects.open_fields(conn, small_county.ctx.vault, held["H-A0"])["contact_name"] == CONTACT
    frame = frames()["households"]
    frame.loc[0, "contact_name"] = "孙测试"
    frame.loc[1, "contact_consent"] = False
    assert load(small_county.ctx, "households", numbered(frame)).updated == 2
    now = {row.code: row.subject_id for row in small_county.run(select(house.c.code, house.c.subject_id))}
    assert now["H-A1"] is None
    with read(small_county.ctx.engine) as conn:
        assert subjects.open_fields(conn, small_county.ctx.vault, now["H-A0"])["contact_name"] == "孙测试"
        assert subjects.open_fields(conn, small_county.ctx.vault, held["H-A0"]) == {}
    keys = small_county.run(select(t.subjects.c.wrapped_key).where(t.subjects.c.id.in_([held["H-A0"], held["H-A1"]])))
    assert [row.wrapped_key for row in keys] == [None, None]


def test_bad_rows_come_back_by_row_field_and_reason(small_county: SmallCounty) -> None:
    frame = frames()["incidents"].iloc[:6].copy()
    frame["number"] = [f"N-{i}" for i in range(6)]
    frame["category"] = ["mining-dust", "nothing of the kind", None, "矿厂粉尘", "HOUSE cracks after blasting", "land"]
    frame.loc[frame.index[4], "received_at"] = NOW + timedelta(days=2)
    frame.loc[frame.index[5], "number"] = "N-0"
    frame["household"] = ["H-A0", None, None, "H-NONE", None, None]
    loaded = load(small_county.ctx, "incidents", numbered(frame))
    assert loaded.inserted == 1
    assert {(reject.row, reject.field) for reject in loaded.rejects} == {
        (2, "category"), (3, "category"), (4, "household"), (5, "received_at"), (6, "number")
    }  # fmt: skip
    assert all(reject.reason for reject in loaded.rejects)


def test_a_register_is_assigned_as_if_it_had_been_reported_in_its_turn(small_county: SmallCounty) -> None:
    i, r = t.incidents.c, t.responsibilities.c
    rows = small_county.run(
        select(i.source_ref, i.status, t.cells.c.code, t.workers.c.code.label("worker"), r.reason, i.place_reason)
        .outerjoin(t.cells, i.cell_id == t.cells.c.id)
        .join(t.responsibilities, (r.incident_id == i.id) & r.valid_to.is_(None))
        .outerjoin(t.workers, r.worker_id == t.workers.c.id)
        .where(i.source_ref != "R-B0")  # handed over by the fixture
        .order_by(i.id)
    )
    for row in rows:
        if row.source_ref == "R-OUT":
            assert (row.status, row.code, row.worker, row.reason) == ("unplaced", None, None, "outside")
            continue
        letter, number = row.source_ref[2], int(row.source_ref[3])
        assert row.code == CELL[letter]
        # the roster begins with 2026: what came 200 days before NOW met nobody on duty
        on_duty = NOW - timedelta(days=[0.1, 6, 8, 40, 90, 200][number]) >= NOW.replace(month=1, day=1, hour=0)
        assert (row.worker, row.reason) == ((f"W-{letter}", "primary") if on_duty else (None, "dispatcher"))
        assert row.status == ("closed" if number > 3 else "assigned")
    with read(small_county.ctx.engine) as conn:
        assert broken_chains(conn) == []


def test_a_row_without_a_number_is_known_by_what_it_says(small_county: SmallCounty) -> None:
    frame = frames()["incidents"].iloc[:4].assign(number=None)
    assert load(small_county.ctx, "incidents", numbered(frame)).inserted == 4
    assert load(small_county.ctx, "incidents", numbered(frame)).inserted == 0


def test_a_dry_run_says_all_and_keeps_nothing(small_county: SmallCounty) -> None:
    frame = frames()["incidents"].assign(number=None)
    before = small_county.one(select(func.count()).select_from(t.incidents))
    assert load(small_county.ctx, "incidents", numbered(frame), dry_run=True).inserted == len(frame)
    assert small_county.one(select(func.count()).select_from(t.incidents)) == before


def test_a_border_is_not_changed_by_an_import(small_county: SmallCounty) -> None:
    frame = frames()["cells"]
    frame.loc[0, "geometry"] = frame.loc[0, "geometry"].buffer(-0.0001)
    loaded = load(small_county.ctx, "cells", numbered(frame.iloc[:1]))
    assert loaded.inserted == loaded.updated == 0
    assert "by a plan" in loaded.rejects[0].reason


def test_new_cells_take_the_households_that_stand_in_them(engine: Any) -> None:
    county = open_county(engine.url.render_as_string(hide_password=False))
    given = frames()
    for kind in ("areas", "households"):
        load(county.ctx, kind, numbered(given[kind]))
    assert county.one(select(func.count()).where(t.households.c.cell_id.is_(None))) == 32
    load(county.ctx, "cells", numbered(given["cells"]))
    rows = county.run(
        select(t.cells.c.code, func.count()).join(t.households, t.households.c.cell_id == t.cells.c.id)
        .group_by(t.cells.c.code)
    )  # fmt: skip
    assert dict(map(tuple, rows)) == {CELL[letter]: 4 for letter in LETTERS}
    county.ctx.engine.dispose()


def test_areas_may_come_in_any_order_but_not_without_their_parent(small_county: SmallCounty) -> None:
    shape = shapely.MultiPolygon([grid("A", lon=106.9).geometry[0]])
    new = [
        ("529901003001", "新村", "community", "529901003"),
        ("529901003", "新镇", "town", "529901"),
        ("529901009001", "孤村", "community", "529901009"),
        ("a/b", "斜杠", "town", "529901"),
    ]
    frame = pd.DataFrame(new, columns=["code", "name", "level", "parent"]).assign(name_en=None, geometry=[shape] * 4)
    loaded = load(small_county.ctx, "areas", numbered(frame))
    assert loaded.inserted == 2
    assert {(reject.row, reject.field) for reject in loaded.rejects} == {(3, "parent"), (4, "code")}
    path = small_county.one(select(t.areas.c.path).where(t.areas.c.code == "529901003001"))
    assert path == "/529901/529901003/529901003001/"


def test_cells_without_an_area_belong_to_the_county_and_begin_today(small_county: SmallCounty) -> None:
    shape = shapely.MultiPolygon([grid("A", lon=106.9).geometry[0]])
    frame = pd.DataFrame({"code": ["X1"], "name": [None], "area": [None], "body": [None], "geometry": [shape]})
    assert load(small_county.ctx, "cells", numbered(frame)).inserted == 1
    [row] = small_county.run(select(t.cells).where(t.cells.c.code == "X1"))
    assert (row.name, row.valid_from) == ("X1", date(2026, 7, 3))
    assert 150_000 < row.area_m2 < 190_000


def test_an_unknown_kind_names_the_known_ones(small_county: SmallCounty) -> None:
    with pytest.raises(InvalidInput, match="households"):
        load(small_county.ctx, "people", pd.DataFrame())


@pytest.mark.parametrize("after_s", [0.05, 0.35, 0.7])
def test_a_kill_leaves_the_state_before_or_after(small_county: SmallCounty, after_s: float) -> None:
    """Three moments of the 200 that the trials try on each database."""
    outcome, good = kill_once(small_county, after_s)
    assert good, outcome
