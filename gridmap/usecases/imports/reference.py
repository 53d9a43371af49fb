"""Areas, bodies, workers, rosters and categories."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridmap.store import subjects
from gridmap.store import tables as t
from gridmap.store.ground import areas_by_code, duties_in_force
from gridmap.store.upsert import Upserted, known_ids
from gridmap.usecases.imports.batch import Batch

LEVELS = ("county", "town", "community")


def areas(batch: Batch) -> Upserted:
    """Counties first, then towns, then communities, so that a file may hold them in any order."""
    batch.turn_away(
        batch.rows["code"].str.contains(r"[/%_\\]", regex=True).to_numpy(bool),
        "code",
        "the code {value} holds one of / % _ \\, which codes may not",
    )
    batch.drop_repeated()
    everything = batch.rows
    parts = []
    for level in LEVELS:
        batch.rows = everything[everything["level"] == level].reset_index(drop=True)
        if len(batch.rows):
            parts.append(_areas_of_level(batch, level))
    return _joined(parts)


def _areas_of_level(batch: Batch, level: str) -> Upserted:
    known = areas_by_code(batch.conn)
    above = {code: area.id for code, area in known.items() if level != "county" and _over(area.level, level)}
    parents = batch.resolve("parent", above, f"area above a {level}", required=level != "county")
    paths = [
        f"{known[parent].path if parent else '/'}{code}/"
        for code, parent in zip(batch.column("code"), batch.column("parent"), strict=True)
    ]
    columns = {
        **batch.columns(("code", "name", "name_en", "level")),
        "parent_id": parents,
        "path": paths,
        "geom": batch.column("geometry"),
    }
    return batch.upsert(t.areas, columns, sources={"parent_id": "parent", "path": "parent", "geom": "geometry"})


def _over(upper: str, lower: str) -> bool:
    return LEVELS.index(upper) < LEVELS.index(lower)


def _joined(parts: list[Upserted]) -> Upserted:
    if not parts:
        return Upserted(np.zeros(0, np.int64), np.zeros(0, bool), np.zeros(0, bool))
    return Upserted(*(np.concatenate([getattr(part, name) for part in parts]) for name in Upserted.__slots__))


def bodies(batch: Batch) -> Upserted:
    batch.drop_repeated()
    area_ids = batch.resolve("area", known_ids(batch.conn, t.areas), "area")
    names = ("code", "name", "name_en", "kind", "level", "department", "email")
    return batch.upsert(t.bodies, {**batch.columns(names), "area_id": area_ids}, sources={"area_id": "area"})


def workers(batch: Batch) -> Upserted:
    batch.drop_repeated()
    batch.resolve("area", area_ids := known_ids(batch.conn, t.areas), "area")
    body_ids = batch.resolve("body", known_ids(batch.conn, t.bodies), "body", required=False)
    columns = {
        **batch.columns(("code", "name", "name_en")),
        "area_id": [area_ids[code] for code in batch.column("area")],
        "body_id": body_ids,
        "agent": batch.whole("agent", 0),
    }
    done = batch.upsert(t.workers, columns, sources={"area_id": "area", "body_id": "body"})
    if "phone" not in batch.given:
        return done
    phones = [{"contact_phone": phone} for phone in batch.column("phone")]
    changed = subjects.reseal(batch.conn, batch.ctx.vault, t.workers, done.ids, phones, batch.ctx.clock())
    return Upserted(done.ids, done.fresh, done.changed | (changed & ~done.fresh))


def duties(batch: Batch) -> Upserted:
    """A duty is known by worker, cell and first day.

    Where a row gives no first day, it speaks of the duty in force for that worker and cell; where there is none, a new
    one begins today.
    """
    worker_ids = known_ids(batch.conn, t.workers)
    cell_ids = known_ids(batch.conn, t.cells)
    batch.resolve("worker", worker_ids, "worker")
    batch.resolve("cell", cell_ids, "cell")
    same = [start is not None and start == end for start, end in zip(*_hours(batch), strict=True)]
    batch.turn_away(np.array(same, dtype=bool), "worker", "the duty of {value} ends in the minute it starts")
    worker = [worker_ids[code] for code in batch.column("worker")]
    cell = [cell_ids[code] for code in batch.column("cell")]
    today = batch.ctx.today()
    in_force = duties_in_force(batch.conn, today) if None in batch.column("valid_from") else {}
    first = [
        day or in_force.get((w, c), today) for w, c, day in zip(worker, cell, batch.column("valid_from"), strict=True)
    ]
    batch.rows["_key"] = pd.Series(list(zip(worker, cell, first, strict=True)), dtype=object)
    batch.drop_repeated("_key", named="worker")
    keys = batch.column("_key")
    columns = {
        "worker_id": [one[0] for one in keys],
        "cell_id": [one[1] for one in keys],
        "valid_from": [one[2] for one in keys],
        "rank": batch.choice("rank", "primary"),
        "valid_to": batch.column("valid_to"),
        "weekdays": batch.whole("weekdays", 127),
        **dict(zip(("starts_min", "ends_min"), _hours(batch), strict=True)),
    }
    return batch.upsert(t.duties, columns, key=("worker_id", "cell_id", "valid_from"))


def _hours(batch: Batch) -> tuple[list[int | None], list[int | None]]:
    return batch.whole("starts_min"), batch.whole("ends_min")


def leaves(batch: Batch) -> Upserted:
    """A leave is known by worker and first day."""
    worker_ids = known_ids(batch.conn, t.workers)
    batch.resolve("worker", worker_ids, "worker")
    ends = [
        first is None or back is None or back <= first
        for first, back in zip(batch.column("starts_on"), batch.column("ends_on"), strict=True)
    ]
    batch.turn_away(
        np.array(ends, dtype=bool), "ends_on", "the first day back, {value}, does not lie after the first day off"
    )
    keys = zip(batch.column("worker"), batch.column("starts_on"), strict=True)
    batch.rows["_key"] = pd.Series(list(keys), dtype=object)
    batch.drop_repeated("_key", named="worker")
    columns = {
        "worker_id": [worker_ids[code] for code in batch.column("worker")],
        **batch.columns(("starts_on", "ends_on")),
    }
    return batch.upsert(t.leaves, columns, key=("worker_id", "starts_on"))


def categories(batch: Batch) -> Upserted:
    """Parents before their children, whatever the order in the file."""
    batch.drop_repeated()
    everything = batch.rows
    roots = everything["parent"].isna() if "parent" in everything else np.ones(len(everything), dtype=bool)
    parts = []
    for part in (everything[roots], everything[~roots]):
        batch.rows = part.reset_index(drop=True)
        parents = batch.resolve("parent", known_ids(batch.conn, t.categories), "category", required=False)
        names = ("code", "name", "name_en", "process", "limit_hours", "department")
        columns = {**batch.columns(names), "parent_id": parents}
        parts.append(batch.upsert(t.categories, columns, sources={"parent_id": "parent"}))
    return _joined(parts)
