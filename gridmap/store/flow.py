"""SQL of what an admin sets for the flow: new versions of processes, and the calendar in force."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from gridmap.case.calendar import Calendar
from gridmap.case.events import canonical_json
from gridmap.case.process import SHIPPED, Process
from gridmap.store import meta, versions
from gridmap.store import tables as t


def process_codes(conn: Connection) -> list[str]:
    """The codes of all processes: those that ship, then the county's own."""
    known = set(conn.execute(select(t.processes.c.code).distinct()).scalars())
    return [*SHIPPED, *sorted(known - set(SHIPPED))]


def add_process(conn: Connection, process: Process, now: datetime) -> None:
    """Keep a version. Of two writers at once the second meets the unique key and fails."""
    body = canonical_json(process.to_json())
    conn.execute(insert(t.processes).values(code=process.code, version=process.version, body=body, created_at=now))
    versions.bump(conn, "processes")


def put_in_force(conn: Connection, calendar: Calendar, now: datetime) -> None:
    """Keep a calendar and count new cases by it."""
    make = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    row = {"version": calendar.version, "body": canonical_json(calendar.to_json()), "created_at": now}
    conn.execute(make(t.calendars).values(row).on_conflict_do_nothing())
    meta.set_facts(conn, {"calendar": calendar.version})
    versions.bump(conn, "calendar")
