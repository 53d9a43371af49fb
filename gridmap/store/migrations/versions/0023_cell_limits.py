"""The county's own limits for cells."""

from __future__ import annotations

from alembic import op
from sqlalchemy import CheckConstraint, Column, DateTime, Float, ForeignKey, Integer

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A table; rows are not touched."""
    op.create_table(
        "cell_limits",
        Column("id", Integer, primary_key=True),
        Column("households_least", Integer, nullable=False),
        Column("households_most", Integer, nullable=False),
        Column("area_least_m2", Float, nullable=False),
        Column("area_most_m2", Float),
        Column("compactness_least", Float, nullable=False),
        Column("deviation_most", Float, nullable=False),
        Column("account_id", Integer, ForeignKey("accounts.id")),
        Column("said_at", DateTime(timezone=True), nullable=False),
        CheckConstraint("households_least BETWEEN 0 AND households_most", name="households_in_order"),
        CheckConstraint(
            "area_least_m2 >= 0 AND (area_most_m2 IS NULL OR area_most_m2 > area_least_m2)",
            name="area_in_order",
        ),
        CheckConstraint("compactness_least BETWEEN 0 AND 1", name="compactness_is_a_share"),
        CheckConstraint("deviation_most > 0", name="deviation_above_nothing"),
        sqlite_autoincrement=True,
    )
