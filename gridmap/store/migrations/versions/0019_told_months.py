"""What was told of closed months, so that a late import changes no figure that has left."""

from __future__ import annotations

from alembic import op
from sqlalchemy import CheckConstraint, Column, Date, DateTime, Integer, Text, UniqueConstraint

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One table; rows are not touched. Months told before are told anew once, and stay so from then on."""
    op.create_table(
        "told_months",
        Column("id", Integer, primary_key=True, autoincrement=True),
        Column("month", Date, nullable=False),
        Column("drawing", Text, nullable=False),
        Column("told_at", DateTime(timezone=True), nullable=False),
        Column("last_incident_id", Integer, nullable=False),
        Column("body", Text, nullable=False),
        UniqueConstraint("month", "drawing"),
        CheckConstraint("last_incident_id >= 0", name="id_makes_sense"),
        sqlite_autoincrement=True,
    )
