"""The demo county's joint meetings: one held, with promises in every light, and one called."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import shapely
from sqlalchemy import Connection

from gridmap.demo import promised
from gridmap.demo.times import at_hour
from gridmap.enterprise import SETTLED, MeetingStatus, Party, PromiseStatus
from gridmap.store import demo_tables, incidents, meetings, permits, read, write
from gridmap.store.meetings import Seat
from gridmap.usecases.context import Context
from gridmap.usecases.imports import load


def fill_tables(ctx: Context) -> None:
    """Give the two largest quarries blast logs, permits, and meetings with their promises; once."""
    with read(ctx.engine) as conn:
        if demo_tables.is_filled(conn):
            return
        quarries = demo_tables.quarries(conn, 2)
    now = ctx.clock()
    for one in quarries:
        point = shapely.point_on_surface(meetings_place(ctx, one.id))
        with read(ctx.engine) as conn:
            homes = demo_tables.homes_about(conn, point.x, point.y, 0.02)
        load(ctx, "blasts", promised.blast_log(one.code, *promised.pit(point.x, point.y, homes), now))
    with write(ctx.engine) as conn:
        for one in quarries:
            _permitted(conn, one.id, now)
        bodies = demo_tables.bodies(conn, promised.DEPARTMENTS)
        _held(ctx, conn, quarries[0].id, bodies, at_hour(now, promised.HELD_DAYS, 9.5, workday=True))
        _add(ctx, conn, quarries[1].id, bodies, promised.NEXT_TITLE, now, at_hour(now, -6, 9.5, workday=True))


def meetings_place(ctx: Context, enterprise_id: int) -> Any:
    """Where an enterprise lies."""
    with read(ctx.engine) as conn:
        return meetings.enterprise_place(conn, enterprise_id)["geom"]


def _permitted(conn: Connection, enterprise_id: int, now: datetime) -> None:
    day = now.date()
    for kind, number, back, ahead in (("mining", "C5299012024", 500, 900), ("blasting", "BP-0017", 700, -20)):
        values = {"kind": kind, "number": number, "valid_from": day - timedelta(days=back)}
        permits.keep_permit(conn, enterprise_id, {**values, "valid_to": day + timedelta(days=ahead)})
    permits.say_regular(conn, enterprise_id, 6, day - timedelta(days=200), None, now)


def _add(
    ctx: Context, conn: Connection, enterprise_id: int, bodies: list[int], title: str, at: datetime, meets_at: datetime
) -> int:
    area_id = int(meetings.enterprise_place(conn, enterprise_id)["area_id"])
    values = {
        "number": f"M{incidents.drawn_number(at.astimezone(ctx.zone))}", "area_id": area_id,
        "enterprise_id": enterprise_id, "incident_id": None, "title": title, "meets_at": meets_at,
        "venue": promised.VENUE, "status": MeetingStatus.CALLED, "created_at": at, "account_id": None,
    }  # fmt: skip
    seats = [Seat(Party.GOVERNMENT, body_id=one) for one in bodies]
    seats += [Seat(Party.ENTERPRISE, enterprise_id=enterprise_id), Seat(Party.RESIDENTS, area_id=area_id)]
    return meetings.add(conn, values, seats, demo_tables.cases_about(conn, enterprise_id, at, 12))


def _held(ctx: Context, conn: Connection, enterprise_id: int, bodies: list[int], at: datetime) -> None:
    meeting_id = _add(ctx, conn, enterprise_id, bodies, promised.TITLE, at - timedelta(days=7), at)
    meetings.end(conn, meeting_id, MeetingStatus.HELD, at, minutes=promised.MINUTES, reason=None)
    rows = [
        {
            "text": one.text, "made_at": at, "due_at": at + timedelta(days=one.due_days),
            "body_id": bodies[0] if one.body else None, "enterprise_id": None if one.body else enterprise_id,
        }
        for one in promised.PROMISES
    ]  # fmt: skip
    meetings.add_promises(conn, meeting_id, rows, None)
    ids = demo_tables.promises_of(conn, meeting_id)
    for promise_id, one in zip(ids, promised.PROMISES, strict=True):
        for status, days, note in one.steps:
            said = PromiseStatus(status)
            moment = at + timedelta(days=days)
            meetings.step(conn, promise_id, said, moment, None, note, settled=said in SETTLED)
