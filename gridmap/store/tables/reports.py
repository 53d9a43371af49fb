"""Incidents, who answers for them, their events, and the processes and calendars they follow."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import (
    CheckConstraint,
    Column,
    Float,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)

from gridmap.case.terms import Status
from gridmap.people.rosters import Reason
from gridmap.store.tables.base import ENDED_SQL, UtcDateTime, came_as, geom, one_of, partial, ref, table

#: what the indexes of open incidents are ordered by, by their names
OPEN_BY: Mapping[str, str | tuple[str, ...]] = {
    "overdue": "overdue_at", "calendar": "calendar", "paused": "paused_until",
    "first_body": ("first_body_id", "id"), "town": ("town_id", "id"),
    **{light: (f"{light}_at", "id") for light in ("yellow", "red", "very_late")},
    **{f"town_{light}": ("town_id", f"{light}_at", "id") for light in ("yellow", "red", "very_late")},
}  # fmt: skip

incidents = table(
    "incidents",
    Column("number", Text, nullable=False, unique=True),
    ref("category_id", "categories", null=False, index=False),
    Column("channel", Text, nullable=False),
    Column("status", Text, nullable=False, index=True),
    Column("received_at", UtcDateTime, nullable=False, index=True),  # the server's clock
    Column("occurred_at", UtcDateTime),  # when it happened, as told or by the device
    Column("due_at", UtcDateTime, nullable=False),
    Column("closed_at", UtcDateTime),
    Column("accuracy_m", Float),
    ref("cell_id", "cells"),  # the cell it was reported in: never changes unless the pin was wrong
    Column("border_m", Float),
    Column("confidence", Float),
    ref("runner_up_id", "cells", index=False),
    Column("place_reason", Text, nullable=False),  # inside, border, outside
    ref("nearest_id", "cells", index=False),  # when outside
    Column("nearest_m", Float),
    ref("household_id", "households"),
    ref("enterprise_id", "enterprises"),
    ref("account_id", "accounts", index=False),  # who entered it
    ref("subject_id", "subjects"),  # sealed: text, reporter_name, reporter_phone
    Column("source_ref", Text, unique=True),  # the number in the register it was imported from
    *came_as(),
    geom("POINT"),
    one_of("channel", "worker", "resident", "phone", "counter", "online", "import"),
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
    Column("look_at", UtcDateTime),  # when the sweep must look at it; None: never again
    Column("extension_asked_at", UtcDateTime),  # these three: what waits for a supervisor
    Column("appeal_at", UtcDateTime),
    Column("supervised_at", UtcDateTime),
    ref("parent_id", "incidents"),
    ref("merged_into_id", "incidents", index=False),
    ref("first_body_id", "bodies", index=False),  # who first said yes: responsible until the end
    ref("town_id", "areas", index=False),  # whose cell answers, as its responsibility says: kept by the database
    one_of("status", *Status),
    one_of("place_reason", "inside", "border", "outside"),
    CheckConstraint(f"(status IN ({ENDED_SQL})) = (closed_at IS NOT NULL)", name="closed_has_moment"),
    Index("ix_incidents_received_at_id", "received_at", "id"),
    partial("ix_incidents_open", "id", f"status NOT IN ({ENDED_SQL})"),
    partial("ix_incidents_unplaced", ("account_id", "id"), "status = 'unplaced'"),
    partial("ix_incidents_look_at", "look_at", "look_at IS NOT NULL"),
    # by id behind the column that narrows them: a list of the newest ends where it is full
    *(Index(f"ix_incidents_{name}_id", name, "id") for name in ("category_id", "first_body_id", "town_id")),
    *(Index(f"ix_incidents_town_id_{name}_id", "town_id", name, "id") for name in ("category_id", "received_at")),
    *(
        partial(f"ix_incidents_open_{name}", columns, f"status NOT IN ({ENDED_SQL})")
        for name, columns in OPEN_BY.items()
    ),
    *(
        partial(f"ix_incidents_{name}", name, f"{name} IS NOT NULL")
        for name in ("extension_asked_at", "appeal_at", "supervised_at")
    ),
)

#: the bodies whose help was asked for an open case
helpers = table(
    "helpers",
    ref("incident_id", "incidents", null=False, index=False),
    ref("body_id", "bodies", null=False),
    UniqueConstraint("incident_id", "body_id"),
)

#: every version of every process as JSON; a case keeps the one it began with, so rows stay as they are
processes = table(
    "processes",
    Column("code", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("code", "version"),
    CheckConstraint("version >= 1", name="version_from_one"),
)

#: every calendar that events name, as JSON; `meta.calendar` says which one is in force
calendars = table(
    "calendars",
    Column("version", String(16), nullable=False, unique=True),  # the digest of the body
    Column("body", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

#: who answers for an incident, dated; the one in force has valid_to None
responsibilities = table(
    "responsibilities",
    ref("incident_id", "incidents", null=False, index=False),
    ref("cell_id", "cells"),
    ref("worker_id", "workers"),
    ref("body_id", "bodies"),
    ref("area_id", "areas"),  # of the cell, or the county when outside
    Column("reason", Text, nullable=False),  # see `people.rosters.Reason`
    Column("valid_from", UtcDateTime, nullable=False),
    Column("valid_to", UtcDateTime),
    # whether something is still due, as the incident's status says: kept by the database, for the indexes below
    Column("open", SmallInteger, nullable=False, server_default="1"),
    UniqueConstraint("incident_id", "valid_from"),
    Index(
        "uq_responsibilities_current",
        "incident_id",
        unique=True,
        sqlite_where=text("valid_to IS NULL"),
        postgresql_where=text("valid_to IS NULL"),
    ),
    partial("ix_responsibilities_held", ("worker_id", "incident_id"), "valid_to IS NULL AND worker_id IS NOT NULL"),
    *(
        partial(f"ix_responsibilities_held_{name}", (name, "incident_id"), "valid_to IS NULL")
        for name in ("cell_id", "body_id", "area_id")
    ),
    *(
        partial(f"ix_responsibilities_open_{name}", (name, "incident_id"), "valid_to IS NULL AND open = 1")
        for name in ("worker_id", "cell_id", "body_id", "area_id")
    ),
    one_of("reason", *Reason),
    CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="moments_in_order"),
)

#: append-only and hash-chained per incident; `data` is canonical JSON of ids and codes, never personal text
events = table(
    "events",
    ref("incident_id", "incidents", null=False, index=False),
    Column("seq", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    ref("account_id", "accounts", index=False),
    Column("data", Text, nullable=False),
    Column("prev_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    UniqueConstraint("incident_id", "seq"),
    CheckConstraint("seq >= 1", name="seq_from_one"),
)
