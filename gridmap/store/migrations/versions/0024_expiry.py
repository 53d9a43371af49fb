"""What has had its day is found by its moment: a sweep reads what it removes, not all that is kept."""

from __future__ import annotations

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Three indexes; rows are not touched."""
    op.create_index("ix_messages_settled_at", "messages", ["settled_at"])
    op.create_index("ix_requests_created_at", "requests", ["created_at"])
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
