"""What residents without an account say of a plan, sealed."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, DateTime, ForeignKey, Integer, Text

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A table; rows are not touched."""
    op.create_table(
        "plan_remarks",
        Column("id", Integer, primary_key=True),
        Column("plan_id", Integer, ForeignKey("plans.id"), nullable=False),
        Column("subject_id", Integer, ForeignKey("subjects.id"), nullable=False),
        Column("cell", Text),
        Column("at", DateTime(timezone=True), nullable=False),
    )
    for column in ("plan_id", "subject_id"):
        op.create_index(f"ix_plan_remarks_{column}", "plan_remarks", [column])
