"""Blast logs, joint meetings and what is promised there."""

from __future__ import annotations

from typing import Any

from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Integer,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.schema import SchemaItem

from gridmap.store.migrations.ddl import add_spatial_index, run_rules

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = DateTime(timezone=True)


def upgrade() -> None:
    """Seven tables; rows of others are not touched."""
    _blasting()
    _table(
        "meetings",
        Column("number", Text, nullable=False, unique=True),
        _ref("area_id", "areas", null=False, index=True),
        _ref("enterprise_id", "enterprises", index=True),
        _ref("incident_id", "incidents", index=True),
        Column("title", Text, nullable=False),
        Column("meets_at", MOMENT, nullable=False, index=True),
        Column("venue", Text, nullable=False),
        Column("status", Text, nullable=False),
        Column("minutes", Text),
        Column("reason", Text),
        _ref("account_id", "accounts"),
        Column("created_at", MOMENT, nullable=False),
        Column("ended_at", MOMENT),
        CheckConstraint("status IN ('called', 'held', 'cancelled')", name="status_known"),
        CheckConstraint("(status = 'called') = (ended_at IS NULL)", name="ended_has_moment"),
        CheckConstraint("status <> 'held' OR minutes IS NOT NULL", name="held_has_minutes"),
    )
    _table(
        "seats",
        _ref("meeting_id", "meetings", null=False, index=True),
        Column("party", Text, nullable=False),
        _ref("body_id", "bodies", index=True),
        _ref("enterprise_id", "enterprises"),
        _ref("area_id", "areas"),
        CheckConstraint("party IN ('government', 'enterprise', 'residents')", name="party_known"),
        CheckConstraint("(party = 'government') = (body_id IS NOT NULL)", name="government_is_a_body"),
        CheckConstraint("(party = 'enterprise') = (enterprise_id IS NOT NULL)", name="enterprise_is_one"),
        CheckConstraint("(party = 'residents') = (area_id IS NOT NULL)", name="residents_are_of_an_area"),
    )
    _table(
        "agenda",
        _ref("meeting_id", "meetings", null=False),
        _ref("incident_id", "incidents", null=False, index=True),
        UniqueConstraint("meeting_id", "incident_id"),
    )
    _promises()
    run_rules("0006_rules")


def _blasting() -> None:
    _table(
        "blasts",
        _ref("enterprise_id", "enterprises", null=False),
        Column("code", Text, nullable=False),
        Column("at", MOMENT, nullable=False),
        Column("charge_kg", Float, nullable=False),
        Column("frequency_hz", Float),
        Column("crs_in", Text, nullable=False),
        Column("x_in", Float, nullable=False),
        Column("y_in", Float, nullable=False),
        Column("geom", Geometry("POINT", srid=4326, spatial_index=False), nullable=False),
        UniqueConstraint("enterprise_id", "code"),
        CheckConstraint("charge_kg > 0", name="charge_positive"),
        CheckConstraint("frequency_hz IS NULL OR frequency_hz > 0", name="frequency_positive"),
    )
    op.create_index("ix_blasts_enterprise_id_at", "blasts", ["enterprise_id", "at"])
    _table(
        "rocks",
        _ref("enterprise_id", "enterprises", null=False),
        Column("rock", Text, nullable=False),
        Column("k", Float),
        Column("alpha", Float),
        UniqueConstraint("enterprise_id"),
        CheckConstraint("rock IN ('hard', 'medium', 'soft')", name="rock_known"),
        CheckConstraint("(k IS NULL) = (alpha IS NULL)", name="measured_both"),
        CheckConstraint("k IS NULL OR (k > 0 AND alpha > 0)", name="measured_positive"),
    )


def _promises() -> None:
    known = "'open', 'proven', 'kept', 'broken', 'withdrawn'"
    _table(
        "promises",
        _ref("meeting_id", "meetings", null=False, index=True),
        _ref("body_id", "bodies", index=True),
        _ref("enterprise_id", "enterprises", index=True),
        Column("text", Text, nullable=False),
        Column("made_at", MOMENT, nullable=False),
        Column("due_at", MOMENT, nullable=False),
        Column("status", Text, nullable=False),
        Column("settled_at", MOMENT),
        CheckConstraint(f"status IN ({known})", name="status_known"),
        CheckConstraint("(body_id IS NULL) <> (enterprise_id IS NULL)", name="one_owner"),
        CheckConstraint("due_at > made_at", name="moments_in_order"),
        CheckConstraint("(status IN ('open', 'proven')) = (settled_at IS NULL)", name="settled_has_moment"),
    )
    where = text("settled_at IS NULL")
    op.create_index("ix_promises_open_due", "promises", ["due_at"], sqlite_where=where, postgresql_where=where)
    _table(
        "promise_steps",
        _ref("promise_id", "promises", null=False),
        Column("seq", Integer, nullable=False),
        Column("status", Text, nullable=False),
        Column("at", MOMENT, nullable=False),
        _ref("account_id", "accounts"),
        Column("note", Text),
        UniqueConstraint("promise_id", "seq"),
        CheckConstraint(f"status IN ({known})", name="status_known"),
    )


def _table(name: str, *items: SchemaItem) -> None:
    key = Column("id", Integer, primary_key=True, autoincrement=True)
    op.create_table(name, key, *items, sqlite_autoincrement=True)
    if any(isinstance(item, Column) and item.name == "geom" for item in items):
        add_spatial_index(name)


def _ref(name: str, target: str, *, null: bool = True, index: bool = False) -> Column[Any]:
    return Column(name, Integer, ForeignKey(f"{target}.id"), nullable=null, index=index)
