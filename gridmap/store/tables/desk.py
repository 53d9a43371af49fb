"""What belongs to one account alone: the lists it saved, and the cases it filed for residents."""

from __future__ import annotations

from sqlalchemy import Column, String, Text, UniqueConstraint

from gridmap.store.tables.base import UtcDateTime, ref, table

#: filters of the list of cases under a name, as the end of the page's address
saved_views = table(
    "saved_views",
    ref("account_id", "accounts", null=False, index=False),
    Column("name", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("account_id", "name"),
)

#: cases filed for a resident. Which case, and for whom, is sealed; whose row it is, only its account can reckon
behalves = table(
    "behalves",
    Column("owner", String(64), nullable=False, index=True),  # a keyed digest of the account's id
    ref("subject_id", "subjects", null=False, index=False),  # sealed: case, resident_name, resident_phone
    Column("ends_at", UtcDateTime, nullable=False, index=True),
)
