"""Plans of a redraw, the drawings in force, and what was handed over."""

from __future__ import annotations

from typing import Any

from alembic import op
from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Integer,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.schema import SchemaItem

from gridmap.store.migrations.ddl import run_rules

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

MOMENT = DateTime(timezone=True)
STATUSES = "'draft', 'submitted', 'approved', 'published', 'applied', 'withdrawn'"


def upgrade() -> None:
    """Five tables; rows of others are not touched."""
    _plans()
    _table(
        "drawings",
        _ref("plan_id", "plans"),
        Column("valid_from", Date, nullable=False, unique=True),
        Column("valid_to", Date),
        UniqueConstraint("plan_id"),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="days_in_order"),
    )
    _table(
        "handovers",
        _ref("plan_id", "plans", null=False),
        Column("day", Date, nullable=False),
        _ref("from_worker_id", "workers", index=True),
        _ref("to_worker_id", "workers", index=True),
        Column("items", Text, nullable=False),
        Column("given_at", MOMENT),
        _ref("given_by_id", "accounts"),
        Column("taken_at", MOMENT),
        _ref("taken_by_id", "accounts"),
        UniqueConstraint("plan_id", "from_worker_id", "to_worker_id"),
        CheckConstraint("(given_at IS NULL) = (given_by_id IS NULL)", name="given_by_somebody"),
        CheckConstraint("(taken_at IS NULL) = (taken_by_id IS NULL)", name="taken_by_somebody"),
    )
    run_rules("0014_rules")


def _plans() -> None:
    _table(
        "plans",
        Column("title", Text, nullable=False),
        _ref("area_id", "areas", null=False, index=True),
        Column("status", Text, nullable=False, index=True),
        Column("version", Integer, nullable=False),
        Column("base_day", Date, nullable=False),
        Column("base_version", String(64), nullable=False),
        Column("applies_on", Date),
        _ref("author_id", "accounts", index=True),
        _ref("approver_id", "accounts"),
        _ref("changed_by_id", "accounts"),
        _ref("reverses_id", "plans"),
        Column("created_at", MOMENT, nullable=False),
        Column("changed_at", MOMENT, nullable=False),
        Column("note", Text),
        CheckConstraint(f"status IN ({STATUSES})", name="status_known"),
        CheckConstraint("version >= 1", name="version_from_one"),
        CheckConstraint("(status IN ('published', 'applied')) = (applies_on IS NOT NULL)", name="published_has_day"),
        CheckConstraint(
            "status NOT IN ('approved', 'published', 'applied') OR approver_id IS NOT NULL",
            name="approved_by_somebody",
        ),
        CheckConstraint("approver_id IS NULL OR approver_id <> author_id", name="approved_by_another"),
    )
    _table(
        "plan_edits",
        _ref("plan_id", "plans", null=False),
        Column("place", Integer, nullable=False),
        Column("delta", Text, nullable=False),
        Column("inverse", Text, nullable=False),
        Column("version", Integer, nullable=False),
        Column("undone", SmallInteger, nullable=False, server_default="0"),
        _ref("account_id", "accounts"),
        Column("at", MOMENT, nullable=False),
        UniqueConstraint("plan_id", "place"),
        CheckConstraint("undone IN (0, 1)", name="undone_or_not"),
    )
    _table(
        "plan_comments",
        _ref("plan_id", "plans", null=False, index=True),
        _ref("account_id", "accounts"),
        Column("cell", Text),
        Column("lon", Float),
        Column("lat", Float),
        Column("text", Text, nullable=False),
        Column("at", MOMENT, nullable=False),
        CheckConstraint("(lon IS NULL) = (lat IS NULL)", name="place_both"),
    )


def _table(name: str, *items: SchemaItem) -> None:
    key = Column("id", Integer, primary_key=True, autoincrement=True)
    op.create_table(name, key, *items, sqlite_autoincrement=True)


def _ref(name: str, target: str, *, null: bool = True, index: bool = False) -> Column[Any]:
    return Column(name, Integer, ForeignKey(f"{target}.id"), nullable=null, index=index)
