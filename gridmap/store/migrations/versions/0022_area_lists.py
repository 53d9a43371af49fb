"""What lies with the communities of an area now: their lists read these cases, not everybody's."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A partial index; rows are not touched."""
    in_force = text("valid_to IS NULL")
    op.create_index(
        "ix_responsibilities_held_area_id", "responsibilities", ["area_id", "incident_id"],
        sqlite_where=in_force, postgresql_where=in_force,
    )  # fmt: skip
