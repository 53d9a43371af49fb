"""What the scorecards add up: what each case counts for, and the ledger of sums by month. `gridmap init` fills both."""

from __future__ import annotations

from typing import Any

from alembic import op
from sqlalchemy import Column, DateTime, ForeignKey, Integer, SmallInteger, Text

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

MOMENTS = ("received_at", "due_at", "disposed_at", "first_closed_at", "closed_at", "first_dispatched_at")
FLAGS = ("returned", "reopened", "extended", "rated", "satisfied", "by_community", "dropped")
COUNTS = (
    "accepted", "due", "disposed", "on_time", "closed_of_due", "reworked_of_due", "extended_of_due", "disposed_within",
    "disposed_in_time", "open_overdue", "closed", "reopened", "closed_by_community", "rated", "satisfied",
    "dispatched", "returned",
)  # fmt: skip


def upgrade() -> None:
    """Two tables and their indexes; rows of others are not touched."""
    op.create_table(
        "score_cases",
        Column("incident_id", Integer, ForeignKey("incidents.id"), primary_key=True, autoincrement=False),
        *_keys(),
        *(Column(name, DateTime(timezone=True)) for name in MOMENTS),
        *(Column(name, SmallInteger, nullable=False) for name in FLAGS),
    )
    for name in ("received_at", "due_at"):
        op.create_index(f"ix_score_cases_{name}", "score_cases", [name])
    op.create_table(
        "scores",
        Column("id", Integer, primary_key=True, autoincrement=True),
        Column("month", Integer, nullable=False),
        Column("standing", SmallInteger, nullable=False),
        *_keys(),
        *(Column(name, Integer, nullable=False, server_default="0") for name in COUNTS),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_scores_standing_month", "scores", ["standing", "month"])


def _keys() -> tuple[Column[Any], ...]:
    return (
        Column("area_id", Integer, ForeignKey("areas.id")),
        Column("body_id", Integer, ForeignKey("bodies.id")),
        Column("category_id", Integer, ForeignKey("categories.id"), nullable=False),
        Column("channel", Text, nullable=False),
    )
