"""SQL of joint meetings: who sits there, what it is about, what was promised and what became of it.

Nothing here names a resident. A meeting's cases are told by category and month; how near a report lies to an enterprise
is measured in the core, from places read here.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import Connection, Select, func, insert, literal_column, or_, select, update

from gridmap.enterprise import MeetingStatus, Party, PromiseStatus
from gridmap.errors import NotFound
from gridmap.store import tables as t
from gridmap.store.bulk import frame
from gridmap.store.scope import clause
from gridmap.store.spatial import Bbox, intersects_bbox
from gridmap.view import Kind, View


@dataclass(frozen=True, slots=True)
class Seat:
    """Who sits at the table: a body, the enterprise, or the residents of an area."""

    party: Party
    body_id: int | None = None
    enterprise_id: int | None = None
    area_id: int | None = None


# --- meetings -------------------------------------------------------------------------------------------------------


def page(
    conn: Connection, view: View, *, status: str | None, enterprise_id: int | None, after: int | None, limit: int
) -> Sequence[Any]:
    """Meetings of the View's scope, newest first, with the names of area and enterprise and their open promises."""
    m, p = t.meetings, t.promises
    unsettled = (
        select(func.count()).where(p.c.meeting_id == m.c.id, p.c.settled_at.is_(None)).correlate(m).scalar_subquery()
    )
    query = _named(unsettled.label("open_promises")).where(clause(view, Kind.MEETING)).order_by(m.c.id.desc())
    if status is not None:
        query = query.where(m.c.status == status)
    if enterprise_id is not None:
        query = query.where(m.c.enterprise_id == enterprise_id)
    if after is not None:
        query = query.where(m.c.id < after)
    return conn.execute(query.limit(limit)).all()


def one(conn: Connection, view: View, meeting_id: int) -> Any:
    """One meeting with its names. NotFound also for one outside the scope."""
    query = _named(t.meetings.c.minutes, t.meetings.c.reason, t.meetings.c.incident_id)
    row = conn.execute(query.where(clause(view, Kind.MEETING), t.meetings.c.id == meeting_id)).one_or_none()
    if row is None:
        raise NotFound("there is no such meeting, or none that you follow")
    return row


def _named(*more: Any) -> Select[Any]:
    m, a, e = t.meetings, t.areas, t.enterprises
    columns = (
        m.c.id, m.c.number, m.c.title, m.c.meets_at, m.c.venue, m.c.status, m.c.created_at, m.c.ended_at,
        a.c.code.label("area"), a.c.name.label("area_name"), a.c.name_en.label("area_name_en"),
        m.c.enterprise_id, e.c.code.label("enterprise"), e.c.name.label("enterprise_name"),
        e.c.name_en.label("enterprise_name_en"),
    )  # fmt: skip
    joined = m.join(a, a.c.id == m.c.area_id).outerjoin(e, e.c.id == m.c.enterprise_id)
    return select(*columns, *more).select_from(joined)


def add(conn: Connection, values: dict[str, Any], seats: Collection[Seat], incident_ids: Collection[int]) -> int:
    """Call a meeting; its id."""
    meeting_id = int(conn.execute(insert(t.meetings).values(**values).returning(t.meetings.c.id)).scalar_one())
    rows = [
        {"meeting_id": meeting_id, "party": one.party, "body_id": one.body_id, "enterprise_id": one.enterprise_id,
         "area_id": one.area_id}
        for one in dict.fromkeys(seats)
    ]  # fmt: skip
    conn.execute(insert(t.seats), rows)
    if incident_ids:
        listed = [{"meeting_id": meeting_id, "incident_id": one} for one in sorted(set(incident_ids))]
        conn.execute(insert(t.agenda), listed)
    return meeting_id


def end(
    conn: Connection, meeting_id: int, status: MeetingStatus, now: datetime, *, minutes: str | None, reason: str | None
) -> bool:
    """Say that a called meeting was held or called off; False when it is no longer only called."""
    m = t.meetings.c
    called = update(t.meetings).where(m.id == meeting_id, m.status == MeetingStatus.CALLED)
    return bool(conn.execute(called.values(status=status, ended_at=now, minutes=minutes, reason=reason)).rowcount)


