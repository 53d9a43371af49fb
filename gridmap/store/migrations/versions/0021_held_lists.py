"""What a body or the worker of a cell answers for now, and the open cases by id: lists read these, not everybody's."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Partial indexes; rows are not touched."""
    for name in ("cell_id", "body_id"):
        _index(f"ix_responsibilities_held_{name}", "responsibilities", [name, "incident_id"], "valid_to IS NULL")
    _index("ix_incidents_open", "incidents", ["id"], "status NOT IN ('closed', 'voided', 'merged')")


def _index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=text(where), postgresql_where=text(where))
