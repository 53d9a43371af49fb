"""The lines and names of the base map: roads, water, places."""

from __future__ import annotations

from gridmap.store import tables as t
from gridmap.store.upsert import Upserted
from gridmap.usecases.imports.batch import Batch
from gridmap.usecases.imports.places import points

_SHAPE = {"geom": "geometry"}


def roads(batch: Batch) -> Upserted:
    batch.drop_repeated()
    columns = batch.columns(("code", "name", "name_en", "class"))
    return batch.upsert(t.roads, {**columns, "geom": batch.column("geometry")}, sources=_SHAPE)


def water(batch: Batch) -> Upserted:
    batch.drop_repeated()
    columns = batch.columns(("code", "name", "name_en", "class"))
    columns["width"] = batch.whole("width", 1)
    return batch.upsert(t.water, {**columns, "geom": batch.column("geometry")}, sources=_SHAPE)


def places(batch: Batch) -> Upserted:
    batch.drop_repeated()
    columns = batch.columns(("code", "name", "name_en", "class"))
    return batch.upsert(t.places, {**columns, "geom": points(batch)}, sources={"geom": "lon"})
