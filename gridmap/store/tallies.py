"""Counts of incidents by month, category and area out of the scorecards' sums, where these say the same as the rows.

The sums are kept by the events (`store.ledger`), so a county of millions is counted from some thousand lines. How many
are open or overdue is not in them: that is asked of the open cases, which are few.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import numpy as np
import pandas as pd
from sqlalchemy import Connection, func, not_, select

from gridmap.case.sharing import months_in
from gridmap.case.standing import month_in
from gridmap.store import tables as t
from gridmap.store.bulk import frame
from gridmap.store.filters import Asked, Filters, conditions, held
from gridmap.store.scope import is_open, on_day
from gridmap.store.scorecards import categories_in
from gridmap.view import Drawing, Everything, InArea, Kind

#: what the sums can tell apart, by the column that groups it
KEY: Mapping[str, str] = {
    "month": "month_no", "category": "category_id", "top_category": "category_id", "town": "area_id",
    "community": "area_id",
}  # fmt: skip
_ASKED = {"category", "from", "to"}


def hold(conn: Connection, wanted: Sequence[str], given: Filters, asked: Asked) -> bool:
    """Whether the sums hold these counts: over the whole county, whole months, and areas that no redraw has moved."""
    if not set(wanted) <= set(KEY) or not {name for name, value in given.items() if value is not None} <= _ASKED:
        return False
    if not all(_begins_a_month(given.get(name), asked) for name in ("from", "to")):
        return False
    grant = asked.view.scope.grant(Kind.INCIDENT)
    whole = isinstance(grant, Everything) or (isinstance(grant, InArea) and grant.depth <= 1)
    return whole and not (any(KEY[name] == "area_id" for name in wanted) and _moved(conn, asked))


def _begins_a_month(value: date | datetime | None, asked: Asked) -> bool:
    """Whether it is a month's first moment in the zone, or no bound at all."""
    if value is None:
        return True
    local = asked.moment(value).astimezone(asked.zone)
    return (local.day, local.hour, local.minute, local.second, local.microsecond) == (1, 0, 0, 0, 0)


def _moved(conn: Connection, asked: Asked) -> bool:
    """Whether there are cases of another drawing than the View's day's: as drawn now they may count elsewhere."""
    if asked.view.drawing is Drawing.THEN:
        return False
    others = select(t.cells.c.id).where(not_(on_day(t.cells, asked.view.as_of)))
    tables = (t.incidents, t.responsibilities)
    found = (conn.execute(select(one.c.id).where(one.c.cell_id.in_(others)).limit(1)).first() for one in tables)
    return any(row is not None for row in found)


def counts(conn: Connection, wanted: Sequence[str], given: Filters, asked: Asked) -> tuple[pd.DataFrame, list[date]]:
    """A row a group: its `KEY` columns, then `count`, `open`, `overdue`, `closed`; and the months by their `month_no`.

    Only what `hold` says yes to.
    """
    keys = list(dict.fromkeys(KEY[name] for name in wanted))
    told, still = _sums(conn, keys, given, asked), _open(conn, keys, given, asked)
    grouped = [one.groupby(keys, dropna=False).sum() for one in (told, still)]
    joined = grouped[0].join(grouped[1], how="outer").fillna(0).reset_index()
    joined["closed"] = joined["count"] - joined["open"]
    if "month_no" not in keys:
        return joined, []
    numbers = np.sort(joined["month_no"].unique())
    joined["month_no"] = np.searchsorted(numbers, joined["month_no"])
    return joined, [date(int(number) // 12, int(number) % 12 + 1, 1) for number in numbers]


def _sums(conn: Connection, keys: Sequence[str], given: Filters, asked: Asked) -> pd.DataFrame:
    s = t.scores.c
    columns = {"month_no": s.month, "category_id": s.category_id, "area_id": s.area_id}
    where = [s.standing == 0]
    for name, test in (("from", s.month.__ge__), ("to", s.month.__lt__)):
        if given.get(name) is not None:
            where.append(test(month_in(asked.zone)(asked.moment(given[name]))))
    if given.get("category") is not None:
        where.append(s.category_id.in_(categories_in(conn, str(given["category"]))))
    query = select(*(columns[key].label(key) for key in keys), func.sum(s.accepted).label("count")).where(*where)
    rows = frame(conn, query.group_by(*(columns[key] for key in keys)))
    return rows[rows["count"] != 0]


def _open(conn: Connection, keys: Sequence[str], given: Filters, asked: Asked) -> pd.DataFrame:
    """The open cases among them, as the sums group them: by the area of their cell, else of whoever answers."""
    i, c = t.incidents.c, t.cells
    area = func.coalesce(c.c.area_id, t.responsibilities.c.area_id).label("area_id")
    query = select(i.received_at, i.category_id, area, i.overdue_at)
    query = query.select_from(held().outerjoin(c, c.c.id == i.cell_id))
    rows = frame(conn, query.where(is_open(), *conditions("incidents", given, asked)))
    rows["month_no"] = months_in(rows["received_at"], asked.zone)
    return pd.DataFrame({
        **{key: rows[key] for key in keys},
        "open": 1, "overdue": (rows["overdue_at"] < pd.Timestamp(asked.now)).astype("int64"),
    })  # fmt: skip
