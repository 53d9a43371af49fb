"""What is late just now, counted by who answers for it and where: open cases by light, those that fall due soon."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import pandas as pd
from sqlalchemy import Connection, and_, case, func, select

from gridmap.case.clock import Light
from gridmap.store import tables as t
from gridmap.store.bulk import frame
from gridmap.store.filters import held, light_is
from gridmap.store.scope import clause, is_open
from gridmap.view import Kind, View

#: the counts, as columns
LATE: Final = (Light.VERY_LATE, Light.RED, Light.YELLOW)
SOON: Final = timedelta(days=7)


def late(conn: Connection, view: View, now: datetime) -> pd.DataFrame:
    """Open cases that the View admits: `body_id` and `area_id` (of the cell) of who answers, then int64 `very_late`,
    `red`, `yellow` (lights at `now`) and `soon` (not late, whole time up within `SOON`). Rows that have any.
    """
    i, r, c = t.incidents.c, t.responsibilities.c, t.cells
    past = [light_is(light, now) for light in (Light.VERY_LATE, Light.RED)]
    soon = and_(i.due_at >= now, i.due_at < now + SOON, *(~one for one in past))
    told = {str(light): light_is(light, now) for light in LATE} | {"soon": soon}
    counts = [func.sum(case((which, 1), else_=0)).label(name) for name, which in told.items()]
    keys = (r.body_id, c.c.area_id)
    query = select(*keys, *counts).select_from(held().outerjoin(c, c.c.id == r.cell_id))
    admitted = clause(view, Kind.INCIDENT, now=now, held=t.responsibilities, still_open=True)
    rows = frame(conn, query.where(is_open(), admitted).group_by(*keys))
    rows[list(told)] = rows[list(told)].astype("int64")
    return rows[rows[list(told)].any(axis=1)].reset_index(drop=True)


def supervisors(conn: Connection) -> Sequence[Any]:
    """The supervisors who may log in, by id, with the path of their area."""
    a = t.accounts.c
    query = select(a.id, t.areas.c.path).join(t.areas, t.areas.c.id == a.area_id)
    return conn.execute(query.where(a.role == "supervisor", a.disabled_at.is_(None)).order_by(a.id)).all()
