"""Joint meetings: called from an enterprise, a case or a hotspot, held, and followed by what was promised there.

The residents sit there as a community. Which of them complained is nowhere in a meeting; what lies on the table
(`table_edition`) tells its cases by category, a row only where it stands for several.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Connection

from gridmap.case.events import canonical_moment
from gridmap.enterprise import (
    SETTLED,
    Change,
    MeetingStatus,
    Party,
    PromiseStatus,
    Span,
    change,
    check_step,
    check_table,
    light,
)
from gridmap.errors import Conflict, Forbidden, InvalidInput, NotFound
from gridmap.people.roles import can
from gridmap.privacy import in_steps, without_numbers
from gridmap.privacy.release import LEAST, LEFT_OUT
from gridmap.store import accounts, incidents, meetings, read, write
from gridmap.store import tables as t
from gridmap.store.meetings import Seat
from gridmap.usecases import agenda, reminding
from gridmap.usecases.agenda import RADIUS_M, near_enterprise
from gridmap.usecases.context import Context
from gridmap.usecases.counting import reads_figures
from gridmap.usecases.leading import lead_at
from gridmap.usecases.notices import write_called
from gridmap.usecases.spots import sender_of
from gridmap.view import View

LONGEST_TITLE, LONGEST_TEXT = 200, 8000
#: how long before the promise an effect begins at most
LONGEST_BEFORE = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Call:
    """A meeting to be called. `bodies`: codes; `residents`: code of the community or town whose residents are asked."""

    title: str
    meets_at: datetime
    venue: str
    enterprise_id: int
    bodies: tuple[str, ...]
    residents: str
    incident_ids: tuple[int, ...] = ()
    called_from: int | None = None
    #: open cases of these categories near the enterprise come on the agenda, too, whoever serves them (`agenda.taken`)
    categories: tuple[str, ...] = ()
    #: households within so many metres are invited, where they agreed to be called; None: nobody is
    invite_m: float | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """A promise to be written down. `body`: code of the body whose it is; None: the enterprise's."""

    text: str
    due_at: datetime
    body: str | None = None


# --- calling and holding --------------------------------------------------------------------------------------------


def call(ctx: Context, view: View, said: Call, *, key: str | None = None) -> dict[str, Any]:
    """Call a joint meeting of three sides. The same sender with the same key has one effect.

    Raises Forbidden, NotFound (an enterprise or case that is not there, or not the caller's), InvalidInput, KeyReused.
    """
    _may(view, "meeting.lead")
    _check_call(said)
    fingerprint = ctx.vault.digest(json.dumps(["call", asdict(said)], default=str))
    with write(ctx.engine) as conn:
        now = ctx.clock()
        known = None if key is None else incidents.claim_request(conn, sender_of(view), key, fingerprint, now)
        if known is not None:
            return known
        answer = _call(ctx, view, conn, said, now)
        if key is not None:
            incidents.answer_request(conn, sender_of(view), key, answer)
        return answer


def _check_call(said: Call) -> None:
    if said.meets_at.tzinfo is None:
        raise InvalidInput("meets_at has no time zone; write it like 2026-07-03T09:00:00+08:00", field="meets_at")
    for name, text, longest in (("title", said.title, LONGEST_TITLE), ("venue", said.venue, LONGEST_TITLE)):
        if not text.strip() or len(text) > longest:
            raise InvalidInput(f"{name} must be said in 1 to {longest} characters", field=name)


def _call(ctx: Context, view: View, conn: Connection, said: Call, now: datetime) -> dict[str, Any]:
    place = meetings.enterprise_place(conn, said.enterprise_id)
    if place["path"] is None:
        raise InvalidInput("the enterprise lies in no cell, so nobody there could be asked", field="enterprise_id")
    wanted = {*said.incident_ids, *([said.called_from] if said.called_from is not None else [])}
    strangers = wanted - meetings.admitted(conn, view, wanted, now)
    if strangers:
        raise NotFound(f"there is no incident {min(strangers)}, or none that you serve")
    lead_at(view, place["path"])
    if said.categories:
        wanted |= agenda.taken(conn, view, said.enterprise_id, said.categories)
    area_id = _id(conn, t.areas, said.residents, "residents")
    seats = [Seat(Party.GOVERNMENT, body_id=_id(conn, t.bodies, code, "bodies")) for code in said.bodies]
    seats += [Seat(Party.ENTERPRISE, enterprise_id=said.enterprise_id), Seat(Party.RESIDENTS, area_id=area_id)]
    check_table([seat.party for seat in seats])
    number = incidents.drawn_number(now.astimezone(ctx.zone))
    values = {
        "number": f"M{number}", "area_id": int(place["area_id"]), "enterprise_id": said.enterprise_id,
        "incident_id": said.called_from, "title": without_numbers(said.title.strip()), "meets_at": said.meets_at,
        "venue": without_numbers(said.venue.strip()), "status": MeetingStatus.CALLED, "created_at": now,
        "account_id": view.actor.account_id if view.actor else None,
    }  # fmt: skip
    meeting_id = meetings.add(conn, values, seats, wanted)
    write_called(ctx, view, conn, wanted, seats, said.meets_at, now)
    invited = reminding.tell_called(ctx, conn, meeting_id, now, said.invite_m)
    _audit(conn, view, now, "meeting.called", meeting_id, {"enterprise_id": said.enterprise_id})
    return {
        "id": meeting_id, "number": values["number"], "status": str(MeetingStatus.CALLED), "invited": invited,
    }  # fmt: skip


