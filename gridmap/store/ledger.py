"""The ledger of sums by month: lines that only ever get appended, added together later. Only their sum counts.

What goes in is `store.scores`; reading it for a card is `store.scorecards`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self
from zoneinfo import ZoneInfo

import pandas as pd
from sqlalchemy import Connection, Integer, delete, func, insert, select, type_coerce

from gridmap.case.scorecard import COUNTS, FLAGS, MOMENTS
from gridmap.case.sharing import shared
from gridmap.case.standing import Facts, MonthOf, shares
from gridmap.store import tables as t
from gridmap.store.bulk import bulk_insert, frame
from gridmap.store.rows import insert_rows

#: by what a scorecard can be told apart
KEYS = ("area_id", "body_id", "category_id", "channel")
#: what one line of the ledger is for
BY = ("month", "standing", *KEYS)


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


def summed(cases: pd.DataFrame, zone: ZoneInfo) -> pd.DataFrame:
    """What many cases come to: lines of `month`, `standing`, `KEYS` and `COUNTS`.

    `cases`: `KEYS`, `MOMENTS` (datetime64 in UTC), `FLAGS`.
    """
    shares = shared(cases, zone)
    keys = cases[list(KEYS)].iloc[shares.pop("row").to_numpy()].reset_index(drop=True)
    return together([pd.concat([shares[["month", "standing"]], keys, shares[list(COUNTS)]], axis=1)])


def together(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Lines of one key added together; those that come to nothing are left out."""
    every = pd.concat(parts, ignore_index=True)
    total = every.groupby(list(BY), dropna=False, sort=False)[list(COUNTS)].sum()
    return total[(total != 0).any(axis=1)].reset_index()


def less(sums: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """What is left of lines when others are taken off."""
    return together([sums, others.assign(**{name: -others[name] for name in COUNTS})])


def append_all(conn: Connection, sums: pd.DataFrame) -> int:
    """Write many lines; how many."""
    return len(bulk_insert(conn, t.scores, {name: sums[name] for name in (*BY, *COUNTS)}))


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


def kept(conn: Connection) -> pd.DataFrame:
    """The sums of all lines, as `summed` has them."""
    s = t.scores.c
    by = [s[name] for name in BY]
    totals = (type_coerce(func.sum(s[name]), Integer).label(name) for name in COUNTS)
    return frame(conn, select(*by, *totals).group_by(*by))


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
