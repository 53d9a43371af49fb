"""Reports through the API, each durable when it is answered, beside bare INSERTs; and with ten times as many stored."""

from __future__ import annotations

import base64
import json
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
import shapely
from sqlalchemy import Engine, func, insert, select

from gridmap.store import bulk_insert, open_engine, read, upgrade, versions, write
from gridmap.store import tables as t
from tests.benchmarks import bed as beds
from tests.benchmarks import servers
from tests.benchmarks.bed import Bed
from tests.benchmarks.client import CONNECTIONS, Load, post_all, timed
from tests.benchmarks.harness import Contender, Race
from tests.benchmarks.workload import cells, points
from tests.postgis import DURABLE, cluster, create

#: cells on the reporter's roster
ROSTER = 50
#: what a report writes besides its own row: who answers, two steps, a message, the request, the text and its key
ROWS = 8


@dataclass(frozen=True)
class Desk:
    """A database with a server over it, and who reports."""

    engine: Engine
    bed: Bed
    address: str
    token: str
    stored: int

    @property
    def name(self) -> str:
        return "SpatiaLite" if self.engine.dialect.name == "sqlite" else "PostGIS"


def races(quick: bool) -> Iterator[Race]:
    """On each database: beside bare INSERTs, then beside ourselves with a tenth of the incidents."""
    count, stored = (16, 50) if quick else (400, 10_000)
    drawn, homes = (cells(300, 33), points(500)) if quick else (cells(5_000, 64), points(10_000))
    for database in (spatialite, postgis):
        with ExitStack() as stack:
            make = stack.enter_context(database())
            small, large = (stack.enter_context(desk(make(), drawn, homes, n)) for n in (stored, 10 * stored))
            yield beside_inserts(small, count)
            yield beside_itself(small, large, count)


@contextmanager
def spatialite() -> Iterator[Callable[[], str]]:
    """Files of our own kind: WAL, synchronous=FULL, as `open_engine` sets them."""
    with tempfile.TemporaryDirectory() as folder:
        yield lambda: f"sqlite:///{folder}/{secrets.token_hex(4)}.sqlite"


@contextmanager
def postgis() -> Iterator[Callable[[], str]]:
    """A server of this race's own that writes what it commits: the tests' one does not."""
    with cluster(DURABLE) as server:
        yield lambda: create(server, f"gridmap_{secrets.token_hex(4)}")


@contextmanager
def desk(url: str, drawn: Any, homes: Any, stored: int) -> Iterator[Desk]:
    engine = open_engine(url)
    try:
        upgrade(engine)
        bed = beds.fill(engine, drawn, homes)
        store(engine, bed, stored)
        near = np.argsort(np.abs(bed.middles() - np.median(bed.middles(), axis=0)).max(axis=1))[:ROSTER].tolist()
        token = beds.worker(engine, bed, near)
        with servers.gridmap(url, base64.b64encode(secrets.token_bytes(32)).decode()) as address:
            yield Desk(engine, bed, address, token, stored)
    finally:
        engine.dispose()


def store(engine: Engine, bed: Bed, count: int) -> None:
    """Put so many older incidents there, most of them closed, each with who answers for it."""
    now, rows = datetime.now(UTC), np.arange(count) % len(bed.cells)
    at = [now - timedelta(minutes=10 + int(i)) for i in range(count)]
    is_open = [i % 20 == 0 for i in range(count)]
    with write(engine) as conn:
        category = conn.execute(select(t.categories.c.id)).scalar_one()
        ids = bulk_insert(conn, t.incidents, {
            **incident_columns(bed, rows, category, at, "S"),
            "status": ["assigned" if one else "closed" for one in is_open],
            "closed_at": [None if one else when for one, when in zip(is_open, at, strict=True)],
        })  # fmt: skip
        answers = {"incident_id": ids, "cell_id": bed.cell_ids[rows], "reason": ["dispatcher"] * count}
        bulk_insert(conn, t.responsibilities, {**answers, "valid_from": at})
        conn.exec_driver_sql("ANALYZE")
        versions.bump(conn, "incidents")