def _id(conn: Connection, table: Any, code: str, field: str) -> int:
    found = meetings.by_code(conn, table, code)
    if found is None:
        raise InvalidInput(f"{field}: there is none with the code {code!r}", field=field)
    return found


def hold(ctx: Context, view: View, meeting_id: int, minutes: str, promises: Sequence[Promise]) -> dict[str, Any]:
    """Write down that a meeting was held: its minutes, and what was promised by whom until when.

    Raises Forbidden, NotFound, Conflict for one that was held or called off, InvalidInput for a promise that is due
    before it was made or whose owner did not sit at the table.
    """
    _may(view, "meeting.lead")
    if not minutes.strip() or len(minutes) > LONGEST_TEXT:
        raise InvalidInput(f"minutes must be said in 1 to {LONGEST_TEXT} characters", field="minutes")
    with write(ctx.engine) as conn:
        now = ctx.clock()
        meeting = meetings.one(conn, view, meeting_id)
        rows = [_promised(conn, meeting, one, place, now) for place, one in enumerate(promises)]
        _end(conn, meeting_id, MeetingStatus.HELD, now, minutes=without_numbers(minutes.strip()), reason=None)
        meetings.add_promises(conn, meeting_id, rows, view.actor.account_id if view.actor else None)
        _audit(conn, view, now, "meeting.held", meeting_id, {"promises": len(rows)})
    return meeting_of(ctx, view, meeting_id)


def _promised(conn: Connection, meeting: Any, one: Promise, place: int, now: datetime) -> dict[str, Any]:
    where = f"promises[{place}]"
    if not one.text.strip() or len(one.text) > LONGEST_TEXT:
        raise InvalidInput(f"{where}: say what is promised, in at most {LONGEST_TEXT} characters", field=where)
    if one.due_at.tzinfo is None or one.due_at <= now:
        raise InvalidInput(f"{where}: due_at must lie ahead, with its time zone", field=where)
    row = {
        "text": without_numbers(one.text.strip()),
        "made_at": now,
        "due_at": one.due_at,
        "body_id": None,
        "enterprise_id": None,
    }
    if one.body is None:
        return {**row, "enterprise_id": meeting.enterprise_id}
    body_id = _id(conn, t.bodies, one.body, where)
    if one.body not in {seat.code for seat in meetings.seats_of(conn, meeting.id) if seat.party == Party.GOVERNMENT}:
        raise InvalidInput(f"{where}: {one.body} does not sit at this table", field=where)
    return {**row, "body_id": body_id}


def call_off(ctx: Context, view: View, meeting_id: int, reason: str) -> dict[str, Any]:
    """Call a meeting off, saying why. Raises Forbidden, NotFound, Conflict, InvalidInput."""
    _may(view, "meeting.lead")
    if not reason.strip() or len(reason) > LONGEST_TEXT:
        raise InvalidInput("say why the meeting is called off", field="reason")
    with write(ctx.engine) as conn:
        now = ctx.clock()
        meetings.one(conn, view, meeting_id)
        _end(conn, meeting_id, MeetingStatus.CANCELLED, now, minutes=None, reason=without_numbers(reason.strip()))
        reminding.tell_off(conn, meeting_id, now)
        _audit(conn, view, now, "meeting.cancelled", meeting_id, {})
    return meeting_of(ctx, view, meeting_id)


def _end(
    conn: Connection, meeting_id: int, status: MeetingStatus, now: datetime, *, minutes: str | None, reason: str | None
) -> None:
    if not meetings.end(conn, meeting_id, status, now, minutes=minutes, reason=reason):
        raise Conflict("this meeting was held or called off already", code="meeting_ended")


# --- promises -------------------------------------------------------------------------------------------------------


