"""Delivering: the outbox is taken apart into messages, and messages go out through their channels after commit.

At least once: a deliverer leases messages, sends, and writes down what became of each. One that dies in between loses
its lease, and another sends again under the same key, by which the receiver drops the repeat. Several may run at once.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from gridmap.delivery import digest_texts, meeting_texts
from gridmap.delivery.backoff import MOST_ATTEMPTS, Breaker, backoff
from gridmap.delivery.configured import channels, rules
from gridmap.delivery.limits import WINDOW, Rules
from gridmap.delivery.meeting_texts import TableFacts
from gridmap.delivery.outcome import Channel, Final, Outcome, Outgoing, Retry, Sent
from gridmap.delivery.recipients import (
    TO_DESK,
    TO_REPORTER,
    TO_SUPERVISORS,
    Addressee,
    Contacts,
    Mailbox,
    News,
    addressees,
    on_rung,
    reporter,
)
from gridmap.delivery.texts import Facts, names, payload
from gridmap.delivery.texts import write as write_text
from gridmap.jobs.lease import Lease, new_owner
from gridmap.store import beats, messages, read, subjects, write
from gridmap.usecases.context import Context

logger = logging.getLogger(__name__)

JOB = "delivery"
#: why a case lies with nobody in person, so that dispatchers have to hear of it
ON_A_DESK = frozenset({"dispatcher", "outside", "desk"})
#: messages leased, and outbox rows taken apart, in one transaction
BATCH, SPREAD = 20, 200
#: how often a deliverer with nothing to do says that it is there
BEAT = timedelta(seconds=60)


@dataclass
class Deliverer:
    """One deliverer of one process: the server's thread has one for its life, `gridmap sweep` one for a run."""

    ctx: Context
    channels: Mapping[str, Channel]
    rules: Rules
    owner: str = field(default_factory=new_owner)
    breaker: Breaker = field(default_factory=Breaker)
    _beat_at: datetime | None = None
    _drift: tuple[float, str] | None = None

    def run(self, stop: threading.Event | None = None) -> Counter[str]:
        """Deliver what is due now; how many messages were `made`, `sent`, put off for `later` or given up as `dead`.

        `stop` ends it between two messages; what it held is given back.
        """
        stop = stop or threading.Event()
        done: Counter[str] = Counter(made=self._spread(stop))
        while not stop.is_set() and self._anything_due():
            for message in self._claim():
                done[self._deliver(message, stop)] += 1
        self._beat(busy=bool(done.total()))
        return done

    # --- the outbox ---------------------------------------------------------------------------------------------------

    def _spread(self, stop: threading.Event) -> int:
        """Write the messages of what the outbox holds; how many."""
        made = 0
        while not stop.is_set():
            with read(self.ctx.engine) as conn:
                if not messages.any_unsent(conn):
                    return made
            with write(self.ctx.engine) as conn:
                rows = messages.unsent(conn, SPREAD)
                if not rows:  # another deliverer has them
                    return made
                now = self.ctx.clock()
                written = self._written(conn, rows, now)
                messages.add(conn, written)
                messages.mark_sent(conn, [row.id for row in rows], now)
                made += len(written)
        return made

    def _written(self, conn: Connection, rows: Sequence[Any], now: datetime) -> list[dict[str, Any]]:
        boxes = [Mailbox(*row) for row in messages.mailboxes(conn)]
        phones = messages.with_phone(conn, {row.worker_id for row in rows if row.worker_id is not None})
        emails = messages.with_email(conn, {row.body_id for row in rows if row.body_id is not None})
        asked = {row.household_id for row in rows if row.household_id is not None}
        homes = messages.with_consent(conn, asked, self.ctx.today())
        contacts = Contacts(frozenset(self.channels), phones, emails, homes.keys())
        found = []
        for row in rows:
            if row.kind in TO_REPORTER:
                found += [self._row(row, to, now) for to in reporter(row.incident_id, self.channels)]
                continue
            news = _news(row, {box.account_id for box in boxes})
            found += [self._row(row, to, now) for to in addressees(news, boxes, contacts, now)]
        return found

    def _row(self, row: Any, to: Addressee, now: datetime) -> dict[str, Any]:
        # a mailbox on our own pages needs no conversation: it is delivered by being written
        there = to.account_id is not None
        said = f"message/{row.id}/{row.created_at.isoformat()}/{to.channel}/{to.recipient}"
        return {
            "outbox_id": row.id, "incident_id": row.incident_id, "kind": row.kind, "channel": to.channel,
            "recipient": to.recipient, "account_id": to.account_id, "key": self.ctx.vault.digest(said)[:40],
            "urgent": int(row.process == "emergency"), "status": "sent" if there else "waiting",
            "created_at": row.created_at, "ready_at": row.created_at, "next_at": now,
            "settled_at": now if there else None,
        }  # fmt: skip

    # --- leases -------------------------------------------------------------------------------------------------------

    def _open_channels(self) -> list[str]:
        now = self.ctx.clock()
        return [name for name in self.channels if not self.breaker.rests(name, now)]

    def _anything_due(self) -> bool:
        with read(self.ctx.engine) as conn:
            return messages.any_due(conn, self.ctx.clock(), self._open_channels())

    def _claim(self) -> list[Held]:
        """Lease a batch and write each message, with the contact looked up last; [] when all of it has to wait."""
        with write(self.ctx.engine) as conn:
            now = self.ctx.clock()
            lease = Lease.begin(self.owner, now)
            ids = messages.claim(
                conn, self.owner, self._open_channels(), now, lease.until, since=now - WINDOW, limit=BATCH,
                hold=lambda channel, urgent, recent: self.rules.hold(channel, urgent, now, recent),
            )  # fmt: skip
            rows = messages.details(conn, ids)
            phones = self._phones(conn, [row for row in rows.values() if row.channel == "sms"])
        batch = _Batch(lease, set(ids))
        return [Held(rows[one], self._outgoing(rows[one], phones.get(one)), batch) for one in ids]

    def _phones(self, conn: Connection, rows: Sequence[Any]) -> dict[int, str | None]:
        """By message, the number to call. A household's consent may have been withdrawn since the message was made."""
        asked = {row.household_id for row in rows if row.household_id is not None}
        homes = messages.with_consent(conn, asked, self.ctx.today())
        sealed = {row.id: _sealed_phone(row, homes) for row in rows}
        wanted = {subject_id for subject_id, _ in sealed.values() if subject_id is not None}
        opened = subjects.open_many(conn, self.ctx.vault, wanted)
        return {one: opened.get(subject_id or 0, {}).get(field) for one, (subject_id, field) in sealed.items()}

    def _outgoing(self, row: Any, phone: str | None) -> Outgoing:
        messaging, zone = self.ctx.settings.messaging, self.ctx.zone
        to = {"sms": phone, "email": row.email}.get(row.channel)
        about = {"body": row.body, "urgent": bool(row.urgent), "at": row.created_at.isoformat()}
        link = self._link(row)
        if row.told is not None:
            text = digest_texts.write(row.kind, messaging.language, row.told, link)
            return Outgoing(row.key, to, text.subject, text.text, digest_texts.payload(row.kind, row.told, link, about))
        if row.number is None:
            table = table_facts_of(row, link)
            text = meeting_texts.write(row.kind, messaging.language, table, zone)
            return Outgoing(row.key, to, text.subject, text.text, meeting_texts.payload(row.kind, table, about, zone))
        facts = facts_of(row, link)
        text = write_text(row.kind, messaging.language, facts, zone)
        about |= {"category": row.category, "cell": row.cell}
        return Outgoing(row.key, to, text.subject, text.text, payload(row.kind, facts, about, zone))

    def _link(self, row: Any) -> str | None:
        url = self.ctx.settings.messaging.public_url
        if url is not None and row.kind in TO_REPORTER:
            return f"{url}/track/{token_again(self.ctx, row.outbox_id, row.created_at)}"
        return link_of(row, url)

    # --- one message --------------------------------------------------------------------------------------------------

    def _deliver(self, message: Held, stop: threading.Event) -> str:
        """Send one message and write down what became of it: `sent`, `later`, `dead`; `back`, `lost` change nothing."""
        row, now = message.row, self.ctx.clock()
        if stop.is_set() or self.breaker.rests(row.channel, now):
            with write(self.ctx.engine) as conn:
                messages.release(conn, self.owner, [row.id])
            message.batch.mine.discard(row.id)
            return "back"
        if not self._still_ours(message, now):
            return "lost"
        outcome = self._sent(message)
        message.batch.mine.discard(row.id)
        return self._settle(row, outcome)

    def _still_ours(self, message: Held, now: datetime) -> bool:
        """A heartbeat for the rest of the batch where the lease is fading; what has gone to another is left to it."""
        batch = message.batch
        if batch.lease.fading(now):
            batch.lease = batch.lease.renewed(now)
            with write(self.ctx.engine) as conn:
                batch.mine = messages.renew(conn, self.owner, batch.mine, batch.lease.until)
        return message.row.id in batch.mine

    def _sent(self, message: Held) -> Outcome:
        if message.row.attempts > MOST_ATTEMPTS:
            return Final("never_settled")  # whoever tried it died of it each time
        try:
            return self.channels[message.row.channel].send(message.outgoing)
        except Exception as error:  # a fault of ours may not stop the others; its text may hold the contact
            logger.error("the channel %s failed: %s", message.row.channel, type(error).__name__)
            return Retry(f"fault_{type(error).__name__}")

    def _settle(self, row: Any, outcome: Outcome) -> str:
        now = self.ctx.clock()
        if isinstance(outcome, Retry) and outcome.channel_down:
            self.breaker.failed(row.channel, now, outcome.after_s)
        else:
            self.breaker.worked(row.channel)
        with write(self.ctx.engine) as conn:
            match outcome:
                case Sent(their_clock):
                    if their_clock is not None:
                        self._drift = ((now - their_clock).total_seconds(), row.channel)
                    messages.settle_sent(conn, row.id, now)
                    return "sent"
                case Retry(reason, after_s) if row.attempts < MOST_ATTEMPTS:
                    again = now + backoff(row.attempts, row.key, after_s)
                    messages.settle_later(conn, self.owner, row.id, again, reason)
                    return "later"
                case Retry(reason) | Final(reason):
                    logger.warning("message %d by %s is given up: %s", row.id, row.channel, reason)
                    messages.settle_dead(conn, self.owner, row.id, now, reason)
                    return "dead"

    def _beat(self, *, busy: bool) -> None:
        now = self.ctx.clock()
        if not busy and self._beat_at is not None and now - self._beat_at < BEAT:
            return
        with write(self.ctx.engine) as conn:
            beats.beat(conn, JOB, self.owner, now, self._drift)
        self._beat_at, self._drift = now, None


