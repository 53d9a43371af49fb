"""What belongs to one account alone: saved lists of cases, and cases filed for residents."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, DateTime, ForeignKey, Integer, String, Text, UniqueConstraint

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

MOMENT = DateTime(timezone=True)


def upgrade() -> None:
    """Two tables; rows are not touched."""
    op.create_table(
        "saved_views",
        Column("id", Integer, primary_key=True, autoincrement=True),
        Column("account_id", Integer, ForeignKey("accounts.id"), nullable=False),
        Column("name", Text, nullable=False),
        Column("query", Text, nullable=False),
        Column("created_at", MOMENT, nullable=False),
        UniqueConstraint("account_id", "name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "behalves",
        Column("id", Integer, primary_key=True, autoincrement=True),
        Column("owner", String(64), nullable=False, index=True),
        Column("subject_id", Integer, ForeignKey("subjects.id"), nullable=False),
        Column("ends_at", MOMENT, nullable=False, index=True),
        sqlite_autoincrement=True,
    )
