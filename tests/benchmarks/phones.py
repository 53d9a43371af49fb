"""A county of workers with phones: each has a cell of their own, with households and open cases in it."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Engine, select

from gridmap.store import bulk_insert, open_engine, upgrade, versions, write
from gridmap.store import tables as t
from tests.benchmarks import bed as beds
from tests.benchmarks import servers
from tests.benchmarks.bed import Bed
from tests.benchmarks.bench_intake import incident_columns
from tests.benchmarks.client import TIMEOUT_S, ask

#: phones that talk to the server at a moment
AT_ONCE = 64


@dataclass(frozen=True)
class Force:
    """A served county. `tokens`: a session of each worker, by the row of their cell."""

    engine: Engine
    bed: Bed
    address: str
    tokens: list[str]
    worker_ids: list[int]
    #: longitude and latitude of a place in each cell
    middles: list[list[float]]

    @property
    def database(self) -> str:
        return "SpatiaLite" if self.engine.dialect.name == "sqlite" else "PostGIS"

    def phone(self, row: int) -> Phone:
        """The phone of the worker of this cell."""
        return Phone(self.address, self.tokens[row])


@dataclass
class Phone:
    """A worker's phone: one connection, and how long each answer took."""

    address: str
    token: str
    waits: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._line = HTTPConnection(urlsplit(self.address).netloc, timeout=TIMEOUT_S)

    def get(self, path: str) -> bytes:
        return self._ask("GET", path, None, {"Accept-Encoding": "gzip"})

    def post(self, path: str, body: bytes, **headers: str) -> bytes:
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._ask("POST", path, body, {"Content-Type": "application/json", **more})

    def close(self) -> None:
        self._line.close()

    def _ask(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> bytes:
        start = perf_counter()
        answer = ask(
            self._line, method, f"{self.address}{path}", {"Authorization": f"Bearer {self.token}", **headers}, body
        )
        self.waits.append(perf_counter() - start)
        return answer


def homes_in(cells: gpd.GeoDataFrame, each: int) -> NDArray[np.float64]:
    """So many places inside each cell, in the order of the cells: longitude and latitude, shape (cells * each, 2)."""
    rng = np.random.default_rng(20261128)
    middles = shapely.point_on_surface(cells.geometry.array)
    room = shapely.distance(middles, shapely.boundary(cells.geometry.array))
    away = np.repeat(room * 0.9, each) * np.sqrt(rng.random(len(cells) * each))
    turn = rng.random(len(cells) * each) * 2 * np.pi
    around = np.column_stack([away * np.cos(turn), away * np.sin(turn)])
    places: NDArray[np.float64] = np.repeat(shapely.get_coordinates(middles), each, axis=0) + around
    return places


@contextmanager
def served(url: str, cells: gpd.GeoDataFrame, homes: int, cases: int) -> Iterator[Force]:
    """A county of these cells with so many households and open cases in each, and a worker on each roster."""
    engine = open_engine(url)
    try:
        upgrade(engine)
        bed = beds.fill(engine, cells, homes_in(cells, homes))
        worker_ids, tokens = beds.workers(engine, bed)
        _cases(engine, bed, worker_ids, cases)
        with servers.gridmap(url, base64.b64encode(secrets.token_bytes(32)).decode()) as address:
            yield Force(engine, bed, address, tokens, worker_ids, bed.middles().tolist())
    finally:
        engine.dispose()


def _cases(engine: Engine, bed: Bed, worker_ids: list[int], each: int) -> None:
    """Open cases in every cell, received over the last two days, each answered for by the cell's worker."""
    rows = np.repeat(np.arange(len(bed.cells)), each)
    now = datetime.now(UTC)
    at = [now - timedelta(minutes=10 + 48 * (i % each)) for i in range(len(rows))]
    with write(engine) as conn:
        category = int(conn.execute(select(t.categories.c.id)).scalar_one())
        ids = bulk_insert(conn, t.incidents, incident_columns(bed, rows, category, at, "P"))
        answers: dict[str, Any] = {
            "incident_id": ids, "cell_id": bed.cell_ids[rows], "reason": ["primary"] * len(rows), "valid_from": at,
            "worker_id": [worker_ids[row] for row in rows.tolist()],
        }  # fmt: skip
        bulk_insert(conn, t.responsibilities, answers)
        versions.bump(conn, "incidents")
    with write(engine) as conn:
        conn.exec_driver_sql("ANALYZE")


def all_at_once(work: Any, count: int) -> tuple[list[Any], float]:
    """Do the work for each of so many phones, `AT_ONCE` at a time: what each gave, and the seconds of all."""
    start = perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        done = list(pool.map(work, range(count)))
    return done, perf_counter() - start