@dataclass
class _Batch:
    """What one claim holds: its lease, and the messages of it that are still ours and not settled."""

    lease: Lease
    mine: set[int]


@dataclass(frozen=True, slots=True)
class Held:
    """A leased message, written and addressed."""

    row: Any
    outgoing: Outgoing
    batch: _Batch


def _sealed_phone(row: Any, homes: Mapping[int, int]) -> tuple[int | None, str]:
    """Under which subject, and as which field, a message's telephone number is sealed."""
    if row.recipient.startswith("resident:"):
        return row.case_subject_id, "reporter_phone"
    return row.subject_id or homes.get(row.household_id), "contact_phone"


def token_again(ctx: Context, outbox_id: int, at: datetime) -> str:
    """The token of a link that is sent again: it follows from the row that asks for it, so it is stored nowhere."""
    return ctx.vault.digest(f"track again {outbox_id} {at.astimezone(UTC).isoformat()}")


def _news(row: Any, boxes: Collection[int]) -> News:
    """What an outbox row is to recipients; `boxes`: the accounts that have a mailbox."""
    if row.incident_id is None:
        # where nobody in person is named, or who led it is gone, the desk of the place hears
        named = row.body_id is not None or row.household_id is not None or row.account_id in boxes
        return News(
            None, row.body_id, row.created_at, desk=not named, path=row.path, account_id=row.account_id,
            household_id=row.household_id,
        )  # fmt: skip
    over = row.kind in TO_SUPERVISORS
    lies_there = bool(row.to_holder) and row.worker_id is None and row.reason in ON_A_DESK
    desk = row.kind in TO_DESK or (lies_there and not over)
    return News(row.worker_id, row.body_id, row.created_at, desk, on_rung(row.path, row.level), over)


