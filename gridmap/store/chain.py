"""Appending events, each chained to the one before it (`gridmap.case.events`), and checking the chains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, insert, select

from gridmap.case.events import GENESIS, canonical_json, canonical_moment, event_hash
from gridmap.case.kinds import check_event
from gridmap.errors import InvalidInput, NotFound
from gridmap.store import tables as t
from gridmap.store.bulk import bulk_insert

#: one event to be appended: kind, moment (aware), data (ids and codes only)
NewEvent = tuple[str, datetime, Mapping[str, Any]]


def append_event(
    conn: Connection, incident_id: int, kind: str, at: datetime, account_id: int | None, data: Mapping[str, Any]
) -> int:
    """Append one event to an incident and return its number in the sequence.

    Writers of the same incident take turns (its row is locked where the database can). Raises NotFound, and
    InvalidInput for what an event may not hold (`case.kinds.check_event`).
    """
    check_event(kind, data)
    i, e = t.incidents.c, t.events.c
    number = conn.execute(select(i.number).where(i.id == incident_id).with_for_update()).scalar_one_or_none()
    if number is None:
        raise NotFound("there is no such incident", id=incident_id)
    last = conn.execute(
        select(e.seq, e.hash).where(e.incident_id == incident_id).order_by(e.seq.desc()).limit(1)
    ).one_or_none()
    seq, before = (1, GENESIS) if last is None else (last.seq + 1, last.hash)
    written = canonical_json(data)
    conn.execute(
        insert(t.events).values(
            incident_id=incident_id, seq=seq, kind=kind, at=at, account_id=account_id, data=written, prev_hash=before,
            hash=event_hash(before, number, seq, kind, canonical_moment(at), account_id, written),
        )
    )  # fmt: skip
    return seq


def append_first_events(
    conn: Connection,
    incident_ids: Sequence[int] | NDArray[np.int64],
    numbers: Sequence[str],
    events: Sequence[Sequence[NewEvent]],
    account_id: int | None = None,
) -> int:
    """Append the first events of many incidents that have none yet, all in one go; return how many there were.

    `incident_ids`, `numbers` and `events` are equally long; each item of `events` lists one incident's events in order.
    """
    if not len(incident_ids) == len(numbers) == len(events):
        raise InvalidInput("incidents, numbers and events differ in length")
    rows: list[tuple[int, int, str, datetime, str, str, str]] = []
    for incident_id, number, listed in zip(incident_ids, numbers, events, strict=True):
        before = GENESIS
        for seq, (kind, at, data) in enumerate(listed, start=1):
            written = canonical_json(data)
            digest = event_hash(before, number, seq, kind, canonical_moment(at), account_id, written)
            rows.append((int(incident_id), seq, kind, at, written, before, digest))
            before = digest
    if rows:
        names = ("incident_id", "seq", "kind", "at", "data", "prev_hash", "hash")
        columns: dict[str, Sequence[Any]] = dict(zip(names, zip(*rows, strict=True), strict=True))
        bulk_insert(conn, t.events, {**columns, "account_id": [account_id] * len(rows)})
    return len(rows)


def broken_chains(conn: Connection) -> list[tuple[str, int]]:
    """(incident number, seq) of each incident's first event that does not follow from the one before it; [] when whole.

    Reads every event: about 1 s for 50,000.
    """
    e, i = t.events.c, t.incidents.c
    query = (
        select(i.number, e.seq, e.kind, e.at, e.account_id, e.data, e.prev_hash, e.hash)
        .join(t.incidents, i.id == e.incident_id)
        .order_by(e.incident_id, e.seq)
    )
    broken: list[tuple[str, int]] = []
    current, expected_seq, before, bad = None, 1, GENESIS, False
    for number, seq, kind, at, account_id, data, prev_hash, digest in conn.execute(query):
        if number != current:
            current, expected_seq, before, bad = number, 1, GENESIS, False
        right = seq == expected_seq and prev_hash == before
        right = right and digest == event_hash(before, number, seq, kind, canonical_moment(at), account_id, data)
        if not right and not bad:
            broken.append((number, seq))
            bad = True
        expected_seq, before = expected_seq + 1, digest
    return broken
