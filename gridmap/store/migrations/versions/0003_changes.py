"""Which rows each version of a layer touched, so that a raster in memory is brought up to date by what changed."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Integer, Text

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A table; rows are not touched. Versions from before it are in no row: who asks for them makes all anew."""
    op.create_table(
        "changes",
        Column("layer", Text, primary_key=True),
        Column("version", Integer, primary_key=True, autoincrement=False),
        Column("first_id", Integer, primary_key=True, autoincrement=False),
        Column("last_id", Integer, nullable=False),
    )
