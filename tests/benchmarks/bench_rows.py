"""Rows in and out of both databases: `store.bulk_insert` and `store.features.page` against GeoAlchemy2 as taught."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from geoalchemy2.shape import from_shape, to_shape
from numpy.typing import NDArray
from sqlalchemy import Engine, func, insert, select

from gridmap.store import bulk_insert, open_engine, read, upgrade, write
from gridmap.store import tables as t
from gridmap.store.features import page
from gridmap.view import View
from tests.benchmarks.harness import Contender, Race
from tests.benchmarks.workload import HEIGHT, SOUTH, WEST, WIDTH, points
from tests.postgis import URL_VARIABLE, create, drop

DAY = date(2026, 7, 3)
#: boxes asked one after another in one run
BOXES = 20


class _TakenBack(Exception):
    """Ends a transaction whose work was only to be timed."""


def races(quick: bool) -> Iterator[Race]:
    """Each race on SpatiaLite and on PostGIS."""
    places = points(2_000 if quick else 100_000)
    with ExitStack() as stack:
        for engine in databases(stack):
            fill(engine, places)
            yield boxes(engine, places)
            yield inserts(engine, places[: 500 if quick else 5_000])


def databases(stack: ExitStack) -> Iterator[Engine]:
    """A migrated SpatiaLite file and a migrated PostGIS database, gone when the stack closes."""
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    server = os.environ[URL_VARIABLE]
    name = f"gridmap_bench_{os.getpid()}"
    postgis = create(server, name)
    stack.callback(drop, postgis)
    for url in (f"sqlite:///{Path(folder) / 'bench.sqlite'}", postgis):
        engine = open_engine(url)
        stack.callback(engine.dispose)
        upgrade(engine)
        yield engine


def columns(places: NDArray[np.float64], prefix: str) -> dict[str, Any]:
    """The places as columns of the table `places`."""
    n = len(places)
    named = {"code": [f"{prefix}{i}" for i in range(n)], "name": ["村"] * n, "class": ["village"] * n}
    return {**named, "geom": shapely.points(places)}


def fill(engine: Engine, places: NDArray[np.float64]) -> None:
    with write(engine) as conn:
        bulk_insert(conn, t.places, columns(places, "P"))
        conn.exec_driver_sql("ANALYZE")


def title(engine: Engine) -> str:
    return "SpatiaLite" if engine.dialect.name == "sqlite" else "PostGIS"


def boxes(engine: Engine, places: NDArray[np.float64]) -> Race:
    """Points in a box, as a map asks for them."""
    centres = places[:: max(1, len(places) // BOXES)][:BOXES]
    inside = centres[(centres[:, 0] > WEST) & (centres[:, 0] < WEST + WIDTH)]
    inside = inside[(inside[:, 1] > SOUTH) & (inside[:, 1] < SOUTH + HEIGHT)]
    asked = [(x - 0.02, y - 0.02, x + 0.02, y + 0.02) for x, y in inside.tolist()]

    def ours() -> list[list[int]]:
        view = View.system(DAY)
        with read(engine) as conn:
            return [page(conn, view, "places", bbox=box, limit=10_000).rows["id"].tolist() for box in asked]

    def taught() -> list[list[int]]:
        found = []
        with read(engine) as conn:
            for box in asked:
                envelope = func.ST_MakeEnvelope(*box, 4326) if title(engine) == "PostGIS" else func.BuildMbr(*box, 4326)
                hit = func.ST_Intersects(t.places.c.geom, envelope)
                rows = conn.execute(select(t.places).where(hit).order_by(t.places.c.id)).all()
                found.append([row.id for row in rows if not to_shape(row.geom).is_empty])
        return found

    def agree(answers: Mapping[str, Any]) -> str:
        assert answers["gridmap"] == answers["GeoAlchemy2, ST_Intersects"]
        return f"Equal, {sum(map(len, answers['gridmap'])) / len(asked):.0f} rows a box."

    return Race(
        title=f"Rows in a box among {len(places):,}, {title(engine)}",
        about=f"{len(asked)} boxes of 0.04 degrees, geometries made shapely's; ours with scope, joins and paging.",
        ours=Contender("gridmap", ours),
        others=[Contender("GeoAlchemy2, ST_Intersects", taught)],
        amount=len(asked),
        unit="boxes",
        agree=agree,
    )


def inserts(engine: Engine, places: NDArray[np.float64]) -> Race:
    """Points into a table with a spatial index; taken back afterwards."""
    given = columns(places, "N")

    def bulk(conn: Any) -> None:
        bulk_insert(conn, t.places, given)

    def taught(conn: Any) -> None:
        shapes = [from_shape(shape, srid=4326) for shape in given["geom"]]
        rows = zip(given["code"], given["name"], given["class"], shapes, strict=True)
        conn.execute(insert(t.places), [dict(zip(given, row, strict=True)) for row in rows])

    def taken_back(way: Any) -> int:
        """Insert, count, undo."""
        try:
            with write(engine) as conn:
                way(conn)
                count = conn.execute(select(func.count()).where(t.places.c.code.startswith("N"))).scalar_one()
                raise _TakenBack
        except _TakenBack:
            return int(count)

    def agree(answers: Mapping[str, Any]) -> str:
        assert set(answers.values()) == {len(places)}
        return f"Both inserted {len(places):,} rows."

    return Race(
        title=f"Inserting {len(places):,} points, {title(engine)}",
        about="One transaction, rolled back in the end.",
        ours=Contender("gridmap", lambda: taken_back(bulk)),
        others=[Contender("GeoAlchemy2, insert", lambda: taken_back(taught))],
        amount=len(places),
        unit="rows",
        agree=agree,
    )
