"""Long analyses as jobs: what was asked, how far it is, and what came out."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Float, Index, Integer, SmallInteger, String, Text, text

from gridmap.store.tables.base import UtcDateTime, one_of, table

_OPEN = text("status IN ('waiting', 'running')")

#: one for each question and state of the data; `key` is the digest of both, so the same question is computed once
analyses = table(
    "analyses",
    Column("key", String(64), nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("parameters", Text, nullable=False),  # canonical JSON; holds the path of the area it is about
    Column("data_version", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("progress", Float, nullable=False, server_default="0"),
    Column("result", Text),  # JSON: figures, no row of a person
    Column("error", Text),  # a code, then what to do
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("cancelling", SmallInteger, nullable=False, server_default="0"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("settled_at", UtcDateTime, index=True),
    Column("lease_owner", Text),
    Column("lease_until", UtcDateTime),
    one_of("kind", "hotspots", "scan", "sources"),
    one_of("status", "waiting", "running", "done", "failed", "cancelled"),
    CheckConstraint("(status = 'done') = (result IS NOT NULL)", name="done_has_result"),
    CheckConstraint("progress BETWEEN 0 AND 1", name="progress_is_share"),
    Index("ix_analyses_open", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
)
