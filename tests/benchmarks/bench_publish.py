"""A plan that touches 12 cells comes into force, through the database, beside a full relabel of all households."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import shapely
from sqlalchemy import select

from gridmap.plan.deltas import MoveNode
from gridmap.store import read, versions, write
from gridmap.store import tables as t
from gridmap.store.bulk import bulk_update, frame
from tests.benchmarks.bench_redraw import SIDE, node, squares
from tests.benchmarks.harness import Contender, Race
from tests.county import SmallCounty
from tests.redraw import approve, publish, submitted

RELABEL = "a full relabel"


def races(quick: bool) -> Iterator[Race]:
    """Each run publishes another plan: three nodes go there, and back with the next one."""
    columns, rows, homes = (20, 10, 2_000) if quick else (100, 50, 400_000)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        county = squares(f"sqlite:///{folder / 'bench.sqlite'}", columns, rows, homes)
        stack.callback(county.ctx.engine.dispose)
        relabel(county)
        nodes = [node(columns * share // 10, rows * share // 10) for share in (2, 5, 8)]
        turn = 0

        def ours() -> tuple[float, int, int]:
            """Seconds from the approved plan to the drawing in force with all that moves; how many cells that were, and
            how many households have another cell than a relabel would give them."""
            nonlocal turn
            there = [[x + 0.3 * SIDE, y + 0.2 * SIDE] for x, y in nodes]
            froms, tos = (nodes, there) if turn % 2 == 0 else (there, nodes)
            turn += 1
            moves = [MoveNode(tuple(a), tuple(b)) for a, b in zip(froms, tos, strict=True)]
            plan_id, version = submitted(county, moves)
            approve(county, plan_id, version)
            county.clock.forward(days=1)
            start = time.perf_counter()
            told = publish(county, plan_id, county.ctx.today())
            return time.perf_counter() - start, told["rows"]["cells_added"], astray(county)

        def agree(answers: Mapping[str, Any]) -> str:
            assert answers["gridmap"][1:] == (12, 0)
            return f"After a plan each of {answers[RELABEL]:,} households has the cell that a full relabel gives it."

        yield Race(
            title=f"A plan of 12 cells among {columns * rows:,} comes into force",
            about=f"{homes:,} households on SpatiaLite. Ours: publishing with all checks, the dated cells, and its "
            "first day: duties, households, hand-over sheets. Beside it: reading all places, locating them in the "
            "cells of the day with our index, and writing every row's cell, without checks and without sheets.",
            ours=Contender("gridmap", ours, took=lambda told: float(told[0])),
            others=[Contender(RELABEL, lambda: relabel(county))],
            amount=1,
            unit="plans",
            agree=agree,
        )


def located(county: SmallCounty) -> tuple[list[int], Any]:
    """The ids of all households, in order, and those of the cells of today that they lie in."""
    h = t.households.c
    with read(county.ctx.engine) as conn:
        rows = frame(conn, select(h.id, h.geom).order_by(h.id))
        ground = county.ctx.grounds.on(conn, county.ctx.today())
    geom = rows["geom"].to_numpy(dtype=object)
    return rows["id"].tolist(), ground.cell_ids(shapely.get_x(geom), shapely.get_y(geom))


def astray(county: SmallCounty) -> int:
    """How many households have not the cell that they lie in."""
    h = t.households.c
    with read(county.ctx.engine) as conn:
        kept = frame(conn, select(h.id, h.cell_id).order_by(h.id))["cell_id"].astype("float64").fillna(0)
    return int((kept.to_numpy() != located(county)[1]).sum())


def relabel(county: SmallCounty) -> int:
    """Every household's cell, written anew; how many rows."""
    ids, places = located(county)
    with write(county.ctx.engine) as conn:
        bulk_update(conn, t.households, ids, {"cell_id": [int(one) or None for one in places]})
        versions.bump(conn, "households")
    return len(ids)
