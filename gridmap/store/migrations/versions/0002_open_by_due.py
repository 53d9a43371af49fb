"""Open incidents by when they are due: the overdue of one area without reading the closed ones."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A partial index; rows are not touched."""
    is_open = text("status <> 'closed'")
    op.create_index("ix_incidents_open_due", "incidents", ["due_at"], sqlite_where=is_open, postgresql_where=is_open)
