"""Households and enterprises, placed in the drawing of today as they come in; an enterprise's blasts and permits."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap.store import homes, subjects
from gridmap.store import tables as t
from gridmap.store.permits import not_led
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
    """A blast is known by its enterprise and the number that the log gives it. Its moment is kept to the
    millisecond, as finely as every format tells it."""
    known = _of_enterprise(batch, "code")
    columns = {
        "enterprise_id": [known[code] for code in batch.column("enterprise")],
        **batch.columns(("code", "charge_kg", "frequency_hz", *CAME_AS)),
        "at": [at.replace(microsecond=at.microsecond // 1_000 * 1_000) for at in batch.column("at")],
        "geom": points(batch),
    }
    return batch.upsert(t.blasts, columns, key=("enterprise_id", "code"), sources={"geom": "lon"})


def permits(batch: Batch) -> Upserted:
    """A permit is known by its enterprise and its number. It ends before `valid_to`, or with its last day."""
    known = _of_enterprise(batch, "number")
    if batch.view is not None:
        others = not_led(batch.conn, batch.view)
        batch.turn_away(
            batch.rows["enterprise"].isin(others).to_numpy(), "enterprise", "{value} lies outside your area"
        )
    ends, last = batch.column("valid_to"), [_day_after(one) for one in batch.column("last_day")]
    told = [end or day for end, day in zip(ends, last, strict=True)]
    batch.rows["valid_to"] = pd.Series(told, dtype=object)
    differ = np.array([None not in pair and pair[0] != pair[1] for pair in zip(ends, last, strict=True)], dtype=bool)
    batch.turn_away(differ, "valid_to", "valid_to is {value} (not included), and last_day is not the day before")
    starts, ends = batch.column("valid_from"), batch.column("valid_to")
    early = [end is not None and end <= start for start, end in zip(starts, ends, strict=True)]
    batch.turn_away(np.array(early, dtype=bool), "valid_to", "it must end after it begins; it ends before {value}")
    if "last_day" in batch.given:
        batch.given |= {"valid_to"}
    columns = {
        "enterprise_id": [known[code] for code in batch.column("enterprise")],
        **batch.columns(("number", "kind", "valid_from", "valid_to")),
    }
    return batch.upsert(t.permits, columns, key=("enterprise_id", "number"))


def _day_after(day: date | None) -> date | None:
    return None if day is None else day + timedelta(days=1)


def _of_enterprise(batch: Batch, number: str) -> dict[str, int]:
    """Turn away rows of unknown enterprises and second ones of a number; the enterprises' ids by code."""
    known = known_ids(batch.conn, t.enterprises)
    batch.resolve("enterprise", known, "enterprise")
    keys = zip(batch.column("enterprise"), batch.column(number), strict=True)
    batch.rows["_key"] = pd.Series(list(keys), dtype=object)
    batch.drop_repeated("_key", named=number)
    return known
