"""Watching over cases: warnings, supervision, escalation, pauses that run out, and what changes hands by itself.

Each case is one transaction. Several may watch at once, and any may die at any moment: a case in one's hands is skipped
by the others, what was done stands in its events and under a unique key, and what was not done is still due.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from gridmap.case.events import canonical_moment
from gridmap.case.flow import SYSTEM, decide
from gridmap.case.sweep import Duties, Warned, duties, late_replies
from gridmap.jobs.lease import LENGTH, new_owner
from gridmap.store import beats, cases, incidents, read, sweeps, versions, write
from gridmap.store.cases import Case
from gridmap.usecases.context import Context
from gridmap.usecases.effects import Deed, follow
from gridmap.usecases.leaving import hand_over
from gridmap.usecases.recounting import recount
from gridmap.usecases.telling import Teller, reply_by
from gridmap.view import View

logger = logging.getLogger(__name__)

JOB = "watch"
#: cases listed at once; each is a transaction of its own
BATCH = 200
#: how often a watcher that is not alone looks whether it is still the one
BEAT = timedelta(seconds=30)


@dataclass
class Watcher:
    """One watcher. `leased`: of the servers' threads only one watches at a time; a sweep by hand asks nobody."""

    ctx: Context
    leased: bool = False
    owner: str = field(default_factory=new_owner)
    _beat_at: datetime | None = None

    def run(self, stop: threading.Event | None = None) -> Counter[str]:
        """Do all that is due now; how many cases were `warned`, `resumed`, `supervised`, `escalated`, reminded of a
        `late_reply`, `handed_over`, `recounted`, and how many `failed`."""
        stop = stop or threading.Event()
        done: Counter[str] = Counter()
        for ids, act in (
            (self._due(), self._look),
            (self._pages(lambda conn, after: sweeps.held_on_leave(conn, self.ctx.today(), after, BATCH)), hand_over),
            (self._pages(self._of_old_calendars), recount),
        ):
            for incident_id in ids:
                if stop.is_set() or not self._still_mine():
                    return done
                done += self._carefully(incident_id, act)
        return done

    def _still_mine(self) -> bool:
        """Whether this watcher may go on: it has the lease, or needs none."""
        if not self.leased:
            return True
        now = self.ctx.clock()
        if self._beat_at is None or now - self._beat_at >= BEAT:
            with write(self.ctx.engine) as conn:
                mine = beats.take(conn, JOB, self.owner, now, now - LENGTH)
            self._beat_at = now if mine else None
        return self._beat_at is not None

    def _carefully(self, incident_id: int, act: Callable[[Context, Connection, int], Counter[str]]) -> Counter[str]:
        """One case in one transaction; what fails is left for the next time and holds up nobody else."""
        try:
            with write(self.ctx.engine) as conn:
                return act(self.ctx, conn, incident_id)
        except Exception as error:  # its text may hold what a person wrote
            logger.error("watching over the case with the id %d failed: %s", incident_id, type(error).__name__)
            return Counter(failed=1)

    def _due(self) -> Any:
        after: sweeps.After | None = None
        while True:
            with read(self.ctx.engine) as conn:
                rows = sweeps.due(conn, self.ctx.clock(), after, BATCH)
            yield from (row.id for row in rows)
            if len(rows) < BATCH:
                return
            after = (rows[-1].look_at, rows[-1].id)

    def _pages(self, page: Callable[[Connection, int], list[int]]) -> Any:
        after = 0
        while True:
            with read(self.ctx.engine) as conn:
                ids = page(conn, after)
            yield from ids
            if len(ids) < BATCH:
                return
            after = ids[-1]

    def _of_old_calendars(self, conn: Connection, after: int) -> list[int]:
        return sweeps.of_other_calendars(conn, cases.in_force(conn, self.ctx.zone).version, after, BATCH)

    def _look(self, ctx: Context, conn: Connection, incident_id: int) -> Counter[str]:
        if not sweeps.take(conn, incident_id, ctx.clock()):
            return Counter()
        row = incidents.current(conn, incident_id)
        now = incidents.after(row, ctx.clock())
        case = cases.load(conn, incident_id, ctx.zone)
        return _Look(ctx, conn, case, row, now).carry_out()


@dataclass
class _Look:
    """One look at one case, its row locked."""

    ctx: Context
    conn: Connection
    case: Case
    row: Any
    now: datetime
    done: Counter[str] = field(default_factory=Counter)

    def carry_out(self) -> Counter[str]:
        """Do what is due and write down when to look again."""
        case = self.case
        found = duties(case.counted, case.counted_by, case.clocks(self.now), self.now)
        teller = Teller(self.ctx, self.conn, self.row, self.now)
        for warned in found.warnings:
            if self._claim("warned", _key(warned)):
                case.write(self.conn, "warned", self.now, None, warned.data)
                self.done["warned"] += 1
        if found.warnings:
            worst = max((one.light for one in found.warnings), key=("yellow", "red", "very_late").index)
            teller.warn(worst, case.state.holder, letter="supervise" in dict(found.actions))
        touched = self._actions(found, teller)
        for asked in late_replies(case.state, self.now):
            if self._claim("late_reply", str(asked.seq)):
                teller.remind(case.state.holder)
                self.done["late_reply"] += 1
        cases.remember(self.conn, case, self.now)
        versions.bump_rows(self.conn, "incidents", {case.id, *touched})
        return self.done

    def _actions(self, found: Duties, teller: Teller) -> set[int]:
        touched: set[int] = set()
        for action, given in found.actions:
            if action == "escalate" and self.case.from_register:
                continue  # nobody saw its steps: that it goes up is for people to say
            why = "/".join(map(_key, found.warnings)) if action != "resume" else str(self.case.state.pauses)
            if not self._claim(action, why):
                continue
            if action == "supervise":
                given = {**given, "reply_by": canonical_moment(reply_by(self.case, self.now))}
            case, before = self.case, self.case.state.holder
            planned = decide(case.state, case.process, action, SYSTEM, given, self.now)
            deed = Deed(self.ctx, View.system(self.ctx.today()), self.conn, case, self.row, planned.data, self.now)
            case.write(self.conn, planned.kind, self.now, None, planned.data)
            if action == "supervise":  # its letter goes to whoever has the case, before it goes up
                teller.supervise(before)
            follow(deed, planned.kind, before)
            touched |= deed.touched
            self.done[planned.kind] += 1
        return touched

    def _claim(self, what: str, why: str) -> bool:
        return sweeps.claim(self.conn, f"{self.case.id}/{what}/{why}", self.now)


def _key(warned: Warned) -> str:
    return f"{warned.light}/{warned.of}/{warned.data['due_at']}"