def settle(ctx: Context, view: View, promise_id: int, status: PromiseStatus, note: str | None) -> dict[str, Any]:
    """Take a promise one step on: proven by its owner's side, then kept, sent back or broken as the government saw it.

    A handler may prove what his own body promised; whoever leads meetings there does the rest. Raises NotFound,
    Forbidden, Conflict for a step that may not follow, InvalidInput without the proof or reason.
    """
    _may(view, "promise.prove" if status is PromiseStatus.PROVEN else "meeting.lead")
    with write(ctx.engine) as conn:
        now = ctx.clock()
        row = _promise(conn, view, promise_id)
        actor = view.actor
        if actor is not None and not can(actor, view.scope, "meeting.lead") and row.body_id != actor.body_id:
            raise Forbidden("a handler proves what his own body promised")
        held = meetings.lock_promise(conn, promise_id)
        check_step(PromiseStatus(held.status), status, proof=note, reason=note)
        account_id = actor.account_id if actor else None
        kept = None if note is None else without_numbers(note)
        meetings.step(conn, promise_id, status, now, account_id, kept, settled=status in SETTLED)
        _audit(conn, view, now, f"promise.{status}", promise_id, {})
        return _told(_promise(conn, view, promise_id), now)


def steps(ctx: Context, view: View, promise_id: int) -> list[dict[str, Any]]:
    """What became of a promise, in order: status, moment, and the proof or reason. Raises NotFound."""
    with read(ctx.engine) as conn:
        _promise(conn, view, promise_id)
        rows = meetings.steps_of(conn, promise_id)
    return [{"status": row.status, "at": canonical_moment(row.at), "note": row.note} for row in rows]


def _promise(conn: Connection, view: View, promise_id: int) -> Any:
    rows = meetings.promise_rows(conn, view, promise_id=promise_id)
    if not rows:
        raise NotFound("there is no such promise, or none that you follow")
    return rows[0]


def _told(row: Any, now: datetime) -> dict[str, Any]:
    status = PromiseStatus(row.status)
    shown = light(Span(row.made_at, row.due_at), status, now)
    owner = {"code": row.owner_code, "name": row.owner_name, "name_en": row.owner_name_en}
    return {
        "id": row.id, "meeting_id": row.meeting_id, "meeting": row.number, "owner": owner,
        "of_enterprise": row.enterprise_id is not None, "text": row.text, "made_at": canonical_moment(row.made_at),
        "due_at": canonical_moment(row.due_at), "status": str(status),
        "settled_at": canonical_moment(row.settled_at) if row.settled_at else None,
        "light": str(shown) if shown else None,
    }  # fmt: skip


def promises(
    ctx: Context, view: View, *, unsettled: bool, enterprise_id: int | None, after: int | None, limit: int
) -> tuple[list[dict[str, Any]], int | None]:
    """A page of promises, and the id after which the next one begins."""
    with read(ctx.engine) as conn:
        rows = meetings.promise_rows(
            conn, view, unsettled=unsettled, enterprise_id=enterprise_id, after=after, limit=limit + 1
        )
    now = ctx.clock()
    return [_told(row, now) for row in rows[:limit]], rows[limit - 1].id if len(rows) > limit else None


def effect(
    ctx: Context, view: View, promise_id: int, *, radius_m: float = RADIUS_M, categories: Sequence[str] | None = None
) -> dict[str, Any]:
    """Reports within `radius_m` of the enterprise before and after a promise was made, in periods of equal length.

    A figure about a place, for officials and those who lead meetings: counts, the ratio and its interval, no case.
    Raises NotFound, Forbidden, InvalidInput.
    """
    _may(view, "meeting.lead")
    if not 0 < radius_m <= 20_000:
        raise InvalidInput("radius_m must lie between 0 and 20,000", field="radius_m")
    with read(ctx.engine) as conn:
        row = _promise(conn, view, promise_id)
        now = ctx.clock()
        span = min(now - row.made_at, LONGEST_BEFORE)
        if span < timedelta(days=1):
            raise Conflict("the promise was made less than a day ago: nothing can be compared yet", code="too_early")
        since, until = row.made_at - span, row.made_at + span
        moments = near_enterprise(conn, view, row.about_id, radius_m, categories, since, until)
    made = np.datetime64(row.made_at.replace(tzinfo=None), "us")
    days = span / timedelta(days=1)
    found: Change = change(int((moments < made).sum()), days, int((moments >= made).sum()), days)
    return {**asdict(found), "verdict": str(found.verdict), "days": days, "radius_m": radius_m}


# --- reading --------------------------------------------------------------------------------------------------------


