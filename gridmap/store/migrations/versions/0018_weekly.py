"""The weekly digest in the outbox, and the scorecards' moments by which the cases behind a figure are found."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

from gridmap.store.migrations.ddl import is_sqlite, replace_inline_check

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

ABOUT_ONE = (
    " + ".join(
        f"CASE WHEN {name} IS NULL THEN 0 ELSE 1 END" for name in ("incident_id", "meeting_id", "enterprise_id", "told")
    )
    + " = 1"
)
BEFORE = (
    " + ".join(f"CASE WHEN {name} IS NULL THEN 0 ELSE 1 END" for name in ("incident_id", "meeting_id", "enterprise_id"))
    + " = 1"
)


def upgrade() -> None:
    """A column of the outbox and three indexes; no row is touched."""
    op.execute("ALTER TABLE outbox ADD COLUMN told TEXT")
    if is_sqlite():
        replace_inline_check("outbox", BEFORE, ABOUT_ONE)
    else:
        op.execute("ALTER TABLE outbox DROP CONSTRAINT ck_outbox_about_one")
        op.execute(f"ALTER TABLE outbox ADD CONSTRAINT ck_outbox_about_one CHECK ({ABOUT_ONE})")
    for name in ("disposed_at", "first_closed_at"):
        op.create_index(f"ix_score_cases_{name}", "score_cases", [name])
    sent = text("first_dispatched_at IS NOT NULL")
    columns = ["first_dispatched_at"]
    op.create_index("ix_score_cases_dispatched", "score_cases", columns, sqlite_where=sent, postgresql_where=sent)
