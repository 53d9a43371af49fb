"""Processes and calendars as an admin changes them: checked first, kept as a new version, in force from then on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from gridmap.case import process_check
from gridmap.case.calendar import Calendar, read_schedule
from gridmap.case.process import Process
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

    `data["version"]` is the version that was edited. Raises InvalidInput with every fault in `errors`, each naming its
    step; Conflict where somebody else saved a version in between.
    """
    allow(view)
    found = [
        {"step": fault.step, "field": fault.field, "message": fault.message} for fault in process_check.check(data)
    ]
    if data.get("code") != code:
        found.append({"step": None, "field": "code", "message": f"the address says {code}: a process keeps its code"})
    if found:
        told = "; ".join(f"{one['step'] or code}.{one['field']}: {one['message']}" for one in found[:5])
        raise InvalidInput(told, field="process", errors=found)
    with write(ctx.engine) as conn:
        now = ctx.clock()
        cases.begun(conn, ctx.zone, now)
        newest = cases.process(conn, code)
        given = Process.from_json(data)
        if given.version != newest.version:
            said = f"the process {code} is at version {newest.version} by now, not {given.version}: read it again"
            raise Conflict(said, code="process_changed", version=newest.version)
        if given == newest:
            return newest.to_json()
        kept = given.next_version()
        flow.add_process(conn, kept, now)
        accounts.audit(conn, now, account_id(view), "process.save", f"process:{code}", {"version": kept.version})
    return kept.to_json()


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
    }  # fmt: skip


def import_year(ctx: Context, view: View, year: int, days: Sequence[str], source: str) -> dict[str, Any]:
    """Take a published year into the calendar in force. `days`: CSV lines, the first names the columns:
    day, kind (off or work), name.

    Open cases are counted again by the watcher, each with an event (`recounting`); the answer says how many are left.
    The same year again has no effect. Raises InvalidInput.
    """
    allow(view)
    schedule = read_schedule(days)
    with write(ctx.engine) as conn:
        now = ctx.clock()
        before = cases.begun(conn, ctx.zone, now)
        after = before.with_year(year, schedule, source)
        if after.version != before.version:
            flow.put_in_force(conn, after, now)
            said = {"year": year, "before": before.version}
            accounts.audit(conn, now, account_id(view), "calendar.import", f"calendar:{after.version}", said)
        return _told(ctx, conn, after)
