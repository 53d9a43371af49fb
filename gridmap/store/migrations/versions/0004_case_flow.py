"""A case lives by the flow: its statuses, what is remembered of its events, its processes and calendars.

Rows stay. An old open case is given the lights that it was promised by: three quarters of its time, its due moment,
three times its time.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from gridmap.store.migrations.ddl import replace_check

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
ENDED = "('closed', 'voided', 'merged')"
STATUSES = (
    "('unplaced', 'assigned', 'accepted', 'dispatched', 'signed', 'handling', 'paused', 'resolved', 'verified', "
    "'closed', 'returned', 'escalated', 'reopened', 'voided', 'merged')"
)
REASONS = "('primary', 'backup', 'dispatcher', 'outside', 'taken', 'dispatched', 'handed_over', 'desk')"
LEVELS = "('community', 'town', 'county', 'city')"


def upgrade() -> None:
    """Columns, wider checks, new tables; then the lights of what is open."""
    _columns()
    replace_check("incidents", "ck_incidents_status_known", f"status IN {STATUSES}")
    replace_check("incidents", "ck_incidents_closed_has_moment", f"(status IN {ENDED}) = (closed_at IS NOT NULL)")
    replace_check("responsibilities", "ck_responsibilities_reason_known", f"reason IN {REASONS}")
    _tables()
    _indexes()
    _fill()


def _columns() -> None:
    columns: tuple[sa.Column[Any], ...] = (
        sa.Column("level", sa.Text, nullable=False, server_default="community"),
        sa.Column("priority", sa.Text, nullable=False, server_default="normal"),
        sa.Column("process", sa.Text),
        sa.Column("process_version", sa.Integer),
        sa.Column("calendar", sa.String(16)),
        sa.Column("step", sa.Text),
        *(sa.Column(name, MOMENT) for name in ("step_due_at", "overdue_at", "yellow_at", "red_at", "very_late_at")),
        *(sa.Column(name, MOMENT) for name in ("paused_until", "extension_asked_at", "appeal_at", "supervised_at")),
    )
    for column in columns:
        op.add_column("incidents", column)
    for name, target in (("parent_id", "incidents"), ("merged_into_id", "incidents"), ("first_body_id", "bodies")):
        key = f"CONSTRAINT fk_incidents_{name}_{target} REFERENCES {target} (id)"
        op.execute(f"ALTER TABLE incidents ADD COLUMN {name} INTEGER {key}")


def _tables() -> None:
    def table(name: str, *items: sa.schema.SchemaItem) -> None:
        key = sa.Column("id", sa.Integer, primary_key=True, autoincrement=True)
        op.create_table(name, key, *items, sqlite_autoincrement=True)

    table(
        "processes",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.UniqueConstraint("code", "version"),
        sa.CheckConstraint("version >= 1", name="version_from_one"),
    )
    table(
        "calendars",
        sa.Column("version", sa.String(16), nullable=False, unique=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
    )
    table(
        "helpers",
        sa.Column("incident_id", sa.Integer, sa.ForeignKey("incidents.id"), nullable=False),
        sa.Column("body_id", sa.Integer, sa.ForeignKey("bodies.id"), nullable=False, index=True),
        sa.UniqueConstraint("incident_id", "body_id"),
    )


def _indexes() -> None:
    op.drop_index("ix_incidents_open_due", "incidents")
    is_open = sa.text(f"status NOT IN {ENDED}")
    for name, column in (("overdue", "overdue_at"), ("red", "red_at")):
        op.create_index(
            f"ix_incidents_open_{name}", "incidents", [column], sqlite_where=is_open, postgresql_where=is_open
        )
    for name in ("parent_id", "first_body_id"):
        op.create_index(f"ix_incidents_{name}", "incidents", [name])
    for name in ("extension_asked_at", "appeal_at", "supervised_at"):
        there = sa.text(f"{name} IS NOT NULL")
        op.create_index(f"ix_incidents_{name}", "incidents", [name], sqlite_where=there, postgresql_where=there)


def _fill() -> None:
    conn = op.get_bind()
    conn.exec_driver_sql(
        "UPDATE incidents SET process_version = 1, "
        "process = (SELECT process FROM categories WHERE categories.id = incidents.category_id)"
    )
    i = sa.table("incidents", sa.column("id"), sa.column("status"), *(sa.column(n, MOMENT) for n in _MOMENTS))
    rows = conn.execute(sa.select(i.c.id, i.c.received_at, i.c.due_at).where(i.c.status != "closed")).all()
    changes: list[dict[str, Any]] = [
        {
            "key": key, "overdue_at": due, "red_at": due, "yellow_at": start + 0.75 * (due - start),
            "very_late_at": start + 3 * (due - start),
        }
        for key, start, due in rows
    ]  # fmt: skip
    if changes:
        names = ("overdue_at", "red_at", "yellow_at", "very_late_at")
        told = {name: sa.bindparam(name, type_=MOMENT) for name in names}
        conn.execute(sa.update(i).where(i.c.id == sa.bindparam("key")).values(told), changes)


_MOMENTS = ("received_at", "due_at", "overdue_at", "yellow_at", "red_at", "very_late_at")
