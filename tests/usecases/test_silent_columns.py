"""What a file says nothing of stays as it is; what it says empty is emptied."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import select, update

from gridmap.store import read, subjects
from gridmap.store import tables as t
from gridmap.usecases.importing import Options, import_file
from gridmap.usecases.imports import load
from tests.county import CELL, COMMUNITY, CONTACT, CONTACT_PHONE, SmallCounty, frames


def file(folder: Path, kind: str, text: str) -> Path:
    path = folder / f"{kind}.csv"
    path.write_text(text, encoding="utf-8")
    return path


def opened(county: SmallCounty, code: str) -> dict[str, str]:
    subject = county.one(select(t.households.c.subject_id).where(t.households.c.code == code))
    with read(county.ctx.engine) as conn:
        return subjects.open_fields(conn, county.ctx.vault, subject)


def test_a_shorter_file_of_workers_keeps_phones_and_agents(small_county: SmallCounty, tmp_path: Path) -> None:
    small_county.run(update(t.workers).where(t.workers.c.code == "W-A").values(agent=1))
    before = small_county.run(select(t.workers).where(t.workers.c.code == "W-A"))
    path = file(tmp_path, "workers", f"code,name,area\nW-A,网格员 A,{COMMUNITY['A']}\n")
    done = import_file(small_county.ctx, "workers", path, Options())
    assert (done.loaded.updated, done.loaded.unchanged) == (0, 1)
    assert small_county.run(select(t.workers).where(t.workers.c.code == "W-A")) == before


@pytest.mark.parametrize(
    ("columns", "values", "expected"),
    [
        ("", "", {"contact_name": CONTACT, "contact_phone": CONTACT_PHONE}),
        (",contact_consent", ",1", {"contact_name": CONTACT, "contact_phone": CONTACT_PHONE}),
        (",contact_consent,contact_name", ",1,孙测试", {"contact_name": "孙测试", "contact_phone": CONTACT_PHONE}),
        (",contact_consent,contact_phone", ",1,", {"contact_name": CONTACT}),
        (",contact_consent,contact_phone", ",0,13900000077", {}),
    ],
)
def test_contacts_change_only_where_the_file_speaks_of_them(
    small_county: SmallCounty, tmp_path: Path, columns: str, values: str, expected: dict[str, str]
) -> None:
    [row] = small_county.run(select(t.households).where(t.households.c.code == "H-A0"))
    place = f"{row.x_in!r},{row.y_in!r}"
    text = f"code,address,lon,lat{columns}\nH-A0,{row.address},{place}{values}\n"
    done = import_file(small_county.ctx, "households", file(tmp_path, "households", text), Options())
    assert done.loaded.updated == (expected != {"contact_name": CONTACT, "contact_phone": CONTACT_PHONE})
    assert opened(small_county, "H-A0") == expected
    [now] = small_county.run(select(t.households).where(t.households.c.code == "H-A0"))
    assert (now.children, now.adults, now.elders, now.housing) == (row.children, row.adults, row.elders, row.housing)


def test_names_of_areas_come_without_their_shapes(small_county: SmallCounty, tmp_path: Path) -> None:
    path = file(tmp_path, "areas", f"code,name,level,parent\n{COMMUNITY['A']},改名村,community,{COMMUNITY['A'][:9]}\n")
    assert import_file(small_county.ctx, "areas", path, Options()).loaded.updated == 1
    [row] = small_county.run(select(t.areas).where(t.areas.c.code == COMMUNITY["A"]))
    assert row.name == "改名村"
    assert row.geom is not None


def test_a_roster_without_days_speaks_of_the_duties_in_force(small_county: SmallCounty, tmp_path: Path) -> None:
    path = file(tmp_path, "duties", f"worker,cell,rank\nW-A,{CELL['A']},primary\nW-B,{CELL['A']},backup\n")
    for day, (inserted, unchanged) in enumerate([(1, 1), (0, 2), (0, 2)]):
        small_county.clock.forward(days=day and 1)
        loaded = import_file(small_county.ctx, "duties", path, Options()).loaded
        assert (loaded.inserted, loaded.updated, loaded.unchanged) == (inserted, 0, unchanged)
    swapped = file(tmp_path, "duties", f"worker,cell,rank\nW-A,{CELL['A']},backup\nW-B,{CELL['A']},primary\n")
    assert import_file(small_county.ctx, "duties", swapped, Options()).loaded.updated == 2


def test_a_duty_that_ends_in_the_minute_it_starts_is_turned_away(small_county: SmallCounty) -> None:
    row = {"row": 1, "worker": "W-A", "cell": CELL["B"], "starts_min": 480, "ends_min": 480}
    assert load(small_county.ctx, "duties", pd.DataFrame([row])).rejects[0].row == 1


@pytest.mark.parametrize(
    ("first", "back", "inserted", "rejected"),
    [([1, 1], [5, 6], 1, 1), ([1, 3], [5, 3], 1, 1), ([1, 8], [5, 9], 2, 0)],
)
def test_leaves_come_once_and_in_order(
    small_county: SmallCounty, first: list[int], back: list[int], inserted: int, rejected: int
) -> None:
    rows = pd.DataFrame(
        {
            "row": [1, 2], "worker": "W-G", "starts_on": [date(2026, 9, day) for day in first],
            "ends_on": [date(2026, 9, day) for day in back],
        }
    )  # fmt: skip
    loaded = load(small_county.ctx, "leaves", rows)
    assert (loaded.inserted, len(loaded.rejects)) == (inserted, rejected)


def cells_file(**change: Any) -> pd.DataFrame:
    return frames()["cells"].iloc[:1].assign(row=1, **change)


def test_a_cell_is_corrected_but_for_its_border_and_days(small_county: SmallCounty) -> None:
    loaded = load(small_county.ctx, "cells", cells_file(name="改名格", body="B-C", area=COMMUNITY["C"]))
    assert (loaded.updated, loaded.rejects) == (1, ())
    [row] = small_county.run(
        select(t.cells.c.name, t.bodies.c.code, t.areas.c.code.label("area"))
        .join(t.bodies, t.cells.c.body_id == t.bodies.c.id)
        .join(t.areas, t.cells.c.area_id == t.areas.c.id)
        .where(t.cells.c.code == CELL["A"])
    )
    assert tuple(row) == ("改名格", "B-C", COMMUNITY["C"])
    other_day = load(small_county.ctx, "cells", cells_file(valid_from=date(2025, 1, 1)))
    assert "another day" in other_day.rejects[0].reason
    silent = load(small_county.ctx, "cells", cells_file(name="改名格").drop(columns=["valid_from", "body", "area"]))
    assert (silent.updated, silent.unchanged, silent.rejects) == (0, 1, ())


def test_a_cell_from_a_coming_day_takes_its_households_on_that_day(small_county: SmallCounty) -> None:
    from gridmap.usecases.sweeping import sweep

    new = frames()["cells"].iloc[:1].assign(row=1, code="N1", valid_from=date(2026, 7, 5))
    small_county.run(update(t.cells).where(t.cells.c.code == CELL["A"]).values(valid_to=date(2026, 7, 5)))
    load(small_county.ctx, "cells", new)
    code = select(t.cells.c.code).join(t.households, t.households.c.cell_id == t.cells.c.id)
    of_house = code.where(t.households.c.code == "H-A0")
    assert sweep(small_county.ctx)["placed"] == 0
    assert small_county.one(of_house) == CELL["A"]
    small_county.clock.now += timedelta(days=2)
    assert sweep(small_county.ctx)["placed"] >= 4
    assert small_county.one(of_house) == "N1"
    assert sweep(small_county.ctx)["placed"] == 0
