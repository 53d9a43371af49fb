"""Keys that phones seal their entries to."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, DateTime, ForeignKey, Integer, Text

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A table; the first key is made when a phone first asks for one."""
    op.create_table(
        "sealing_keys",
        Column("id", Integer, primary_key=True, autoincrement=True),
        Column("public_key", Text, nullable=False),
        Column("subject_id", Integer, ForeignKey("subjects.id"), nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False),
        sqlite_autoincrement=True,
    )
