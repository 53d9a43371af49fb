"""Who reported what is found by what is kept of it: a sweep does not read all that is sealed."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two indexes; rows are not touched."""
    kept = text("field IN ('reporter_name', 'reporter_phone')")
    op.create_index("ix_sealed_reporters", "sealed", ["subject_id"], sqlite_where=kept, postgresql_where=kept)
    op.create_index("ix_incidents_subject_id", "incidents", ["subject_id"])
