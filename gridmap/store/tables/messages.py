"""What somebody is to hear of, the jobs that tell them, and the keys of repeated requests."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Float,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from gridmap.store.tables.base import UtcDateTime, metadata, one_of, ref, table

#: how often each of the four is given: once in all
ABOUT_ONE = (
    " + ".join(
        f"CASE WHEN {name} IS NULL THEN 0 ELSE 1 END" for name in ("incident_id", "meeting_id", "enterprise_id", "told")
    )
    + " = 1"
)

#: what somebody is to hear of, written with the event; then taken apart into messages. It is about one thing: a case,
#: a joint meeting (or one promise made there), an enterprise, or what a week comes to
outbox = table(
    "outbox",
    ref("incident_id", "incidents"),
    Column("kind", Text, nullable=False),
    ref("worker_id", "workers", index=False),
    ref("body_id", "bodies", index=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("sent_at", UtcDateTime),  # when its messages were written: one for each recipient and channel
    ref("meeting_id", "meetings"),
    ref("promise_id", "promises", index=False),
    ref("enterprise_id", "enterprises", index=False),
    ref("household_id", "households", index=False),  # who is invited; by distance, never by what was reported
    ref("account_id", "accounts", index=False),  # who leads it
    Column("mark", Text),  # of what may be told once only
    Column("told", Text),  # JSON: the counts of a weekly digest, as they stood when it was raised
    CheckConstraint(ABOUT_ONE, name="about_one"),
    Index("ix_outbox_mark", "mark", unique=True),
    Index("ix_outbox_unsent", "id", sqlite_where=text("sent_at IS NULL"), postgresql_where=text("sent_at IS NULL")),
)

_WAITING = text("status = 'waiting'")
_DEAD = text("status = 'dead'")

#: one for each recipient and channel. No address and no text: both are looked up when it goes
messages = table(
    "messages",
    ref("outbox_id", "outbox", null=False, index=False),
    ref("incident_id", "incidents"),  # null: the outbox says what it is about
    Column("kind", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("recipient", Text, nullable=False),  # worker:3, body:4, account:5, resident:6 (the case), household:7
    ref("account_id", "accounts", index=False),  # in_app: whose mailbox
    Column("key", String(64), nullable=False, unique=True),  # the same at each attempt
    Column("urgent", SmallInteger, nullable=False, server_default="0"),
    Column("status", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("ready_at", UtcDateTime, nullable=False),  # since when it could have gone: moved by holds, not by failures
    Column("next_at", UtcDateTime, nullable=False),  # when it is tried
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("tried_at", UtcDateTime),
    Column("lease_owner", Text),
    Column("lease_until", UtcDateTime),
    Column("error", Text),  # a code
    Column("settled_at", UtcDateTime),  # sent, or given up
    Column("read_at", UtcDateTime),
    one_of("channel", "in_app", "sms", "email", "webhook"),
    one_of("status", "waiting", "sent", "dead"),
    CheckConstraint("(status = 'waiting') = (settled_at IS NULL)", name="settled_has_moment"),
    CheckConstraint("(channel = 'in_app') = (account_id IS NOT NULL)", name="mailbox_has_account"),
    UniqueConstraint("outbox_id", "channel", "recipient"),
    Index("ix_messages_waiting", "next_at", sqlite_where=_WAITING, postgresql_where=_WAITING),
    Index("ix_messages_settled_at", "settled_at"),
    Index("ix_messages_dead", "settled_at", sqlite_where=_DEAD, postgresql_where=_DEAD),
    Index("ix_messages_recipient_tried_at", "recipient", "tried_at"),
    Index("ix_messages_account_id_id", "account_id", "id"),
)

#: who did a kind of job last, and what was seen of the clocks then
beats = Table(
    "beats",
    metadata,
    Column("job", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("drift_s", Float),  # our clock less another's, in seconds
    Column("drift_by", Text),  # whose: database, sms, webhook
)

#: a request repeated by the same sender with the same key has one effect
requests = Table(
    "requests",
    metadata,
    Column("sender", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("response", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False, index=True),
)
