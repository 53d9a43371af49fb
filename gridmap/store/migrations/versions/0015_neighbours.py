"""Permits and preventive meetings of enterprises; news of meetings, promises and enterprises in the outbox."""

from __future__ import annotations

from alembic import op
from sqlalchemy import CheckConstraint, Column, Date, DateTime, ForeignKey, Integer, Text, UniqueConstraint

from gridmap.store.migrations.ddl import drop_not_null, is_sqlite

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

KINDS = "'mining', 'blasting', 'land', 'water', 'discharge', 'safety', 'other'"
ABOUT_ONE = (
    " + ".join(f"CASE WHEN {name} IS NULL THEN 0 ELSE 1 END" for name in ("incident_id", "meeting_id", "enterprise_id"))
    + " = 1"
)


def upgrade() -> None:
    """Two tables, and columns of the outbox; its rows are all about a case, as before."""
    op.create_table(
        "permits",
        Column("id", Integer, primary_key=True, autoincrement=True),
        Column("enterprise_id", Integer, ForeignKey("enterprises.id"), nullable=False),
        Column("kind", Text, nullable=False),
        Column("number", Text, nullable=False),
        Column("valid_from", Date, nullable=False),
        Column("valid_to", Date),
        UniqueConstraint("enterprise_id", "number"),
        CheckConstraint(f"kind IN ({KINDS})", name="kind_known"),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="days_in_order"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "preventives",
        Column("id", Integer, primary_key=True, autoincrement=True),
        Column("enterprise_id", Integer, ForeignKey("enterprises.id"), nullable=False),
        Column("months", Integer, nullable=False),
        Column("since", Date, nullable=False),
        Column("account_id", Integer, ForeignKey("accounts.id")),
        Column("said_at", DateTime(timezone=True), nullable=False),
        UniqueConstraint("enterprise_id"),
        CheckConstraint("months BETWEEN 1 AND 36", name="months_make_sense"),
        sqlite_autoincrement=True,
    )
    for table in ("outbox", "messages"):
        drop_not_null(table, "incident_id")
    _columns()


def _columns() -> None:
    """What else news may be about, and to whom else it may go."""
    refs = {
        "meeting_id": "meetings", "promise_id": "promises", "enterprise_id": "enterprises",
        "household_id": "households", "account_id": "accounts",
    }  # fmt: skip
    for name, target in refs.items():
        fk = f"CONSTRAINT fk_outbox_{name}_{target} REFERENCES {target} (id)"
        op.execute(f"ALTER TABLE outbox ADD COLUMN {name} INTEGER {fk}")
    if is_sqlite():
        # a rule can only come with a column there, and may speak of the others
        op.execute(f"ALTER TABLE outbox ADD COLUMN mark TEXT CONSTRAINT ck_outbox_about_one CHECK ({ABOUT_ONE})")
    else:
        op.execute("ALTER TABLE outbox ADD COLUMN mark TEXT")
        op.execute(f"ALTER TABLE outbox ADD CONSTRAINT ck_outbox_about_one CHECK ({ABOUT_ONE})")
    op.create_index("ix_outbox_meeting_id", "outbox", ["meeting_id"])
    op.create_index("ix_outbox_mark", "outbox", ["mark"], unique=True)
