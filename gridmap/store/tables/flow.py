"""What an admin sets and what the platform did by itself: rule sets of routing, and the duties done by the sweep."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Index, Integer, SmallInteger, Text, text

from gridmap.store.tables.base import UtcDateTime, ref, table

#: versions of the ordered rules by which cases find their body; rows stay, for events name them
rule_sets = table(
    "rule_sets",
    Column("version", Integer, nullable=False, unique=True),
    Column("body", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    ref("account_id", "accounts", index=False),
    Column("live", SmallInteger, nullable=False, server_default="0"),
    Column("published_at", UtcDateTime),  # when it last went live
    CheckConstraint("version >= 2", name="version_after_shipped"),  # 1 is the set that ships
    CheckConstraint("live IN (0, 1)", name="live_flag"),
    Index("uq_rule_sets_live", "live", unique=True, sqlite_where=text("live = 1"), postgresql_where=text("live = 1")),
)

#: what the sweep did, each duty once whoever sweeps: the key names the case, what for and which due moment
sweep_duties = table(
    "sweep_duties",
    Column("duty", Text, nullable=False, unique=True),
    Column("recipient", Text),  # worker:3, body:4: who was told in person, for the digest
    Column("at", UtcDateTime, nullable=False, index=True),
    Index("ix_sweep_duties_recipient_at", "recipient", "at"),
)