def seats_of(conn: Connection, meeting_id: int) -> Sequence[Any]:
    """Who sits there: party, code, name and name_en of the body, enterprise or area."""
    s, b, e, a = t.seats, t.bodies, t.enterprises, t.areas
    named = [func.coalesce(b.c[key], e.c[key], a.c[key]).label(key) for key in ("code", "name", "name_en")]
    joined = (
        s.outerjoin(b, b.c.id == s.c.body_id)
        .outerjoin(e, e.c.id == s.c.enterprise_id)
        .outerjoin(a, a.c.id == s.c.area_id)
    )
    return conn.execute(
        select(s.c.party, *named).select_from(joined).where(s.c.meeting_id == meeting_id).order_by(s.c.id)
    ).all()


def agenda_of(conn: Connection, view: View, meeting_id: int, now: datetime) -> Sequence[Any]:
    """The cases that a meeting is about, as far as the View admits them: id, number, status, received_at, category."""
    i, g, c = t.incidents, t.agenda, t.categories
    query = (
        select(i.c.id, i.c.number, i.c.status, i.c.received_at, c.c.code, c.c.name, c.c.name_en)
        .select_from(g.join(i, i.c.id == g.c.incident_id).join(c, c.c.id == i.c.category_id))
        .where(g.c.meeting_id == meeting_id, clause(view, Kind.INCIDENT, now=now))
        .order_by(i.c.received_at, i.c.id)
    )
    return conn.execute(query).all()


def at_the_table(conn: Connection, meeting_id: int) -> Sequence[Any]:
    """The same for the table: each case's category and its top one; no number, no day and no place."""
    i, g, c, top = t.incidents, t.agenda, t.categories, t.categories.alias("top")
    query = (
        select(c.c.code, c.c.name, c.c.name_en, top.c.code.label("top"))
        .select_from(g.join(i, i.c.id == g.c.incident_id).join(c, c.c.id == i.c.category_id))
        .join(top, top.c.id == func.coalesce(c.c.parent_id, c.c.id))
        .where(g.c.meeting_id == meeting_id)
    )
    return conn.execute(query).all()


# --- promises -------------------------------------------------------------------------------------------------------


def promise_rows(
    conn: Connection,
    view: View,
    *,
    meeting_id: int | None = None,
    promise_id: int | None = None,
    enterprise_id: int | None = None,
    unsettled: bool = False,
    after: int | None = None,
    limit: int = 10_000,
) -> Sequence[Any]:
    """Promises of meetings in the View's scope, by id, with their owner's code and names and the meeting's number."""
    p, m, b, e = t.promises, t.meetings, t.bodies, t.enterprises
    owner = [func.coalesce(b.c[key], e.c[key]).label(f"owner_{key}") for key in ("code", "name", "name_en")]
    query = (
        select(
            p.c.id, p.c.meeting_id, m.c.number, m.c.enterprise_id.label("about_id"), p.c.body_id, p.c.enterprise_id,
            *owner, p.c.text, p.c.made_at, p.c.due_at, p.c.status, p.c.settled_at,
        )
        .select_from(
            p.join(m, m.c.id == p.c.meeting_id)
            .outerjoin(b, b.c.id == p.c.body_id)
            .outerjoin(e, e.c.id == p.c.enterprise_id)
        )
        .where(clause(view, Kind.MEETING))
        .order_by(p.c.id)
        .limit(limit)
    )  # fmt: skip
    given = {"meeting_id": meeting_id, "id": promise_id}
    query = query.where(*(p.c[name] == value for name, value in given.items() if value is not None))
    if enterprise_id is not None:
        query = query.where(m.c.enterprise_id == enterprise_id)
    if unsettled:
        query = query.where(literal_column("promises.settled_at IS NULL"))
    if after is not None:
        query = query.where(p.c.id > after)
    return conn.execute(query).all()


def add_promises(conn: Connection, meeting_id: int, rows: Sequence[dict[str, Any]], account_id: int | None) -> None:
    """Write promises, each with its first step. `rows`: body_id or enterprise_id, text, made_at, due_at."""
    for row in rows:
        promise_id = conn.execute(
            insert(t.promises)
            .values(meeting_id=meeting_id, status=PromiseStatus.OPEN, **row)
            .returning(t.promises.c.id)
        ).scalar_one()
        _step(conn, promise_id, 1, PromiseStatus.OPEN, row["made_at"], account_id, None)


def lock_promise(conn: Connection, promise_id: int) -> Any:
    """A promise's status for a change of it, held until the end of the transaction; None when there is none."""
    p = t.promises
    return conn.execute(select(p.c.id, p.c.status).where(p.c.id == promise_id).with_for_update()).one_or_none()


