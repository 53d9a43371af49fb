"""Households and enterprises, each placed in the drawing of today as it comes in; and blast logs."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap.store import homes, subjects
from gridmap.store import tables as t
from gridmap.store.upsert import Upserted, known_ids
from gridmap.usecases.imports.batch import Batch

CONTACT = ("contact_name", "contact_phone")
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
    columns = {
        **batch.columns(("code", "address", "housing", *CAME_AS)),
        **{name: batch.whole(name) for name in ("children", "adults", "elders")},
        "cell_id": cell_ids(batch, lon, lat),
        "geom": points(batch),
    }
    done = batch.upsert(t.households, columns, sources={"cell_id": "lon", "geom": "lon"})
    if "contact_consent" not in batch.given:
        return done
    contacts, now = _contacts(batch), batch.ctx.clock()
    changed = subjects.reseal(batch.conn, batch.ctx.vault, t.households, done.ids, contacts, now)
    # a consent without anything that it keeps is none
    keeps = np.array([any(one.values()) for one in contacts], dtype=bool)
    homes.bring_contacts(batch.conn, done.ids[keeps].tolist(), done.ids[~keeps].tolist(), now)
    return Upserted(done.ids, done.fresh, done.changed | (changed & ~done.fresh))


def _contacts(batch: Batch) -> list[dict[str, str | None]]:
    """What the file says of the contacts of those who consented; without consent both go, and nothing else does."""
    given = [name for name in CONTACT if name in batch.given]
    told = [batch.column(name) for name in given]
    none = dict.fromkeys(CONTACT)
    return [
        {name: column[i] for name, column in zip(given, told, strict=True)} if consent else none
        for i, consent in enumerate(batch.column("contact_consent"))
    ]


def enterprises(batch: Batch) -> Upserted:
    batch.drop_repeated()
    shapes = batch.column("geometry")
    middles = shapely.get_coordinates(shapely.point_on_surface(np.array(shapes, dtype=object)))
    columns = {
        **batch.columns(("code", "name", "name_en", "kind", "opened_on", "source", *CAME_AS)),
        "status": batch.choice("status", "active"),
        "cell_id": cell_ids(batch, middles[:, 0], middles[:, 1]),
        "geom": shapes,
    }
    return batch.upsert(t.enterprises, columns, sources={"cell_id": "geometry", "geom": "geometry"})


def blasts(batch: Batch) -> Upserted:
    """A blast is known by its enterprise and the number that the log gives it."""
    known = known_ids(batch.conn, t.enterprises)
    batch.resolve("enterprise", known, "enterprise")
    keys = zip(batch.column("enterprise"), batch.column("code"), strict=True)
    batch.rows["_key"] = pd.Series(list(keys), dtype=object)
    batch.drop_repeated("_key", named="code")
    columns = {
        "enterprise_id": [known[code] for code in batch.column("enterprise")],
        **batch.columns(("code", "at", "charge_kg", "frequency_hz", *CAME_AS)),
        "geom": points(batch),
    }
    return batch.upsert(t.blasts, columns, key=("enterprise_id", "code"), sources={"geom": "lon"})
