"""Routing by versions of rules, and the sweep: which cases it must look at, and what it did already."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
ENDED = "('closed', 'voided', 'merged')"


def upgrade() -> None:
    """Two tables and a column. Every open case is looked at by the next sweep, which finds its next moment itself."""
    op.add_column("incidents", sa.Column("look_at", MOMENT))
    op.get_bind().exec_driver_sql(f"UPDATE incidents SET look_at = received_at WHERE status NOT IN {ENDED}")  # noqa: S608
    _partial("ix_incidents_look_at", "incidents", "look_at", "look_at IS NOT NULL")
    _partial("ix_incidents_open_calendar", "incidents", "calendar", f"status NOT IN {ENDED}")
    op.create_table(
        "rule_sets",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("version", sa.Integer, nullable=False, unique=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id")),
        sa.Column("live", sa.SmallInteger, nullable=False, server_default="0"),
        sa.Column("published_at", MOMENT),
        sa.CheckConstraint("version >= 2", name="version_after_shipped"),
        sa.CheckConstraint("live IN (0, 1)", name="live_flag"),
        sqlite_autoincrement=True,
    )
    _partial("uq_rule_sets_live", "rule_sets", "live", "live = 1", unique=True)
    op.create_table(
        "sweep_duties",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("duty", sa.Text, nullable=False, unique=True),
        sa.Column("recipient", sa.Text),
        sa.Column("at", MOMENT, nullable=False, index=True),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sweep_duties_recipient_at", "sweep_duties", ["recipient", "at"])


def _partial(name: str, table: str, column: str, where: str, *, unique: bool = False) -> None:
    test = sa.text(where)
    op.create_index(name, table, [column], unique=unique, sqlite_where=test, postgresql_where=test)
