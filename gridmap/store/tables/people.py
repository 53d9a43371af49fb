"""Workers, their duties and leaves, and the sealed texts of persons."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Date, LargeBinary, SmallInteger, Text, UniqueConstraint

from gridmap.store.tables.base import UtcDateTime, names, one_of, partial, ref, table

#: the fields that say who reported a case
REPORTER = ("reporter_name", "reporter_phone")
#: their boxes; in words, as a partial index is used for these alone
REPORTERS_SQL = f"field IN {REPORTER}"

subjects = table(
    "subjects",
    Column("wrapped_key", LargeBinary),  # None once destroyed
    Column("created_at", UtcDateTime, nullable=False),
    Column("erased_at", UtcDateTime),
)

sealed = table(
    "sealed",
    ref("subject_id", "subjects", null=False, index=False),
    Column("field", Text, nullable=False),  # text, reporter_name, contact_phone, private_key ...
    Column("box", LargeBinary, nullable=False),
    UniqueConstraint("subject_id", "field"),
    partial("ix_sealed_reporters", "subject_id", REPORTERS_SQL),
)

workers = table(
    "workers",
    Column("code", Text, nullable=False, unique=True),
    *names(),
    ref("area_id", "areas", null=False),
    ref("body_id", "bodies"),
    Column("agent", SmallInteger, nullable=False, server_default="0"),  # petition agent
    ref("subject_id", "subjects", index=False),  # sealed: contact_phone
)

duties = table(
    "duties",
    ref("worker_id", "workers", null=False),
    ref("cell_id", "cells", null=False),
    Column("rank", Text, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),  # the first day off
    Column("weekdays", SmallInteger, nullable=False, server_default="127"),  # bit 0 Monday ... bit 6 Sunday
    Column("starts_min", SmallInteger),  # minutes after local midnight; None: all day
    Column("ends_min", SmallInteger),
    one_of("rank", "primary", "backup"),
    UniqueConstraint("worker_id", "cell_id", "valid_from"),
    CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="days_in_order"),
    CheckConstraint("weekdays BETWEEN 1 AND 127", name="weekdays_mask"),
    CheckConstraint("(starts_min IS NULL) = (ends_min IS NULL)", name="hours_both"),
)

leaves = table(
    "leaves",
    ref("worker_id", "workers", null=False),
    Column("starts_on", Date, nullable=False),
    Column("ends_on", Date, nullable=False),  # the first day back
    UniqueConstraint("worker_id", "starts_on"),
    CheckConstraint("ends_on > starts_on", name="days_in_order"),
)
