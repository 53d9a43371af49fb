"""Photos of cases, tracking links without an account, and what holds floods of reports back."""

from __future__ import annotations

from typing import Any

from alembic import op
from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Text,
)

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MOMENT = DateTime(timezone=True)


def upgrade() -> None:
    """Five tables; rows are not touched."""
    op.create_table(
        "photos",
        Column("id", Integer, primary_key=True, autoincrement=True),
        _ref("incident_id", "incidents", index=True),
        _ref("subject_id", "subjects", index=True),
        Column("account_id", Integer, ForeignKey("accounts.id")),
        Column("width", Integer, nullable=False),
        Column("height", Integer, nullable=False),
        Column("created_at", MOMENT, nullable=False),
        Column("box", LargeBinary),
        Column("thumb", LargeBinary),
        CheckConstraint("(box IS NULL) = (thumb IS NULL)", name="both_or_none"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "tracks",
        Column("id", Integer, primary_key=True, autoincrement=True),
        Column("incident_id", Integer, ForeignKey("incidents.id"), nullable=False, unique=True),
        Column("token_hash", String(64), nullable=False, unique=True),
        Column("created_at", MOMENT, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "spent",
        Column("challenge", String(64), primary_key=True),
        Column("expires_at", MOMENT, nullable=False, index=True),
    )
    op.create_table(
        "tallies",
        Column("bucket", Text, primary_key=True),
        Column("hour", MOMENT, primary_key=True),
        Column("count", Integer, nullable=False),
    )
    op.create_table("salts", Column("day", Date, primary_key=True), Column("salt", String(64), nullable=False))


def _ref(name: str, target: str, *, index: bool) -> Column[Any]:
    return Column(name, Integer, ForeignKey(f"{target}.id"), nullable=False, index=index)
