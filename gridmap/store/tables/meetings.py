"""Blast logs, joint meetings of three sides, and what was promised there. No resident is named in any of them."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Float, Index, Integer, Text, UniqueConstraint, text

from gridmap.enterprise import MeetingStatus, Party, PromiseStatus, Rock
from gridmap.store.tables.base import UtcDateTime, came_as, geom, one_of, ref, table

#: what a quarry's or mine's own log says it set off
blasts = table(
    "blasts",
    ref("enterprise_id", "enterprises", null=False, index=False),
    Column("code", Text, nullable=False),  # the log's own number
    Column("at", UtcDateTime, nullable=False),
    Column("charge_kg", Float, nullable=False),  # the most that goes off at once (largest delay)
    Column("frequency_hz", Float),  # the main frequency, where it was measured
    *came_as(),
    geom("POINT"),
    UniqueConstraint("enterprise_id", "code"),
    Index("ix_blasts_enterprise_id_at", "enterprise_id", "at"),
    CheckConstraint("charge_kg > 0", name="charge_positive"),
    CheckConstraint("frequency_hz IS NULL OR frequency_hz > 0", name="frequency_positive"),
)

#: what lies between an enterprise and the houses: a row of the standard's table, or K and alpha as measured there
rocks = table(
    "rocks",
    ref("enterprise_id", "enterprises", null=False, index=False),
    Column("rock", Text, nullable=False),
    Column("k", Float),
    Column("alpha", Float),
    UniqueConstraint("enterprise_id"),
    one_of("rock", *Rock),
    CheckConstraint("(k IS NULL) = (alpha IS NULL)", name="measured_both"),
    CheckConstraint("k IS NULL OR (k > 0 AND alpha > 0)", name="measured_positive"),
)

meetings = table(
    "meetings",
    Column("number", Text, nullable=False, unique=True),
    ref("area_id", "areas", null=False),  # where it is about: whose officials follow it
    ref("enterprise_id", "enterprises"),
    ref("incident_id", "incidents"),  # the case that it was called from, where there was one
    Column("title", Text, nullable=False),
    Column("meets_at", UtcDateTime, nullable=False, index=True),
    Column("venue", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("minutes", Text),
    Column("reason", Text),  # why it was called off
    ref("account_id", "accounts", index=False),  # who called it
    Column("created_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),  # held, or called off
    one_of("status", *MeetingStatus),
    CheckConstraint("(status = 'called') = (ended_at IS NULL)", name="ended_has_moment"),
    CheckConstraint("status <> 'held' OR minutes IS NOT NULL", name="held_has_minutes"),
)

#: who sits at the table: bodies, the enterprise, and the residents of a community, never one by one
seats = table(
    "seats",
    ref("meeting_id", "meetings", null=False),
    Column("party", Text, nullable=False),
    ref("body_id", "bodies"),
    ref("enterprise_id", "enterprises", index=False),
    ref("area_id", "areas", index=False),
    one_of("party", *Party),
    CheckConstraint("(party = 'government') = (body_id IS NOT NULL)", name="government_is_a_body"),
    CheckConstraint("(party = 'enterprise') = (enterprise_id IS NOT NULL)", name="enterprise_is_one"),
    CheckConstraint("(party = 'residents') = (area_id IS NOT NULL)", name="residents_are_of_an_area"),
)

#: the cases that a meeting is about. At the table they are told by category and month alone
agenda = table(
    "agenda",
    ref("meeting_id", "meetings", null=False, index=False),
    ref("incident_id", "incidents", null=False),
    UniqueConstraint("meeting_id", "incident_id"),
)

promises = table(
    "promises",
    ref("meeting_id", "meetings", null=False),
    ref("body_id", "bodies"),  # whose promise it is: a body's or the enterprise's
    ref("enterprise_id", "enterprises"),
    Column("text", Text, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("status", Text, nullable=False),
    Column("settled_at", UtcDateTime),
    one_of("status", *PromiseStatus),
    CheckConstraint("(body_id IS NULL) <> (enterprise_id IS NULL)", name="one_owner"),
    CheckConstraint("due_at > made_at", name="moments_in_order"),
    CheckConstraint("(status IN ('open', 'proven')) = (settled_at IS NULL)", name="settled_has_moment"),
    Index(
        "ix_promises_open_due", "due_at", sqlite_where=text("settled_at IS NULL"),
        postgresql_where=text("settled_at IS NULL"),
    ),
)  # fmt: skip

#: what became of a promise, step by step; rows are added, never changed
promise_steps = table(
    "promise_steps",
    ref("promise_id", "promises", null=False, index=False),
    Column("seq", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    ref("account_id", "accounts", index=False),
    Column("note", Text),  # the proof, or the reason
    UniqueConstraint("promise_id", "seq"),
    one_of("status", *PromiseStatus),
)
