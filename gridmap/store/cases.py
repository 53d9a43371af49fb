"""Cases as the flow sees them: their events folded, the process and the calendar that these name, and what is
remembered of it all in columns of `incidents`, so that lists and maps read an index instead of folding.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache, lru_cache, partial
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Select, bindparam, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gridmap.case.calendar import Calendar, default_calendar
from gridmap.case.events import canonical_json
from gridmap.case.kinds import Event
from gridmap.case.limits import Limit
from gridmap.case.process import Process, default_processes
from gridmap.case.spans import Clocks, measure
from gridmap.case.standing import facts_of
from gridmap.case.state import CaseState, apply, fold
from gridmap.case.sweep import look_at
from gridmap.case.terms import Status
from gridmap.errors import InvalidInput, NotFound
from gridmap.store import chain, meta, scores, versions
from gridmap.store import tables as t
from gridmap.store.bulk import among, bulk_update
from gridmap.store.ledger import Keys
from gridmap.store.rows import insert_rows

#: says in `reported` that a case came from a register, which tells nothing of its steps
FROM_REGISTER = "register"


#: the id of a case that has no row yet
UNWRITTEN = 0


@dataclass(slots=True)
class Case:
    """One case in a transaction: write its events through it, then `remember` once.

    The events of a case without a row are collected in `pending` until `admit` writes both.
    """

    id: int
    state: CaseState
    process: Process
    calendar: Calendar
    #: the limit of its category, for cases whose events name none
    limit: Limit | None = None
    #: how long its intake lasted is not known
    from_register: bool = False
    pending: list[Event] = field(default_factory=list)

    def write(self, conn: Connection, kind: str, at: datetime, account_id: int | None, data: Mapping[str, Any]) -> int:
        """Append an event and move on by it; its number. A process that it names is loaded."""
        if self.id == UNWRITTEN:
            seq = len(self.pending) + 1
            self.pending.append(Event(seq, kind, at, account_id, data))
        else:
            seq = chain.append_event(conn, self.id, kind, at, account_id, data)
        self.state = apply(self.state, Event(seq, kind, at, account_id, data))
        named = (self.state.process, self.state.process_version)
        if named[0] is not None and named != (self.process.code, self.process.version):
            self.process = process(conn, named[0], named[1])
        return seq

    def clocks(self, now: datetime) -> Clocks:
        """Both clocks at a moment (`case.spans.measure`)."""
        return measure(self.counted, self.counted_by, self.calendar, now)

    @property
    def counted(self) -> CaseState:
        """The state with the limit that was promised when events did not name one yet: elapsed hours."""
        return self.state if self.state.limit is not None else replace(self.state, limit=self.limit)

    @property
    def counted_by(self) -> Process:
        """The process, without a limit on the intake of a case whose intake nobody saw."""
        if not self.from_register:
            return self.process
        steps = (replace(step, limit=None) if Status.ASSIGNED in step.statuses else step for step in self.process.steps)
        return replace(self.process, steps=tuple(steps))


def load(conn: Connection, incident_id: int, zone: ZoneInfo) -> Case:
    """A case by its events. Lock its row first where it is to be changed. Raises NotFound."""
    told = events(conn, incident_id)
    if not told:
        raise NotFound("there is no such incident", id=incident_id)
    of = conn.execute(_of_category(), {"incident": incident_id}).one()
    return _case(conn, incident_id, told, of, partial(process, conn), partial(in_force, conn, zone))


def _case(
    conn: Connection,
    incident_id: int,
    told: Sequence[Event],
    of: Any,
    process_of: Callable[[str, int], Process],
    present: Callable[[], Calendar],
) -> Case:
    """A case by its events. `of`: process and limit_hours of its category."""
    state = fold(told)
    first = next((event.data for event in told if event.kind == "reported"), {"process": state.process})
    return Case(
        incident_id,
        state,
        process_of(state.process or of.process, state.process_version or 1),
        calendar(conn, state.calendar) if state.calendar else present(),
        Limit(of.limit_hours, "hours"),
        first.get("by") == FROM_REGISTER or first["process"] is None,
    )


def events(conn: Connection, incident_id: int) -> list[Event]:
    """An incident's events as the fold reads them."""
    return list(map(_event, conn.execute(_events(), {"incident": incident_id})))


