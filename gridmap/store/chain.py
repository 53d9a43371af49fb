"""Appending events, each chained to the one before it (`gridmap.case.events`), and checking the chains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Select, bindparam, func, select

from gridmap.case.events import GENESIS, canonical_json, canonical_moment, event_hash, event_hashes
from gridmap.case.kinds import Event, check_event
from gridmap.errors import InvalidInput, NotFound
from gridmap.store import tables as t
from gridmap.store.bulk import among, bulk_insert
from gridmap.store.rows import insert_rows

#: incidents whose events are read in one go when their chains are checked
AT_ONCE = 5_000


def append_event(
    conn: Connection, incident_id: int, kind: str, at: datetime, account_id: int | None, data: Mapping[str, Any]
) -> int:
    """Append one event to an incident and return its number in the sequence.

    Writers of the same incident take turns (its row is locked where the database can). Raises NotFound, and
    InvalidInput for what an event may not hold (`case.kinds.check_event`).
    """
    check_event(kind, data)
    number = conn.execute(_number(), {"incident": incident_id}).scalar_one_or_none()
    if number is None:
        raise NotFound("there is no such incident", id=incident_id)
    last = conn.execute(_last(), {"incident": incident_id}).one_or_none()
    seq, before = (1, GENESIS) if last is None else (last.seq + 1, last.hash)
    written = canonical_json(data)
    digest = event_hash(before, number, seq, kind, canonical_moment(at), account_id, written)
    insert_rows(conn, t.events, [{
        "incident_id": incident_id, "seq": seq, "kind": kind, "at": at, "account_id": account_id, "data": written,
        "prev_hash": before, "hash": digest,
    }])  # fmt: skip
    return seq


def append_events(
    conn: Connection, kind: str, events: Mapping[int, tuple[datetime, Mapping[str, Any]]], account_id: int | None
) -> dict[int, Event]:
    """As `append_event`, one to each of many incidents, whose rows the caller has locked: its moment and its data by
    the incident's id. Two statements, however many there are. Raises NotFound where an incident is missing."""
    i, e = t.incidents.c, t.events
    before = e.alias("before")
    last = select(func.max(before.c.seq)).where(before.c.incident_id == i.id).scalar_subquery()
    newest = t.incidents.outerjoin(e, (e.c.incident_id == i.id) & (e.c.seq == last))
    known = select(i.id, i.number, e.c.seq, e.c.hash).select_from(newest).where(among(conn, i.id, events))
    found: dict[int, Event] = {}
    rows: dict[str, list[Any]] = {name: [] for name in ("incident_id", "seq", "at", "data", "prev_hash", "hash")}
    for one in conn.execute(known):
        at, data = events[one.id]
        check_event(kind, data)
        seq, prev, written = (one.seq or 0) + 1, one.hash or GENESIS, canonical_json(data)
        digest = event_hash(prev, one.number, seq, kind, canonical_moment(at), account_id, written)
        for column, value in zip(rows.values(), (one.id, seq, at, written, prev, digest), strict=True):
            column.append(value)
        found[one.id] = Event(seq, kind, at, account_id, data)
    if missing := set(events) - set(found):
        raise NotFound("there is no such incident", id=min(missing))
    bulk_insert(conn, e, {**rows, "kind": [kind] * len(found), "account_id": [account_id] * len(found)})
    return found


@lru_cache(1)
def _number() -> Select[Any]:
    i = t.incidents.c
    return select(i.number).where(i.id == bindparam("incident")).with_for_update()


@lru_cache(1)
def _last() -> Select[Any]:
    e = t.events.c
    return select(e.seq, e.hash).where(e.incident_id == bindparam("incident")).order_by(e.seq.desc()).limit(1)


def begin_chain(conn: Connection, incident_id: int, number: str, events: Sequence[Event]) -> None:
    """Write the first events of an incident whose row came in this transaction: nobody else can append to it yet.

    Raises InvalidInput for what an event may not hold.
    """
    rows, before = [], GENESIS
    for one in events:
        check_event(one.kind, one.data)
        written = canonical_json(one.data)
        moment = canonical_moment(one.at)
        digest = event_hash(before, number, one.seq, one.kind, moment, one.account_id, written)
        rows.append({
            "incident_id": incident_id, "seq": one.seq, "kind": one.kind, "at": one.at, "account_id": one.account_id,
            "data": written, "prev_hash": before, "hash": digest,
        })  # fmt: skip
        before = digest
    insert_rows(conn, t.events, rows)


