"""Publishing in a county of 5,000 cells writes twelve; a kill leaves the day before or the day after."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
import shapely
from sqlalchemy import event, func, select

from gridmap.errors import Conflict
from gridmap.plan import to_json
from gridmap.plan.deltas import MoveNode
from gridmap.store import bulk_insert, read, versions, write
from gridmap.store import tables as t
from gridmap.usecases import planning, publishing
from gridmap.usecases.context import Context
from gridmap.usecases.reading import view_for
from gridmap.view import View
from tests.county import SmallCounty, open_county
from tests.grids import LAT, LON, SIZE_DEG


def seat(county: SmallCounty, user: str) -> View:
    account = county.account(user)
    with read(county.ctx.engine) as conn:
        return view_for(conn, account, county.ctx.today())


def node(ctx: Context, plan_id: int, planner: View, lon: float, lat: float) -> tuple[float, float]:
    """The vertex of the plan's drawing that is nearest to a place."""
    with read(ctx.engine) as conn:
        draft = planning.draft_of(ctx, conn, planning.seen(conn, planner, plan_id))
    places = [place for cell in draft.drawing.values() for place in cell.shape.exterior.coords]
    found: tuple[float, float] = min(places, key=lambda at: abs(at[0] - lon) + abs(at[1] - lat))
    return found


def approved(county: SmallCounty, deltas: list[MoveNode]) -> int:
    planner, approver = seat(county, "planner"), seat(county, "approver")
    plan_id = int(planning.create(county.ctx, planner, "试")["id"])
    version = planning.edit(county.ctx, planner, plan_id, 1, [to_json(one) for one in deltas]).version
    planning.step(county.ctx, planner, plan_id, version, "submit")
    planning.step(county.ctx, approver, plan_id, version + 1, "approve")
    return plan_id


def moved_middle(county: SmallCounty) -> int:
    planner = seat(county, "planner")
    plan_id = int(planning.create(county.ctx, planner, "量")["id"])
    at = node(county.ctx, plan_id, planner, LON + SIZE_DEG, LAT + SIZE_DEG)
    planning.step(county.ctx, planner, plan_id, 1, "withdraw")
    return approved(county, [MoveNode(at, (at[0] + 0.3 * SIZE_DEG, at[1] - 0.3 * SIZE_DEG))])


def publish(county: SmallCounty, plan_id: int, day: date) -> dict[str, Any]:
    version = planning.one(county.ctx, seat(county, "approver"), plan_id)["version"]
    return publishing.publish(county.ctx, seat(county, "approver"), plan_id, version, day)


# --- rows written = rows changed --------------------------------------------------------------------------------------

COLUMNS, ROWS, SIDE = 100, 50, 0.002


def grid_node(column: int, row: int) -> tuple[float, float]:
    return 106.0 + column * SIDE, 26.0 + row * SIDE


@pytest.fixture
def large(small_county: SmallCounty) -> SmallCounty:
    """The small county drawn anew with 5,000 square cells, all served by one worker."""
    count, day = COLUMNS * ROWS, date(2026, 6, 1)
    at = [(column, row) for row in range(ROWS) for column in range(COLUMNS)]
    shapes = np.array([shapely.MultiPolygon([shapely.box(*grid_node(c, r), *grid_node(c + 1, r + 1))]) for c, r in at])
    with write(small_county.ctx.engine) as conn:
        town = conn.execute(select(t.areas.c.id, t.areas.c.code).where(t.areas.c.level == "town")).first()
        assert town is not None
        worker = conn.execute(select(t.workers.c.id).limit(1)).scalar_one()
        conn.execute(t.duties.update().values(valid_to=day))
        conn.execute(t.cells.update().values(valid_to=day))
        codes = [f"{town.code}{number:06d}" for number in range(count)]
        ids = bulk_insert(conn, t.cells, {
            "code": codes, "name": codes, "area_id": [town.id] * count, "area_m2": [1.0] * count,
            "valid_from": [day] * count, "geom": shapes,
        })  # fmt: skip
        bulk_insert(conn, t.duties, {
            "worker_id": [worker] * count, "cell_id": ids, "rank": ["primary"] * count, "valid_from": [day] * count,
        })  # fmt: skip
        versions.bump(conn, "cells", "duties")
    return small_county


