"""Whom to call at an enterprise: sealed, one for each."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, DateTime, ForeignKey, Integer, UniqueConstraint

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One table."""
    op.create_table(
        "enterprise_contacts",
        Column("id", Integer, primary_key=True, autoincrement=True),
        Column("enterprise_id", Integer, ForeignKey("enterprises.id"), nullable=False),
        Column("subject_id", Integer, ForeignKey("subjects.id"), nullable=False),
        Column("account_id", Integer, ForeignKey("accounts.id")),
        Column("said_at", DateTime(timezone=True), nullable=False),
        UniqueConstraint("enterprise_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_enterprise_contacts_subject_id", "enterprise_contacts", ["subject_id"])