def link_of(row: Any, public_url: str | None) -> str | None:
    """Where the reader of a message finds more; a household finds nothing on our pages."""
    if public_url is None or row.household_id is not None:
        return None
    if row.told is not None:
        return f"{public_url}/figures"
    if row.meeting_id is not None:
        return f"{public_url}/meetings/{row.meeting_id}"
    if row.enterprise_id is not None:
        return f"{public_url}/enterprises/{row.enterprise_id}"
    return f"{public_url}/{'field' if row.recipient.startswith('worker:') else 'cases'}"


def table_facts_of(row: Any, link: str | None = None) -> TableFacts:
    """What a message may tell of a meeting, a promise or an enterprise, from a row of `store.messages.with_tables`."""
    owner = None if row.owner_name is None else names(row.owner_name, row.owner_name_en)
    return TableFacts(
        names(row.about_name or "", row.about_name_en), row.meeting, row.meets_at, row.venue, owner,
        row.promise_due_at, link,
    )  # fmt: skip


def facts_of(row: Any, link: str | None = None) -> Facts:
    """What a message may tell of a case, from a row with its number, due_at and the names of category and cell."""
    cell = None if row.cell is None else names(row.cell_name, row.cell_name_en)
    return Facts(row.number or "", names(row.category_name, row.category_name_en), cell, row.due_at, link)


