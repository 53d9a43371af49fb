"""The ledger of sums by month: lines that only ever get appended, added together later. Only their sum counts.

What goes in is `store.scores`; reading it for a card is `store.scorecards`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Self
from zoneinfo import ZoneInfo

import pandas as pd
from sqlalchemy import Connection, delete, func, insert, select

from gridmap.case.scorecard import COUNTS, FLAGS, MOMENTS
from gridmap.case.standing import Facts, MonthOf, month_in, shares
from gridmap.store import tables as t
from gridmap.store.rows import insert_rows

#: by what a scorecard can be told apart
KEYS = ("area_id", "body_id", "category_id", "channel")


class Keys(NamedTuple):
    """Where, who, what and how of a case, as the ledger groups it."""

    area_id: int | None
    body_id: int | None
    category_id: int
    channel: str

    @classmethod
    def of(cls, row: Any) -> Self:
        return cls(*(row[name] for name in KEYS))


#: up to so many lines go as one statement, worded once for each number of them
_FEW = 4
#: month, standing, keys; and by how much each count changes
Line = tuple[int, int, Keys]
Ledger = dict[Line, Counter[str]]


def facts_in(row: Mapping[str, Any]) -> Facts:
    """The facts in a row of `score_cases`."""
    told: dict[str, Any] = {**{name: row[name] for name in MOMENTS}, **{name: bool(row[name]) for name in FLAGS}}
    return Facts(**told)


def enter(ledger: Ledger, keys: Keys, facts: Facts, month_of: MonthOf, times: int) -> None:
    """Put on the ledger what so many cases of these facts count for; below 0: take it off."""
    for month, standing, names in shares(facts, month_of):
        counts = ledger.setdefault((month, standing, keys), Counter())
        for name in names:
            counts[name] += times


def enter_all(ledger: Ledger, cases: pd.DataFrame, zone: ZoneInfo, sign: int = 1) -> None:
    """Put many cases on the ledger at once, or with -1 take them off.

    `cases`: `KEYS`, `MOMENTS` (datetime64 in UTC), `FLAGS`. Those alike in their keys, their flags, the months of their
    moments and whether they were in time count alike: one of each kind is entered, so many times.
    """
    alike = cases[[*KEYS, *FLAGS]].copy()
    for name in MOMENTS:
        local = cases[name].dt.tz_convert(zone)
        alike[name] = (local.dt.year * 12 + local.dt.month - 1).fillna(-1).astype("int64")
    alike["in_time"] = cases["disposed_at"] <= cases["due_at"]
    kinds = alike.groupby(list(alike.columns), dropna=False, sort=False).ngroup().to_numpy()
    first = pd.Series(kinds).drop_duplicates().index
    times, month_of = pd.Series(kinds).value_counts(sort=False), month_in(zone)
    told = cases.iloc[first].astype(object)
    rows: list[Any] = told.where(told.notna(), None).to_dict("records")
    for kind, row in zip(kinds[first], rows, strict=True):
        enter(ledger, Keys.of(row), facts_in(row), month_of, sign * int(times[kind]))


def append(conn: Connection, ledger: Ledger) -> int:
    """Write the lines that are not nothing; how many."""
    rows = [
        {"month": month, "standing": standing, **keys._asdict(), **{name: counts[name] for name in COUNTS}}
        for (month, standing, keys), counts in ledger.items()
        if any(counts.values())
    ]
    if len(rows) <= _FEW:
        insert_rows(conn, t.scores, rows)
    else:
        conn.execute(insert(t.scores), rows)
    return len(rows)


def lines(conn: Connection) -> Iterator[tuple[Line, Counter[str]]]:
    """The sums of all lines."""
    s = t.scores.c
    by = (s.month, s.standing, *(s[name] for name in KEYS))
    query = select(*by, *(func.sum(s[name]).label(name) for name in COUNTS)).group_by(*by)
    for row in conn.execute(query).mappings():
        yield _line(row), Counter({name: int(row[name]) for name in COUNTS})


def compact(conn: Connection) -> int:
    """Add lines of one key together and drop those that came to nothing; how many lines went.

    Only keys of several lines are touched. Lines written meanwhile by others stay as they are: only what was read here
    is replaced, by one statement that reads and deletes.
    """
    # one broom at a time: two would both add up what one of them takes away
    if conn.dialect.name == "postgresql":
        conn.exec_driver_sql("SELECT pg_advisory_xact_lock(7001007)")
    s = t.scores
    beside = func.count().over(partition_by=[s.c.month, s.c.standing, *(s.c[name] for name in KEYS)])
    counted = select(s.c.id, beside.label("beside")).subquery()
    several = select(counted.c.id).where(counted.c.beside > 1)
    ledger, gone = Ledger(), 0
    for row in conn.execute(delete(s).where(s.c.id.in_(several)).returning(s)).mappings().all():
        ledger.setdefault(_line(row), Counter()).update({name: row[name] for name in COUNTS})
        gone += 1
    return gone - append(conn, ledger)


def _line(row: Any) -> Line:
    return row["month"], row["standing"], Keys.of(row)
