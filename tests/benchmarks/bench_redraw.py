"""An edit of a plan from the released mouse to the updated impact, through HTTP and the database, beside a no-op."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from fastapi.testclient import TestClient
from sqlalchemy import select

from api.app import create_app
from gridmap.store import bulk_insert, open_engine, upgrade, versions, write
from gridmap.store import tables as t
from tests.api.client import Api
from tests.benchmarks.harness import Contender, Race
from tests.county import SmallCounty, build, open_county

SIDE = 0.002
NO_OP = "GET /healthz"


def races(quick: bool) -> Iterator[Race]:
    """The same edit, done and undone: each is a request that writes a row, and answers with cells and impact."""
    columns, rows, homes = (20, 10, 2_000) if quick else (100, 50, 100_000)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        county = squares(f"sqlite:///{folder / 'bench.sqlite'}", columns, rows, homes)
        stack.callback(county.ctx.engine.dispose)
        client = stack.enter_context(TestClient(create_app(county.ctx, county.passwords)))
        api = Api(county, client)
        plan = api.post("planner", "/plans", {"title": "bench"}).json()["id"]
        at = node(columns // 2, rows // 2)
        edit = {"kind": "move_node", "place": at, "to": [at[0] + 0.3 * SIDE, at[1] + 0.2 * SIDE]}
        version = 1

        def ours(turn: int) -> dict[str, Any]:
            nonlocal version
            path, body = ("edits", {"edits": [edit]}) if turn % 2 == 0 else ("undo", None)
            answer = api.post("planner", f"/plans/{plan}/{path}", body, headers={"If-Match": f'"{version}"'})
            told: dict[str, Any] = answer.json()
            version = told["version"]
            return told

        def agree(answers: Mapping[str, Any]) -> str:
            told = answers["gridmap"][0]
            assert len(told["cells"]["features"]) == 4
            sides = [sum(cell[side]["households"] for cell in told["impact"]["cells"]) for side in ("before", "after")]
            assert sides[0] == sides[1]
            return f"The answers hold 4 cells and their impact; {sides[0]:,} households before and after."

        yield Race(
            title=f"An edit of a plan among {columns * rows:,} cells, from request to updated impact",
            about=f"{homes:,} households on SpatiaLite, one client in the same process; edits and undos in turn, each "
            "a transaction with its audit, answered with cells, borders, findings and impact. Beside it the request "
            "that does nothing: what remains of the ratio is our work.",
            ours=Contender("gridmap", ours),
            others=[Contender(NO_OP, lambda _: client.get("/healthz").status_code)],
            amount=1,
            unit="requests",
            agree=agree,
            each=list(range(6 if quick else 40)),
        )


def node(column: int, row: int) -> list[float]:
    return [106.0 + column * SIDE, 26.0 + row * SIDE]


def wavy(columns: int, rows: int, pieces: int) -> np.ndarray[Any, np.dtype[np.object_]]:
    """Cells from west to east, then north, of 4 * pieces vertices each: neighbours share their waves bit for bit."""
    along = np.arange(pieces) / pieces
    wave = 0.04 * SIDE * np.sin(2.0 * np.pi * along) + 0.01 * SIDE * np.sin(14.0 * np.pi * along)
    found = []
    for row in range(rows):
        for column in range(columns):
            west, south = node(column, row)
            flat = [wave * (0 < line < rows) for line in (row, row + 1)]
            steep = [wave * (0 < line < columns) for line in (column, column + 1)]
            rim = [
                np.column_stack([west + along * SIDE, south + flat[0]]),
                np.column_stack([node(column + 1, row)[0] + steep[1], south + along * SIDE]),
                np.column_stack([west + along * SIDE, node(column, row + 1)[1] + flat[1]]),
                np.column_stack([west + steep[0], south + along * SIDE]),
            ]
            corners = [node(column, row), node(column + 1, row), node(column + 1, row + 1), node(column, row + 1)]
            north, back = rim[2][:0:-1], rim[3][:0:-1]
            ring = np.vstack([rim[0], corners[1], rim[1][1:], corners[2], north, corners[3], back])
            found.append(shapely.MultiPolygon([shapely.Polygon(ring)]))
    return np.array(found, dtype=object)


def squares(url: str, columns: int, rows: int, homes: int, pieces: int = 1) -> SmallCounty:
    """The tests' county, drawn anew with as many cells and households; `pieces`: to each side of a cell."""
    engine = open_engine(url)
    upgrade(engine)
    engine.dispose()
    build(url)
    county, day, count = open_county(url), date(2026, 6, 1), columns * rows
    shapes = wavy(columns, rows, pieces)
    rng = np.random.default_rng(20260703)
    lon, lat = 106.0 + rng.uniform(0, columns * SIDE, homes), 26.0 + rng.uniform(0, rows * SIDE, homes)
    with write(county.ctx.engine) as conn:
        town = conn.execute(select(t.areas.c.id, t.areas.c.code).where(t.areas.c.level == "town")).first()
        assert town is not None
        names = [f"B-{number}" for number in range(count)]
        workers = bulk_insert(conn, t.workers, {"code": names, "name": names, "area_id": [town.id] * count})
        conn.execute(t.cells.update().values(valid_to=day))
        codes = [f"{town.code}{number:06d}" for number in range(count)]
        ids = bulk_insert(conn, t.cells, {
            "code": codes, "name": codes, "area_id": [town.id] * count, "area_m2": [1.0] * count,
            "valid_from": [day] * count, "geom": shapes,
        })  # fmt: skip
        bulk_insert(conn, t.duties, {
            "worker_id": workers, "cell_id": ids,
            "rank": ["primary"] * count, "valid_from": [day] * count, "weekdays": [127] * count,
        })  # fmt: skip
        bulk_insert(conn, t.households, {
            "code": [f"B{number}" for number in range(homes)], "address": ["x"] * homes, "crs_in": ["wgs84"] * homes,
            "x_in": lon, "y_in": lat, "geom": shapely.points(lon, lat),
        })  # fmt: skip
        versions.bump(conn, "cells", "duties", "households")
    return county