def step(
    conn: Connection,
    promise_id: int,
    status: PromiseStatus,
    now: datetime,
    account_id: int | None,
    note: str | None,
    *,
    settled: bool,
) -> None:
    """Say what became of a promise. The caller has checked that this may follow."""
    p, s = t.promises, t.promise_steps
    changed = {"status": status, "settled_at": now if settled else None}
    conn.execute(update(p).where(p.c.id == promise_id).values(**changed))
    last = conn.execute(select(func.max(s.c.seq)).where(s.c.promise_id == promise_id)).scalar_one()
    _step(conn, promise_id, last + 1, status, now, account_id, note)


def _step(
    conn: Connection,
    promise_id: int,
    seq: int,
    status: PromiseStatus,
    at: datetime,
    account_id: int | None,
    note: str | None,
) -> None:
    row = {"promise_id": promise_id, "seq": seq, "status": status, "at": at, "account_id": account_id, "note": note}
    conn.execute(insert(t.promise_steps).values(**row))


def steps_of(conn: Connection, promise_id: int) -> Sequence[Any]:
    """What became of a promise, in order: seq, status, at, note."""
    s = t.promise_steps.c
    return conn.execute(select(s.seq, s.status, s.at, s.note).where(s.promise_id == promise_id).order_by(s.seq)).all()


# --- what lies around an enterprise ---------------------------------------------------------------------------------


def enterprise_place(conn: Connection, enterprise_id: int) -> Any:
    """An enterprise's geometry, and the id and path of the area of its cell. NotFound when there is none."""
    e, c, a = t.enterprises, t.cells, t.areas
    rows = frame(
        conn,
        select(e.c.id, e.c.geom, a.c.id.label("area_id"), a.c.path)
        .select_from(e.outerjoin(c, c.c.id == e.c.cell_id).outerjoin(a, a.c.id == c.c.area_id))
        .where(e.c.id == enterprise_id),
    )
    if rows.empty:
        raise NotFound("there is no such enterprise")
    return rows.iloc[0]


def place_of(conn: Connection, meeting_id: int) -> Any:
    """The geometry of the enterprise that a meeting is about."""
    m = t.meetings.c
    enterprise_id = conn.execute(select(m.enterprise_id).where(m.id == meeting_id)).scalar_one()
    return enterprise_place(conn, enterprise_id)["geom"]


def reports_in(
    conn: Connection, view: View, box: Bbox, categories: Collection[str] | None, since: datetime, until: datetime
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.datetime64]]:
    """Places and moments of the reports in a box from `since` up to `until` that the View admits, those voided or
    merged left out."""
    i, c = t.incidents, t.categories
    query = select(i.c.geom, i.c.received_at).where(
        intersects_bbox(i, box), i.c.received_at >= since, i.c.received_at < until,
        i.c.status.not_in(("voided", "merged")), clause(view, Kind.INCIDENT),
    )  # fmt: skip
    if categories is not None:
        kinds = select(c.c.id).where(c.c.code.in_(categories))
        query = query.where(i.c.category_id.in_(kinds))
    rows = frame(conn, query)
    moments = rows["received_at"].dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[us]")
    return rows["geom"].to_numpy(dtype=object), moments


def open_in(conn: Connection, view: View, box: Bbox, enterprise_id: int) -> pd.DataFrame:
    """The open cases in a box or reported about an enterprise that the View admits: id, enterprise_id, geom, and code,
    name, name_en of the category with the code of its top one."""
    i, c, top = t.incidents, t.categories, t.categories.alias("top")
    query = (
        select(i.c.id, i.c.enterprise_id, i.c.geom, c.c.code, c.c.name, c.c.name_en, top.c.code.label("top"))
        .select_from(i.join(c, c.c.id == i.c.category_id))
        .join(top, top.c.id == func.coalesce(c.c.parent_id, c.c.id))
        .where(i.c.closed_at.is_(None), clause(view, Kind.INCIDENT))
        .where(or_(intersects_bbox(i, box), i.c.enterprise_id == enterprise_id))
    )
    return frame(conn, query.order_by(i.c.id))


def admitted(conn: Connection, view: View, incident_ids: Collection[int], now: datetime) -> set[int]:
    """Those of these incidents that the View admits."""
    i = t.incidents.c
    query = select(i.id).where(i.id.in_(incident_ids), clause(view, Kind.INCIDENT, now=now))
    return set(conn.execute(query).scalars())


def by_code(conn: Connection, table: Any, code: str) -> int | None:
    """The id behind a code."""
    return conn.execute(select(table.c.id).where(table.c.code == code)).scalar_one_or_none()
