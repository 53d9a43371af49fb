"""The sums behind the scorecards: kept by the events, in their transaction, and counted again where asked to.

Reading them is `store.scorecards`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, and_, delete, exists, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from gridmap.case.kinds import Event
from gridmap.case.scorecard import COUNTS
from gridmap.case.standing import FACTS, Facts, MonthOf, facts_of, month_in, shares
from gridmap.case.state import CaseState, fold
from gridmap.store import tables as t

#: by what a scorecard can be told apart
KEYS = ("area_id", "body_id", "category_id", "channel")
#: cases counted again at a time: their numbers go as parameters of one query
CHUNK = 1_000


class Keys(NamedTuple):
    """Where, who, what and how of a case, as the ledger groups it."""

    area_id: int | None
    body_id: int | None
    category_id: int
    channel: str


#: month, standing, keys; and by how much each count changes
Line = tuple[int, int, Keys]
Ledger = dict[Line, Counter[str]]


def keep(conn: Connection, incident_id: int, state: CaseState, zone: ZoneInfo) -> None:
    """Bring what a case counts for up to date with its events, in the transaction that wrote and remembered them."""
    put(conn, {incident_id: state}, zone)


def put(conn: Connection, states: Mapping[int, CaseState], zone: ZoneInfo) -> None:
    """As `keep` for several cases; those that count for what they did before cost no write."""
    before, ledger = _known(conn, states), Ledger()
    month_of, rows = month_in(zone), []
    for incident_id, (keys, due_at) in _keys_of(conn, states).items():
        fresh = (keys, facts_of(states[incident_id], due_at))
        if before.get(incident_id) == fresh:
            continue
        if incident_id in before:
            _enter(ledger, *before[incident_id], month_of, -1)
        _enter(ledger, *fresh, month_of, 1)
        rows.append({"incident_id": incident_id, **keys._asdict(), **_columns(fresh[1])})
    if rows:
        _upsert(conn, rows)
        _append(conn, ledger)


def recount(conn: Connection, zone: ZoneInfo) -> int:
    """Count every case again from its events, from nothing; how many cases. For `gridmap recount`.

    25,000 cases take some seconds. Nothing else may write meanwhile: on PostgreSQL the table is locked for that.
    """
    if conn.dialect.name == "postgresql":
        conn.exec_driver_sql("LOCK TABLE scores, score_cases IN EXCLUSIVE MODE")
    conn.execute(delete(t.scores))
    conn.execute(delete(t.score_cases))
    return add_missing(conn, zone)


def add_missing(conn: Connection, zone: ZoneInfo) -> int:
    """Count the cases that are not counted yet, after an import or an upgrade; how many. Safe to run again."""
    i, s = t.incidents.c, t.score_cases.c
    query = select(i.id).where(~exists().where(s.incident_id == i.id)).order_by(i.id)
    ids = conn.execute(query).scalars().all()
    for some in _chunks(ids):
        put(conn, dict(_folded(conn, some)), zone)
    if ids:
        compact(conn)
    return len(ids)


def drift(conn: Connection) -> list[int]:
    """Ids of cases whose counts are not what their events come to; [] when all is well. Reads every event."""
    ids = conn.execute(select(t.incidents.c.id).order_by(t.incidents.c.id)).scalars().all()
    off = []
    for some in _chunks(ids):
        known, states = _known(conn, some), dict(_folded(conn, some))
        keys = _keys_of(conn, some)
        off += [one for one in some if known.get(one) != (keys[one][0], facts_of(states[one], keys[one][1]))]
    return off


def torn(conn: Connection, zone: ZoneInfo) -> int:
    """How many lines of the ledger differ from what the cases beside it add up to; 0 when all is well."""
    ledger, month_of = Ledger(), month_in(zone)
    for row in conn.execute(select(t.score_cases)).mappings():
        _enter(ledger, _keys(row), _facts(row), month_of, 1)
    for line, counts in _sums(conn):
        ledger.setdefault(line, Counter()).subtract(counts)
    return sum(any(counts.values()) for counts in ledger.values())


def compact(conn: Connection) -> int:
    """Add lines of one key together and drop those that came to nothing; how many lines went.

    Lines written meanwhile by others stay as they are: only what was read here is replaced.
    """
    s = t.scores
    last = conn.execute(select(func.max(s.c.id))).scalar()
    if last is None:
        return 0
    before = conn.execute(select(func.count()).select_from(s).where(s.c.id <= last)).scalar_one()
    # one broom at a time: two would both add up what one of them takes away
    if conn.dialect.name == "postgresql":
        conn.exec_driver_sql("SELECT pg_advisory_xact_lock(7001007)")
    gone = list(conn.execute(delete(s).where(s.c.id <= last).returning(s)).mappings())
    ledger = Ledger()
    for row in gone:
        line = (row["month"], row["standing"], _keys(row))
        ledger.setdefault(line, Counter()).update({name: row[name] for name in COUNTS})
    left = _append(conn, ledger)
    return int(before) - left


# --- lines ----------------------------------------------------------------------------------------------------------


def _enter(ledger: Ledger, keys: Keys, facts: Facts, month_of: MonthOf, sign: int) -> None:
    for month, standing, names in shares(facts, month_of):
        counts = ledger.setdefault((month, standing, keys), Counter())
        for name in names:
            counts[name] += sign


def _append(conn: Connection, ledger: Ledger) -> int:
    """Write the lines that are not nothing; how many."""
    rows = [
        {"month": month, "standing": standing, **keys._asdict(), **{name: counts[name] for name in COUNTS}}
        for (month, standing, keys), counts in ledger.items()
        if any(counts.values())
    ]
    if rows:
        conn.execute(insert(t.scores), rows)
    return len(rows)


def _sums(conn: Connection) -> Iterator[tuple[Line, Counter[str]]]:
    s = t.scores.c
    by = (s.month, s.standing, *(s[name] for name in KEYS))
    query = select(*by, *(func.sum(s[name]).label(name) for name in COUNTS)).group_by(*by)
    for row in conn.execute(query).mappings():
        yield (row["month"], row["standing"], _keys(row)), Counter({name: int(row[name]) for name in COUNTS})


def _keys(row: Any) -> Keys:
    return Keys(*(row[name] for name in KEYS))


# --- cases ----------------------------------------------------------------------------------------------------------


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))


def _known(conn: Connection, ids: Iterable[int]) -> dict[int, tuple[Keys, Facts]]:
    """What these cases count for so far."""
    s = t.score_cases
    rows = conn.execute(select(s).where(s.c.incident_id.in_(list(ids)))).mappings()
    return {row["incident_id"]: (_keys(row), _facts(row)) for row in rows}


def _facts(row: Any) -> Facts:
    told: dict[str, Any] = {name: row[name] if name.endswith("_at") else bool(row[name]) for name in FACTS}
    return Facts(**told)


def _columns(facts: Facts) -> dict[str, Any]:
    told = {name: getattr(facts, name) for name in FACTS}
    return {name: int(value) if isinstance(value, bool) else value for name, value in told.items()}


def _keys_of(conn: Connection, ids: Iterable[int]) -> dict[int, tuple[Keys, Any]]:
    """The keys of cases as they stand, and when each is due.

    The place is that of the cell it lies in, or of whoever answers where it lies in none; the body the one that took
    it first and stays responsible, before that the one that answers.
    """
    i, c, r = t.incidents, t.cells, t.responsibilities
    area = func.coalesce(c.c.area_id, r.c.area_id).label("area_id")
    body = func.coalesce(i.c.first_body_id, r.c.body_id).label("body_id")
    query = (
        select(i.c.id, area, body, i.c.category_id, i.c.channel, i.c.due_at)
        .outerjoin(c, c.c.id == i.c.cell_id)
        .outerjoin(r, and_(r.c.incident_id == i.c.id, r.c.valid_to.is_(None)))
        .where(i.c.id.in_(list(ids)))
    )
    return {row["id"]: (_keys(row), row["due_at"]) for row in conn.execute(query).mappings()}


def _folded(conn: Connection, ids: Sequence[int]) -> Iterator[tuple[int, CaseState]]:
    """The states of cases by their events."""
    e = t.events.c
    query = select(e.incident_id, e.seq, e.kind, e.at, e.account_id, e.data)
    query = query.where(e.incident_id.in_(list(ids))).order_by(e.incident_id, e.seq)
    for incident_id, rows in groupby(conn.execute(query), key=lambda row: row.incident_id):
        yield incident_id, fold(Event(r.seq, r.kind, r.at, r.account_id, json.loads(r.data)) for r in rows)


def _upsert(conn: Connection, rows: list[dict[str, Any]]) -> None:
    make = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    statement = make(t.score_cases)
    changed = {name: statement.excluded[name] for name in (*KEYS, *FACTS)}
    conn.execute(statement.on_conflict_do_update(index_elements=["incident_id"], set_=changed), rows)
