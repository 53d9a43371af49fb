"""Cells: dated, each in one area. A cell that is drawn already keeps its shape; redrawing is a plan's business."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from gridmap.ground import area_m2
from gridmap.store import scores
from gridmap.store import tables as t
from gridmap.store.bulk import bulk_insert
from gridmap.store.ground import areas_by_code, county
from gridmap.store.places import Drawn, drawn_cells
from gridmap.store.upsert import Upserted, known_ids
from gridmap.usecases.imports.batch import Batch
from gridmap.usecases.placing import place_again


def cells(batch: Batch) -> Upserted:
    """New cells go in with their first day (today when none is given); of those drawn already the names, the area and
    the body are brought up to date, never the border or the days."""
    batch.drop_repeated()
    drawn = drawn_cells(batch.conn)
    _fill_in(batch, drawn)
    area_ids = {code: area.id for code, area in areas_by_code(batch.conn).items()}
    batch.resolve("area", area_ids, "area (import the areas first, at least the county)")
    batch.resolve("body", body_ids := known_ids(batch.conn, t.bodies), "body", required=False)
    _refuse_redrawing(batch, drawn)
    fresh = ~batch.rows["code"].isin(drawn.keys()).to_numpy()
    ids = np.array([drawn[code].id if code in drawn else 0 for code in batch.column("code")], dtype=np.int64)
    columns = {
        **batch.columns(("name", "name_en")),
        "area_id": [area_ids[code] for code in batch.column("area")],
        "body_id": [body_ids.get(code) for code in batch.column("body")],
    }
    changed = _correct(batch, columns, ids, ~fresh)
    if fresh.any():
        ids[fresh] = _insert(batch, columns, fresh)
        place_again(batch.ctx, batch.conn)
    return Upserted(ids, fresh, changed)


def _correct(
    batch: Batch, columns: dict[str, list[Any]], ids: npt.NDArray[np.int64], there: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Bring the attributes of cells drawn already up to date; the mask of those that changed."""
    changed = np.zeros(len(ids), bool)
    rows = np.flatnonzero(there)
    if len(rows):
        kept = {name: [values[i] for i in rows] for name, values in columns.items()}
        sources = {"area_id": "area", "body_id": "body"}
        done = batch.upsert(t.cells, {"id": ids[rows].tolist(), **kept}, key=("id",), sources=sources)
        changed[rows] = done.changed
        scores.rehome(batch.conn, ids[changed].tolist(), batch.ctx.zone)
    return changed


def _fill_in(batch: Batch, drawn: Mapping[str, Drawn]) -> None:
    top = county(batch.conn)
    rows = batch.rows
    if top is not None:
        rows["area"] = [area or top.code for area in batch.column("area")]
    today = batch.ctx.today()
    rows["valid_from"] = [
        day or (drawn[code].valid_from if code in drawn else today)
        for code, day in zip(batch.column("code"), batch.column("valid_from"), strict=True)
    ]
    rows["name"] = [name or code for name, code in zip(batch.column("name"), batch.column("code"), strict=True)]


def _refuse_redrawing(batch: Batch, drawn: Mapping[str, Drawn]) -> None:
    by_plan = "; {what} is changed by a plan, not by an import"
    border, days = [], []
    given = [batch.column(name) for name in ("code", "geometry", "valid_from", "valid_to")]
    told = ("valid_from" in batch.given, "valid_to" in batch.given)
    for code, shape, first, end in zip(*given, strict=True):
        there = drawn.get(code)
        border.append(there is not None and not shapely.equals(there.shape, shape))
        # a file that gives no day says nothing of it
        other = there is not None and (
            (told[0] and first != there.valid_from) or (told[1] and end is not None and end != there.valid_to)
        )
        days.append(other and not border[-1])
    keep = ~np.array(border, dtype=bool)
    said = "the cell {value} is drawn already with another border" + by_plan.format(what="a border")
    batch.turn_away(~keep, "code", said)
    said = "the cell {value} is drawn already from or to another day" + by_plan.format(what="a day")
    batch.turn_away(np.array(days, dtype=bool)[keep], "code", said)


def _insert(batch: Batch, columns: dict[str, list[Any]], fresh: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    told = {**columns, **batch.columns(("code", "valid_from", "valid_to")), "geom": batch.column("geometry")}
    chosen = {name: [value for value, new in zip(values, fresh, strict=True) if new] for name, values in told.items()}
    shapes = np.array(chosen["geom"], dtype=object)
    return bulk_insert(batch.conn, t.cells, {**chosen, "geom": shapes, "area_m2": area_m2(shapes)})
