"""A few facts about the county this database serves: its name, whether it is the demo."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, delete, insert, select

from gridmap.store import tables as t


def facts(conn: Connection) -> dict[str, str]:
    """All facts by key: county_name, county_name_en, is_demo ("1"), ..."""
    return dict(conn.execute(select(t.meta.c.key, t.meta.c.value)).all())


def set_facts(conn: Connection, given: Mapping[str, str]) -> None:
    """Set these facts, leaving the others."""
    if given:
        conn.execute(delete(t.meta).where(t.meta.c.key.in_(given)))
        conn.execute(insert(t.meta), [{"key": key, "value": value} for key, value in given.items()])
