"""Households and enterprises: each is placed in the drawing of today as it comes in."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from gridmap.ground import AssignmentIndex
from gridmap.store import subjects
from gridmap.store import tables as t
from gridmap.store.ground import cells_on
from gridmap.store.places import all_points, set_cells
from gridmap.store.upsert import Upserted, upsert
from gridmap.usecases.imports.batch import Batch

CAME_AS = ("crs_in", "x_in", "y_in")


def points(batch: Batch) -> list[Any]:
    """The rows' lon and lat as shapely points."""
    made: list[Any] = shapely.points(
        batch.rows["lon"].to_numpy(np.float64), batch.rows["lat"].to_numpy(np.float64)
    ).tolist()
    return made


def cell_ids(batch: Batch, lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64]) -> list[int | None]:
    """The cells of today in which these places lie; None outside all."""
    ground = batch.ctx.grounds.on(batch.conn, batch.ctx.today())
    return [int(ground.ids[position]) if position >= 0 else None for position in ground.index.locate(lon, lat).tolist()]


def households(batch: Batch) -> Upserted:
    batch.drop_repeated()
    lon, lat = batch.rows["lon"].to_numpy(np.float64), batch.rows["lat"].to_numpy(np.float64)
    done = upsert(
        batch.conn,
        t.households,
        {
            **batch.columns(("code", "address", "housing", *CAME_AS)),
            **{name: batch.whole(name) for name in ("children", "adults", "elders")},
            "cell_id": cell_ids(batch, lon, lat),
            "geom": points(batch),
        },
    )
    changed = subjects.reseal(batch.conn, batch.ctx.vault, t.households, done.ids, _contacts(batch), batch.ctx.clock())
    return Upserted(done.ids, done.fresh, done.changed | (changed & ~done.fresh))


def _contacts(batch: Batch) -> list[dict[str, str | None]]:
    """Contacts of those who consented; without consent nothing is kept."""
    given = zip(
        batch.column("contact_consent"), batch.column("contact_name"), batch.column("contact_phone"), strict=True
    )
    return [{"contact_name": name, "contact_phone": phone} if consent else {} for consent, name, phone in given]


def enterprises(batch: Batch) -> Upserted:
    batch.drop_repeated()
    shapes = batch.column("geometry")
    middles = shapely.get_coordinates(shapely.point_on_surface(np.array(shapes, dtype=object)))
    names = ("code", "name", "name_en", "kind", "status", "opened_on", "source", *CAME_AS)
    return upsert(
        batch.conn,
        t.enterprises,
        {**batch.columns(names), "cell_id": cell_ids(batch, middles[:, 0], middles[:, 1]), "geom": shapes},
    )


def place_again(batch: Batch) -> None:
    """After new cells: give every household and enterprise its cell of today."""
    cells = cells_on(batch.conn, batch.ctx.today())
    index, ids = AssignmentIndex(cells, code="code"), cells["id"].to_numpy(np.int64)
    for table in (t.households, t.enterprises):
        rows = all_points(batch.conn, table)
        found = index.locate(rows.lon, rows.lat)
        now = np.where(found >= 0, ids[found] if len(ids) else 0, 0)
        moved = now != rows.cell_id
        set_cells(batch.conn, table, rows.id[moved], now[moved])
