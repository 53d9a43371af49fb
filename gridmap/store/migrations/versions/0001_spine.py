"""The spine: areas, bodies, cells, people, households, enterprises, incidents, accounts, logs, the base map.

Written out in full, not taken from `gridmap.store.tables`: those go on changing, this step does not.
"""

from __future__ import annotations

from typing import Any

from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.schema import SchemaItem

from gridmap.store.migrations.ddl import add_spatial_index, run_rules

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = DateTime(timezone=True)


def upgrade() -> None:
    """All tables, their spatial indexes, and the rules that the database enforces."""
    _ground()
    _people()
    _served()
    _cases()
    _logs()
    _base_map()
    run_rules("0001_rules")


def _table(name: str, *items: SchemaItem) -> None:
    key = Column("id", Integer, primary_key=True, autoincrement=True)
    op.create_table(name, key, *items, sqlite_autoincrement=True)
    if any(isinstance(item, Column) and item.name == "geom" for item in items):
        add_spatial_index(name)


def _ref(name: str, target: str, *, null: bool = True, index: bool = True) -> Column[Any]:
    return Column(name, Integer, ForeignKey(f"{target}.id"), nullable=null, index=index)


def _geom(kind: str, *, null: bool = False) -> Column[Any]:
    return Column("geom", Geometry(kind, srid=4326, spatial_index=False), nullable=null)


def _names() -> tuple[Column[Any], Column[Any]]:
    return Column("name", Text, nullable=False), Column("name_en", Text)


def _came_as() -> tuple[Column[Any], ...]:
    return (
        Column("crs_in", Text, nullable=False),
        Column("x_in", Float, nullable=False),
        Column("y_in", Float, nullable=False),
    )


def _one_of(name: str, *values: str, null: bool = False) -> CheckConstraint:
    inside = ", ".join(f"'{value}'" for value in values)
    test = f"{name} IN ({inside})"
    return CheckConstraint(f"{name} IS NULL OR {test}" if null else test, name=f"{name}_known")


def _ground() -> None:
    """Areas, the bodies in them, dated cells."""
    op.create_table(
        "meta",
        Column("key", Text, primary_key=True),
        Column("value", Text, nullable=False),
    )
    _table(
        "areas",
        Column("code", Text, nullable=False, unique=True),
        *_names(),
        Column("level", Text, nullable=False),
        _ref("parent_id", "areas"),
        Column("path", Text, nullable=False, unique=True),
        _geom("MULTIPOLYGON", null=True),
        _one_of("level", "county", "town", "community"),
        CheckConstraint("(level = 'county') = (parent_id IS NULL)", name="only_county_is_root"),
    )
    _table(
        "bodies",
        Column("code", Text, nullable=False, unique=True),
        *_names(),
        Column("kind", Text, nullable=False),
        Column("level", Text, nullable=False),
        _ref("area_id", "areas", null=False),
        Column("department", Text),
        _one_of("kind", "department", "centre", "committee"),
        _one_of("level", "county", "town", "community"),
    )
    _table(
        "cells",
        Column("code", Text, nullable=False, index=True),
        *_names(),
        _ref("area_id", "areas", null=False),
        _ref("body_id", "bodies"),
        Column("area_m2", Float, nullable=False),
        Column("valid_from", Date, nullable=False),
        Column("valid_to", Date),
        _geom("MULTIPOLYGON"),
        UniqueConstraint("code", "valid_from"),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="days_in_order"),
    )


