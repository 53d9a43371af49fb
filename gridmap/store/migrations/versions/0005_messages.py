"""Messages: one row for each recipient and channel of what the outbox holds, and the mailboxes of bodies."""

from __future__ import annotations

from typing import Any

from alembic import op
from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Integer,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = DateTime(timezone=True)


def upgrade() -> None:
    """Two tables, a column and their indexes; rows are not touched."""
    op.add_column("bodies", Column("email", Text))
    _partial("ix_outbox_unsent", "outbox", "id", "sent_at IS NULL")
    op.create_table(
        "messages",
        Column("id", Integer, primary_key=True, autoincrement=True),
        _ref("outbox_id", "outbox", null=False),
        _ref("incident_id", "incidents", null=False, index=True),
        Column("kind", Text, nullable=False),
        Column("channel", Text, nullable=False),
        Column("recipient", Text, nullable=False),
        _ref("account_id", "accounts"),
        Column("key", String(64), nullable=False, unique=True),
        Column("urgent", SmallInteger, nullable=False, server_default="0"),
        Column("status", Text, nullable=False),
        Column("created_at", MOMENT, nullable=False),
        Column("ready_at", MOMENT, nullable=False),
        Column("next_at", MOMENT, nullable=False),
        Column("attempts", Integer, nullable=False, server_default="0"),
        Column("tried_at", MOMENT),
        Column("lease_owner", Text),
        Column("lease_until", MOMENT),
        Column("error", Text),
        Column("settled_at", MOMENT),
        Column("read_at", MOMENT),
        CheckConstraint("channel IN ('in_app', 'sms', 'email', 'webhook')", name="channel_known"),
        CheckConstraint("status IN ('waiting', 'sent', 'dead')", name="status_known"),
        CheckConstraint("(status = 'waiting') = (settled_at IS NULL)", name="settled_has_moment"),
        CheckConstraint("(channel = 'in_app') = (account_id IS NOT NULL)", name="mailbox_has_account"),
        UniqueConstraint("outbox_id", "channel", "recipient"),
        sqlite_autoincrement=True,
    )
    _partial("ix_messages_waiting", "messages", "next_at", "status = 'waiting'")
    _partial("ix_messages_dead", "messages", "settled_at", "status = 'dead'")
    op.create_index("ix_messages_recipient_tried_at", "messages", ["recipient", "tried_at"])
    op.create_index("ix_messages_account_id_id", "messages", ["account_id", "id"])
    op.create_table(
        "beats",
        Column("job", Text, primary_key=True),
        Column("owner", Text, nullable=False),
        Column("at", MOMENT, nullable=False),
        Column("drift_s", Float),
        Column("drift_by", Text),
    )


def _ref(name: str, target: str, *, null: bool = True, index: bool = False) -> Column[Any]:
    return Column(name, Integer, ForeignKey(f"{target}.id"), nullable=null, index=index)


def _partial(name: str, table: str, column: str, where: str) -> None:
    op.create_index(name, table, [column], sqlite_where=text(where), postgresql_where=text(where))