def _event(row: Any) -> Event:
    return Event(row.seq, row.kind, row.at, row.account_id, json.loads(row.data))


@lru_cache(1)
def _of_category() -> Select[Any]:
    i, c = t.incidents.c, t.categories.c
    query = select(c.process, c.limit_hours).join(t.incidents, i.category_id == c.id)
    return query.where(i.id == bindparam("incident"))


@lru_cache(1)
def _events() -> Select[Any]:
    e = t.events.c
    query = select(e.seq, e.kind, e.at, e.account_id, e.data)
    return query.where(e.incident_id == bindparam("incident")).order_by(e.seq)


def state_of(conn: Connection, incident_id: int) -> CaseState:
    """Where a case stands by its events."""
    return fold(events(conn, incident_id))


def remember(conn: Connection, case: Case, now: datetime) -> None:
    """Write what the events come to into the case's row, in the transaction that wrote them."""
    i, e = t.incidents, t.events.c
    appeal = select(e.at).where(e.incident_id == case.id, e.seq == case.state.appeal_seq).scalar_subquery()
    told = {**columns(case, now), "appeal_at": appeal if case.state.appeal_seq is not None else None}
    conn.execute(update(i).where(i.c.id == case.id).values(told))
    _remember_helpers(conn, case)
    scores.keep(conn, case.id, case.state, ZoneInfo(case.calendar.zone))


def write_all(
    conn: Connection, kind: str, told: Mapping[int, tuple[datetime, Mapping[str, Any]]], zone: ZoneInfo
) -> None:
    """Append one event of the platform's own to each of many cases, and remember what it comes to: what `load`, `write`
    and `remember` do for one, in statements whose number does not grow with the cases.

    `told`: moment and data by the case's id; their rows are locked by the caller. For kinds that name no process and
    leave appeals alone. Rows that say so already are not written. Raises NotFound.
    """
    cases = _load_all(conn, told, zone)
    for identity, event in chain.append_events(conn, kind, told, None).items():
        cases[identity].state = apply(cases[identity].state, event)
    fresh = {identity: columns(case, told[identity][0]) for identity, case in cases.items()}
    names = list(next(iter(fresh.values()), {}))
    i = t.incidents
    rows = conn.execute(select(i.c.id, *(i.c[name] for name in names)).where(among(conn, i.c.id, fresh))).mappings()
    stale = [row["id"] for row in rows if _differs(row, fresh[row["id"]], told[row["id"]][0])]
    bulk_update(conn, i, stale, {name: [fresh[identity][name] for identity in stale] for name in names})
    _remember_all_helpers(conn, cases)
    scores.put(conn, {identity: case.state for identity, case in cases.items()}, zone)


def _differs(row: Any, fresh: Mapping[str, Any], now: datetime) -> bool:
    """Whether a row says anything else. That the sweep must look at a case is said by any moment that has passed."""
    due = row["look_at"] is not None and row["look_at"] <= now and fresh["look_at"] == now
    return any(row[name] != value for name, value in fresh.items() if not (due and name == "look_at"))


def _load_all(conn: Connection, ids: Collection[int], zone: ZoneInfo) -> dict[int, Case]:
    """As `load` for many cases, by id; each process and calendar is read once. Raises NotFound."""
    e, i = t.events.c, t.incidents.c
    rows = conn.execute(
        select(e.incident_id, e.seq, e.kind, e.at, e.account_id, e.data)
        .where(among(conn, e.incident_id, ids))
        .order_by(e.incident_id, e.seq)
    )
    told = {identity: list(map(_event, those)) for identity, those in groupby(rows, key=lambda row: row.incident_id)}
    if missing := set(ids) - set(told):
        raise NotFound("there is no such incident", id=min(missing))
    of = select(i.id, t.categories.c.process, t.categories.c.limit_hours).join(t.incidents)
    terms = {row.id: row for row in conn.execute(of.where(among(conn, i.id, ids)))}
    known = cache(partial(process, conn)), cache(partial(in_force, conn, zone))
    return {identity: _case(conn, identity, those, terms[identity], *known) for identity, those in told.items()}