def test_twelve_of_five_thousand_cells_write_twelve(large: SmallCounty) -> None:
    """Three nodes, each with four cells: twelve rows end, twelve begin, twelve duties follow, and nothing else."""
    nodes = [grid_node(*at) for at in ((10, 10), (50, 25), (90, 40))]
    plan_id = approved(large, [MoveNode(at, (at[0] + 0.3 * SIDE, at[1] + 0.2 * SIDE)) for at in nodes])
    written: dict[str, int] = {}

    def count(_conn: Any, cursor: Any, statement: str, *_: Any) -> None:
        found = re.match(r'\s*(INSERT INTO|UPDATE|DELETE FROM|COPY)\s+"?(\w+)', statement)
        if found and cursor.rowcount > 0:
            key = f"{found[1].split()[0].lower()} {found[2]}"
            written[key] = written.get(key, 0) + cursor.rowcount

    event.listen(large.ctx.engine, "after_cursor_execute", count)
    told = publish(large, plan_id, large.ctx.today())
    event.remove(large.ctx.engine, "after_cursor_execute", count)
    assert told["rows"] == {"cells_ended": 12, "cells_added": 12}
    of_cells = {key: rows for key, rows in written.items() if key.split()[1] in {"cells", "duties", "households"}}
    assert of_cells.get("update cells") == 12
    assert of_cells.get("insert cells", 12) == 12  # COPY does not say how many
    assert (of_cells.get("update duties"), of_cells.get("insert duties")) == (12, 12)
    assert "update households" not in of_cells
    day = large.ctx.today()
    c = t.cells.c
    assert large.one(select(func.count()).where(c.valid_from == day)) == 12
    assert large.one(select(func.count()).where(c.valid_to == day)) == 12
    assert large.one(select(func.count()).where(c.valid_to.is_(None))) == COLUMNS * ROWS


# --- processes --------------------------------------------------------------------------------------------------------


def test_another_process_sees_the_new_cells_at_once(small_county: SmallCounty) -> None:
    """Its ground follows the cells' version, and so does the draft that it holds."""
    other = open_county(small_county.ctx.engine.url.render_as_string(hide_password=False))
    day = small_county.ctx.today()
    with read(other.ctx.engine) as conn:
        before = other.ctx.grounds.on(conn, day)
    publish(small_county, moved_middle(small_county), day)
    with read(other.ctx.engine) as conn:
        after = other.ctx.grounds.on(conn, day)
        assert after.version > before.version
        assert len(set(after.ids.tolist()) - set(before.ids.tolist())) == 4
    other.ctx.engine.dispose()


def test_two_drawings_never_are_in_force_at_once(small_county: SmallCounty) -> None:
    publish(small_county, moved_middle(small_county), small_county.ctx.today())
    d = t.drawings
    for values in ({"valid_from": date(2026, 5, 1), "valid_to": date(2026, 5, 2)}, {"valid_from": date(2027, 1, 1)}):
        with pytest.raises(Conflict) as refused, write(small_county.ctx.engine) as conn:
            conn.execute(d.insert().values(**values))
        assert refused.value.code == "drawing_in_force"


def kill_self(url: str, at: int) -> None:
    """What the child does: apply what is due, and be killed before its `at`-th statement that writes."""
    county = open_county(url)
    county.clock.forward(days=2)
    seen = 0

    def watch(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        nonlocal seen
        seen += bool(re.match(r"\s*(INSERT|UPDATE|DELETE)", statement))
        if seen >= at:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(county.ctx.engine, "before_cursor_execute", watch)
    publishing.apply_due(county.ctx)


def state(county: SmallCounty) -> tuple[Any, ...]:
    """All that the first day moves."""
    tables = (t.duties, t.responsibilities, t.handovers, t.events, t.outbox)
    counts = tuple(county.one(select(func.count()).select_from(table)) for table in tables)
    homes = county.run(select(t.households.c.id, t.households.c.cell_id).order_by(t.households.c.id))
    return (*counts, tuple(map(tuple, homes)), county.one(select(func.max(t.plans.c.status))))


@pytest.mark.parametrize("at", [4, 12])
def test_a_kill_leaves_the_day_before(small_county: SmallCounty, at: int) -> None:
    """And the next run brings the day after, once."""
    county = small_county
    publish(county, moved_middle(county), county.ctx.today() + timedelta(days=2))
    before = state(county)
    url = county.ctx.engine.url.render_as_string(hide_password=False)
    child = multiprocessing.get_context("spawn").Process(target=kill_self, args=(url, at))
    child.start()
    child.join(120)
    assert child.exitcode == -signal.SIGKILL
    assert state(county) == before
    county.clock.forward(days=2)
    assert publishing.apply_due(county.ctx) == 1
    after = state(county)
    assert after != before
    assert publishing.apply_due(county.ctx) == 0
    assert state(county) == after
