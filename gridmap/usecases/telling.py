"""Who hears of what the sweep found, and how often: the one responsible at once, supervisors beside them, and where a
day brings many, one message that says so instead of a flood. Emergencies are never held back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection

from gridmap.case.clock import Light
from gridmap.case.limits import ClockKind, Limit
from gridmap.case.state import Holder
from gridmap.case.worktime import from_micros, to_micros
from gridmap.store import incidents, sweeps
from gridmap.store.cases import Case
from gridmap.usecases.context import Context

#: single warnings to one recipient in a day; the next one says that there are more, and then it is quiet
FLOOD = 5
#: how long a body has to answer a supervision, by the clock of the case's whole limit
REPLY_WORK, REPLY_ALWAYS = Limit(2, "workdays"), Limit(4, "hours")


def reply_by(case: Case, now: datetime) -> datetime:
    """Until when a supervision that begins now is to be answered, where whoever opens it sets no moment."""
    if case.clocks(now).whole.kind is ClockKind.EMERGENCY:
        return now + timedelta(hours=REPLY_ALWAYS.amount)
    limit_us = REPLY_WORK.micros(case.calendar.workday_min)
    return from_micros(case.calendar.work_time.after_one(to_micros(now), limit_us))


@dataclass(frozen=True, slots=True)
class Teller:
    """Writes the outbox of one case. `row`: see `store.incidents.current`."""

    ctx: Context
    conn: Connection
    row: Any
    now: datetime

    def warn(self, light: str, holder: Holder, *, letter: bool) -> None:
        """A light has changed: whoever has the case hears of it, unless by the letter of a supervision that goes out
        with it; from red on the supervisor does too."""
        if not letter:
            self._to_holder("warned" if light == Light.YELLOW else "overdue", holder)
        if light != Light.YELLOW:
            self._to_supervisors("watch")

    def supervise(self, holder: Holder) -> None:
        """The letter to whoever has the case, and its copy to the body over theirs."""
        self._to_holder("supervised", holder)
        above = None if holder.body_id is None else sweeps.superior(self.conn, holder.body_id)
        if above is not None and self._spared(f"body:{above}", "supervised_copy"):
            incidents.tell(self.conn, self.row.id, "supervised_copy", self.now, worker_id=None, body_id=above)

    def remind(self, holder: Holder) -> None:
        """No answer came to a supervision within its limit: said again, and to the supervisor."""
        self._to_holder("late_reply", holder)
        self._to_supervisors("late_reply_watch")

    def _to_holder(self, kind: str, holder: Holder) -> None:
        recipient = (
            f"worker:{holder.worker_id}" if holder.worker_id is not None
            else f"body:{holder.body_id}" if holder.body_id is not None
            else f"desk:{holder.area_id}"
        )  # fmt: skip
        told = self._kind(recipient, kind, "digest")
        if told is not None:
            incidents.tell(self.conn, self.row.id, told, self.now, worker_id=holder.worker_id, body_id=holder.body_id)

    def _to_supervisors(self, kind: str) -> None:
        told = self._kind(f"over:{self.row.area_id}", kind, "digest_watch")
        if told is not None:
            incidents.tell(self.conn, self.row.id, told, self.now, worker_id=None, body_id=None)

    def _kind(self, recipient: str, kind: str, digest: str) -> str | None:
        """What to tell: the kind itself, the digest of the day, or nothing more today."""
        if self._spared(recipient, kind):
            return kind
        return digest if sweeps.claim(self.conn, f"digest/{recipient}/{self._day}", self.now) else None

    def _spared(self, recipient: str, kind: str) -> bool:
        """Whether this one still goes out singly; it is counted then."""
        midnight = datetime.combine(self.now.astimezone(self.ctx.zone).date(), time(), self.ctx.zone)
        if self.row.process != "emergency" and sweeps.told_since(self.conn, recipient, midnight) >= FLOOD:
            return False
        return sweeps.claim(
            self.conn, f"told/{self.row.id}/{kind}/{recipient}/{self.now.isoformat()}", self.now, recipient
        )

    @property
    def _day(self) -> str:
        return self.now.astimezone(self.ctx.zone).date().isoformat()
