"""What each case counts for on the scorecards: kept by its events, in their transaction, and counted again if asked.

The sums by month are `store.ledger`, reading them is `store.scorecards`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from sqlalchemy import (
    Connection,
    Select,
    and_,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from gridmap.case.kinds import Event
from gridmap.case.scorecard import FLAGS
from gridmap.case.standing import FACTS, Facts, facts_of, month_in
from gridmap.case.state import CaseState, fold
from gridmap.case.terms import Level
from gridmap.store import ledger as ledgers
from gridmap.store import tables as t
from gridmap.store.bulk import frame
from gridmap.store.ledger import KEYS, Keys, Ledger, enter, facts_in
from gridmap.store.rows import insert_rows

#: called with how many cases are done, and of how many
Advance = Callable[[int, int], None]
#: cases folded at a time: their numbers go as parameters of one query
CHUNK = 1_000
#: cases read as columns at a time
MANY = 50_000
#: a case with no other events is as its row says: it came, somebody may have taken it, it may have been closed
PLAIN = (
    "reported", "routed", "assigned", "accepted", "signed", "handling", "moved", "linked", "commented", "attached",
    "warned", "closed",
)  # fmt: skip


def keep(conn: Connection, incident_id: int, state: CaseState, zone: ZoneInfo) -> None:
    """Bring what a case counts for up to date with its events, in the transaction that wrote and remembered them."""
    put(conn, {incident_id: state}, zone)


def begin(conn: Connection, incident_id: int, keys: Keys, facts: Facts, zone: ZoneInfo) -> None:
    """As `keep`, for a case written in this transaction: nothing was counted before, and its keys are known."""
    insert_rows(conn, t.score_cases, [{"incident_id": incident_id, **keys._asdict(), **_columns(facts)}])
    ledger = Ledger()
    enter(ledger, keys, facts, month_in(zone), 1)
    ledgers.append(conn, ledger)


def put(conn: Connection, states: Mapping[int, CaseState], zone: ZoneInfo) -> None:
    """As `keep` for several cases; those that count for what they did before cost no write."""
    ledger, month_of, rows = Ledger(), month_in(zone), []
    for row in conn.execute(_beside_known(states)).mappings():
        keys = Keys.of(row)
        fresh, before = (keys, facts_of(states[row["id"]], row["now_due_at"])), _known(row)
        if before == fresh:
            continue
        if before is not None:
            enter(ledger, *before, month_of, -1)
        enter(ledger, *fresh, month_of, 1)
        rows.append({"incident_id": row["id"], **keys._asdict(), **_columns(fresh[1])})
    if rows:
        _upsert(conn, rows)
        ledgers.append(conn, ledger)


def recount(conn: Connection, zone: ZoneInfo) -> int:
    """Count every case again from its events, from nothing; how many cases. For `gridmap recount`.

    Nothing else may write meanwhile: on PostgreSQL the tables are locked for that.
    """
    if conn.dialect.name == "postgresql":
        conn.exec_driver_sql("LOCK TABLE scores, score_cases IN EXCLUSIVE MODE")
    conn.execute(delete(t.scores))
    conn.execute(delete(t.score_cases))
    return add_missing(conn, zone)


def add_missing(conn: Connection, zone: ZoneInfo) -> int:
    """Count the cases that are not counted yet, after an import or an upgrade; how many. Safe to run again.

    Those of a register, which came and were closed and no more, are counted from their columns: 100,000 take some
    seconds. The others are folded, about 1,000 in a second.
    """
    i, s = t.incidents.c, t.score_cases.c
    missing = ~exists().where(s.incident_id == i.id)
    last = conn.execute(select(func.max(i.id)).where(missing)).scalar()
    if last is None:
        return 0
    first = conn.execute(select(func.min(i.id)).where(missing)).scalar_one()
    count = sum(_add_plain(conn, start, min(start + MANY - 1, last), zone) for start in range(first, last + 1, MANY))
    ids = conn.execute(select(i.id).where(missing, i.id <= last).order_by(i.id)).scalars().all()
    for some in _chunks(ids):
        put(conn, dict(_folded(conn, some)), zone)
    ledgers.compact(conn)
    return count + len(ids)


def rehome(conn: Connection, cell_ids: Sequence[int], zone: ZoneInfo) -> int:
    """Count the cases of these cells for the areas to which the cells belong now; how many changed."""
    s, i, c = t.score_cases, t.incidents, t.cells
    query = select(s.c.incident_id, *(s.c[name] for name in (*KEYS, *FACTS)), c.c.area_id.label("home_id"))
    query = query.select_from(s.join(i, i.c.id == s.c.incident_id).join(c, c.c.id == i.c.cell_id))
    moved = c.c.area_id.is_distinct_from(s.c.area_id)
    if not cell_ids:
        return 0
    cases = pd.concat([frame(conn, query.where(c.c.id.in_(some), moved)) for some in _chunks(cell_ids)])
    ledger = Ledger()
    for home_id in cases["home_id"].unique().tolist():
        those = cases[cases["home_id"] == home_id]
        ledgers.enter_all(ledger, those, zone, -1)
        ledgers.enter_all(ledger, those.assign(area_id=home_id), zone)
        for some in _chunks(those["incident_id"].tolist()):
            conn.execute(update(s).where(s.c.incident_id.in_(some)).values(area_id=home_id))
    ledgers.append(conn, ledger)
    return len(cases)


def drift(conn: Connection, among: Sequence[int] | None = None, advance: Advance | None = None) -> list[int]:
    """Ids of cases whose counts are not what their events come to; [] when all is well. Reads every event of the cases
    `among` these ids (None: of all). `advance(done, total)` is called as it goes.
    """
    every = select(t.incidents.c.id).order_by(t.incidents.c.id)
    ids = conn.execute(every).scalars().all() if among is None else among
    off = []
    for at, some in enumerate(_chunks(ids)):
        if advance is not None:
            advance(at * CHUNK, len(ids))
        states = dict(_folded(conn, some))
        rows = conn.execute(_beside_known(some)).mappings()
        fresh = ((row, (Keys.of(row), facts_of(states[row["id"]], row["now_due_at"]))) for row in rows)
        off += [row["id"] for row, counted in fresh if _known(row) != counted]
    return sorted(off)


def torn(conn: Connection, zone: ZoneInfo) -> int:
    """How many lines of the ledger differ from what the cases beside it add up to; 0 when all is well."""
    ledger, s = Ledger(), t.score_cases
    last = conn.execute(select(func.max(s.c.incident_id))).scalar() or 0
    for start in range(1, last + 1, MANY):
        some = select(*(s.c[name] for name in (*KEYS, *FACTS)))
        cases = frame(conn, some.where(s.c.incident_id.between(start, start + MANY - 1)))
        if len(cases):
            ledgers.enter_all(ledger, cases, zone)
    for line, counts in ledgers.lines(conn):
        ledger.setdefault(line, Counter()).subtract(counts)
    return sum(any(counts.values()) for counts in ledger.values())


# --- as their columns say -------------------------------------------------------------------------------------------

#: the facts of such cases that differ from row to row, and the flags that none of them has
_TOLD = ("received_at", "due_at", "closed_at", "by_community")
_SAME = {name: False for name in FLAGS if name not in _TOLD}


def _add_plain(conn: Connection, start: int, end: int, zone: ZoneInfo) -> int:
    """Count the cases of these ids that are not counted yet and whose rows say all there is to say; how many."""
    query = _plain(start, end)
    told = {str(column.key): column for column in query.selected_columns}
    # what is the same for all, or the same as another column, is not read row by row
    cases = frame(conn, query.with_only_columns(*(told[name] for name in (*KEYS, *_TOLD)), maintain_column_froms=True))
    if cases.empty:
        return 0
    cases = cases.assign(**_SAME, disposed_at=cases["closed_at"], first_closed_at=cases["closed_at"])
    cases["first_dispatched_at"] = pd.Series(pd.NaT, index=cases.index, dtype=cases["closed_at"].dtype)
    names = ("incident_id", *KEYS, *FACTS)
    conn.execute(insert(t.score_cases).from_select(names, query))
    ledger = Ledger()
    ledgers.enter_all(ledger, cases, zone)
    ledgers.append(conn, ledger)
    return len(cases)


def _plain(start: int, end: int) -> Select[Any]:
    """`incident_id`, `KEYS` and `FACTS` of such cases: they were closed once or not at all, and never sent on."""
    i, e, s = t.incidents, t.events.c, t.score_cases.c
    by_community = case((and_(i.c.closed_at.is_not(None), i.c.level == str(Level.COMMUNITY)), 1), else_=0)
    told: dict[str, Any] = {
        "received_at": i.c.received_at, "due_at": i.c.due_at, "disposed_at": i.c.closed_at,
        "first_closed_at": i.c.closed_at, "closed_at": i.c.closed_at, "first_dispatched_at": null(),
        "by_community": by_community,
    }  # fmt: skip
    facts = [type_coerce(told.get(name, literal(0)), t.score_cases.c[name].type).label(name) for name in FACTS]
    more = exists().where(e.incident_id == i.c.id, e.kind.not_in(PLAIN))
    ordered = or_(i.c.closed_at.is_(None), i.c.closed_at >= i.c.received_at)
    query = _with_keys(i.c.id.label("incident_id"), *KEYS_NOW.values(), *facts)
    return query.where(i.c.id.between(start, end), s.incident_id.is_(None), ~more, ordered)


# --- as their events say --------------------------------------------------------------------------------------------

#: The place is that of the cell it lies in, or of whoever answers where it lies in none; the body the one that took
#: it first and stays responsible, before that the one that answers.
KEYS_NOW: Mapping[str, Any] = {
    "area_id": func.coalesce(t.cells.c.area_id, t.responsibilities.c.area_id).label("area_id"),
    "body_id": func.coalesce(t.incidents.c.first_body_id, t.responsibilities.c.body_id).label("body_id"),
    "category_id": t.incidents.c.category_id,
    "channel": t.incidents.c.channel,
}


def _with_keys(*columns: Any) -> Select[Any]:
    """Cases with the cell in which they lie, who answers for them now, and what they are counted for so far."""
    i, c, r, s = t.incidents, t.cells, t.responsibilities, t.score_cases
    placed = i.outerjoin(c, c.c.id == i.c.cell_id)
    held = placed.outerjoin(r, and_(r.c.incident_id == i.c.id, r.c.valid_to.is_(None)))
    return select(*columns).select_from(held.outerjoin(s, s.c.incident_id == i.c.id))


def _beside_known(ids: Iterable[int]) -> Select[Any]:
    """`id`, `KEYS` as they stand, `now_due_at`; and beside it, with `was_` before the name, what is counted so far."""
    i, s = t.incidents.c, t.score_cases
    known = [s.c[name].label(f"was_{name}") for name in ("incident_id", *KEYS, *FACTS)]
    query = _with_keys(i.id, *KEYS_NOW.values(), i.due_at.label("now_due_at"), *known)
    return query.where(i.id.in_(list(ids)))


def _known(row: Any) -> tuple[Keys, Facts] | None:
    if row["was_incident_id"] is None:
        return None
    was = {name: row[f"was_{name}"] for name in (*KEYS, *FACTS)}
    return Keys.of(was), facts_in(was)


def _columns(facts: Facts) -> dict[str, Any]:
    told = {name: getattr(facts, name) for name in FACTS}
    return {name: int(value) if isinstance(value, bool) else value for name, value in told.items()}


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))


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
