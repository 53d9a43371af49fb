"""SQL of blast logs: what an enterprise set off, through which rock, and the houses around it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, delete, func, insert, select

from gridmap.store import tables as t
from gridmap.store.bulk import frame
from gridmap.store.spatial import Bbox, intersects_bbox


def of_enterprise(conn: Connection, enterprise_id: int, since: datetime) -> pd.DataFrame:
    """The blasts since a moment, oldest first: id, code, at, charge_kg, frequency_hz (NaN: not measured), geom."""
    b = t.blasts.c
    query = select(b.id, b.code, b.at, b.charge_kg, b.frequency_hz, b.geom)
    found = frame(conn, query.where(b.enterprise_id == enterprise_id, b.at >= since).order_by(b.at, b.id))
    return found.assign(frequency_hz=found["frequency_hz"].astype("float64"))


def largest(conn: Connection) -> dict[int, float]:
    """The largest charge in kg that each enterprise logged, by its id."""
    b = t.blasts.c
    rows = conn.execute(select(b.enterprise_id, func.max(b.charge_kg)).group_by(b.enterprise_id))
    return {row[0]: row[1] for row in rows}


def rock_of(conn: Connection, enterprise_id: int) -> Any:
    """What lies between an enterprise and the houses: rock, k, alpha; None where nobody has said."""
    r = t.rocks.c
    return conn.execute(select(r.rock, r.k, r.alpha).where(r.enterprise_id == enterprise_id)).one_or_none()


def set_rock(conn: Connection, enterprise_id: int, rock: str, k: float | None, alpha: float | None) -> None:
    """Say it, in place of what was said before."""
    conn.execute(delete(t.rocks).where(t.rocks.c.enterprise_id == enterprise_id))
    conn.execute(insert(t.rocks).values(enterprise_id=enterprise_id, rock=rock, k=k, alpha=alpha))


def houses_in(conn: Connection, box: Bbox) -> pd.DataFrame:
    """The houses in a box as a frame of housing and geom, for figures; nobody's address, no id."""
    h = t.households
    return frame(conn, select(h.c.housing, h.c.geom).where(intersects_bbox(h, box)))
