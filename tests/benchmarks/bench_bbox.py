"""Features in a box over HTTP, live from PostGIS: ours with sessions, rights and the read log, beside tipg without."""

from __future__ import annotations

import base64
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import shapely
from sqlalchemy import Engine, func, select

from gridmap.store import open_engine, read, upgrade
from gridmap.store import tables as t
from tests.benchmarks import bed as beds
from tests.benchmarks import servers
from tests.benchmarks.bed import Bed
from tests.benchmarks.client import Load, drive, get
from tests.benchmarks.harness import Contender, Race
from tests.benchmarks.peers import have
from tests.benchmarks.workload import cells, points
from tests.postgis import URL_VARIABLE, create, drop

Box = tuple[float, float, float, float]

#: addresses asked in turn
BOXES = 10
#: how many times tipg's requests per second ours must reach
GOALS = {"cells": 20.0, "households": 10.0}
#: how long the read log may take to hold what was answered
LOGGED_S = 20


@dataclass(frozen=True)
class Side:
    """A server: how it is asked for a box of a kind, and with which headers for each kind."""

    name: str
    address: Callable[[str, Box], str]
    headers: Mapping[str, Mapping[str, str]]


def races(quick: bool) -> Iterator[Race]:
    """Cells by one who plans, households by one who serves them; few and many in a box."""
    with ExitStack() as stack:
        url = create(os.environ[URL_VARIABLE], f"gridmap_bench_bbox_{os.getpid()}")
        stack.callback(drop, url)
        engine = open_engine(url)
        stack.callback(engine.dispose)
        upgrade(engine)
        bed = beds.fill(engine, cells(300, 33) if quick else cells(5_000, 64), points(2_000 if quick else 62_000))
        asked = {
            (kind, size): boxes(shapes, size)
            for kind, shapes in (("cells", bed.cells.geometry.to_numpy()), ("households", shapely.points(bed.homes)))
            for size in ((20,) if quick else (72, 1_000))
        }
        tokens = {"cells": beds.planner(engine, bed), "households": beds.worker(engine, bed, served(bed, asked))}
        sides = [
            ours(stack.enter_context(servers.gridmap(url, base64.b64encode(secrets.token_bytes(32)).decode())), tokens)
        ]
        if have("tipg"):
            sides.append(tipg(stack.enter_context(servers.tipg(url))))
        for (kind, size), listed in asked.items():
            found = race(engine, bed, sides, kind, size, listed, 1.0 if quick else 4.0)
            yield replace(found, at_least={}) if quick else found


def ours(address: str, tokens: Mapping[str, str]) -> Side:
    path = "{}/api/v1/{}?format=geojson&limit=1000&bbox={}"
    return Side(
        "gridmap",
        lambda kind, box: path.format(address, kind, ",".join(map(repr, box))),
        {kind: {"Authorization": f"Bearer {token}"} for kind, token in tokens.items()},
    )


def tipg(address: str) -> Side:
    path = "{}/collections/public.{}/items?f=geojson&limit=1000&bbox={}"
    return Side("tipg", lambda kind, box: path.format(address, kind, ",".join(map(repr, box))), {})


def boxes(shapes: Any, count: int) -> list[Box]:
    """Boxes around some of the shapes, each as large as can be while at most `count` of them meet it."""
    tree, rng = shapely.STRtree(shapes), np.random.default_rng(11)
    found = []
    for centre in shapely.get_coordinates(shapely.centroid(shapes[rng.choice(len(shapes), BOXES, replace=False)])):
        low, high = 0.0, 4.0
        for _ in range(40):
            reach = (low + high) / 2
            box = (*(centre - reach).tolist(), *(centre + reach).tolist())
            few = len(tree.query(shapely.box(*box), predicate="intersects")) <= count
            low, high = (reach, high) if few else (low, reach)
        found.append((*(centre - low).tolist(), *(centre + low).tolist()))
    return found


def served(bed: Bed, asked: Mapping[tuple[str, int], Sequence[Box]]) -> list[int]:
    """The cells (rows) of all households that are asked for, those in no cell aside: their worker's roster."""
    homes = shapely.STRtree(shapely.points(bed.homes))
    wanted = [shapely.box(*box) for (kind, _), listed in asked.items() if kind == "households" for box in listed]
    rows = set(bed.home_cell[homes.query(wanted, predicate="intersects")[1]].tolist())
    return sorted(rows - {-1})


def expected(bed: Bed, kind: str, box: Box) -> set[int]:
    """The ids that meet the box, by shapely; of households those in a cell, whom alone somebody serves."""
    shapes, ids = (
        (bed.cells.geometry.to_numpy(), bed.cell_ids) if kind == "cells" else (shapely.points(bed.homes), bed.home_ids)
    )
    meets = shapely.intersects(shapes, shapely.box(*box))
    return set(ids[meets if kind == "cells" else meets & (bed.home_cell >= 0)].tolist())


def race(
    engine: Engine, bed: Bed, sides: Sequence[Side], kind: str, size: int, listed: Sequence[Box], seconds: float
) -> Race:
    """One kind and size of box."""
    contenders = []
    for side in sides:
        urls, headers = [side.address(kind, box) for box in listed], side.headers.get(kind, {})
        contenders.append(Contender(side.name, partial(drive, urls, headers, seconds), took=lambda load: load.each))
    before = logged(engine)
    answered: list[int] = []

    def counted() -> Load:
        load: Load = contenders[0].run()
        answered.append(load.requests)
        return load

    def agree(_answers: Mapping[str, Any]) -> str:
        for box in listed:
            truth = expected(bed, kind, box)
            for side in sides:
                found = get(side.address(kind, box), side.headers.get(kind))["features"]
                ids = {one["id"] for one in found}
                # tipg knows of no roster: it lists the homes that nobody serves, too
                outside = set(bed.home_ids[bed.home_cell < 0].tolist()) if kind == "households" else set()
                assert ids - outside == truth, f"{side.name}: {len(ids ^ truth)} ids differ"
        return f"Equal ids, {len(expected(bed, kind, listed[0]))} in the first box; {len(listed)} boxes in turn."

    def close() -> None:
        """Every household that was read is in the log, however fast it was read."""
        until = time.monotonic() + LOGGED_S
        while kind == "households" and logged(engine) - before < sum(answered):
            assert time.monotonic() < until, "readings are missing from the log"
            time.sleep(0.1)

    return Race(
        title=f"{size:,} {kind} in a box",
        about=f"{len(bed.cells):,} cells, {len(bed.homes):,} households, PostGIS, {servers.WORKERS} processes each; "
        f"ours looks up session and {'rights' if kind == 'cells' else 'roster, and logs the reading'}, each time.",
        ours=Contender("gridmap", counted, took=lambda load: load.each),
        others=contenders[1:],
        amount=1,
        unit="requests",
        agree=agree,
        at_least={side.name: GOALS[kind] for side in sides[1:]},
        close=close,
    )


def logged(engine: Engine) -> int:
    """How many readings the log holds."""
    with read(engine) as conn:
        return int(conn.execute(select(func.count()).select_from(t.readings)).scalar_one())
