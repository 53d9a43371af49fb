"""Reading and moving what stands on the ground when cells are drawn: households, enterprises, the cells themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from sqlalchemy import Connection, Table, select

from gridmap.store import tables as t
from gridmap.store.bulk import bulk_update, frame


@dataclass(frozen=True, slots=True)
class Points:
    """Rows as arrays of equal length; cell_id is 0 where a row has none."""

    id: npt.NDArray[np.int64]
    cell_id: npt.NDArray[np.int64]
    lon: npt.NDArray[np.float64]
    lat: npt.NDArray[np.float64]


def all_points(conn: Connection, table: Table) -> Points:
    """Every row of households or enterprises with a point inside its shape."""
    rows = frame(conn, select(table.c.id, table.c.cell_id, table.c.geom))
    inside = shapely.get_coordinates(shapely.point_on_surface(rows["geom"].to_numpy(dtype=object)))
    return Points(
        rows["id"].to_numpy(np.int64),
        rows["cell_id"].fillna(0).to_numpy(np.int64),
        inside[:, 0],
        inside[:, 1],
    )


def set_cells(conn: Connection, table: Table, ids: npt.NDArray[np.int64], cell_ids: npt.NDArray[np.int64]) -> None:
    """Give these rows these cells; 0 means none."""
    if len(ids):
        bulk_update(conn, table, ids, {"cell_id": [cell_id or None for cell_id in cell_ids.tolist()]})


@dataclass(frozen=True, slots=True)
class Drawn:
    """A cell as it is drawn."""

    id: int
    shape: Any
    valid_from: date
    valid_to: date | None


def drawn_cells(conn: Connection) -> dict[str, Drawn]:
    """The newest drawing of each cell code."""
    c = t.cells.c
    rows = frame(conn, select(c.id, c.code, c.geom, c.valid_from, c.valid_to).order_by(c.valid_from))
    values = zip(rows["id"].tolist(), rows["geom"], rows["valid_from"], rows["valid_to"], strict=True)
    return {code: Drawn(*one) for code, one in zip(rows["code"], values, strict=True)}
