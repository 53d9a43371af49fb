"""The household's file, visits, and help buttons."""

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
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

MOMENT = DateTime(timezone=True)


def upgrade() -> None:
    """Six tables; rows are not touched."""
    _table(
        "consents",
        _ref("household_id", "households", null=False),
        Column("purpose", Text, nullable=False),
        Column("how", Text, nullable=False),
        Column("given_at", MOMENT, nullable=False),
        Column("until", Date),
        Column("withdrawn_at", MOMENT),
        _ref("account_id", "accounts"),
        CheckConstraint("purpose IN ('contact', 'interpreter', 'care', 'visits', 'help_button')", name="purpose_known"),
        CheckConstraint("how IN ('spoken', 'written', 'online')", name="how_known"),
    )
    op.create_index("ix_consents_household_id", "consents", ["household_id"])
    _partial("uq_consents_in_force", "consents", ["household_id", "purpose"], "withdrawn_at IS NULL", unique=True)
    _table(
        "care_notes",
        _ref("household_id", "households", null=False, index=True),
        Column("purpose", Text, nullable=False),
        Column("readers", Text, nullable=False),
        Column("expires_on", Date, nullable=False, index=True),
        Column("created_at", MOMENT, nullable=False),
        _ref("account_id", "accounts"),
        CheckConstraint("readers IN ('cell', 'agent')", name="readers_known"),
    )
    _table(
        "visits",
        _ref("household_id", "households", null=False),
        _ref("worker_id", "workers", null=False, index=True),
        _ref("account_id", "accounts"),
        _ref("return_of_id", "visits"),
        _ref("incident_id", "incidents"),
        Column("visited_at", MOMENT, nullable=False, index=True),
        Column("written_at", MOMENT, nullable=False),
        Column("outcome", Text, nullable=False),
        Column("return_on", Date),
        CheckConstraint("outcome IN ('met', 'absent', 'declined')", name="outcome_known"),
    )
    op.create_index("ix_visits_household_id_visited_at", "visits", ["household_id", "visited_at"])
    _table(
        "quotas",
        _ref("area_id", "areas"),
        _ref("worker_id", "workers"),
        Column("first_day", SmallInteger, nullable=False),
        Column("last_day", SmallInteger, nullable=False),
        Column("least", Integer, nullable=False),
        UniqueConstraint("area_id", name="uq_quotas_area_id"),
        UniqueConstraint("worker_id", name="uq_quotas_worker_id"),
        CheckConstraint("(area_id IS NULL) != (worker_id IS NULL)", name="of_one"),
        CheckConstraint("first_day BETWEEN 1 AND 31 AND last_day BETWEEN first_day AND 31", name="days_in_order"),
        CheckConstraint("least >= 0", name="least_counts"),
    )
    _table(
        "devices",
        Column("code", Text, nullable=False, unique=True),
        _ref("household_id", "households", null=False, index=True),
        _ref("subject_id", "subjects", null=False),
        Column("installed_at", MOMENT, nullable=False),
        Column("heard_at", MOMENT),
        Column("tested_at", MOMENT),
        Column("retired_at", MOMENT),
    )
    _table(
        "calls",
        _ref("device_id", "devices", null=False),
        Column("counter", Integer, nullable=False),
        Column("kind", Text, nullable=False),
        Column("sent_at", MOMENT, nullable=False),
        Column("received_at", MOMENT, nullable=False),
        _ref("incident_id", "incidents", index=True),
        Column("paged", SmallInteger, nullable=False, server_default="0"),
        Column("next_at", MOMENT),
        UniqueConstraint("device_id", "counter"),
        CheckConstraint("kind IN ('call', 'test')", name="kind_known"),
        CheckConstraint("(kind = 'call') = (incident_id IS NOT NULL)", name="call_has_incident"),
    )
    _partial("ix_calls_waiting", "calls", ["next_at"], "next_at IS NOT NULL")


def _table(name: str, *items: Any) -> None:
    op.create_table(
        name, Column("id", Integer, primary_key=True, autoincrement=True), *items, sqlite_autoincrement=True
    )


def _ref(name: str, target: str, *, null: bool = True, index: bool = False) -> Column[Any]:
    return Column(name, Integer, ForeignKey(f"{target}.id"), nullable=null, index=index)


def _partial(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    op.create_index(name, table, columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))
