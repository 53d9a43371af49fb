"""At 50,000 cases figures, lists and the choice of a worker read an index, on both databases."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
import shapely
from sqlalchemy import Connection, Engine, event, insert, select

from gridmap.case.standing import number_of
from gridmap.store import bulk_insert, ground, read, scorecards, scores, write
from gridmap.store import tables as t
from tests.api.client import Api
from tests.county import NOW, SmallCounty, centre

CASES, OPEN_EACH = 50_000, 50
#: days after which a case shows a light
LIGHTS = {"yellow": 30, "red": 60, "overdue": 60, "very_late": 900}
BIG = {"incidents", "responsibilities", "score_cases"}
#: what a node of a plan says of the rows that it read
ROWS = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
Statement = tuple[str, Any]


def fill(county: SmallCounty) -> None:
    """Five years of cases, one in fifty open, shared out over the cells and their workers."""
    with write(county.ctx.engine) as conn:
        c, w = t.cells.c, t.workers.c
        cells = conn.execute(select(c.id, c.code, c.area_id, c.body_id).order_by(c.code)).all()
        workers = conn.execute(select(w.id).where(w.code.like("W-_")).order_by(w.code)).scalars().all()
        more = [{"code": f"X{i}", "name": "x", "area_id": cells[0].area_id} for i in range(200)]
        conn.execute(insert(t.workers), more)
        crowd = [*workers, *conn.execute(select(w.id).where(w.code.like("X%"))).scalars()]
        categories = conn.execute(select(t.categories.c.id).order_by(t.categories.c.id)).scalars().all()
        bodies = conn.execute(select(t.bodies.c.id).order_by(t.bodies.c.id)).scalars().all()
        at = [NOW - timedelta(minutes=50 * i) for i in range(CASES)]
        is_open = np.arange(CASES) % OPEN_EACH == 0
        of = [cells[i % len(cells)] for i in range(CASES)]
        end = [None if one else when + timedelta(days=2) for one, when in zip(is_open, at, strict=True)]
        ids = bulk_insert(conn, t.incidents, {
            "number": [f"P{i:06}" for i in range(CASES)],
            "category_id": [categories[i % len(categories)] for i in range(CASES)],
            "channel": ["phone"] * CASES, "status": ["assigned" if one else "closed" for one in is_open],
            "received_at": at, "due_at": [when + timedelta(days=3) for when in at], "closed_at": end,
            **{f"{light}_at": [when + timedelta(days=days) for when in at] for light, days in LIGHTS.items()},
            "cell_id": [one.id for one in of], "place_reason": ["inside"] * CASES,
            "geom": shapely.points([centre("A")] * CASES), "crs_in": ["wgs84"] * CASES,
            "x_in": [centre("A")[0]] * CASES, "y_in": [centre("A")[1]] * CASES,
        })  # fmt: skip
        bulk_insert(conn, t.responsibilities, {
            "incident_id": ids, "cell_id": [one.id for one in of], "area_id": [one.area_id for one in of],
            "worker_id": [crowd[i % len(crowd)] for i in range(CASES)], "reason": ["primary"] * CASES,
            "body_id": [bodies[i % len(bodies)] if i % 3 == 0 else None for i in range(CASES)],
            "valid_from": at,
        })  # fmt: skip
        assert scores.add_missing(conn, county.ctx.zone) == CASES
        conn.exec_driver_sql("ANALYZE")


@contextmanager
def listening(engine: Engine) -> Iterator[list[Statement]]:
    """The queries that run meanwhile, with what was bound."""
    heard: list[Statement] = []

    def hear(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            heard.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(engine, "before_cursor_execute", hear)


def walks(conn: Connection, statement: str, bound: Any) -> list[str]:
    """Big tables that a query reads from end to end."""
    if conn.dialect.name == "sqlite":
        plan = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", bound).all()
        return [row[3] for row in plan if row[3].startswith("SCAN ") and " USING " not in row[3] and _big(row[3])]
    return [node["Relation Name"] for node in _nodes(_analysed(conn, statement, bound))
            if node["Node Type"] == "Seq Scan" and node["Relation Name"] in BIG]  # fmt: skip


def _big(step: str) -> bool:
    return step.split()[1] in BIG


def examined(conn: Connection, statement: str, bound: Any) -> int:
    """Rows that PostgreSQL looks at in the big table that it looks at most."""
    looked: Counter[str] = Counter()
    for node in _nodes(_analysed(conn, statement, bound)):
        if node.get("Relation Name") in BIG and node["Node Type"] != "Bitmap Index Scan":
            rows = sum(node.get(name, 0) for name in ROWS)
            looked[node["Relation Name"]] += int(rows * node["Actual Loops"])
    return max(looked.values(), default=0)


def _analysed(conn: Connection, statement: str, bound: Any) -> dict[str, Any]:
    told = conn.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", bound).scalar_one()
    plan: dict[str, Any] = (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]
    return plan


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


@pytest.fixture
def crowded(api: Api) -> Api:
    fill(api.county)
    return api


LISTS: dict[str, tuple[str, dict[str, str]]] = {
    "dispatcher": ("dispatcher-1", {}), "dispatcher, open": ("dispatcher-1", {"open": "true"}),
    "dispatcher, closed": ("dispatcher-1", {"status": "closed"}),
    "dispatcher, category": ("dispatcher-1", {"category": "land"}),
    "dispatcher, a week": ("dispatcher-1", {"from": "2026-06-01", "to": "2026-06-08"}),
    "dispatcher, red": ("dispatcher-1", {"light": "red", "limit": "50"}),
    "dispatcher, green": ("dispatcher-1", {"light": "green"}),
    "dispatcher of a community": ("dispatcher-k3", {}), "its open": ("dispatcher-k3", {"open": "true"}),
    "supervisor, red": ("supervisor", {"light": "red", "limit": "50"}),
    "supervisor, closed": ("supervisor", {"status": "closed"}),
    "supervisor, waiting": ("supervisor", {"waiting": "appeal"}),
    "worker": ("worker-a", {}), "worker, open": ("worker-a", {"open": "true"}),
    "handler": ("handler-land", {}), "handler, open": ("handler-land", {"open": "true"}),
    "handler, closed": ("handler-land", {"status": "closed"}),
}  # fmt: skip


def test_lists_figures_and_choices_read_an_index(crowded: Api) -> None:
    """One county for all: filling it takes the longest."""
    engine = crowded.county.ctx.engine
    found: dict[str, Any] = {}
    for name, (user, params) in LISTS.items():
        with listening(engine) as heard:
            answer = crowded.get(user, "/incidents", params=params)
        assert answer.status_code == 200, answer.text
        found |= looked_at(engine, name, heard, 5 * len(answer.json()["items"]) + 50)
    assert found == {}
    with read(engine) as conn:
        a_cell = conn.execute(select(t.cells.c.id).limit(1)).scalar_one()
    with listening(engine) as heard, read(engine) as conn:
        ground.open_counts(conn, [a_cell])
    found |= looked_at(engine, "choose a worker", heard, CASES // 10)
    july = number_of("2026-07")
    with listening(engine) as heard, read(engine) as conn:
        scorecards.sums(conn, [july, july - 1, july - 12], ("area_id",))
        scorecards.lasted(conn, NOW - timedelta(days=33), NOW)
        scorecards.not_yet_due(conn, NOW, NOW + timedelta(days=28), ())
    found |= looked_at(engine, "scorecard", heard, 2_000)
    assert found == {}


def looked_at(engine: Engine, what: str, heard: list[Statement], most: int) -> dict[str, Any]:
    """What is wrong with the plans of these queries: tables walked through, and too many rows looked at."""
    wrong: dict[str, Any] = {}
    with read(engine) as conn:
        for statement, bound in heard:
            if not any(f" {table}" in statement for table in BIG):
                continue
            if walked := walks(conn, statement, bound):
                wrong[f"{what} walks"] = (walked, statement)
            if engine.dialect.name == "postgresql" and (looked := examined(conn, statement, bound)) > most:
                wrong[f"{what} looks"] = (looked, most, statement)
    return wrong