def listed(
    ctx: Context, view: View, *, status: str | None, enterprise_id: int | None, after: int | None, limit: int
) -> tuple[list[dict[str, Any]], int | None]:
    """A page of meetings, newest first, and the id after which the next one begins."""
    with read(ctx.engine) as conn:
        rows = meetings.page(conn, view, status=status, enterprise_id=enterprise_id, after=after, limit=limit + 1)
    return [{**_heading(row), "open_promises": row.open_promises} for row in rows[:limit]], (
        rows[limit - 1].id if len(rows) > limit else None
    )


def _heading(row: Any) -> dict[str, Any]:
    area = {"code": row.area, "name": row.area_name, "name_en": row.area_name_en}
    enterprise = {"code": row.enterprise, "name": row.enterprise_name, "name_en": row.enterprise_name_en}
    return {
        "id": row.id, "number": row.number, "title": row.title, "meets_at": canonical_moment(row.meets_at),
        "venue": row.venue, "status": row.status, "area": area, "enterprise_id": row.enterprise_id,
        "enterprise": enterprise if row.enterprise else None,
    }  # fmt: skip


def meeting_of(ctx: Context, view: View, meeting_id: int) -> dict[str, Any]:
    """A meeting with its seats, the cases on its agenda as far as they are the caller's, minutes and promises."""
    now = ctx.clock()
    with read(ctx.engine) as conn:
        row = meetings.one(conn, view, meeting_id)
        seats = [_seat(one) for one in meetings.seats_of(conn, meeting_id)]
        cases = [dict(one._mapping) for one in meetings.agenda_of(conn, view, meeting_id, now)]
        made = [_told(one, now) for one in meetings.promise_rows(conn, view, meeting_id=meeting_id)]
        in_all = len(meetings.at_the_table(conn, meeting_id)) if reads_figures(view) else None
    listed = [
        {"id": one["id"], "number": one["number"], "status": one["status"],
         "received_at": canonical_moment(one["received_at"]), "category": _named(one)}
        for one in cases
    ]  # fmt: skip
    return {
        **_heading(row), "minutes": row.minutes, "reason": row.reason, "seats": seats, "agenda": listed,
        "agenda_cases": in_all, "promises": made,
    }  # fmt: skip


def table_edition(ctx: Context, view: View, meeting_id: int) -> dict[str, Any]:
    """What may lie on the table: seats, promises of this and earlier meetings, and how many cases of which category.

    Names no house, no complainant and no case; a category stands by itself from `LEAST` cases on, the rest together,
    and is left out where even that would be fewer. Cases are told in steps: an agenda grows by one from a meeting to
    the next, and what it holds lies in what the release told of the county. No month stands beside them, since the
    first one is one report's, and any that moved with a report would tell of it; nor whether any were left out. When
    it was lies in the card, which takes its months from the release.
    """
    with read(ctx.engine) as conn:
        row = meetings.one(conn, view, meeting_id)
        seats = [_seat(one) for one in meetings.seats_of(conn, meeting_id)]
        cases = [one for one in meetings.at_the_table(conn, meeting_id) if one.top not in LEFT_OUT]
        made = meetings.promise_rows(conn, view, enterprise_id=row.enterprise_id)
    now = ctx.clock()
    return {
        **_heading(row), "seats": seats, "cases": _counted(cases), "promises": [_told(one, now) for one in made],
    }  # fmt: skip


def _counted(cases: Sequence[Any]) -> list[dict[str, Any]]:
    """At least how many cases of each category."""
    counts = Counter(one.code for one in cases)
    names = {one.code: _named(one._mapping) for one in cases}
    shown = {code: n for code, n in counts.items() if n >= LEAST}
    rest = sum(counts.values()) - sum(shown.values())
    # the rest next to a total would tell it; so there is no total, and a small rest is not told at all
    told: list[dict[str, Any]] = [{"category": names[code], "cases": in_steps(n)} for code, n in sorted(shown.items())]
    if rest >= LEAST:
        told.append({"category": None, "cases": in_steps(rest)})
    return told


def _seat(row: Any) -> dict[str, Any]:
    return {"party": row.party, **_named(row._mapping)}


def _named(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"code": row["code"], "name": row["name"], "name_en": row["name_en"]}


def _may(view: View, action: str) -> None:
    if view.actor is not None:
        decision = can(view.actor, view.scope, action)
        if not decision:
            raise Forbidden(decision.reason)


def _audit(conn: Connection, view: View, now: datetime, action: str, ref: int, data: Mapping[str, Any]) -> None:
    accounts.audit(conn, now, view.actor.account_id if view.actor else None, action, str(ref), data)
