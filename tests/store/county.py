"""A county small enough to be counted by hand, put straight into the database.

County 1 holds town 2 (communities 3, 4) and town 5 (community 6). Cells A, B lie in 3, C in 4, D in 6; cell E is D's
earlier drawing under another code. Squares are 1/256 degree; A B stand above C D.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import shapely
from sqlalchemy import Connection, insert

from gridmap.store import tables as t
from gridmap.store.bulk import bulk_insert, bulk_update
from gridmap.store.chain import Round, append_first_events
from tests.grids import LAT, LON, SIZE_DEG, grid

NOW = datetime(2026, 7, 3, 4, 0, tzinfo=UTC)
TODAY = date(2026, 7, 3)
OPENED = date(2024, 1, 1)


@dataclass(frozen=True)
class County:
    """Ids by code."""

    area: dict[str, int]
    body: dict[str, int]
    cell: dict[str, int]
    worker: dict[str, int]
    category: dict[str, int]


def _multi(shape: Any) -> Any:
    return shapely.multipolygons([shape]) if shape.geom_type == "Polygon" else shape


def build(conn: Connection) -> County:
    """The county without households, enterprises and incidents."""
    shapes = {row.code: row.geometry for row in grid("AB/CD").itertuples()}
    whole = shapely.union_all(list(shapes.values()))
    areas = [
        ("520000", "county", None, "/1/"), ("520001", "town", 1, "/1/2/"), ("520001001", "community", 2, "/1/2/3/"),
        ("520001002", "community", 2, "/1/2/4/"), ("520002", "town", 1, "/1/5/"),
        ("520002001", "community", 5, "/1/5/6/"),
    ]  # fmt: skip
    conn.execute(
        insert(t.areas),
        [{"code": c, "name": f"区{c}", "name_en": f"Area {c}", "level": lv, "parent_id": p, "path": path}
         for c, lv, p, path in areas],
    )  # fmt: skip

    bulk_update(conn, t.areas, [1], {"geom": [_multi(whole)]})
    bodies = [("B1", "centre", "town", 2, None), ("B2", "department", "county", 1, "ecology")]
    conn.execute(
        insert(t.bodies),
        [{"code": c, "name": c, "kind": k, "level": lv, "area_id": a, "department": d} for c, k, lv, a, d in bodies],
    )
    cells = bulk_insert(
        conn, t.cells,
        {
            "code": ["A", "B", "C", "D", "E"], "name": ["甲", "乙", "丙", "丁", "戊"],
            "name_en": ["Ay", "Bee", "Cee", "Dee", None], "area_id": [3, 3, 4, 6, 6], "body_id": [1, 1, None, 2, 2],
            "area_m2": [1.0] * 5, "valid_from": [OPENED] * 3 + [date(2025, 1, 1), OPENED],
            "valid_to": [None] * 4 + [date(2025, 1, 1)], "geom": [_multi(shapes[c]) for c in "ABCDD"],
        },
    )  # fmt: skip
    workers = bulk_insert(
        conn, t.workers,
        {"code": ["W1", "W2", "W3"], "name": ["王一", "李二", "张三"], "name_en": ["Wang", "Li", None],
         "area_id": [3, 3, 6], "body_id": [1, None, 2]},
    )  # fmt: skip
    bulk_insert(
        conn, t.duties,
        {"worker_id": [1, 1, 2, 2, 3], "cell_id": [1, 2, 2, 3, 4], "valid_from": [OPENED] * 5,
         "rank": ["primary", "backup", "primary", "primary", "primary"],
         "valid_to": [None, None, None, date(2026, 1, 1), None]},
    )  # fmt: skip
    categories = bulk_insert(
        conn, t.categories,
        {"code": ["mining", "mining.dust", "land"],
         "name": ["矿山", "粉尘", "土地"], "name_en": ["Mining", "Dust", "Land"],
         "parent_id": [None, 1, None], "process": ["dispute"] * 3, "limit_hours": [72.0] * 3,
         "department": ["ecology", None, None]},
    )  # fmt: skip
    return County(
        area={code: i + 1 for i, (code, *_) in enumerate(areas)},
        body={"B1": 1, "B2": 2},
        cell=dict(zip("ABCDE", cells.tolist(), strict=True)),
        worker=dict(zip(("W1", "W2", "W3"), workers.tolist(), strict=True)),
        category=dict(zip(("mining", "mining.dust", "land"), categories.tolist(), strict=True)),
    )


def spot(cell: str, rng: np.random.Generator | None = None) -> shapely.Point:
    """A point in the square of A, B, C or D: its middle, or drawn."""
    column, row = {"A": (0, 1), "B": (1, 1), "C": (0, 0), "D": (1, 0), "E": (1, 0)}[cell]
    dx, dy = (0.5, 0.5) if rng is None else rng.uniform(0.05, 0.95, 2)
    return shapely.Point(LON + (column + dx) * SIZE_DEG, LAT + (row + dy) * SIZE_DEG)


def place_columns(points: list[Any]) -> dict[str, Any]:
    """The columns of a place."""
    return {
        "crs_in": ["wgs84"] * len(points), "x_in": [p.x for p in points], "y_in": [p.y for p in points], "geom": points,
    }  # fmt: skip


def add_households(conn: Connection, cells: str) -> list[int]:
    """One household a letter, in the middle of that cell."""
    known = {"A": 1, "B": 2, "C": 3, "D": 4}
    return bulk_insert(
        conn, t.households,
        {"code": [f"H{i:03}" for i in range(len(cells))], "address": [f"{c} 街 {i} 号" for i, c in enumerate(cells)],
         "cell_id": [known.get(c) for c in cells], "children": [1] * len(cells),
         **place_columns([spot(c if c in known else "A") for c in cells])},
    ).tolist()  # fmt: skip


def _status(closed_at: datetime | None, cell: str | None) -> str:
    if closed_at:
        return "closed"
    return "assigned" if cell else "unplaced"


def light_columns(received: list[datetime], hours: list[float], closed: list[Any]) -> dict[str, list[Any]]:
    """What is remembered of the lights of cases whose whole limit runs always, and whose steps have none."""
    shares = {"yellow_at": 0.75, "overdue_at": 1, "red_at": 1, "very_late_at": 3}
    rows = list(zip(received, hours, closed, strict=True))
    return {
        name: [None if end else at + timedelta(hours=share * limit) for at, limit, end in rows]
        for name, share in shares.items()
    }


def add_incidents(conn: Connection, rows: list[dict[str, Any]], number: str = "N", *, lights: bool = True) -> list[int]:
    """Incidents, each with its responsibility and a first event.

    A row may give: cell (letter or None), category (id), received_at, hours (its limit), closed_at, and of the
    responsibility worker_id, body_id, area_id, now_cell (letter). Without `lights`: as before migration 0003.
    """
    letters = {"A": 1, "B": 2, "C": 3, "D": 4, "E": 5, None: None}
    areas = {"A": 3, "B": 3, "C": 4, "D": 6, "E": 6, None: 1}
    given = [{"cell": "A", "received_at": NOW - timedelta(hours=1), "hours": 72.0, **row} for row in rows]
    received = [row["received_at"] for row in given]
    closed = [row.get("closed_at") for row in given]
    cells = [row["cell"] for row in given]
    numbers = [f"{number}{i:04}" for i in range(len(given))]
    ids = bulk_insert(
        conn, t.incidents,
        {
            "number": numbers, "category_id": [row.get("category", 1) for row in given],
            "channel": ["worker"] * len(given),
            "status": [_status(c, cell) for c, cell in zip(closed, cells, strict=True)],
            "received_at": received, "closed_at": closed,
            "due_at": [at + timedelta(hours=row["hours"]) for at, row in zip(received, given, strict=True)],
            "cell_id": [letters[c] for c in cells],
            "place_reason": ["inside" if c else "outside" for c in cells],
            **place_columns([spot(c or "A") for c in cells]),
            **(light_columns(received, [row["hours"] for row in given], closed) if lights else {}),
        },
    )  # fmt: skip
    now_cells = [row.get("now_cell", row["cell"]) for row in given]
    bulk_insert(
        conn, t.responsibilities,
        {
            "incident_id": ids, "cell_id": [letters[c] for c in now_cells], "valid_from": received,
            "worker_id": [row.get("worker_id") for row in given], "body_id": [row.get("body_id") for row in given],
            "area_id": [row.get("area_id", areas[c]) for row, c in zip(given, now_cells, strict=True)],
            "reason": ["primary" if c else "outside" for c in now_cells],
        },
    )  # fmt: skip
    moments = np.array([at.replace(tzinfo=None) for at in received], dtype="datetime64[us]")
    append_first_events(conn, ids, numbers, [Round("reported", moments, ['{"cell_id":null}'] * len(moments))])
    return ids.tolist()
