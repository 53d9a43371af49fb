"""What is kept of a household besides its address: consents, care notes, visits; and its help button.

No text stands here: contact, care notes and visit notes are sealed under the household's subject, a device's secret
under its own. A visit says when and how it went, never where anybody walked.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Date, Index, Integer, SmallInteger, Text, UniqueConstraint, text

from gridmap.people.homes import HOW, OUTCOMES, PURPOSES, READERS
from gridmap.store.tables.base import UtcDateTime, one_of, partial, ref, table

_IN_FORCE = text("withdrawn_at IS NULL")

#: what a household agreed to, when, how and until when; rows stay when it is withdrawn
consents = table(
    "consents",
    ref("household_id", "households", null=False, index=False),
    Column("purpose", Text, nullable=False),
    Column("how", Text, nullable=False),
    Column("given_at", UtcDateTime, nullable=False),
    Column("until", Date),  # the first day on which it no longer holds
    Column("withdrawn_at", UtcDateTime),
    ref("account_id", "accounts", index=False),  # who wrote it down
    one_of("purpose", *PURPOSES),
    one_of("how", *HOW),
    Index("ix_consents_household_id", "household_id"),
    Index(
        "uq_consents_in_force", "household_id", "purpose",
        unique=True, sqlite_where=_IN_FORCE, postgresql_where=_IN_FORCE,
    ),
)  # fmt: skip

#: the text is sealed as `care:ID`
care_notes = table(
    "care_notes",
    ref("household_id", "households", null=False),
    Column("purpose", Text, nullable=False),
    Column("readers", Text, nullable=False),
    Column("expires_on", Date, nullable=False, index=True),  # the first day on which it is gone
    Column("created_at", UtcDateTime, nullable=False),
    ref("account_id", "accounts", index=False),
    one_of("readers", *READERS),
)

#: the note is sealed as `visit:ID`
visits = table(
    "visits",
    ref("household_id", "households", null=False, index=False),
    ref("worker_id", "workers", null=False),
    ref("account_id", "accounts", index=False),
    ref("return_of_id", "visits", index=False),  # the visit that promised to come again
    ref("incident_id", "incidents", index=False),  # what its note became
    Column("visited_at", UtcDateTime, nullable=False, index=True),
    Column("written_at", UtcDateTime, nullable=False),  # the server's clock
    Column("outcome", Text, nullable=False),
    Column("return_on", Date),
    one_of("outcome", *OUTCOMES),
    Index("ix_visits_household_id_visited_at", "household_id", "visited_at"),
)

#: how many visits a month, and on which days: of one worker, else of the nearest area
quotas = table(
    "quotas",
    ref("area_id", "areas", index=False),
    ref("worker_id", "workers", index=False),
    Column("first_day", SmallInteger, nullable=False),
    Column("last_day", SmallInteger, nullable=False),
    Column("least", Integer, nullable=False),
    UniqueConstraint("area_id", name="uq_quotas_area_id"),
    UniqueConstraint("worker_id", name="uq_quotas_worker_id"),
    CheckConstraint("(area_id IS NULL) != (worker_id IS NULL)", name="of_one"),
    CheckConstraint("first_day BETWEEN 1 AND 31 AND last_day BETWEEN first_day AND 31", name="days_in_order"),
    CheckConstraint("least >= 0", name="least_counts"),
)

#: help buttons; the secret is sealed under the device's own subject as `secret`
devices = table(
    "devices",
    Column("code", Text, nullable=False, unique=True),
    ref("household_id", "households", null=False),
    ref("subject_id", "subjects", null=False, index=False),
    Column("installed_at", UtcDateTime, nullable=False),
    Column("heard_at", UtcDateTime),
    Column("tested_at", UtcDateTime),
    Column("retired_at", UtcDateTime),
)

#: every call once: a device never uses a counter twice
calls = table(
    "calls",
    ref("device_id", "devices", null=False, index=False),
    Column("counter", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("sent_at", UtcDateTime, nullable=False),  # the device's clock
    Column("received_at", UtcDateTime, nullable=False),
    ref("incident_id", "incidents"),
    Column("paged", SmallInteger, nullable=False, server_default="0"),  # how many were asked so far
    Column("next_at", UtcDateTime),  # when the next is asked; None: accepted, or with the centre
    UniqueConstraint("device_id", "counter"),
    one_of("kind", "call", "test"),
    CheckConstraint("(kind = 'call') = (incident_id IS NOT NULL)", name="call_has_incident"),
    partial("ix_calls_waiting", "next_at", "next_at IS NOT NULL"),
)
