"""What a worker answers for now, found without a walk through every open case: choosing who answers asks for it."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A partial index; rows are not touched."""
    held = text("valid_to IS NULL AND worker_id IS NOT NULL")
    columns = ["worker_id", "incident_id"]
    name = "ix_responsibilities_held"
    op.create_index(name, "responsibilities", columns, sqlite_where=held, postgresql_where=held)
