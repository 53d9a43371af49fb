"""What a process holds of plans is as new as the tables, and is read again only where something of it changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from sqlalchemy import event

from gridmap.plan import Placed
from gridmap.store import plans, read, versions, write
from gridmap.store import tables as t
from gridmap.usecases import planning
from gridmap.usecases.drafts import Draft, Drafts
from tests.county import SmallCounty, centre
from tests.redraw import seat, without_b


def draft(county: SmallCounty, plan_id: int, drafts: Drafts | None = None) -> Draft:
    """A plan as this process holds it, or another one's (`drafts`)."""
    with read(county.ctx.engine) as conn:
        row = plans.one(conn, plan_id)
        held = drafts or county.ctx.drafts
        return held.draft(conn, row, lambda: plans.edits(conn, plan_id), county.ctx.clock())


def begun(county: SmallCounty) -> int:
    return int(planning.create(county.ctx, seat(county, "planner"), "试")["id"])


@contextmanager
def asked(county: SmallCounty) -> Iterator[list[str]]:
    """The tables that are read, by each statement's first."""
    found: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        found.extend(re.findall(r"FROM (\w+)", statement)[:1])

    event.listen(county.ctx.engine, "before_cursor_execute", note)
    yield found
    event.remove(county.ctx.engine, "before_cursor_execute", note)


def alike(one: Placed, other: Placed) -> bool:
    """Whether the same things stand in the same cells."""
    return one.drawing == other.drawing and all(
        np.array_equal(getattr(one, name)[code].row, getattr(other, name)[code].row)
        for name in ("households", "cases", "enterprises")
        for code in one.drawing
    )


def test_a_case_does_not_make_households_be_read_again(small_county: SmallCounty) -> None:
    plan_id = begun(small_county)
    before = draft(small_county, plan_id)
    gone = t.incidents.c.source_ref == "R-A0"
    with write(small_county.ctx.engine) as conn:
        now = small_county.clock()
        conn.execute(t.incidents.update().where(gone).values(status="closed", closed_at=now))
        versions.bump(conn, "incidents")
    with asked(small_county) as tables:
        after = draft(small_county, plan_id)
    assert "incidents" in tables
    assert not {"households", "enterprises", "cells"} & set(tables)
    assert after.placed.households is before.placed.households
    assert after.placed.cases.size == before.placed.cases.size - 1
    small_county.clock.forward(hours=1)  # lights change by themselves, houses do not
    with asked(small_county) as tables:
        draft(small_county, plan_id)
    assert "incidents" in tables
    assert "households" not in tables


def test_a_household_that_was_touched_is_looked_at_alone(small_county: SmallCounty) -> None:
    plan_id, h, (lon, lat) = begun(small_county), t.households, centre("B", 0.2)
    before = draft(small_county, plan_id)
    identity = small_county.run(h.select().where(h.c.code == "H-A0"))[0].id
    for what, same in (({"address": "别处"}, True), ({"geom": f"SRID=4326;POINT({lon} {lat})"}, False)):
        with write(small_county.ctx.engine) as conn:
            conn.execute(h.update().where(h.c.id == identity).values(what))
            versions.bump_rows(conn, "households", [identity])
        after = draft(small_county, plan_id)
        assert (after.placed.households is before.placed.households) == same
        assert alike(after.placed, draft(small_county, plan_id, Drafts()).placed)


def test_the_next_drawing_is_told_from_the_one_before(small_county: SmallCounty) -> None:
    """What stands in the cells that a redraw left alone is not placed again, and all is as in a process that begins."""
    day = small_county.ctx.today()
    first = draft(small_county, begun(small_county))
    without_b(small_county, day)
    small_county.clock.forward(days=1)
    plan_id = begun(small_county)
    with asked(small_county) as tables:
        after = draft(small_county, plan_id)
    assert after.placed.matters.households is first.placed.matters.households
    assert tables.count("households") <= 1  # those that got another cell, and none of the others
    assert alike(after.placed, draft(small_county, plan_id, Drafts()).placed)


def test_who_serves_a_cell_is_read_again_once_duties_change(small_county: SmallCounty) -> None:
    plan_id = begun(small_county)
    base, now = draft(small_county, plan_id).base, small_county.clock()
    day = small_county.ctx.today()

    def staff() -> dict[str, int]:
        with read(small_county.ctx.engine) as conn:
            return small_county.ctx.drafts.staff(conn, base, day, now)

    known = staff()
    with asked(small_county) as tables:
        assert staff() is known
    assert "duties" not in tables
    other = small_county.run(t.workers.select().where(t.workers.c.code == "W-H"))[0].id
    with write(small_county.ctx.engine) as conn:
        conn.execute(t.duties.update().where(t.duties.c.rank == "primary").values(worker_id=other, valid_from=day))
        versions.bump(conn, "duties")
    assert set(staff().values()) == {other}
