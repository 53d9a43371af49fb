"""Areas, bodies, workers, rosters and categories."""

from __future__ import annotations

import numpy as np

from gridmap.store import subjects
from gridmap.store import tables as t
from gridmap.store.ground import areas_by_code
from gridmap.store.upsert import Upserted, known_ids, upsert
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
    return upsert(
        batch.conn,
        t.areas,
        {
            **batch.columns(("code", "name", "name_en", "level")),
            "parent_id": parents,
            "path": paths,
            "geom": batch.column("geometry"),
        },
    )


def _over(upper: str, lower: str) -> bool:
    return LEVELS.index(upper) < LEVELS.index(lower)


def _joined(parts: list[Upserted]) -> Upserted:
    if not parts:
        return Upserted(np.zeros(0, np.int64), np.zeros(0, bool), np.zeros(0, bool))
    return Upserted(*(np.concatenate([getattr(part, name) for part in parts]) for name in Upserted.__slots__))


def bodies(batch: Batch) -> Upserted:
    batch.drop_repeated()
    area_ids = batch.resolve("area", known_ids(batch.conn, t.areas), "area")
    names = ("code", "name", "name_en", "kind", "level", "department")
    return upsert(batch.conn, t.bodies, {**batch.columns(names), "area_id": area_ids})


def workers(batch: Batch) -> Upserted:
    batch.drop_repeated()
    batch.resolve("area", area_ids := known_ids(batch.conn, t.areas), "area")
    body_ids = batch.resolve("body", known_ids(batch.conn, t.bodies), "body", required=False)
    done = upsert(
        batch.conn,
        t.workers,
        {
            **batch.columns(("code", "name", "name_en")),
            "area_id": [area_ids[code] for code in batch.column("area")],
            "body_id": body_ids,
            "agent": batch.whole("agent", 0),
        },
    )
    phones = [{"contact_phone": phone} for phone in batch.column("phone")]
    changed = subjects.reseal(batch.conn, batch.ctx.vault, t.workers, done.ids, phones, batch.ctx.clock())
    return Upserted(done.ids, done.fresh, done.changed | (changed & ~done.fresh))


def duties(batch: Batch) -> Upserted:
    """A duty is known by worker, cell and first day (today where none is given)."""
    worker_ids = known_ids(batch.conn, t.workers)
    cell_ids = known_ids(batch.conn, t.cells)
    batch.resolve("worker", worker_ids, "worker")
    batch.resolve("cell", cell_ids, "cell")
    today = batch.ctx.today()
    batch.rows["valid_from"] = [day or today for day in batch.column("valid_from")]
    batch.rows["_key"] = [
        f"{worker}/{cell}/{day}"
        for worker, cell, day in zip(
            batch.column("worker"), batch.column("cell"), batch.column("valid_from"), strict=True
        )
    ]
    batch.drop_repeated("_key")
    columns = {
        "worker_id": [worker_ids[code] for code in batch.column("worker")],
        "cell_id": [cell_ids[code] for code in batch.column("cell")],
        **batch.columns(("rank", "valid_from", "valid_to")),
        "weekdays": batch.whole("weekdays", 127),
        "starts_min": batch.whole("starts_min"),
        "ends_min": batch.whole("ends_min"),
    }
    return upsert(batch.conn, t.duties, columns, key=("worker_id", "cell_id", "valid_from"))


def leaves(batch: Batch) -> Upserted:
    """A leave is known by worker and first day."""
    worker_ids = known_ids(batch.conn, t.workers)
    batch.resolve("worker", worker_ids, "worker")
    columns = {
        "worker_id": [worker_ids[code] for code in batch.column("worker")],
        **batch.columns(("starts_on", "ends_on")),
    }
    return upsert(batch.conn, t.leaves, columns, key=("worker_id", "starts_on"))


def categories(batch: Batch) -> Upserted:
    """Parents before their children, whatever the order in the file."""
    batch.drop_repeated()
    everything = batch.rows
    roots = everything["parent"].isna()
    parts = []
    for part in (everything[roots], everything[~roots]):
        batch.rows = part.reset_index(drop=True)
        parents = batch.resolve("parent", known_ids(batch.conn, t.categories), "category", required=False)
        names = ("code", "name", "name_en", "process", "limit_hours", "department")
        parts.append(upsert(batch.conn, t.categories, {**batch.columns(names), "parent_id": parents}))
    return _joined(parts)
