"""How residents come back: their contacts by digest, links sent again, links of whom a case was filed for, and parts of
photos. Reports from before have no digest of their contact: `gridmap init` makes none, since it would open them all."""

from __future__ import annotations

from typing import Any

from alembic import op
from sqlalchemy import Column, DateTime, ForeignKey, Integer, LargeBinary, String, UniqueConstraint

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

MOMENT = DateTime(timezone=True)


def upgrade() -> None:
    """Four tables; rows are not touched."""
    _table("reached", _ref("incident_id", "incidents"), Column("digest", String(64), nullable=False, index=True))
    _table(
        "tracks_again",
        _ref("incident_id", "incidents"),
        Column("token_hash", String(64), nullable=False, unique=True),
        Column("created_at", MOMENT, nullable=False),
    )
    _table(
        "behalf_tracks",
        Column("token_hash", String(64), nullable=False, unique=True),
        _ref("subject_id", "subjects"),
    )
    _table(
        "chunks",
        _ref("incident_id", "incidents"),
        _ref("subject_id", "subjects"),
        Column("upload", String(64), nullable=False),
        Column("starts", Integer, nullable=False),
        Column("size", Integer, nullable=False),
        Column("box", LargeBinary, nullable=False),
        Column("created_at", MOMENT, nullable=False, index=True),
        UniqueConstraint("upload", "starts"),
    )


def _table(name: str, *items: Any) -> None:
    op.create_table(
        name, Column("id", Integer, primary_key=True, autoincrement=True), *items, sqlite_autoincrement=True
    )


def _ref(name: str, target: str) -> Column[Any]:
    return Column(name, Integer, ForeignKey(f"{target}.id"), nullable=False, index=True)
