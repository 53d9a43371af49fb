"""The spatial index is used, and gives what a brute-force look gives."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import shapely
from sqlalchemy import Engine, Select, select, text

from gridmap.errors import InvalidInput
from gridmap.store import bulk_insert, frame, intersects_bbox, read, write
from gridmap.store import tables as t
from gridmap.store.features import page
from gridmap.view import View
from tests.store.county import TODAY

BOX = (106.40, 26.40, 106.43, 26.43)


@pytest.fixture
def points(engine: Engine) -> np.ndarray:
    rng = np.random.default_rng(3)
    where = np.column_stack([rng.uniform(106.0, 107.0, 20_000), rng.uniform(26.0, 27.0, 20_000)])
    with write(engine) as conn:
        bulk_insert(conn, t.households, {
            "code": [f"H{n}" for n in range(len(where))], "address": ["x"] * len(where),
            "crs_in": ["wgs84"] * len(where), "x_in": where[:, 0], "y_in": where[:, 1], "geom": shapely.points(where),
        })  # fmt: skip
    if engine.dialect.name == "postgresql":
        with write(engine) as conn:
            conn.exec_driver_sql("ANALYZE households")
    return where


def plan(engine: Engine, query: Select[Any]) -> str:
    """The query plan as text, one step a line."""
    literal = query.compile(engine, compile_kwargs={"literal_binds": True})
    how = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN"
    with read(engine) as conn:
        return "\n".join(str(row[-1]) for row in conn.execute(text(f"{how} {literal}")))


def test_a_box_goes_by_the_index(engine: Engine, points: np.ndarray) -> None:
    query = select(t.households.c.id).where(intersects_bbox(t.households, BOX))
    steps = plan(engine, query)
    if engine.dialect.name == "sqlite":
        assert "SCAN idx_households_geom VIRTUAL TABLE INDEX" in steps  # the R*Tree
        assert "SEARCH households USING INTEGER PRIMARY KEY" in steps
    else:
        assert re.search("Index Scan (on|using) idx_households_geom", steps)
        assert "Seq Scan" not in steps
    inside = (points >= BOX[:2]).all(axis=1) & (points <= BOX[2:]).all(axis=1)
    with read(engine) as conn:
        assert len(frame(conn, query)) == inside.sum() > 0


def test_a_page_with_a_box_goes_by_the_index_too(
    engine: Engine, points: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Select[Any]] = []
    monkeypatch.setattr("gridmap.store.features.frame", lambda conn, query: asked.append(query) or frame(conn, query))
    with read(engine) as conn:
        found = page(conn, View.system(TODAY), "households", bbox=BOX, limit=5, after=3)
    assert len(found.rows) == 5
    # geometry is read as bytes, as `frame` does
    steps = plan(engine, asked[0].with_only_columns(t.households.c.id))
    assert "idx_households_geom" in steps
    assert "SCAN households" not in steps
    assert "Seq Scan on households" not in steps


def test_boxes_touching_count_as_meeting(engine: Engine) -> None:
    shape = shapely.box(106.0, 26.0, 106.5, 26.5)  # exact in binary: no rounding to hide behind
    with write(engine) as conn:
        row = {"code": ["Q"], "name": ["x"], "kind": ["mine"], "crs_in": ["wgs84"], "x_in": [1.0], "y_in": [1.0]}
        bulk_insert(conn, t.enterprises, {**row, "geom": [shape]})
    boxes = {
        (106.5, 26.5, 107.0, 27.0): True,
        (106.25, 26.25, 106.25, 26.25): True,
        (105.0, 25.0, 108.0, 28.0): True,
        (106.501, 26.0, 107.0, 27.0): False,
        (106.0, 26.6, 106.5, 27.0): False,
    }
    with read(engine) as conn:
        for box, meets in boxes.items():
            found = frame(conn, select(t.enterprises.c.id).where(intersects_bbox(t.enterprises, box)))
            assert len(found) == meets, box


@pytest.mark.parametrize(
    "box",
    [
        (107.0, 26.0, 106.0, 27.0),
        (106.0, 27.0, 107.0, 26.0),
        (float("nan"), 26.0, 107.0, 27.0),
        (-float("inf"), 26.0, 107.0, 27.0),
        (106.0, 26.0, 107.0, 91.0),
    ],
)
def test_no_box_is_refused(box: tuple[float, float, float, float]) -> None:
    with pytest.raises(InvalidInput):
        intersects_bbox(t.households, box)