def _people() -> None:
    """Sealed subjects, workers, rosters, accounts."""
    _table(
        "subjects",
        Column("wrapped_key", LargeBinary),
        Column("created_at", MOMENT, nullable=False),
        Column("erased_at", MOMENT),
    )
    _table(
        "sealed",
        _ref("subject_id", "subjects", null=False, index=False),
        Column("field", Text, nullable=False),
        Column("box", LargeBinary, nullable=False),
        UniqueConstraint("subject_id", "field"),
    )
    _table(
        "workers",
        Column("code", Text, nullable=False, unique=True),
        *_names(),
        _ref("area_id", "areas", null=False),
        _ref("body_id", "bodies"),
        Column("agent", SmallInteger, nullable=False, server_default="0"),
        _ref("subject_id", "subjects", index=False),
    )
    _table(
        "duties",
        _ref("worker_id", "workers", null=False),
        _ref("cell_id", "cells", null=False),
        Column("rank", Text, nullable=False),
        Column("valid_from", Date, nullable=False),
        Column("valid_to", Date),
        Column("weekdays", SmallInteger, nullable=False, server_default="127"),
        Column("starts_min", SmallInteger),
        Column("ends_min", SmallInteger),
        _one_of("rank", "primary", "backup"),
        UniqueConstraint("worker_id", "cell_id", "valid_from"),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="days_in_order"),
        CheckConstraint("weekdays BETWEEN 1 AND 127", name="weekdays_mask"),
        CheckConstraint("(starts_min IS NULL) = (ends_min IS NULL)", name="hours_both"),
    )
    _table(
        "leaves",
        _ref("worker_id", "workers", null=False),
        Column("starts_on", Date, nullable=False),
        Column("ends_on", Date, nullable=False),
        UniqueConstraint("worker_id", "starts_on"),
        CheckConstraint("ends_on > starts_on", name="days_in_order"),
    )
    _table(
        "accounts",
        Column("username", Text, nullable=False, unique=True),
        Column("name", Text, nullable=False),
        Column("password_hash", Text, nullable=False),
        Column("role", Text, nullable=False),
        _ref("worker_id", "workers"),
        _ref("body_id", "bodies"),
        _ref("area_id", "areas"),
        Column("created_at", MOMENT, nullable=False),
        Column("disabled_at", MOMENT),
        _one_of("role", "worker", "dispatcher", "handler", "supervisor", "planner", "approver", "official", "admin"),
    )


def _served() -> None:
    """Households, enterprises, and the categories of what is reported."""
    _table(
        "households",
        Column("code", Text, nullable=False, unique=True),
        Column("address", Text, nullable=False),
        Column("children", SmallInteger),
        Column("adults", SmallInteger),
        Column("elders", SmallInteger),
        Column("housing", Text),
        _ref("cell_id", "cells"),
        _ref("subject_id", "subjects", index=False),
        *_came_as(),
        _geom("POINT"),
        _one_of("housing", "adobe", "rubble", "brick", "frame", "other", null=True),
    )
    _table(
        "enterprises",
        Column("code", Text, nullable=False, unique=True),
        *_names(),
        Column("kind", Text, nullable=False),
        Column("status", Text, nullable=False, server_default="active"),
        Column("opened_on", Date),
        Column("source", Text),
        _ref("cell_id", "cells"),
        *_came_as(),
        _geom("GEOMETRY"),
        _one_of("kind", "mine", "quarry", "factory", "other"),
        _one_of("status", "active", "suspended", "closed", "planned", "unknown"),
    )
    _table(
        "categories",
        Column("code", Text, nullable=False, unique=True),
        *_names(),
        _ref("parent_id", "categories"),
        Column("process", Text, nullable=False),
        Column("limit_hours", Float, nullable=False),
        Column("department", Text),
        _one_of("process", "dispute", "service", "emergency"),
        CheckConstraint("limit_hours > 0", name="limit_positive"),
    )