@dataclass(frozen=True, slots=True)
class Round:
    """One event of each of many incidents: the same kind, the same place in their sequences.

    `at`: moments in UTC, datetime64[us]; `data`: canonical JSON; `rows`: which of the incidents have it, None for all.
    All three are equally long.
    """

    kind: str
    at: NDArray[np.datetime64]
    data: Sequence[str]
    rows: NDArray[np.int64] | None = None


def append_first_events(
    conn: Connection,
    incident_ids: Sequence[int] | NDArray[np.int64],
    numbers: Sequence[str],
    rounds: Sequence[Round],
    account_id: int | None = None,
) -> int:
    """Append the first events of many incidents that have none yet, round after round; return how many there were.

    An incident that a round leaves out is left out by all later ones too: its sequence has no holes. Raises
    InvalidInput where lengths differ or a hole would come.
    """
    ids = np.asarray(incident_ids, dtype=np.int64)
    who = _rows_of(rounds, len(ids), len(numbers))
    before = np.full(len(ids), GENESIS, dtype=object)
    for seq, (one, rows) in enumerate(zip(rounds, who, strict=True), start=1):
        named = [numbers[i] for i in rows.tolist()]
        before[rows] = _append_round(conn, ids[rows], named, before[rows], seq, one, account_id)
    return sum(map(len, who))


def _rows_of(rounds: Sequence[Round], count: int, numbered: int) -> list[NDArray[np.int64]]:
    """The incidents of each round, checked."""
    who = [np.arange(count) if one.rows is None else one.rows for one in rounds]
    if numbered != count or any(
        not len(rows) == len(one.at) == len(one.data) for one, rows in zip(rounds, who, strict=True)
    ):
        raise InvalidInput("incidents, numbers and events differ in length")
    for seq, (before, after) in enumerate(pairwise(who), start=1):
        if not np.isin(after, before).all():
            raise InvalidInput(f"an incident without an event {seq} cannot have an event {seq + 1}")
    return who


def _append_round(
    conn: Connection,
    ids: NDArray[np.int64],
    numbers: Sequence[str],
    before: NDArray[np.object_],
    seq: int,
    one: Round,
    account_id: int | None,
) -> list[str]:
    """Insert one round; the events' hashes."""
    moments = [f"{at}+00:00" for at in np.datetime_as_string(one.at, unit="us").tolist()]
    hashes = event_hashes(before.tolist(), numbers, seq, one.kind, moments, account_id, one.data)
    same: dict[str, Any] = {"seq": seq, "kind": one.kind, "account_id": account_id}
    each: dict[str, Any] = {"incident_id": ids, "at": one.at, "data": one.data, "prev_hash": before, "hash": hashes}
    bulk_insert(conn, t.events, {**each, **{name: [value] * len(ids) for name, value in same.items()}})
    return hashes


def broken_chains(conn: Connection) -> list[tuple[str, int]]:
    """(incident number, seq) of each incident's first event that does not follow from the one before it; [] when whole.

    Reads every event, those of some thousand incidents at a time: about 1 s for 50,000 events.
    """
    i = t.incidents.c
    first, last = conn.execute(select(func.min(i.id), func.max(i.id))).one()
    if last is None:
        return []
    return [one for start in range(first, last + 1, AT_ONCE) for one in _broken(conn, start, start + AT_ONCE - 1)]


def _broken(conn: Connection, start: int, end: int) -> list[tuple[str, int]]:
    """Those among the incidents of these ids."""
    e, i = t.events.c, t.incidents.c
    query = (
        select(i.number, e.seq, e.kind, e.at, e.account_id, e.data, e.prev_hash, e.hash)
        .join(t.incidents, i.id == e.incident_id)
        .where(e.incident_id.between(start, end))
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
