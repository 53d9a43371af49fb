"""What an enterprise is permitted, whom to call there, and how often its neighbours are asked to a table before
anything has happened."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Date, Integer, Text, UniqueConstraint

from gridmap.store.tables.base import UtcDateTime, one_of, ref, table

PERMIT_KINDS = ("mining", "blasting", "land", "water", "discharge", "safety", "other")

permits = table(
    "permits",
    ref("enterprise_id", "enterprises", null=False, index=False),
    Column("kind", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),  # the day after its last; null: without an end
    UniqueConstraint("enterprise_id", "number"),
    one_of("kind", *PERMIT_KINDS),
    CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="days_in_order"),
)

#: whom to call there; the name and the number are sealed
enterprise_contacts = table(
    "enterprise_contacts",
    ref("enterprise_id", "enterprises", null=False, index=False),
    ref("subject_id", "subjects", null=False),
    ref("account_id", "accounts", index=False),  # who said so
    Column("said_at", UtcDateTime, nullable=False),
    UniqueConstraint("enterprise_id"),
)

#: a joint meeting every so many months, whether there are complaints or not
preventives = table(
    "preventives",
    ref("enterprise_id", "enterprises", null=False, index=False),
    Column("months", Integer, nullable=False),
    Column("since", Date, nullable=False),  # counted from here until a meeting is held
    ref("account_id", "accounts", index=False),  # who said so
    Column("said_at", UtcDateTime, nullable=False),
    UniqueConstraint("enterprise_id"),
    CheckConstraint("months BETWEEN 1 AND 36", name="months_make_sense"),
)