def _cases() -> None:
    """Incidents, who answers for them, their events, and what is still to be sent."""
    _table(
        "incidents",
        Column("number", Text, nullable=False, unique=True),
        _ref("category_id", "categories", null=False),
        Column("channel", Text, nullable=False),
        Column("status", Text, nullable=False, index=True),
        Column("received_at", MOMENT, nullable=False, index=True),
        Column("occurred_at", MOMENT),
        Column("due_at", MOMENT, nullable=False),
        Column("closed_at", MOMENT),
        Column("accuracy_m", Float),
        _ref("cell_id", "cells"),
        Column("border_m", Float),
        Column("confidence", Float),
        _ref("runner_up_id", "cells", index=False),
        Column("place_reason", Text, nullable=False),
        _ref("nearest_id", "cells", index=False),
        Column("nearest_m", Float),
        _ref("household_id", "households"),
        _ref("enterprise_id", "enterprises"),
        _ref("account_id", "accounts", index=False),
        _ref("subject_id", "subjects", index=False),
        Column("source_ref", Text, unique=True),
        *_came_as(),
        _geom("POINT"),
        _one_of("channel", "worker", "resident", "phone", "counter", "online", "import"),
        _one_of("status", "assigned", "unplaced", "closed"),
        _one_of("place_reason", "inside", "border", "outside"),
        CheckConstraint("(status = 'closed') = (closed_at IS NOT NULL)", name="closed_has_moment"),
        Index("ix_incidents_received_at_id", "received_at", "id"),
    )
    _table(
        "responsibilities",
        _ref("incident_id", "incidents", null=False, index=False),
        _ref("cell_id", "cells"),
        _ref("worker_id", "workers"),
        _ref("body_id", "bodies"),
        _ref("area_id", "areas"),
        Column("reason", Text, nullable=False),
        Column("valid_from", MOMENT, nullable=False),
        Column("valid_to", MOMENT),
        UniqueConstraint("incident_id", "valid_from"),
        Index(
            "uq_responsibilities_current",
            "incident_id",
            unique=True,
            sqlite_where=text("valid_to IS NULL"),
            postgresql_where=text("valid_to IS NULL"),
        ),
        _one_of("reason", "primary", "backup", "dispatcher", "outside"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="moments_in_order"),
    )
    _table(
        "events",
        _ref("incident_id", "incidents", null=False, index=False),
        Column("seq", Integer, nullable=False),
        Column("kind", Text, nullable=False),
        Column("at", MOMENT, nullable=False),
        _ref("account_id", "accounts", index=False),
        Column("data", Text, nullable=False),
        Column("prev_hash", String(64), nullable=False),
        Column("hash", String(64), nullable=False),
        UniqueConstraint("incident_id", "seq"),
        CheckConstraint("seq >= 1", name="seq_from_one"),
    )
    _table(
        "outbox",
        _ref("incident_id", "incidents", null=False),
        Column("kind", Text, nullable=False),
        _ref("worker_id", "workers", index=False),
        _ref("body_id", "bodies", index=False),
        Column("created_at", MOMENT, nullable=False),
        Column("sent_at", MOMENT),
    )
    op.create_table(
        "requests",
        Column("sender", Text, primary_key=True),
        Column("key", Text, primary_key=True),
        Column("fingerprint", String(64), nullable=False),
        Column("response", Text, nullable=False),
        Column("created_at", MOMENT, nullable=False),
    )


def _logs() -> None:
    """Sessions, and who did and read what."""
    op.create_table(
        "sessions",
        Column("token_hash", String(64), primary_key=True),
        _ref("account_id", "accounts", null=False),
        Column("created_at", MOMENT, nullable=False),
        Column("expires_at", MOMENT, nullable=False),
        Column("revoked_at", MOMENT),
    )
    _table(
        "login_failures",
        Column("name_hash", String(64), nullable=False, index=True),
        Column("client_hash", String(64), nullable=False, index=True),
        Column("at", MOMENT, nullable=False, index=True),
    )
    _table(
        "audit",
        Column("at", MOMENT, nullable=False),
        _ref("account_id", "accounts", index=False),
        Column("action", Text, nullable=False),
        Column("ref", Text, nullable=False),
        Column("data", Text, nullable=False),
    )
    _table(
        "readings",
        Column("at", MOMENT, nullable=False, index=True),
        _ref("account_id", "accounts", null=False),
        Column("route", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("ids", Text, nullable=False),
        Column("reason", Text),
    )
    op.create_table(
        "versions",
        Column("layer", Text, primary_key=True),
        Column("version", Integer, nullable=False),
    )


def _base_map() -> None:
    """Roads, water and place names."""
    _table(
        "roads",
        Column("code", Text, nullable=False, unique=True),
        Column("name", Text),
        Column("name_en", Text),
        Column("class", Text, nullable=False),
        _geom("MULTILINESTRING"),
        _one_of("class", "main", "minor", "track"),
    )
    _table(
        "water",
        Column("code", Text, nullable=False, unique=True),
        Column("name", Text),
        Column("name_en", Text),
        Column("class", Text, nullable=False),
        Column("width", SmallInteger, nullable=False, server_default="1"),
        _geom("GEOMETRY"),
        _one_of("class", "river", "lake"),
    )
    _table(
        "places",
        Column("code", Text, nullable=False, unique=True),
        *_names(),
        Column("class", Text, nullable=False),
        _geom("POINT"),
        _one_of("class", "county", "town", "village"),
    )
