"""Every server process sees new cells at once, and days begin in the county's zone."""

from datetime import UTC, date, datetime

import pandas as pd
import shapely

from gridmap.store import read
from gridmap.usecases.imports import load
from gridmap.usecases.sweeping import sweep
from tests.county import SmallCounty, open_county
from tests.grids import grid


def test_another_process_sees_new_cells(small_county: SmallCounty) -> None:
    other = open_county(small_county.ctx.engine.url.render_as_string(hide_password=False))
    day = other.ctx.today()
    with read(other.ctx.engine) as conn:
        first = other.ctx.grounds.on(conn, day)
        assert other.ctx.grounds.on(conn, day) is first
    square = grid("A", lon=106.9).geometry[0]
    frame = pd.DataFrame({"row": [1], "code": ["X1"], "name": ["X"], "area": [None], "body": [None]})
    load(small_county.ctx, "cells", frame.assign(geometry=[shapely.MultiPolygon([square])]))
    middle = square.centroid
    assert first.index.locate(middle.x, middle.y).tolist() == [-1]
    with read(other.ctx.engine) as conn:
        fresh = other.ctx.grounds.on(conn, day)
    found = fresh.index.locate(middle.x, middle.y)[0]
    assert fresh.cells["code"].iloc[found] == "X1"
    other.ctx.engine.dispose()


def test_the_day_begins_at_midnight_in_the_county(small_county: SmallCounty) -> None:
    small_county.clock.now = datetime(2026, 2, 28, 15, 59, tzinfo=UTC)
    assert small_county.ctx.today() == date(2026, 2, 28)
    small_county.clock.now = datetime(2026, 2, 28, 16, 0, tzinfo=UTC)
    assert small_county.ctx.today() == date(2026, 3, 1)


def test_a_county_without_cells_has_a_ground(small_county: SmallCounty) -> None:
    with read(small_county.ctx.engine) as conn:
        empty = small_county.ctx.grounds.on(conn, date(2020, 1, 1))
    assert empty.extent is None
    assert empty.index.locate([106.5], [27.0]).tolist() == [-1]


def test_the_broom_is_safe_to_run_twice(small_county: SmallCounty) -> None:
    small_county.token("worker-a")
    small_county.clock.forward(days=400)
    assert sweep(small_county.ctx)["sessions"] >= 1
    assert sweep(small_county.ctx) == {"placed": 0, "readings": 0, "requests": 0, "sessions": 0}