def incident_columns(bed: Bed, rows: Any, category: int, at: Sequence[datetime], prefix: str) -> dict[str, Any]:
    """Incidents in the middle of these cells, as columns."""
    places, n = bed.middles()[rows], len(rows)
    drawn = secrets.token_hex(4)
    return {
        "number": [f"{prefix}{drawn}{i}" for i in range(n)], "category_id": [category] * n, "channel": ["worker"] * n,
        "status": ["assigned"] * n, "received_at": list(at), "due_at": [when + timedelta(days=3) for when in at],
        "cell_id": bed.cell_ids[rows], "place_reason": ["inside"] * n, "crs_in": ["wgs84"] * n,
        "x_in": places[:, 0], "y_in": places[:, 1], "geom": shapely.points(places),
    }  # fmt: skip


def reported(one: Desk, count: int) -> Load:
    """Send so many reports, each with a key of its own."""
    places = one.bed.middles()[np.arange(count) % len(one.bed.cells)].tolist()
    said = {"category": one.bed.category, "accuracy_m": 10, "text": "夜里施工吵得睡不着"}
    bodies = [json.dumps({**said, "lon": lon, "lat": lat}).encode() for lon, lat in places]
    headers = {"Authorization": f"Bearer {one.token}"}
    return post_all(f"{one.address}/api/v1/incidents", bodies, headers)


def inserted(one: Desk, count: int) -> Load:
    """The incidents' rows alone, each committed by itself, over as many connections."""
    with read(one.engine) as conn:
        category = conn.execute(select(t.categories.c.id)).scalar_one()
    rows = np.arange(count) % len(one.bed.cells)
    columns = incident_columns(one.bed, rows, category, [datetime.now(UTC)] * count, "B")
    shapes = [f"SRID=4326;{shape.wkt}" for shape in columns.pop("geom")]
    values = [
        {**dict(zip(columns, row, strict=True)), "geom": shape}
        for row, shape in zip(zip(*columns.values(), strict=True), shapes, strict=True)
    ]

    def put(row: Mapping[str, Any]) -> int:
        with write(one.engine) as conn:
            conn.execute(insert(t.incidents).values(**{**row, "cell_id": int(row["cell_id"])}))
        return 1

    return timed(put, values)


def stored(one: Desk) -> int:
    with read(one.engine) as conn:
        return int(conn.execute(select(func.count()).select_from(t.incidents)).scalar_one())


def beside_inserts(one: Desk, count: int) -> Race:
    """What placing, assigning, sealing, chaining and telling cost on top of the bare row."""
    before = stored(one)

    def agree(answers: Mapping[str, Load]) -> str:
        assert stored(one) - before == sum(load.requests for load in answers.values())
        return "Every row that was answered is there."

    return Race(
        title=f"Reports through the API, {one.name}",
        about=f"{count} reports over {CONNECTIONS} connections, {servers.WORKERS} server processes, each commit on the "
        f"disk. A report is {ROWS} rows and its answer; the other inserts the incident's row alone, in our process.",
        ours=Contender("gridmap, POST /api/v1/incidents", partial(reported, one, count), took=lambda load: load.each),
        others=[Contender("bare INSERT", partial(inserted, one, count), took=lambda load: load.each)],
        amount=1,
        unit="reports",
        agree=agree,
    )


def beside_itself(small: Desk, large: Desk, count: int) -> Race:
    """How the intake grows with what is stored."""
    return Race(
        title=f"Reports with ten times as many incidents stored, {small.name}",
        about=f"{count} reports each; {small.stored:,} incidents stored, and {large.stored:,}.",
        ours=Contender(f"{large.stored:,} stored", partial(reported, large, count), took=lambda load: load.each),
        others=[Contender(f"{small.stored:,} stored", partial(reported, small, count), took=lambda load: load.each)],
        amount=1,
        unit="reports",
        agree=lambda _answers: "Each report was answered with 201.",
        at_least={f"{small.stored:,} stored": 0.5},
    )
