"""Analyses: long computations as jobs, kept by what was asked and the state of the data."""

from __future__ import annotations

from alembic import op
from sqlalchemy import CheckConstraint, Column, DateTime, Float, Integer, SmallInteger, String, Text, text

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MOMENT = DateTime(timezone=True)


def upgrade() -> None:
    """One table and its indexes; rows are not touched."""
    op.create_table(
        "analyses",
        Column("id", Integer, primary_key=True, autoincrement=True),
        Column("key", String(64), nullable=False, unique=True),
        Column("kind", Text, nullable=False),
        Column("parameters", Text, nullable=False),
        Column("data_version", Text, nullable=False),
        Column("status", Text, nullable=False),
        Column("progress", Float, nullable=False, server_default="0"),
        Column("result", Text),
        Column("error", Text),
        Column("attempts", Integer, nullable=False, server_default="0"),
        Column("cancelling", SmallInteger, nullable=False, server_default="0"),
        Column("created_at", MOMENT, nullable=False),
        Column("settled_at", MOMENT),
        Column("lease_owner", Text),
        Column("lease_until", MOMENT),
        CheckConstraint("kind IN ('hotspots', 'scan', 'sources')", name="kind_known"),
        CheckConstraint("status IN ('waiting', 'running', 'done', 'failed', 'cancelled')", name="status_known"),
        CheckConstraint("(status = 'done') = (result IS NOT NULL)", name="done_has_result"),
        CheckConstraint("progress BETWEEN 0 AND 1", name="progress_is_share"),
        sqlite_autoincrement=True,
    )
    open_ones = text("status IN ('waiting', 'running')")
    op.create_index("ix_analyses_open", "analyses", ["id"], sqlite_where=open_ones, postgresql_where=open_ones)
    op.create_index("ix_analyses_settled_at", "analyses", ["settled_at"])
