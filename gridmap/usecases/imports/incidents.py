"""A register of incidents: each row is placed, assigned and given its events as if it had been reported in its turn."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from gridmap.store import chain, subjects
from gridmap.store import incidents as incident_store
from gridmap.store import tables as t
from gridmap.store.ground import drawing_days
from gridmap.store.incidents import Category, categories, drawn_number
from gridmap.store.upsert import Upserted, known_ids
from gridmap.usecases.assigning import Places, Responses, place, respond
from gridmap.usecases.imports.batch import Batch
from gridmap.usecases.imports.clocks import first_events, opening
from gridmap.usecases.imports.places import CAME_AS, points

CHUNK = 10_000
PERSONAL = ("text", "reporter_name", "reporter_phone")


def incidents(batch: Batch) -> Upserted:
    """New rows by the register's number go in; rows known already are left alone: a case moves on by actions."""
    ids = _known(batch)
    fresh = ids == 0
    batch.rows = batch.rows[fresh].reset_index(drop=True)
    prepared = _prepare(batch)
    inserted = _insert(batch, prepared) if len(batch.rows) else np.zeros(0, np.int64)
    kept = ids[~fresh]
    return Upserted(
        np.concatenate([kept, inserted]),
        np.r_[np.zeros(len(kept), bool), np.ones(len(inserted), bool)],
        np.zeros(len(kept) + len(inserted), bool),
    )


def _known(batch: Batch) -> npt.NDArray[np.int64]:
    """The ids of rows known already, 0 for the others; rows that repeat one before them are turned away.

    A file that gives `source_ref` was exported from a gridmap: its `number` is the platform's own, and is kept.
    """
    by_reference = known_ids(batch.conn, t.incidents, "source_ref")
    if "source_ref" not in batch.given:
        batch.rows["source_ref"] = _references(batch)
        batch.drop_repeated("source_ref", named="number")
        ids = [by_reference.get(reference, 0) for reference in batch.column("source_ref")]
    else:
        batch.drop_repeated("number")
        again = batch.rows["source_ref"].duplicated() & batch.rows["source_ref"].notna()
        batch.turn_away(again.to_numpy(bool), "source_ref", "{value} stands in an earlier row already")
        by_number = known_ids(batch.conn, t.incidents, "number")
        names = zip(batch.column("number"), batch.column("source_ref"), strict=True)
        ids = [by_number.get(number) or by_reference.get(reference, 0) for number, reference in names]
    return np.array(ids, dtype=np.int64)


def _numbers(batch: Batch, received: list[datetime]) -> list[str]:
    """The platform's own numbers: those of the file where it was exported from a gridmap, else freshly drawn ones."""
    if "source_ref" in batch.given:
        return batch.column("number")
    return [drawn_number(moment.astimezone(batch.ctx.zone)) for moment in received]


def _references(batch: Batch) -> list[str]:
    """The register's own number; for a row without one, a keyed digest of what it says."""
    said = zip(*(batch.column(name) for name in ("category", "received_at", "x_in", "y_in", "text")), strict=True)
    return [
        number or "digest:" + batch.ctx.vault.digest(repr(row))
        for number, row in zip(batch.column("number"), said, strict=True)
    ]


def _prepare(batch: Batch) -> list[Category]:
    """Resolve what the rows refer to, turning bad ones away; the category of each row that still stands."""
    by_name = categories(batch.conn)
    batch.rows["category"] = [name.strip().casefold() if name else None for name in batch.column("category")]
    batch.resolve("category", {name: one.id for name, one in by_name.items()}, "category")
    now = batch.ctx.clock()
    received = batch.column("received_at")
    batch.turn_away(
        np.array([moment is None or moment > now for moment in received], dtype=bool),
        "received_at",
        "{value} is not a moment that has passed",
    )
    ahead = [closed is not None and closed > now for closed in batch.column("closed_at")]
    batch.turn_away(np.array(ahead, dtype=bool), "closed_at", "{value} is not a moment that has passed")
    early = [
        closed is not None and closed < start
        for closed, start in zip(batch.column("closed_at"), batch.column("received_at"), strict=True)
    ]
    batch.turn_away(np.array(early, dtype=bool), "closed_at", "{value} lies before the report was received")
    for name, table in (("household", t.households), ("enterprise", t.enterprises)):
        if name in batch.rows:
            batch.rows[f"{name}_id"] = batch.resolve(name, known_ids(batch.conn, table), name, required=False)
    return [by_name[name] for name in batch.column("category")]


