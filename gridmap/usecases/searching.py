"""Search in what was said of one's own cases, and cases that may be the same one told twice.

Texts are sealed with a key per person, so no index of words can stand beside them: one made of keyed bigrams tells by
their frequency what was said, and in a backup it would outlive the key that was destroyed. So the texts of the cases in
the caller's scope are opened, newest first, some thousands a request, and forgotten again (docs/cases.md).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import shapely
from sqlalchemy import Connection

from gridmap.ground import distance_m
from gridmap.store import desk, features, subjects
from gridmap.usecases.context import Context
from gridmap.view import View

#: cases opened at once, and at the most for one request
CHUNK, MOST_LOOKED = 500, 5000
MOST_SIMILAR = 20
#: metres of a degree of latitude, rounded down: a box made with it is never too small
DEGREE_M = 110_000.0


@dataclass(frozen=True, slots=True)
class Found:
    """A part of a search. `rows`: as `store.features` lists incidents; `next`: where to go on, None at the end."""

    rows: pd.DataFrame
    #: by id: where the words stood, among text, note, reporter
    places: dict[int, list[str]]
    looked: int
    total: int
    next: int | None


def plain_words(said: str) -> list[str]:
    """The words of a search: full and half width alike, capitals like small letters, split at blanks."""
    return _plain(said).split()


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def look(
    ctx: Context, view: View, conn: Connection, said: str, *, after: int | None, limit: int, now: datetime
) -> Found:
    """Cases in scope whose sealed words hold every word of `said`, newest first: at most `limit` of `MOST_LOOKED`."""
    words = plain_words(said)
    places: dict[int, list[str]] = {}
    looked, last = 0, after
    while words and looked < MOST_LOOKED and len(places) < limit:
        chunk = desk.with_texts(conn, view, last, CHUNK, now)
        opened = subjects.open_many(conn, ctx.vault, [row.subject_id for row in chunk])
        for row in chunk:
            looked, last = looked + 1, row.id
            stood = _where(opened.get(row.subject_id, {}), words)
            if stood:
                places[row.id] = stood
            if len(places) == limit:
                break
        if len(chunk) < CHUNK and (not chunk or last == chunk[-1].id):
            last = None
            break
    rows = features.page(
        conn, view, "incidents", filters={"ids": list(places)}, limit=max(1, len(places)), now=now
    ).rows
    return Found(rows, places, looked, desk.count_texts(conn, view, now), last)


def _where(fields: dict[str, str], words: list[str]) -> list[str]:
    """In which parts the words stand, when all of them stand somewhere."""
    plain = {name: _plain(text) for name, text in fields.items()}
    together = "\n".join(plain.values())
    if not all(word in together for word in words):
        return []
    parts = {_part(name) for name, text in plain.items() if any(word in text for word in words)}
    return sorted(parts)


def _part(field: str) -> str:
    return "reporter" if field.startswith("reporter") else field.split(":")[0]


def similar(ctx: Context, view: View, conn: Connection, incident_id: int, now: datetime) -> pd.DataFrame:
    """Open cases in scope of the same category, within the settings' metres and weeks: as listed, with `distance_m`.

    Nearest first, `MOST_SIMILAR` at the most. NotFound for a case outside the scope.
    """
    case = features.one(conn, view, "incidents", incident_id, now=now)
    here, metres = case["geom"], ctx.settings.duplicate_m
    north = metres / DEGREE_M
    east = north / max(0.01, float(np.cos(np.radians(here.y))))
    span, received = timedelta(weeks=ctx.settings.duplicate_weeks), pd.Timestamp(case["received_at"]).to_pydatetime()
    rows = features.page(
        conn, view, "incidents", bbox=(here.x - east, here.y - north, here.x + east, here.y + north),
        filters={"category": case["category"], "open": True, "from": received - span, "to": received + span},
        limit=features.MAX_LIMIT, now=now, zone=ctx.zone,
    ).rows  # fmt: skip
    rows = rows[rows["id"] != incident_id]
    places = shapely.get_coordinates(rows["geom"].to_numpy(dtype=object))
    x, y = np.full(len(places), here.x), np.full(len(places), here.y)
    rows = rows.assign(distance_m=distance_m(x, y, places[:, 0], places[:, 1]))
    return rows[rows["distance_m"] <= metres].sort_values("distance_m", kind="stable").head(MOST_SIMILAR)
