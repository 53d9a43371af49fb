"""Cells: dated, each in one area. A cell that is drawn already keeps its shape; redrawing is a plan's business."""

from __future__ import annotations

import numpy as np
import shapely

from gridmap.ground import area_m2
from gridmap.store import tables as t
from gridmap.store.bulk import bulk_insert
from gridmap.store.ground import areas_by_code, county
from gridmap.store.places import drawn_cells
from gridmap.store.upsert import Upserted, known_ids
from gridmap.usecases.imports.batch import Batch
from gridmap.usecases.imports.places import place_again


def cells(batch: Batch) -> Upserted:
    """New cells go in with their first day (today when none is given); equal ones are left as they are."""
    batch.drop_repeated()
    _fill_in(batch)
    area_ids = {code: area.id for code, area in areas_by_code(batch.conn).items()}
    batch.resolve("area", area_ids, "area (import the areas first, at least the county)")
    batch.resolve("body", body_ids := known_ids(batch.conn, t.bodies), "body", required=False)
    drawn = drawn_cells(batch.conn)
    _refuse_redrawing(batch, {code: shape for code, (_, shape) in drawn.items()})
    fresh = ~batch.rows["code"].isin(drawn.keys()).to_numpy()
    ids = np.array([drawn[code][0] if code in drawn else 0 for code in batch.column("code")], dtype=np.int64)
    if fresh.any():
        ids[fresh] = _insert(batch, fresh, area_ids, body_ids)
        place_again(batch)
    return Upserted(ids, fresh, np.zeros(len(ids), bool))


def _fill_in(batch: Batch) -> None:
    top = county(batch.conn)
    rows = batch.rows
    if top is not None:
        rows["area"] = [area if isinstance(area, str) else top.code for area in rows["area"]]
    today = batch.ctx.today()
    rows["valid_from"] = [day or today for day in batch.column("valid_from")]
    rows["name"] = [name or code for name, code in zip(batch.column("name"), batch.column("code"), strict=True)]


def _refuse_redrawing(batch: Batch, drawn: dict[str, object]) -> None:
    other = [
        code in drawn and not shapely.equals(drawn[code], shape)
        for code, shape in zip(batch.column("code"), batch.column("geometry"), strict=True)
    ]
    batch.turn_away(
        np.array(other, dtype=bool),
        "code",
        "the cell {value} is drawn already with another border; a border is changed by a plan, not by an import",
    )


def _insert(batch: Batch, fresh: np.ndarray, area_ids: dict[str, int], body_ids: dict[str, int]) -> np.ndarray:
    everything, batch.rows = batch.rows, batch.rows[fresh].reset_index(drop=True)
    shapes = np.array(batch.column("geometry"), dtype=object)
    ids = bulk_insert(
        batch.conn,
        t.cells,
        {
            **batch.columns(("code", "name", "name_en", "valid_from", "valid_to")),
            "area_id": [area_ids[code] for code in batch.column("area")],
            "body_id": [body_ids.get(code) for code in batch.column("body")],
            "area_m2": area_m2(shapes),
            "geom": shapes,
        },
    )
    batch.rows = everything
    return ids
