"""The lines and names of the base map: roads, water, places."""

from __future__ import annotations

from gridmap.store import tables as t
from gridmap.store.upsert import Upserted, upsert
from gridmap.usecases.imports.batch import Batch
from gridmap.usecases.imports.places import points


def roads(batch: Batch) -> Upserted:
    batch.drop_repeated()
    columns = batch.columns(("code", "name", "name_en", "class"))
    return upsert(batch.conn, t.roads, {**columns, "geom": batch.column("geometry")})


def water(batch: Batch) -> Upserted:
    batch.drop_repeated()
    columns = batch.columns(("code", "name", "name_en", "class"))
    columns["width"] = batch.whole("width", 1)
    return upsert(batch.conn, t.water, {**columns, "geom": batch.column("geometry")})


def places(batch: Batch) -> Upserted:
    batch.drop_repeated()
    columns = batch.columns(("code", "name", "name_en", "class"))
    return upsert(batch.conn, t.places, {**columns, "geom": points(batch)})
