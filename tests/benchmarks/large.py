"""A county of real size: a modest one by the real code, then copied by SQL to as many incidents as are asked for.

    python -m tests.benchmarks.large DATABASE_URL INCIDENTS

The modest one is the demo county: half of its cases come from a register and were closed, the others go through whole
lives. Copies of closed cases lie up to five years further back, those of open ones some minutes. What hangs on a case
(who answered, events, helpers, what it counts for) is copied beside it with its ids shifted; the sums of the
scorecards are then added up again by `store.ledger`. Events keep their hashes, so the copies' chains do not hold.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Column, Connection, Table, delete, func, select, text

from gridmap.demo.county import County, make_county
from gridmap.privacy import Vault
from gridmap.settings import Settings
from gridmap.store import cases, incidents, ledger, open_engine, read, scores, write
from gridmap.store import tables as t
from gridmap.store.engine import is_sqlite
from gridmap.usecases.context import Context
from gridmap.usecases.setup import initialise, load_demo

#: incidents of the modest county, and of its copies in one statement
BASE, STEP = 5_000, 50_000
#: over how many years before the modest county's the copies of closed cases spread
YEARS = 5
MASTER = b"a large county's master key 32 B"
#: what is copied, in this order
COPIED = (t.incidents, t.responsibilities, t.events, t.helpers, t.score_cases)
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Step:
    """One event of a life: its kind, hours after the one before it, its data."""

    kind: str
    hours: float
    data: Mapping[str, Any]


def step(kind: str, hours: float, **data: Any) -> Step:
    return Step(kind, hours, data)


SETTLED = (step("resolved", 30, outcome="settled"), step("verified", 4, passed=True), step("closed", 20))
TAKEN = (step("accepted", 2), step("handling", 5))
SENT = (step("dispatched", 3, body_id=None), step("signed", 6, body_id=None), step("handling", 12))
AGAIN = (step("reopened", 50, reason="not_done"), *TAKEN, *SETTLED)
RATED = (step("rated", 9, satisfied=True, score=4),)
SULKING = (step("rated", 30, satisfied=False, score=2),)
LATE = (step("resolved", 300, outcome="settled"), step("closed", 9))
BACK = (step("returned", 8, reason="not_ours"),)
#: lives of cases, as often as they stand here
LIVES: Sequence[Sequence[Step]] = (
    (*TAKEN, *SETTLED), (*TAKEN, *SETTLED), (*TAKEN, *SETTLED, *RATED), (*SENT, *SETTLED), (*SENT, *SETTLED, *SULKING),
    (*SENT, *LATE), (*SENT, *BACK, *TAKEN, *SETTLED), (*TAKEN, *SETTLED, *AGAIN),
)  # fmt: skip


def open_context(url: str) -> Context:
    return Context(open_engine(url), Settings(database_url=url, secure_cookies=False), Vault(MASTER))


def build(ctx: Context, count: int, say: Say, base: int = BASE) -> None:
    """Fill an empty database with so many incidents (rounded down to whole copies of the modest county's `base`)."""
    base = min(base, count)
    initialise(ctx)
    load_demo(ctx, _half_open(make_county(scale=base / 25_000, until=ctx.today())), lambda kind, _loaded: say(kind))
    with write(ctx.engine) as conn:
        say(f"{live(ctx, conn)} cases lived")
    multiply(ctx, count // base - 1, say)


def _half_open(county: County) -> County:
    """Half of what was closed in the register stands open at first, to be taken through a life."""
    rows = county.incidents
    rows.loc[rows.index % 2 == 0, "closed_at"] = None
    return county


def live(ctx: Context, conn: Connection) -> int:
    """Take the open cases through their lives, as far as these have come by now; how many."""
    i, b = t.incidents.c, t.bodies.c
    open_ = conn.execute(select(i.id, i.received_at).where(i.status == "assigned").order_by(i.id)).all()
    bodies = conn.execute(select(b.id).where(b.kind == "department").order_by(b.id)).scalars().all()
    now = ctx.clock()
    for row in open_:
        case = cases.load(conn, row.id, ctx.zone)
        _live(conn, case, row.received_at, now, bodies[row.id % len(bodies)])
        cases.remember(conn, case, now)
    return len(open_)


def _live(conn: Connection, case: cases.Case, at: datetime, now: datetime, body_id: int) -> None:
    for one in LIVES[case.id % len(LIVES)]:
        at += timedelta(hours=one.hours * (1 + case.id % 7) / 4)
        if at > now:
            return
        data = {name: body_id if name == "body_id" else value for name, value in one.data.items()}
        case.write(conn, one.kind, at, None, {**data, "by": "system"})
        if one.kind == "dispatched":
            _hand_over(conn, case.id, body_id, at)


def _hand_over(conn: Connection, incident_id: int, body_id: int, at: datetime) -> None:
    """Make a body responsible, as a dispatch does."""
    row = incidents.current(conn, incident_id)
    at = incidents.after(row, at)
    incidents.end_responsibility(conn, row.responsibility_id, at)
    held = {
        "incident_id": incident_id, "cell_id": row.responsible_cell_id, "area_id": row.area_id, "body_id": body_id,
        "reason": "dispatched", "valid_from": at,
    }  # fmt: skip
    incidents.respond(conn, {name: [value] for name, value in held.items()})


# --- copies ---------------------------------------------------------------------------------------------------------


def multiply(ctx: Context, times: int, say: Say) -> None:
    """Put so many copies of all cases beside them, and add the scorecards up."""
    with write(ctx.engine) as conn:
        stride = int(conn.execute(select(func.max(t.incidents.c.id))).scalar_one())
        events = int(conn.execute(select(func.max(t.events.c.id))).scalar_one())
        held = int(conn.execute(select(func.max(t.responsibilities.c.id))).scalar_one())
        helped = int(conn.execute(select(func.coalesce(func.max(t.helpers.c.id), 0))).scalar_one())
    ids = {"incidents": stride, "events": events, "responsibilities": held, "helpers": helped}
    apart, at_once = YEARS * 365 * 24 * 60 // max(times, 1), max(STEP // stride, 1)
    with write(ctx.engine) as conn:
        again = _drop_indexes(conn)
    for first in range(1, times + 1, at_once):
        last = min(first + at_once - 1, times)
        with write(ctx.engine) as conn:
            quicken(conn)
            for table in COPIED:
                _copy(conn, table, ids, first, last, apart)
        say(f"{(last + 1) * stride:,} incidents")
    for statement in again:
        with write(ctx.engine) as conn:
            quicken(conn)
            conn.exec_driver_sql(statement)
    say(f"{len(again)} indexes made again")
    with write(ctx.engine) as conn:
        _after(conn, ids)
        add_up(conn, ctx.zone)
    analyse(ctx)


def _drop_indexes(conn: Connection) -> list[str]:
    """Drop what PostgreSQL would keep up row by row, all but the primary keys; the statements that make it again."""
    if is_sqlite(conn):
        return []
    names = {"names": [table.name for table in COPIED]}
    held = conn.execute(text(_HELD), names).all()
    for table, constraint, _told in held:
        conn.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")
    loose = conn.execute(text(_LOOSE), names).all()
    for index, _told in loose:
        conn.exec_driver_sql(f"DROP INDEX {index}")
    return [*(f"ALTER TABLE {one[0]} ADD CONSTRAINT {one[1]} {one[2]}" for one in held), *(one[1] for one in loose)]


#: rules of uniqueness, and indexes that are no rule's
_HELD = """SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint c
    WHERE contype = 'u' AND conrelid::regclass::text = ANY(:names)
    AND NOT EXISTS (SELECT FROM pg_constraint f WHERE f.contype = 'f' AND f.conindid = c.conindid)"""
_LOOSE = """SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
    WHERE indrelid::regclass::text = ANY(:names)
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)"""


def quicken(conn: Connection) -> None:
    """What is made here, or copied from what passed the rules once, need not pass them, and takes its time."""
    if is_sqlite(conn):
        conn.exec_driver_sql("PRAGMA cache_size=-400000")
    else:
        conn.exec_driver_sql("SET LOCAL session_replication_role = replica")
        conn.exec_driver_sql("SET LOCAL statement_timeout = 0")
        conn.exec_driver_sql("SET LOCAL maintenance_work_mem = '1GB'")


def _copy(conn: Connection, table: Table, ids: Mapping[str, int], first: int, last: int, apart: int) -> None:
    """The copies `first` to `last` of a table's rows, those of the modest county having the lowest ids."""
    names = [column.name for column in table.columns]
    told = ", ".join(f"{_shifted(conn, column, ids, apart)} AS {column.name}" for column in table.columns)
    of_case = "s.id" if table is t.incidents else "s.incident_id"
    key = "id" if "id" in table.c else "incident_id"
    open_ = "" if table is t.incidents else f" JOIN incidents o ON o.id = {of_case}"
    series = "WITH RECURSIVE k(n) AS (SELECT CAST(:first AS integer) UNION ALL SELECT n + 1 FROM k WHERE n < :last)"
    query = f"""INSERT INTO {table.name} ({", ".join(names)}) {series}
        SELECT {told} FROM k CROSS JOIN {table.name} s{open_} WHERE s.{key} <= :modest
        ORDER BY k.n, s.{key}"""
    conn.execute(text(query), {"first": first, "last": last, "modest": ids.get(table.name, ids["incidents"])})


def _shifted(conn: Connection, column: Column[Any], ids: Mapping[str, int], apart: int) -> str:
    """A column's value in copy k.n."""
    name, closed = f"s.{column.name}", "s.closed_at" if column.table is t.incidents else "o.closed_at"
    if column.name == "id":
        return f"s.id + k.n * {ids[column.table.name]}"
    if column.name in ("incident_id", "parent_id", "merged_into_id"):
        return f"{name} + k.n * {ids['incidents']}"
    if column.name in ("number", "source_ref"):
        return f"{name} || '.' || k.n"
    if column.name == "geom":
        move = "ShiftCoords({0}, {1}, {1})" if is_sqlite(conn) else "ST_Translate({0}, {1}, {1})"
        return move.format(name, "0.0000001 * (k.n % 997)")
    if not isinstance(column.type, t.UtcDateTime):
        return name
    minutes = f"k.n * CASE WHEN {closed} IS NULL THEN 1 ELSE {apart} END"
    if not is_sqlite(conn):
        return f"{name} - {minutes} * interval '1 minute'"
    return f"strftime('%Y-%m-%d %H:%M:%f000', {name}, '-' || ({minutes}) || ' minutes')"


def _after(conn: Connection, ids: Mapping[str, int]) -> None:
    """The next ids come after the copies'; SQLite sees to that itself."""
    for name in () if is_sqlite(conn) else ids:
        conn.exec_driver_sql(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), max(id)) FROM {name}")


def add_up(conn: Connection, zone: ZoneInfo) -> None:
    """The scorecards' sums from what each case counts for, from nothing."""
    conn.execute(delete(t.scores))
    ledger.append_all(conn, scores.sums(conn, zone))


def analyse(ctx: Context) -> None:
    """Let the planner know what is there, and PostgreSQL which pages all may see."""
    if ctx.engine.dialect.name == "sqlite":
        with write(ctx.engine) as conn:
            conn.exec_driver_sql("ANALYZE")
        return
    with ctx.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.exec_driver_sql("SET statement_timeout = 0")
        conn.exec_driver_sql("VACUUM (ANALYZE)")
        conn.exec_driver_sql("RESET statement_timeout")


def sizes(ctx: Context) -> tuple[int, int]:
    """How many incidents and events there are."""
    with read(ctx.engine) as conn:
        found = [conn.execute(select(func.count()).select_from(one)).scalar_one() for one in (t.incidents, t.events)]
    return int(found[0]), int(found[1])


def main(arguments: Sequence[str]) -> None:
    url, count = arguments[0], int(arguments[1])
    started, ctx = time.monotonic(), open_context(url)
    build(ctx, count, lambda words: print(f"{time.monotonic() - started:7.1f} s  {words}", flush=True))
    there, events = sizes(ctx)
    print(f"{there:,} incidents with {events:,} events after {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
