"""Every server process sees new cells at once, and days begin in the county's zone."""

import logging
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest
import shapely

from gridmap.settings import Settings
from gridmap.store import read
from gridmap.usecases.context import GroundCache, index_folder
from gridmap.usecases.imports import load
from gridmap.usecases.sweeping import sweep
from tests.county import SmallCounty, centre, open_county
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
    again = sweep(small_county.ctx)
    assert {"placed", "readings", "requests", "sessions", "messages", "sent"} <= again.keys()
    assert set(again.values()) == {0}


def test_a_server_keeps_the_index_of_its_cells_for_all_its_processes(
    small_county: SmallCounty, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    day = small_county.ctx.today()
    with read(small_county.ctx.engine) as conn:
        grounds = [GroundCache(folder=tmp_path / "index") for _ in range(2)]
        indexes = [cache.warm(conn, day).index for cache in grounds]
        plain = small_county.ctx.grounds.on(conn, day).index
    assert len(list((tmp_path / "index").iterdir())) == 1
    assert [index.method.name for index in (*indexes, plain)] == ["pixels", "pixels", "tree"]
    places = [centre(letter) for letter in "ABCDEFGH"]
    for index in indexes:
        assert [index.locate(*place)[0] for place in places] == [plain.locate(*place)[0] for place in places]
    assert caplog.text == ""


def test_a_folder_that_cannot_be_written_is_told_once_and_fails_nobody(
    small_county: SmallCounty, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    grounds = GroundCache(folder=tmp_path / "file")
    with caplog.at_level(logging.WARNING), read(small_county.ctx.engine) as conn:
        ground = grounds.warm(conn, small_county.ctx.today())
        grounds.on(conn, date(2020, 1, 1))
        grounds.on(conn, date(2026, 7, 2))
    assert ground.index.method.name == "pixels"
    assert caplog.text.count("cannot be kept") == 1


def test_the_index_lies_beside_the_database_or_where_it_is_told() -> None:
    assert index_folder(Settings(database_url="sqlite:///a/county.sqlite")) == Path("a/county.sqlite-index")
    assert index_folder(Settings(database_url="sqlite://")) is None
    assert index_folder(Settings(database_url="postgresql://h/county")) == Path("var/index")
    there = Settings.from_env({"GRIDMAP_INDEX_DIR": "/x", "GRIDMAP_DATABASE_URL": "sqlite://"})
    assert index_folder(there) == Path("/x")