def deliverer(ctx: Context) -> Deliverer:
    """A deliverer by this context's settings; EnvironmentFault names the setting that cannot be used."""
    messaging = ctx.settings.messaging
    return Deliverer(ctx, channels(messaging), rules(messaging, ctx.zone))


# --- what the operator sees -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Health:
    """The queue, and the clocks. Counts by channel; `age_s`: how long the oldest message could have gone already.

    `drift_s`: this process's clock less the one of `drift_by` (the database, or a gateway at the last message); None
    where there was nothing to compare with. `behind_s`: how far the newest message lies ahead: a clock was put back.
    """

    waiting: Mapping[str, int]
    dead: Mapping[str, int]
    unsent: int
    age_s: float
    drift_s: float | None
    drift_by: str | None
    behind_s: float
    last_at: datetime | None


def health(ctx: Context) -> Health:
    """How delivery does, in a few indexed queries."""
    with read(ctx.engine) as conn:
        before = ctx.clock()
        theirs = beats.database_clock(conn)
        now = ctx.clock()
        queue, last, newest = beats.queue(conn, now), beats.last_beat(conn, JOB), beats.newest_moment(conn)
    drift_s, drift_by = (last.drift_s, last.drift_by) if last else (None, None)
    if theirs is not None:
        drift_s, drift_by = (before + (now - before) / 2 - theirs).total_seconds(), "database"
    return Health(
        waiting=queue.waiting, dead=queue.dead, unsent=queue.unsent,
        age_s=0.0 if queue.oldest is None else max((now - queue.oldest).total_seconds(), 0.0),
        drift_s=drift_s, drift_by=drift_by,
        behind_s=0.0 if newest is None else max((newest - now).total_seconds(), 0.0),
        last_at=last.at if last else None,
    )  # fmt: skip


def dead_letters(ctx: Context, limit: int = 100) -> list[dict[str, Any]]:
    """The messages that were given up, latest first: ids, codes and why; no address, no text."""
    with read(ctx.engine) as conn:
        return [dict(row._mapping) for row in messages.dead(conn, limit)]


def revive(ctx: Context, ids: Sequence[int] | None) -> int:
    """Put given-up messages back into the queue (None: all), under their old keys; how many."""
    with write(ctx.engine) as conn:
        return messages.revive(conn, ids, ctx.clock())