def admit(conn: Connection, case: Case, row: Mapping[str, Any], area_id: int | None, body_id: int | None) -> datetime:
    """Write a new case: its row, already with what its events come to, the events, and what it counts for.

    `row`: the other columns of `incidents`, `id` (of `rows.next_ids`) and `received_at` among them. `area_id`: of the
    cell it lies in, or of whoever answers where it lies in none; `body_id`: the body that answers. Sets `case.id`, and
    returns when the case is due.
    """
    told = columns(case, row["received_at"])
    case.id = row["id"]
    insert_rows(conn, t.incidents, [{**row, **told}])
    chain.begin_chain(conn, case.id, row["number"], case.pending)
    case.pending = []
    first = case.state.first
    body_id = body_id if first is None or first.body_id is None else first.body_id
    keys = Keys(area_id, body_id, row["category_id"], row["channel"])
    due_at: datetime = told["due_at"]
    scores.begin(conn, case.id, keys, facts_of(case.state, due_at), ZoneInfo(case.calendar.zone))
    return due_at


def columns(case: Case, now: datetime) -> dict[str, Any]:
    """The columns of `incidents` that follow from the events, but for `appeal_at`."""
    state, clocks = case.state, case.clocks(now)
    return {
        "status": str(state.status), "closed_at": state.closed_at, "level": str(state.level),
        "priority": state.priority, "process": case.process.code, "process_version": case.process.version,
        "calendar": state.calendar, "merged_into_id": state.merged_into,
        "first_body_id": state.first.body_id if state.first else None,
        "extension_asked_at": state.extension_asked.at if state.extension_asked else None,
        "supervised_at": state.supervisions[0].at if state.supervisions else None,
        "overdue_at": overdue_at(clocks), "look_at": look_at(case.counted, case.counted_by, clocks, now),
        **clocks.columns(),
    }  # fmt: skip


def overdue_at(clocks: Clocks) -> datetime | None:
    """When the whole is overdue: its due moment, unless its clock stands still before it comes."""
    if clocks.ended:
        return None
    whole = clocks.whole
    return whole.due_at if whole.remaining_us < 0 else whole.thresholds.red_at


def _remember_helpers(conn: Connection, case: Case) -> None:
    """Bodies asked for help see a case while it is open."""
    h, wanted = t.helpers, _helping(case.state)
    known = set(conn.execute(select(h.c.body_id).where(h.c.incident_id == case.id)).scalars())
    if gone := known - wanted:
        conn.execute(delete(h).where(h.c.incident_id == case.id, h.c.body_id.in_(gone)))
    if fresh := wanted - known:
        conn.execute(insert(h), [{"incident_id": case.id, "body_id": body_id} for body_id in sorted(fresh)])


def _remember_all_helpers(conn: Connection, cases: Mapping[int, Case]) -> None:
    """As `_remember_helpers`, for many cases."""
    h = t.helpers
    wanted = {(identity, body_id) for identity, case in cases.items() for body_id in _helping(case.state)}
    known = {
        (row.incident_id, row.body_id)
        for row in conn.execute(select(h.c.incident_id, h.c.body_id).where(among(conn, h.c.incident_id, cases)))
    }
    if gone := known - wanted:
        over = (h.c.incident_id == bindparam("incident")) & (h.c.body_id == bindparam("body"))
        conn.execute(delete(h).where(over), [{"incident": one, "body": body} for one, body in sorted(gone)])
    if fresh := wanted - known:
        conn.execute(insert(h), [{"incident_id": one, "body_id": body} for one, body in sorted(fresh)])


