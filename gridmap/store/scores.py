"""What each case counts for on the scorecards: kept by its events, in their transaction, and counted again if asked.

The sums by month are `store.ledger`, reading them is `store.scorecards`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, groupby
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from sqlalchemy import Connection, Select, bindparam, delete, exists, func, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from gridmap.case.kinds import Event
from gridmap.case.standing import FACTS, Facts, facts_of, month_in
from gridmap.case.state import CaseState, fold
from gridmap.store import counting
from gridmap.store import ledger as ledgers
from gridmap.store import tables as t
from gridmap.store.bulk import frame
from gridmap.store.ledger import KEYS, Keys, Ledger, enter, facts_in
from gridmap.store.rows import insert_rows

#: called with how many cases are done, and of how many
Advance = Callable[[int, int], None]
#: cases folded at a time: their numbers go as parameters of one query
CHUNK = 1_000
#: cases counted as columns at a time
MANY = 50_000


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
    beside = (conn.execute(_beside_known(), {"ids": some}).mappings() for some in _chunks(list(states)))
    for row in chain.from_iterable(beside):
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


def recount(conn: Connection, zone: ZoneInfo) -> tuple[int, int]:
    """Count every case again from its events, from nothing; how many cases, and how many cases and lines of the sums
    had been wrong. For `gridmap recount`.

    Nothing else may write meanwhile: on PostgreSQL the tables are locked for that.
    """
    if conn.dialect.name == "postgresql":
        conn.exec_driver_sql("LOCK TABLE scores, score_cases IN EXCLUSIVE MODE")
    lines = torn(conn, zone)
    conn.exec_driver_sql("CREATE TEMP TABLE counted_before AS SELECT * FROM score_cases")
    conn.execute(delete(t.scores))
    conn.execute(delete(t.score_cases))
    count = add_missing(conn, zone)
    columns = ", ".join(column.name for column in t.score_cases.c)
    # names from the metadata
    changed = f"SELECT {columns} FROM score_cases EXCEPT SELECT {columns} FROM counted_before"  # noqa: S608
    differ = text(f"SELECT count(*) FROM ({changed}) AS changed")  # noqa: S608
    wrong = int(conn.execute(differ).scalar_one())
    conn.exec_driver_sql("DROP TABLE counted_before")
    return count, lines + wrong


def add_missing(conn: Connection, zone: ZoneInfo) -> int:
    """Count the cases that are not counted yet, after an import or an upgrade; how many. Safe to run again.

    Nearly all are told by the database (`store.counting`), some 50,000 at a time; what it cannot tell is folded, about
    1,000 in a second.
    """
    i, s = t.incidents.c, t.score_cases.c
    missing = ~exists().where(s.incident_id == i.id)
    last = conn.execute(select(func.max(i.id)).where(missing)).scalar()
    if last is None:
        return 0
    first = conn.execute(select(func.min(i.id)).where(missing)).scalar_one()
    count = 0
    for start in range(first, last + 1, MANY):
        end = min(start + MANY - 1, last)
        count += counting.add_plain(conn, start, end, zone) + counting.add_lived(conn, start, end, zone)
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
    if cases.empty:
        return 0
    homes = cases.assign(area_id=cases["home_id"])
    ledgers.append_all(conn, ledgers.less(ledgers.summed(homes, zone), ledgers.summed(cases, zone)))
    for home_id, those in cases.groupby("home_id")["incident_id"]:
        for some in _chunks(those.tolist()):
            conn.execute(update(s).where(s.c.incident_id.in_(some)).values(area_id=home_id))
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
        rows = conn.execute(_beside_known(), {"ids": list(some)}).mappings()
        fresh = ((row, (Keys.of(row), facts_of(states[row["id"]], row["now_due_at"]))) for row in rows)
        off += [row["id"] for row, counted in fresh if _known(row) != counted]
    return sorted(off)


def sums(conn: Connection, zone: ZoneInfo) -> pd.DataFrame:
    """The lines that the ledger should come to: what the cases beside it add up to."""
    s = t.score_cases
    query = select(*(s.c[name] for name in (*KEYS, *FACTS)))
    last = conn.execute(select(func.max(s.c.incident_id))).scalar() or 0
    total = ledgers.summed(frame(conn, query.where(s.c.incident_id < 1)), zone)
    for start in range(1, last + 1, MANY):
        some = frame(conn, query.where(s.c.incident_id.between(start, start + MANY - 1)))
        total = ledgers.together([total, ledgers.summed(some, zone)])
    return total


def torn(conn: Connection, zone: ZoneInfo) -> int:
    """How many lines of the ledger differ from what the cases beside it add up to; 0 when all is well."""
    return len(ledgers.less(sums(conn, zone), ledgers.kept(conn)))


# --- as their events say --------------------------------------------------------------------------------------------


@lru_cache(1)
def _beside_known() -> Select[Any]:
    """Of the cases given as `ids`: `id`, `KEYS` as they stand, `now_due_at`; and beside it, with `was_` before the
    name, what is counted so far."""
    i, s = t.incidents.c, t.score_cases
    known = [s.c[name].label(f"was_{name}") for name in ("incident_id", *KEYS, *FACTS)]
    query = counting.with_keys(i.id, *counting.KEYS_NOW.values(), i.due_at.label("now_due_at"), *known)
    return query.where(i.id.in_(bindparam("ids", expanding=True)))


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