def _insert(batch: Batch, chosen: list[Category]) -> npt.NDArray[np.int64]:
    places = _place(batch)
    received, closed = batch.column("received_at"), batch.column("closed_at")
    who = respond(batch.conn, places, [one.department for one in chosen], received, closed, batch.ctx.zone)
    done, total = [], len(batch.rows)
    columns = _columns(batch, chosen, places, received, closed)
    for start in range(0, total, CHUNK):
        span = slice(start, min(start + CHUNK, total))
        done.append(_insert_chunk(batch, {k: v[span] for k, v in columns.items()}, chosen[span], who, span))
        batch.progress(span.stop, total)
    return np.concatenate(done)


def _place(batch: Batch) -> Places:
    """Place each row in the drawing of the day it was received, or in today's where there was none yet."""
    lon, lat = batch.rows["lon"].to_numpy(np.float64), batch.rows["lat"].to_numpy(np.float64)
    accuracy = np.array([np.nan if a is None else a for a in batch.column("accuracy_m")], dtype=np.float64)
    days = drawing_days(batch.conn)
    today = batch.ctx.today()
    zone = batch.ctx.zone
    drawn = [_drawn_on(moment.astimezone(zone).date(), days, today) for moment in batch.column("received_at")]
    parts = {}
    for day in sorted(set(drawn)):
        rows = np.flatnonzero([one == day for one in drawn])
        ground = batch.ctx.grounds.on(batch.conn, day)
        parts[day] = (rows, place(ground, lon[rows], lat[rows], accuracy[rows]))
    if len(parts) == 1:
        return next(iter(parts.values()))[1]
    order = np.argsort(np.concatenate([rows for rows, _ in parts.values()]), kind="stable").tolist()
    joined = {
        name: [value for _, found in parts.values() for value in getattr(found, name)] for name in Places.__slots__
    }
    return Places(**{name: [values[i] for i in order] for name, values in joined.items()})


def _drawn_on(day: date, days: list[date], today: date) -> date:
    """The first day of the drawing in force on a day (one index serves all its days), else today."""
    before = [first for first in days if first <= day]
    return before[-1] if before else today


def _columns(
    batch: Batch, chosen: list[Category], places: Places, received: list[datetime], closed: list[datetime | None]
) -> dict[str, list[Any]]:
    status = [
        "closed" if end is not None else "unplaced" if cell is None else "assigned"
        for end, cell in zip(closed, places.cell_id, strict=True)
    ]
    named = ("accuracy_m", "occurred_at", "household_id", "enterprise_id", "source_ref", *CAME_AS)
    return {
        **places.columns(),
        **batch.columns(named),
        "number": _numbers(batch, received),
        "category_id": [one.id for one in chosen],
        "channel": [channel or "import" for channel in batch.column("channel")],
        "status": status,
        "received_at": received,
        "closed_at": closed,
        **opening(batch, chosen, received, closed),
        "geom": points(batch),
        **{name: batch.column(name) for name in PERSONAL},
    }


def _insert_chunk(
    batch: Batch, columns: dict[str, list[Any]], chosen: list[Category], who: Responses, span: slice
) -> npt.NDArray[np.int64]:
    """Rows, sealed texts, responsibilities and events of one chunk."""
    now = batch.ctx.clock()
    texts = [columns.pop(name) for name in PERSONAL]
    personal = [dict(zip(PERSONAL, row, strict=True)) for row in zip(*texts, strict=True)]
    columns["subject_id"] = subjects.seal_new(batch.conn, batch.ctx.vault, personal, now)
    ids = incident_store.insert_incidents(batch.conn, columns)
    answer = {name: getattr(who, name)[span] for name in Responses.__slots__}
    answer["reason"] = [str(reason) for reason in answer["reason"]]
    cells, received = columns["cell_id"], columns["received_at"]
    incident_store.respond(
        batch.conn, {"incident_id": ids.tolist(), "cell_id": cells, "valid_from": received, **answer}
    )
    chain.append_first_events(batch.conn, ids, columns["number"], _events(batch, columns, chosen, answer))
    return ids


def _events(
    batch: Batch, columns: dict[str, list[Any]], chosen: list[Category], answer: dict[str, list[Any]]
) -> list[list[tuple[str, datetime, dict[str, Any]]]]:
    """For each row its events so far: (kind, at, data)."""
    listed = []
    begins = first_events(batch, chosen, columns["received_at"])
    for i, category in enumerate(chosen):
        at, cell_id = columns["received_at"][i], columns["cell_id"][i]
        first = {"category": category.code, "channel": columns["channel"][i], "cell_id": cell_id}
        events = [
            ("reported", at, {**first, **begins[i]}),
            ("assigned", at, {"cell_id": cell_id, **{name: values[i] for name, values in answer.items()}}),
        ]
        if columns["closed_at"][i] is not None:
            events.append(("closed", columns["closed_at"][i], {}))
        listed.append(events)
    return listed
