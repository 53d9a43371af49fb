"""The tables. What a row may be is said here and enforced by the database; migrations build it on both dialects.

Geometry is EPSG:4326. Moments are UTC (`UtcDateTime`), days are `Date`. Personal text and contacts never stand in a
column: they are sealed in `sealed`, with a key per subject. Codes are text.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

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
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeDecorator

from gridmap.case.terms import ENDED, Status
from gridmap.people.rosters import Reason

SRID = 4326


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware datetimes in, aware UTC datetimes out, on both databases; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[int]:
    return Column("id", Integer, primary_key=True, autoincrement=True)


def _table(name: str, *items: SchemaItem) -> Table:
    """A table with an `id` that is never given twice, so that an id in a log means one row for ever."""
    return Table(name, metadata, _id(), *items, sqlite_autoincrement=True)


def _ref(name: str, target: str, *, null: bool = True, index: bool = True) -> Column[Any]:
    return Column(name, Integer, ForeignKey(f"{target}.id"), nullable=null, index=index)


def _geom(kind: str, *, null: bool = False) -> Column[Any]:
    return Column("geom", Geometry(kind, srid=SRID, spatial_index=True), nullable=null)


def _names() -> tuple[Column[Any], Column[Any]]:
    return Column("name", Text, nullable=False), Column("name_en", Text)


def _came_as() -> tuple[Column[Any], ...]:
    """What came in, beside the WGS84: its CRS name and its two numbers."""
    return (
        Column("crs_in", Text, nullable=False),
        Column("x_in", Float, nullable=False),
        Column("y_in", Float, nullable=False),
    )


def _one_of(name: str, *values: str, null: bool = False) -> CheckConstraint:
    inside = ", ".join(f"'{value}'" for value in values)
    test = f"{name} IN ({inside})"
    return CheckConstraint(f"{name} IS NULL OR {test}" if null else test, name=f"{name}_known")


def _partial(name: str, column: str, where: str) -> Index:
    return Index(name, column, sqlite_where=text(where), postgresql_where=text(where))


#: statuses in which nothing more is due, as SQL writes them in a list
ENDED_SQL = ", ".join(f"'{status}'" for status in Status if status in ENDED)

# --- the ground -----------------------------------------------------------------------------------------------------

meta = Table(
    "meta",
    metadata,
    Column("key", Text, primary_key=True),  # county_name, county_name_en, is_demo, created_at, calendar
    Column("value", Text, nullable=False),
)

areas = _table(
    "areas",
    Column("code", Text, nullable=False, unique=True),
    *_names(),
    Column("level", Text, nullable=False),
    _ref("parent_id", "areas"),
    Column("path", Text, nullable=False, unique=True),  # "/1/5/23/": ids from the county down to this area
    _geom("MULTIPOLYGON", null=True),
    _one_of("level", "county", "town", "community"),
    CheckConstraint("(level = 'county') = (parent_id IS NULL)", name="only_county_is_root"),
)

bodies = _table(
    "bodies",
    Column("code", Text, nullable=False, unique=True),
    *_names(),
    Column("kind", Text, nullable=False),
    Column("level", Text, nullable=False),
    _ref("area_id", "areas", null=False),
    Column("department", Text),  # what it answers for ("natural-resources"): matched with categories.department
    Column("email", Text),  # the office's mailbox, of nobody in person
    _one_of("kind", "department", "centre", "committee"),
    _one_of("level", "county", "town", "community"),
)

cells = _table(
    "cells",
    Column("code", Text, nullable=False, index=True),
    *_names(),
    _ref("area_id", "areas", null=False),
    _ref("body_id", "bodies"),
    Column("area_m2", Float, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),  # the first day on which it is no longer valid; None: in force
    _geom("MULTIPOLYGON"),
    UniqueConstraint("code", "valid_from"),
    CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="days_in_order"),
)

# --- the people who serve -------------------------------------------------------------------------------------------

subjects = _table(
    "subjects",
    Column("wrapped_key", LargeBinary),  # None once destroyed
    Column("created_at", UtcDateTime, nullable=False),
    Column("erased_at", UtcDateTime),
)

sealed = _table(
    "sealed",
    _ref("subject_id", "subjects", null=False, index=False),
    Column("field", Text, nullable=False),  # text, reporter_name, reporter_phone, contact_name, contact_phone
    Column("box", LargeBinary, nullable=False),
    UniqueConstraint("subject_id", "field"),
)

workers = _table(
    "workers",
    Column("code", Text, nullable=False, unique=True),
    *_names(),
    _ref("area_id", "areas", null=False),
    _ref("body_id", "bodies"),
    Column("agent", SmallInteger, nullable=False, server_default="0"),  # petition agent
    _ref("subject_id", "subjects", index=False),  # sealed: contact_phone
)

duties = _table(
    "duties",
    _ref("worker_id", "workers", null=False),
    _ref("cell_id", "cells", null=False),
    Column("rank", Text, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),  # the first day off
    Column("weekdays", SmallInteger, nullable=False, server_default="127"),  # bit 0 Monday ... bit 6 Sunday
    Column("starts_min", SmallInteger),  # minutes after local midnight; None: all day
    Column("ends_min", SmallInteger),
    _one_of("rank", "primary", "backup"),
    UniqueConstraint("worker_id", "cell_id", "valid_from"),
    CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="days_in_order"),
    CheckConstraint("weekdays BETWEEN 1 AND 127", name="weekdays_mask"),
    CheckConstraint("(starts_min IS NULL) = (ends_min IS NULL)", name="hours_both"),
)

leaves = _table(
    "leaves",
    _ref("worker_id", "workers", null=False),
    Column("starts_on", Date, nullable=False),
    Column("ends_on", Date, nullable=False),  # the first day back
    UniqueConstraint("worker_id", "starts_on"),
    CheckConstraint("ends_on > starts_on", name="days_in_order"),
)

# --- whom and what they serve ---------------------------------------------------------------------------------------

households = _table(
    "households",
    Column("code", Text, nullable=False, unique=True),
    Column("address", Text, nullable=False),
    Column("children", SmallInteger),  # members by age band: under 16
    Column("adults", SmallInteger),  # 16 to 64
    Column("elders", SmallInteger),  # 65 and over
    Column("housing", Text),
    _ref("cell_id", "cells"),
    _ref("subject_id", "subjects", index=False),
    *_came_as(),
    _geom("POINT"),
    _one_of("housing", "adobe", "rubble", "brick", "frame", "other", null=True),
)

enterprises = _table(
    "enterprises",
    Column("code", Text, nullable=False, unique=True),
    *_names(),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False, server_default="active"),
    Column("opened_on", Date),
    Column("source", Text),  # attribution of imported data
    _ref("cell_id", "cells"),
    *_came_as(),
    _geom("GEOMETRY"),  # a point, or the polygon of a pit or fence
    _one_of("kind", "mine", "quarry", "factory", "other"),
    _one_of("status", "active", "suspended", "closed", "planned", "unknown"),
)

categories = _table(
    "categories",
    Column("code", Text, nullable=False, unique=True),
    *_names(),
    _ref("parent_id", "categories"),
    Column("process", Text, nullable=False),
    Column("limit_hours", Float, nullable=False),
    Column("department", Text),  # who answers for it ("natural-resources"); None: the cell's own body
    _one_of("process", "dispute", "service", "emergency"),
    CheckConstraint("limit_hours > 0", name="limit_positive"),
)

# --- what is reported -----------------------------------------------------------------------------------------------

incidents = _table(
    "incidents",
    Column("number", Text, nullable=False, unique=True),
    _ref("category_id", "categories", null=False),
    Column("channel", Text, nullable=False),
    Column("status", Text, nullable=False, index=True),
    Column("received_at", UtcDateTime, nullable=False, index=True),  # the server's clock
    Column("occurred_at", UtcDateTime),  # when it happened, as told or by the device
    Column("due_at", UtcDateTime, nullable=False),
    Column("closed_at", UtcDateTime),
    Column("accuracy_m", Float),
    _ref("cell_id", "cells"),  # the cell it was reported in: never changes unless the pin was wrong
    Column("border_m", Float),
    Column("confidence", Float),
    _ref("runner_up_id", "cells", index=False),
    Column("place_reason", Text, nullable=False),  # inside, border, outside
    _ref("nearest_id", "cells", index=False),  # when outside
    Column("nearest_m", Float),
    _ref("household_id", "households"),
    _ref("enterprise_id", "enterprises"),
    _ref("account_id", "accounts", index=False),  # who entered it
    _ref("subject_id", "subjects", index=False),  # sealed: text, reporter_name, reporter_phone
    Column("source_ref", Text, unique=True),  # the number in the register it was imported from
    *_came_as(),
    _geom("POINT"),
    _one_of("channel", "worker", "resident", "phone", "counter", "online", "import"),
    # remembered from the events by `store.cases`, so that lists need not fold them
    Column("level", Text, nullable=False, server_default="community"),
    Column("priority", Text, nullable=False, server_default="normal"),
    Column("process", Text),
    Column("process_version", Integer),
    Column("calendar", String(16)),
    Column("step", Text),
    Column("step_due_at", UtcDateTime),
    Column("overdue_at", UtcDateTime),  # when the whole is overdue; None where its clock stops before
    Column("yellow_at", UtcDateTime),  # of the whole or the step, whichever comes first
    Column("red_at", UtcDateTime),
    Column("very_late_at", UtcDateTime),
    Column("paused_until", UtcDateTime),
    Column("extension_asked_at", UtcDateTime),  # these three: what waits for a supervisor
    Column("appeal_at", UtcDateTime),
    Column("supervised_at", UtcDateTime),
    _ref("parent_id", "incidents"),
    _ref("merged_into_id", "incidents", index=False),
    _ref("first_body_id", "bodies"),  # who first said yes: responsible until the end
    _one_of("status", *Status),
    _one_of("place_reason", "inside", "border", "outside"),
    CheckConstraint(f"(status IN ({ENDED_SQL})) = (closed_at IS NOT NULL)", name="closed_has_moment"),
    Index("ix_incidents_received_at_id", "received_at", "id"),
    _partial("ix_incidents_open_overdue", "overdue_at", f"status NOT IN ({ENDED_SQL})"),
    _partial("ix_incidents_open_red", "red_at", f"status NOT IN ({ENDED_SQL})"),
    *(
        _partial(f"ix_incidents_{name}", name, f"{name} IS NOT NULL")
        for name in ("extension_asked_at", "appeal_at", "supervised_at")
    ),
)

#: the bodies whose help was asked for an open case
helpers = _table(
    "helpers",
    _ref("incident_id", "incidents", null=False, index=False),
    _ref("body_id", "bodies", null=False),
    UniqueConstraint("incident_id", "body_id"),
)

#: every version of every process as JSON; a case keeps the one it began with, so rows stay as they are
processes = _table(
    "processes",
    Column("code", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("code", "version"),
    CheckConstraint("version >= 1", name="version_from_one"),
)

#: every calendar that events name, as JSON; `meta.calendar` says which one is in force
calendars = _table(
    "calendars",
    Column("version", String(16), nullable=False, unique=True),  # the digest of the body
    Column("body", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

#: who answers for an incident, dated; the one in force has valid_to None
responsibilities = _table(
    "responsibilities",
    _ref("incident_id", "incidents", null=False, index=False),
    _ref("cell_id", "cells"),
    _ref("worker_id", "workers"),
    _ref("body_id", "bodies"),
    _ref("area_id", "areas"),  # of the cell, or the county when outside
    Column("reason", Text, nullable=False),  # see `people.rosters.Reason`
    Column("valid_from", UtcDateTime, nullable=False),
    Column("valid_to", UtcDateTime),
    UniqueConstraint("incident_id", "valid_from"),
    Index(
        "uq_responsibilities_current",
        "incident_id",
        unique=True,
        sqlite_where=text("valid_to IS NULL"),
        postgresql_where=text("valid_to IS NULL"),
    ),
    _one_of("reason", *Reason),
    CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="moments_in_order"),
)

#: append-only and hash-chained per incident; `data` is canonical JSON of ids and codes, never personal text
events = _table(
    "events",
    _ref("incident_id", "incidents", null=False, index=False),
    Column("seq", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    _ref("account_id", "accounts", index=False),
    Column("data", Text, nullable=False),
    Column("prev_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    UniqueConstraint("incident_id", "seq"),
    CheckConstraint("seq >= 1", name="seq_from_one"),
)

#: what somebody is to hear of, written with the event; then taken apart into messages
outbox = _table(
    "outbox",
    _ref("incident_id", "incidents", null=False),
    Column("kind", Text, nullable=False),
    _ref("worker_id", "workers", index=False),
    _ref("body_id", "bodies", index=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("sent_at", UtcDateTime),  # when its messages were written: one for each recipient and channel
    Index("ix_outbox_unsent", "id", sqlite_where=text("sent_at IS NULL"), postgresql_where=text("sent_at IS NULL")),
)

_WAITING = text("status = 'waiting'")
_DEAD = text("status = 'dead'")

#: one for each recipient and channel. No address and no text: both are looked up when it goes
messages = _table(
    "messages",
    _ref("outbox_id", "outbox", null=False, index=False),
    _ref("incident_id", "incidents", null=False),
    Column("kind", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("recipient", Text, nullable=False),  # worker:3, body:4, account:5
    _ref("account_id", "accounts", index=False),  # in_app: whose mailbox
    Column("key", String(64), nullable=False, unique=True),  # the same at each attempt
    Column("urgent", SmallInteger, nullable=False, server_default="0"),
    Column("status", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("ready_at", UtcDateTime, nullable=False),  # since when it could have gone: moved by holds, not by failures
    Column("next_at", UtcDateTime, nullable=False),  # when it is tried
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("tried_at", UtcDateTime),
    Column("lease_owner", Text),
    Column("lease_until", UtcDateTime),
    Column("error", Text),  # a code
    Column("settled_at", UtcDateTime),  # sent, or given up
    Column("read_at", UtcDateTime),
    _one_of("channel", "in_app", "sms", "email", "webhook"),
    _one_of("status", "waiting", "sent", "dead"),
    CheckConstraint("(status = 'waiting') = (settled_at IS NULL)", name="settled_has_moment"),
    CheckConstraint("(channel = 'in_app') = (account_id IS NOT NULL)", name="mailbox_has_account"),
    UniqueConstraint("outbox_id", "channel", "recipient"),
    Index("ix_messages_waiting", "next_at", sqlite_where=_WAITING, postgresql_where=_WAITING),
    Index("ix_messages_dead", "settled_at", sqlite_where=_DEAD, postgresql_where=_DEAD),
    Index("ix_messages_recipient_tried_at", "recipient", "tried_at"),
    Index("ix_messages_account_id_id", "account_id", "id"),
)

#: who did a kind of job last, and what was seen of the clocks then
beats = Table(
    "beats",
    metadata,
    Column("job", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("drift_s", Float),  # our clock less another's, in seconds
    Column("drift_by", Text),  # whose: database, sms, webhook
)

#: a request repeated by the same sender with the same key has one effect
requests = Table(
    "requests",
    metadata,
    Column("sender", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("response", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

# --- accounts and logs ----------------------------------------------------------------------------------------------

accounts = _table(
    "accounts",
    Column("username", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("role", Text, nullable=False),
    _ref("worker_id", "workers"),
    _ref("body_id", "bodies"),
    _ref("area_id", "areas"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("disabled_at", UtcDateTime),
    _one_of("role", "worker", "dispatcher", "handler", "supervisor", "planner", "approver", "official", "admin"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    _ref("account_id", "accounts", null=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
)

login_failures = _table(
    "login_failures",
    Column("name_hash", String(64), nullable=False, index=True),
    Column("client_hash", String(64), nullable=False, index=True),
    Column("at", UtcDateTime, nullable=False, index=True),
)

audit = _table(
    "audit",
    Column("at", UtcDateTime, nullable=False),
    _ref("account_id", "accounts", index=False),
    Column("action", Text, nullable=False),
    Column("ref", Text, nullable=False),
    Column("data", Text, nullable=False),
)

#: every reading of personal data, once per request, with ids; expires
readings = _table(
    "readings",
    Column("at", UtcDateTime, nullable=False, index=True),
    _ref("account_id", "accounts", null=False),
    Column("route", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("ids", Text, nullable=False),  # JSON list
    Column("reason", Text),
)

#: one number for each layer, raised in the transaction that changes it; caches and indexes compare it
versions = Table(
    "versions",
    metadata,
    Column("layer", Text, primary_key=True),
    Column("version", Integer, nullable=False),
)

#: the rows that a version of a layer touched, as ranges of ids; a version without any here may have touched all
changes = Table(
    "changes",
    metadata,
    Column("layer", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("first_id", Integer, primary_key=True, autoincrement=False),
    Column("last_id", Integer, nullable=False),
)

# --- the base map ---------------------------------------------------------------------------------------------------

roads = _table(
    "roads",
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text),
    Column("name_en", Text),
    Column("class", Text, nullable=False),
    _geom("MULTILINESTRING"),
    _one_of("class", "main", "minor", "track"),
)

water = _table(
    "water",
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text),
    Column("name_en", Text),
    Column("class", Text, nullable=False),
    Column("width", SmallInteger, nullable=False, server_default="1"),  # 1 brook to 5 great river
    _geom("GEOMETRY"),
    _one_of("class", "river", "lake"),
)

places = _table(
    "places",
    Column("code", Text, nullable=False, unique=True),
    *_names(),
    Column("class", Text, nullable=False),
    _geom("POINT"),
    _one_of("class", "county", "town", "village"),
)