def _helping(state: CaseState) -> frozenset[int]:
    """Bodies asked for help, while a case is open."""
    asked = {one.body_id for one in state.help_asked if one.body_id is not None} | state.helped_by
    return frozenset() if state.ended else frozenset(asked)


# --- processes and calendars ----------------------------------------------------------------------------------------


def process(conn: Connection, code: str, version: int | None = None) -> Process:
    """A version of a process (None: the newest). Raises InvalidInput."""
    p = t.processes.c
    query = select(p.body).where(p.code == code).order_by(p.version.desc()).limit(1)
    body = conn.execute(query if version is None else query.where(p.version == version)).scalar_one_or_none()
    if body is not None:
        return _process(body)
    shipped = _shipped().get(code)
    if shipped is None or version not in (None, shipped.version):
        raise InvalidInput(f"there is no process {code!r} of version {version or 'any'}", field="process")
    return shipped


def calendar(conn: Connection, version: str) -> Calendar:
    """A calendar by the digest that events name. Raises InvalidInput."""
    known = _CALENDARS.get(version)
    if known is None:
        c = t.calendars.c
        body = conn.execute(select(c.body).where(c.version == version)).scalar_one_or_none()
        if body is None:
            raise InvalidInput(f"there is no calendar {version!r}", field="calendar")
        known = _CALENDARS[version] = Calendar.from_json(json.loads(body))
    return known


def in_force(conn: Connection, zone: ZoneInfo) -> Calendar:
    """The calendar by which new cases count; the one that ships until another is put in force."""
    return chosen(conn) or _default(str(zone))


def chosen(conn: Connection) -> Calendar | None:
    """The calendar that was put in force; None where none was yet."""
    version = conn.execute(select(t.meta.c.value).where(t.meta.c.key == "calendar")).scalar_one_or_none()
    return None if version is None else calendar(conn, version)


def begun(conn: Connection, zone: ZoneInfo, now: datetime) -> Calendar:
    """As `in_force`, within a write: a database that has no processes and calendar yet is given the shipped ones."""
    found = chosen(conn)
    if found is None:
        begin(conn, zone, now)
        found = in_force(conn, zone)
    return found


def begin(conn: Connection, zone: ZoneInfo, now: datetime) -> None:
    """Put the shipped processes and calendar into a database that has none. Safe to run again, also at once."""
    make = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    rows = [
        {"code": one.code, "version": one.version, "body": canonical_json(one.to_json()), "created_at": now}
        for one in _shipped().values()
    ]
    conn.execute(make(t.processes).on_conflict_do_nothing(), rows)
    if "calendar" not in meta.facts(conn):
        shipped = _default(str(zone))
        row = {"version": shipped.version, "body": canonical_json(shipped.to_json()), "created_at": now}
        conn.execute(make(t.calendars).on_conflict_do_nothing(), row)
        conn.execute(make(t.meta).on_conflict_do_nothing(), {"key": "calendar", "value": shipped.version})
    versions.bump(conn, "calendar", "processes")


#: by their digests, so one that is known is right in every database; compiling one takes a tenth of a second
_CALENDARS: dict[str, Calendar] = {}


@lru_cache(maxsize=4)
def _default(zone: str) -> Calendar:
    return default_calendar(zone)


@lru_cache(maxsize=32)
def _process(body: str) -> Process:
    return Process.from_json(json.loads(body))


@lru_cache(maxsize=1)
def _shipped() -> Mapping[str, Process]:
    return default_processes()


def first_data(process_: Process, limit: Limit, calendar_: Calendar) -> dict[str, Any]:
    """What the first event of a case names, so that its clock can always be counted again."""
    return {
        "process": process_.code, "process_version": process_.version, "limit": limit.to_json(),
        "calendar": calendar_.version, "level": str(process_.ladder[0]),
    }  # fmt: skip
