"""A stored county for the figures: cells, households, enterprises, and incidents with who answers for them.

    python -m tests.benchmarks.stored DATABASE_URL

refreshes a month's analyses of a county that is there, as the server's thread does, and prints what it took as JSON: in
a process of its own, so that the memory told is that of the refresh. No events: the figures read none.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from sqlalchemy import Connection, Engine

from gridmap.privacy import Vault
from gridmap.settings import Settings
from gridmap.store import bulk_insert, open_engine, upgrade, versions, write
from gridmap.store import tables as t
from gridmap.store.engine import is_sqlite
from gridmap.usecases.context import Context
from gridmap.usecases.studies import Question, run_hotspots, run_scan, run_sources
from tests.benchmarks import bed
from tests.benchmarks.large import quicken

#: months with reports, of which the last ones are asked about; the first and the last of these
MONTHS, FIRST, LAST = 48, date(2026, 3, 1), date(2026, 6, 1)
END = np.datetime64("2026-07-01T00:00")
WEST, SOUTH = 106.0, 26.0
#: about a kilometre
SIDE = (0.010, 0.009)
_AT_ONCE = 100_000


def fill(url: str, cells: int, households: int, enterprises: int, incidents: int) -> None:
    """Fill an empty database: square cells, homes in hamlets, reports at homes over `MONTHS` months."""
    engine, rng = open_engine(url), np.random.default_rng(1)
    upgrade(engine)
    wide = int(np.ceil(np.sqrt(cells)))
    corner = np.array([(i % wide, i // wide) for i in range(cells)]) * SIDE + (WEST, SOUTH)
    shapes = shapely.box(*corner.T, *(corner + SIDE).T)
    frame = gpd.GeoDataFrame({"code": [f"C{i:05}" for i in range(cells)]}, geometry=shapes, crs="EPSG:4326")
    hamlets = corner[rng.integers(0, cells, cells * 5)] + rng.random((cells * 5, 2)) * SIDE
    size = rng.dirichlet(np.full(len(hamlets), 0.5))
    homes = hamlets[rng.choice(len(hamlets), households, p=size)] + rng.normal(0, 0.0005, (households, 2))
    homes = np.clip(homes, (WEST, SOUTH), corner.max(axis=0) + SIDE)
    laid = bed.fill(engine, frame, homes)
    with write(engine) as conn:
        quicken(conn)
        _enterprises(conn, corner[rng.integers(0, cells, enterprises)] + rng.random((enterprises, 2)) * SIDE)
    for start in range(0, incidents, _AT_ONCE):
        with write(engine) as conn:
            quicken(conn)
            _incidents(conn, laid, range(start, min(start + _AT_ONCE, incidents)), rng)
    _settle(engine)


def _enterprises(conn: Connection, at: np.ndarray) -> None:
    n = len(at)
    names = [f"E{i:04}" for i in range(n)]
    columns = {
        "code": names, "name": names, "name_en": names, "kind": ["quarry"] * n, "status": ["active"] * n,
        "opened_on": [date(2020, 1, 1)] * n, "crs_in": ["wgs84"] * n, "x_in": at[:, 0], "y_in": at[:, 1],
        "geom": shapely.points(at),
    }  # fmt: skip
    bulk_insert(conn, t.enterprises, columns)


def _incidents(conn: Connection, laid: bed.Bed, numbers: range, rng: np.random.Generator) -> None:
    """Closed cases at homes drawn anew, with whom they lie."""
    n = len(numbers)
    home = rng.integers(0, len(laid.homes), n)
    at = laid.homes[home] + rng.normal(0, 0.0003, (n, 2))
    received = END - rng.integers(1, MONTHS * 30 * 24 * 60, n).astype("timedelta64[m]")
    cells = [int(laid.cell_ids[row]) if row >= 0 else None for row in laid.home_cell[home]]
    columns = {
        "number": [f"N{i:08}" for i in numbers], "category_id": [1] * n, "channel": ["import"] * n,
        "status": ["closed"] * n, "received_at": received, "due_at": received + np.timedelta64(72, "h"),
        "closed_at": received + np.timedelta64(50, "h"), "cell_id": cells, "place_reason": ["inside"] * n,
        "crs_in": ["wgs84"] * n, "x_in": at[:, 0], "y_in": at[:, 1], "geom": shapely.points(at),
    }  # fmt: skip
    ids = bulk_insert(conn, t.incidents, columns)
    held: dict[str, Any] = {
        "incident_id": ids, "cell_id": cells, "area_id": [laid.county_id] * n, "reason": ["primary"] * n,
        "valid_from": received,
    }  # fmt: skip
    bulk_insert(conn, t.responsibilities, held)


def _settle(engine: Engine) -> None:
    with write(engine) as conn:
        versions.bump(conn, "incidents", "enterprises")
    with write(engine) as conn:
        if not is_sqlite(conn):
            conn.exec_driver_sql("SET LOCAL statement_timeout = 0")
        conn.exec_driver_sql("ANALYZE")
    engine.dispose()


def refresh(url: str) -> dict[str, float]:
    """The three analyses of the window, trends among them: the processor's seconds of each and of the process, and its
    MiB at most."""
    settings = Settings(database_url=url, secure_cookies=False)
    now = datetime(2026, 7, 3, 4, 0, tzinfo=UTC)
    ctx = Context(open_engine(url), settings, Vault(b"a stored county's master key 32B"), clock=lambda: now)
    asked, took = Question("/1/", FIRST, LAST), {}
    for name, run in (("hot spots", run_hotspots), ("scan", run_scan), ("enterprises and trends", run_sources)):
        began = time.process_time()
        run(ctx, asked, lambda _: None)
        took[name] = time.process_time() - began
    used = resource.getrusage(resource.RUSAGE_SELF)
    ctx.engine.dispose()
    return {**took, "whole process": used.ru_utime + used.ru_stime, "MiB": used.ru_maxrss / 1024}


def main(arguments: Sequence[str]) -> None:
    print(json.dumps(refresh(arguments[0])))


if __name__ == "__main__":
    main(sys.argv[1:])
