"""A register of incidents: each row is placed, assigned and given its events as if it had been reported in its turn.

Rows go in chunk by chunk, so that a register of any length needs little memory. Who answers depends on how much each
worker had open at that moment, in the whole register; so of each row a few numbers are kept, and responsibilities and
events follow at the end, in the order of the moments (`turns`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import Connection, Table

from gridmap.store import incidents as incident_store
from gridmap.store import rules, scores, subjects
from gridmap.store import tables as t
from gridmap.store.bulk import expect_growth
from gridmap.store.ground import drawing_days
from gridmap.store.incidents import Category, categories, drawn_numbers
from gridmap.store.upsert import known_among, known_ids
from gridmap.usecases.assigning import Places, place
from gridmap.usecases.context import Context
from gridmap.usecases.imports.batch import Batch, Counted, Progress
from gridmap.usecases.imports.clocks import first_events, opening
from gridmap.usecases.imports.places import CAME_AS, points
from gridmap.usecases.imports.routes import routes
from gridmap.usecases.imports.turns import Moments, Turns, utc

CHUNK = 20_000
PERSONAL = ("text", "reporter_name", "reporter_phone")


def incidents(
    ctx: Context, conn: Connection, frames: Iterable[pd.DataFrame], total: int, progress: Progress
) -> Counted:
    """New rows by the register's number go in; rows known already are left alone: a case moves on by actions.

    `total` rows will come, for the progress: half of a row's work is done when it stands, the rest with its events.
    """
    expect_growth(conn)
    register = _Register(ctx, conn)
    for frame in frames:
        for start in range(0, len(frame), CHUNK):
            register.take(frame.iloc[start : start + CHUNK].reset_index(drop=True))
            progress(register.seen // 2, total)
    ids = register.turns.give(conn, ctx.zone, lambda done: progress(total - (len(register.turns) - done) // 2, total))
    scores.add_missing(conn, ctx.zone)
    return Counted(len(ids), 0, register.unchanged, register.rejects, touched=ids)


class _Register:
    """One import's rows on their way in."""

    def __init__(self, ctx: Context, conn: Connection) -> None:
        self._ctx, self._conn = ctx, conn
        self._categories = categories(conn)
        self._days = drawing_days(conn)
        self._ids: dict[str, dict[str, int]] = {}
        self._rules = rules.live(conn)
        self.turns = Turns(rules=self._rules.version)
        self.rejects: list[Any] = []
        self.seen = self.unchanged = 0

    def take(self, frame: pd.DataFrame) -> None:
        """Resolve, place and insert the rows of one chunk."""
        self.seen += len(frame)
        batch = Batch(self._ctx, self._conn, frame, rejects=self.rejects)
        fresh = self._fresh(batch)
        self.unchanged += int(len(fresh) - fresh.sum())
        batch.rows = batch.rows[fresh].reset_index(drop=True)
        chosen = self._prepare(batch)
        if chosen:
            self._insert(batch, chosen)

    def _fresh(self, batch: Batch) -> npt.NDArray[np.bool_]:
        """Which rows are not known yet; rows that repeat one before them in the chunk are turned away.

        A file that gives `source_ref` was exported from a gridmap: its `number` is the platform's own, and is kept.
        """
        if "source_ref" not in batch.given:
            batch.rows["source_ref"] = _references(batch)
            batch.drop_repeated("source_ref", named="number")
            return ~self._stands(batch, "source_ref")
        batch.drop_repeated("number")
        again = batch.rows["source_ref"].duplicated() & batch.rows["source_ref"].notna()
        batch.turn_away(again.to_numpy(bool), "source_ref", "{value} stands in an earlier row already")
        return ~(self._stands(batch, "number") | self._stands(batch, "source_ref"))

    def _stands(self, batch: Batch, key: str) -> npt.NDArray[np.bool_]:
        """Which rows are in the database already, by this key."""
        known = known_among(self._conn, t.incidents, key, batch.column(key))
        return batch.rows[key].isin(known.keys()).to_numpy(bool)

    def _known(self, name: str, table: Table) -> dict[str, int]:
        """Ids by code, read once an import."""
        if name not in self._ids:
            self._ids[name] = known_ids(self._conn, table)
        return self._ids[name]

    def _prepare(self, batch: Batch) -> list[Category]:
        """Resolve what the rows refer to, turning bad ones away; the category of each row that still stands."""
        folded: Callable[[Any], str | None] = lambda name: name.strip().casefold() if name else None  # noqa: E731
        batch.rows["category"] = pd.Series([folded(name) for name in batch.column("category")], dtype=object)
        batch.resolve("category", {name: one.id for name, one in self._categories.items()}, "category")
        now = self._ctx.clock()
        passed = "{value} is not a moment that has passed"
        late = [moment is None or moment > now for moment in batch.column("received_at")]
        batch.turn_away(np.array(late, dtype=bool), "received_at", passed)
        late = [moment is not None and moment > now for moment in batch.column("closed_at")]
        batch.turn_away(np.array(late, dtype=bool), "closed_at", passed)
        spans = zip(batch.column("closed_at"), batch.column("received_at"), strict=True)
        early = [closed is not None and closed < start for closed, start in spans]
        batch.turn_away(np.array(early, dtype=bool), "closed_at", "{value} lies before the report was received")
        for name, table in (("household", t.households), ("enterprise", t.enterprises)):
            if name in batch.rows:
                ids = batch.resolve(name, self._known(name, table), name, required=False)
                batch.rows[f"{name}_id"] = pd.Series(ids, dtype=object)
        return [self._categories[name] for name in batch.column("category")]

    def _insert(self, batch: Batch, chosen: list[Category]) -> None:
        """The rows with their sealed texts; what is needed of them later goes to the turns."""
        places = self._place(batch)
        routings, chosen = routes(batch, self._rules, chosen, places)
        received, closed = batch.column("received_at"), batch.column("closed_at")
        columns = self._columns(batch, chosen, places, received, closed)
        told = [batch.column(name) for name in PERSONAL]
        personal = [dict(zip(PERSONAL, row, strict=True)) for row in zip(*told, strict=True)]
        columns["subject_id"] = subjects.seal_new(self._conn, self._ctx.vault, personal, self._ctx.clock())
        columns["level"] = [
            routed.level or level for routed, level in zip(routings, columns["level"], strict=True)
        ]  # fmt: skip
        ids = incident_store.insert_incidents(self._conn, columns)
        self.turns.keep(
            ids, columns["number"], columns["received_at"], columns["closed_at"],
            places=places.wheres(), categories=chosen, channels=columns["channel"],
            begins=first_events(batch, chosen, received), routings=routings,
        )  # fmt: skip

    def _place(self, batch: Batch) -> Places:
        """Place each row in the drawing of the day it was received, or in today's where there was none yet."""
        lon, lat = batch.rows["lon"].to_numpy(np.float64), batch.rows["lat"].to_numpy(np.float64)
        accuracy = np.array([np.nan if a is None else a for a in batch.column("accuracy_m")], dtype=np.float64)
        drawn = self._drawn_on(batch)
        parts = {}
        for day in sorted(set(drawn)):
            rows = np.flatnonzero([one == day for one in drawn])
            ground = self._ctx.grounds.on(self._conn, day)
            parts[day] = (rows, place(ground, lon[rows], lat[rows], accuracy[rows]))
        if len(parts) == 1:
            return next(iter(parts.values()))[1]
        order = np.argsort(np.concatenate([rows for rows, _ in parts.values()]), kind="stable").tolist()
        joined = {
            name: [value for _, found in parts.values() for value in getattr(found, name)] for name in Places.__slots__
        }
        return Places(**joined).pick(order)

    def _drawn_on(self, batch: Batch) -> list[date]:
        """The first day of the drawing in force when each row was received, else today: one index serves all its
        days."""
        zone, today = self._ctx.zone, self._ctx.today()
        days = [moment.astimezone(zone).date() for moment in batch.column("received_at")]
        known = {day: max((first for first in self._days if first <= day), default=today) for day in set(days)}
        return [known[day] for day in days]

    def _columns(
        self,
        batch: Batch,
        chosen: list[Category],
        places: Places,
        received: list[datetime],
        closed: list[datetime | None],
    ) -> dict[str, Any]:
        at = utc(received)
        status = [
            "closed" if end is not None else "unplaced" if cell is None else "assigned"
            for end, cell in zip(closed, places.cell_id, strict=True)
        ]
        named = ("accuracy_m", "household_id", "enterprise_id", "source_ref", *CAME_AS)
        return {
            **places.columns(),
            **batch.columns(named),
            "number": self._numbers(batch, at),
            "category_id": [one.id for one in chosen],
            "channel": [channel or "import" for channel in batch.column("channel")],
            "status": status,
            "received_at": at,
            "occurred_at": utc(batch.column("occurred_at")),
            "closed_at": utc(closed),
            **opening(batch, chosen, received, closed),
            "geom": points(batch),
        }

    def _numbers(self, batch: Batch, received: Moments) -> npt.NDArray[np.str_]:
        """The platform's own numbers: those of a file exported from a gridmap, else freshly drawn ones."""
        if "source_ref" in batch.given:
            return np.array(batch.column("number"), dtype=np.str_)
        local = pd.DatetimeIndex(received).tz_localize("UTC").tz_convert(self._ctx.zone).tz_localize(None)
        days: npt.NDArray[np.str_] = np.char.replace(np.datetime_as_string(local.to_numpy(), unit="D"), "-", "")
        return drawn_numbers(self._conn, [day[2:] for day in days.tolist()])


def _references(batch: Batch) -> pd.Series[Any]:
    """The register's own number; for a row without one, a keyed digest of what it says."""
    said = zip(*(batch.column(name) for name in ("category", "received_at", "x_in", "y_in", "text")), strict=True)
    numbers = zip(batch.column("number"), said, strict=True)
    told = [number or "digest:" + batch.ctx.vault.digest(repr(row)) for number, row in numbers]
    return pd.Series(told, index=batch.rows.index, dtype=object)
