"""A county to serve: the workload's cells, households on them and accounts that may see them; on either database."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, insert

from gridmap.ground import AssignmentIndex
from gridmap.store import accounts, bulk_insert, versions, write
from gridmap.store import tables as t
from gridmap.usecases.accounts import token_hash
from gridmap.view import Role

#: nobody logs in with it: the bed opens sessions itself
NO_PASSWORD = "-"
FIRST_DAY = date(2026, 1, 1)


@dataclass(frozen=True)
class Bed:
    """A filled database."""

    cells: gpd.GeoDataFrame
    cell_ids: NDArray[np.int64]
    #: longitude and latitude of the households, shape (n, 2), and the row of each one's cell (-1: none)
    homes: NDArray[np.float64]
    home_cell: NDArray[np.int32]
    home_ids: NDArray[np.int64]
    county_id: int
    category: str

    def middles(self) -> NDArray[np.float64]:
        """A point in each cell, shape (n, 2)."""
        return shapely.get_coordinates(shapely.point_on_surface(self.cells.geometry.array))


def fill(engine: Engine, cells: gpd.GeoDataFrame, homes: NDArray[np.float64]) -> Bed:
    """Put a county of these cells and homes into a migrated, empty database."""
    found = AssignmentIndex(cells).locate(homes[:, 0], homes[:, 1])
    with write(engine) as conn:
        county_id = _area(conn, shapely.coverage_union_all(cells.geometry.array))
        cell_ids = _cells(conn, cells, county_id)
        homes_at = [int(cell_ids[row]) if row >= 0 else None for row in found]
        home_ids = _households(conn, homes, homes_at)
        _category(conn)
        versions.bump(conn, "areas", "cells", "households", "categories")
    with write(engine) as conn:
        conn.exec_driver_sql("ANALYZE")
    return Bed(cells, cell_ids, homes, found, home_ids, county_id, "noise")


def _area(conn: Connection, shape: shapely.Geometry) -> int:
    whole = shape if shape.geom_type == "MultiPolygon" else shapely.MultiPolygon([shape])
    columns = {"code": ["520100"], "name": ["县"], "level": ["county"], "path": ["/1/"], "geom": [whole]}
    return int(bulk_insert(conn, t.areas, columns)[0])


def _cells(conn: Connection, cells: gpd.GeoDataFrame, county_id: int) -> NDArray[np.int64]:
    n = len(cells)
    shapes = [one if one.geom_type == "MultiPolygon" else shapely.MultiPolygon([one]) for one in cells.geometry]
    columns = {
        "code": cells["code"], "name": [f"{i} 格" for i in range(n)], "name_en": [f"Cell {i}" for i in range(n)],
        "area_id": [county_id] * n, "area_m2": [1e4] * n, "valid_from": [FIRST_DAY] * n, "geom": shapes,
    }  # fmt: skip
    return bulk_insert(conn, t.cells, columns)


def _households(conn: Connection, homes: NDArray[np.float64], cell_ids: Sequence[int | None]) -> NDArray[np.int64]:
    n = len(homes)
    columns = {
        "code": [f"H{i:07}" for i in range(n)], "address": [f"{i % 97} 组 {i} 号" for i in range(n)],
        "children": [i % 3 for i in range(n)], "adults": [2] * n, "elders": [i % 2 for i in range(n)],
        "housing": ["brick"] * n, "cell_id": list(cell_ids), "crs_in": ["wgs84"] * n,
        "x_in": homes[:, 0], "y_in": homes[:, 1], "geom": shapely.points(homes),
    }  # fmt: skip
    return bulk_insert(conn, t.households, columns)


def _category(conn: Connection) -> None:
    values = {"code": "noise", "name": "噪声", "name_en": "Noise", "process": "dispute", "limit_hours": 72.0}
    conn.execute(insert(t.categories).values(values))


def planner(engine: Engine, bed: Bed) -> str:
    """A session token of somebody who plans the county's cells."""
    with write(engine) as conn:
        return _session(conn, "planner", Role.PLANNER, area_id=bed.county_id)


def worker(engine: Engine, bed: Bed, rows: Sequence[int]) -> str:
    """A session token of a worker on the roster of these cells (rows of the bed)."""
    with write(engine) as conn:
        row = {"code": ["W1"], "name": ["网格员"], "area_id": [bed.county_id]}
        worker_id = int(bulk_insert(conn, t.workers, row)[0])
        duties = {
            "worker_id": [worker_id] * len(rows), "cell_id": bed.cell_ids[list(rows)], "rank": ["primary"] * len(rows),
            "valid_from": [FIRST_DAY] * len(rows), "weekdays": [127] * len(rows),
        }  # fmt: skip
        bulk_insert(conn, t.duties, duties)
        versions.bump(conn, "workers", "duties")
        return _session(conn, "worker", Role.WORKER, worker_id=worker_id)


def workers(engine: Engine, bed: Bed) -> tuple[list[int], list[str]]:
    """A worker for each cell, in the order of the cells: their ids, and a session token of each."""
    n = len(bed.cells)
    with write(engine) as conn:
        rows: dict[str, Any] = {"code": [f"W{i:05}" for i in range(n)], "name": [f"网格员 {i}" for i in range(n)]}
        ids = bulk_insert(conn, t.workers, {**rows, "area_id": [bed.county_id] * n}).tolist()
        duties: dict[str, Any] = {
            "worker_id": ids, "cell_id": bed.cell_ids, "rank": ["primary"] * n, "valid_from": [FIRST_DAY] * n,
            "weekdays": [127] * n,
        }  # fmt: skip
        bulk_insert(conn, t.duties, duties)
        versions.bump(conn, "workers", "duties")
        return ids, [_session(conn, f"worker-{i}", Role.WORKER, worker_id=one) for i, one in enumerate(ids)]


def _session(conn: Connection, name: str, role: Role, **tie: int) -> str:
    token, now = secrets.token_urlsafe(32), datetime.now(UTC)
    values = {"username": name, "name": name, "role": role, "password_hash": NO_PASSWORD, "created_at": now, **tie}
    account_id = accounts.add(conn, values)
    accounts.open_session(conn, token_hash(token), account_id, now, now + timedelta(hours=12))
    return token
