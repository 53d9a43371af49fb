"""Processes and calendars as an admin changes them: checked first, kept as a new version, in force from then on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from gridmap.case import process_check
from gridmap.case.calendar import Calendar, read_schedule
from gridmap.case.local_time import read_local_days, read_office, told_hours, with_local
from gridmap.case.process import Process
from gridmap.case.said import said
from gridmap.errors import Conflict, InvalidInput
from gridmap.store import accounts, cases, flow, read, sweeps, write
from gridmap.usecases.context import Context
from gridmap.usecases.ruling import account_id, allow
from gridmap.view import View


def listed(ctx: Context, view: View) -> list[dict[str, Any]]:
    """The newest version of every process: code, version, both names, limit, and its steps with theirs."""
    allow(view)
    with read(ctx.engine) as conn:
        return [cases.process(conn, code).to_json() for code in flow.process_codes(conn)]


def one(ctx: Context, view: View, code: str, version: int | None = None) -> dict[str, Any]:
    """A process as JSON, its newest version unless another is asked for. Raises InvalidInput."""
    allow(view)
    with read(ctx.engine) as conn:
        return cases.process(conn, code, version).to_json()


def save(ctx: Context, view: View, code: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Keep a process as its next version, for cases that begin from now on; others keep theirs.

    `data["version"]` is the version that was edited. A code that there is not yet is a process of the county's own, for
    categories and rules to name. Raises InvalidInput with every fault in `errors`, each naming its
    step; Conflict where somebody else saved a version in between.
    """
    allow(view)
    faults = process_check.check(data)
    if data.get("code") != code:
        faults.append(process_check.ProcessFault(None, "code", said("code_kept", name=code)))
    found: list[dict[str, Any]] = [
        {"step": one.step, "field": one.field, "message": one.message, "why": one.said.why, "given": one.said.given}
        for one in faults
    ]
    if found:
        told = "; ".join(f"{one['step'] or code}.{one['field']}: {one['message']}" for one in found[:5])
        raise InvalidInput(told, field="process", errors=found)
    with write(ctx.engine) as conn:
        now = ctx.clock()
        cases.begun(conn, ctx.zone, now)
        kept = _next(conn, Process.from_json(data))
        if kept is None:
            return dict(data)
        flow.add_process(conn, kept, now)
        accounts.audit(conn, now, account_id(view), "process.save", f"process:{code}", {"version": kept.version})
    return kept.to_json()


def _next(conn: Connection, given: Process) -> Process | None:
    """An edited process as the version to keep; None where nothing was changed. Raises Conflict."""
    if given.code not in flow.process_codes(conn):
        return replace(given, version=1)  # whatever it was copied from
    newest = cases.process(conn, given.code)
    if given.version != newest.version:
        said = f"the process {given.code} is at version {newest.version} by now, not {given.version}: read it again"
        raise Conflict(said, code="process_changed", version=newest.version)
    return None if given == newest else given.next_version()


def calendar(ctx: Context, view: View) -> dict[str, Any]:
    """The calendar in force: its version, its years with where each was published (None: provisional), and how many
    open cases still count by another one."""
    allow(view)
    with read(ctx.engine) as conn:
        return _told(ctx, conn, cases.in_force(conn, ctx.zone))


def _told(ctx: Context, conn: Connection, in_force: Calendar) -> dict[str, Any]:
    this = ctx.today().year
    years = sorted({*in_force.official, *range(this, this + 3)})
    return {
        "version": in_force.version, "zone": in_force.zone,
        "left": sweeps.count_of_other_calendars(conn, in_force.version),
        "years": [
            {"year": year, "provisional": in_force.provisional(year), "source": in_force.official.get(year)}
            for year in years
        ],
        "office": [{"since": one.since, "hours": told_hours(one.hours)} for one in in_force.office],
        "local": [
            {"day": day, "works": one.works, "name": one.name or None, "hours": one.hours and told_hours(one.hours)}
            for day, one in sorted(in_force.exceptions.items())
        ],
    }  # fmt: skip


def import_year(ctx: Context, view: View, year: int, days: Sequence[str], source: str) -> dict[str, Any]:
    """Take a published year into the calendar in force. `days`: CSV lines, the first names the columns:
    day, kind (off or work), name.

    Open cases are counted again by the watcher, each with an event (`recounting`); the answer says how many are left.
    The same year again has no effect. Raises InvalidInput.
    """
    allow(view)
    schedule = read_schedule(days)
    said = {"year": year}
    return _changed(ctx, view, "calendar.import", said, lambda before: before.with_year(year, schedule, source))


def set_local(
    ctx: Context, view: View, days: Sequence[str], office: Sequence[Mapping[str, Any]] | None
) -> dict[str, Any]:
    """Set days of the county's own (a typhoon, a fair) and its office hours, from now on the calendar in force.

    `days`: CSV lines, the first names the columns: day, kind (off, work, usual), name, hours; [] changes none.
    `office`: see `case.local_time.read_office`; None leaves the hours. Otherwise as `import_year`. Raises InvalidInput.
    """
    allow(view)
    given, hours = read_local_days(days) if days else {}, None if office is None else read_office(office)
    said = {"days": sorted(map(str, given)), "office": office is not None}
    return _changed(ctx, view, "calendar.local", said, lambda before: with_local(before, given, hours))


def _changed(
    ctx: Context, view: View, action: str, said: Mapping[str, Any], change: Callable[[Calendar], Calendar]
) -> dict[str, Any]:
    """Put a changed calendar in force, with its entry in the audit; nothing is written where nothing changes."""
    with write(ctx.engine) as conn:
        now = ctx.clock()
        before = cases.begun(conn, ctx.zone, now)
        after = change(before)
        if after.version != before.version:
            flow.put_in_force(conn, after, now)
            told = {**said, "before": before.version}
            accounts.audit(conn, now, account_id(view), action, f"calendar:{after.version}", told)
        return _told(ctx, conn, after)
