"""What the scorecards add up: a row for each case with what it counts for, and the sums of these by month.

The sums are a ledger. A transaction appends what its events change and touches nobody else's row, so that thirty
writers do not wait for each other; `store.scores.compact` adds rows of one key together later. Only their sum counts.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ForeignKey, Index, Integer, SmallInteger, Table, Text, text

from gridmap.case.scorecard import COUNTS, FLAGS, MOMENTS
from gridmap.store.tables.base import UtcDateTime, metadata, ref, table


def _keys() -> tuple[Column[Any], ...]:
    """By what cases are counted: where it happened, who answers first, of what kind, how it came. Never a person."""
    return (
        ref("area_id", "areas", index=False),
        ref("body_id", "bodies", index=False),
        ref("category_id", "categories", null=False, index=False),
        Column("channel", Text, nullable=False),
    )


_SENT = text("first_dispatched_at IS NOT NULL")
#: by which the cases of a month are found
INDEXED = frozenset({"received_at", "due_at", "disposed_at", "first_closed_at"})

#: one row a case: what the ledger holds of it, in the words of `case.scorecard`
score_cases = Table(
    "score_cases",
    metadata,
    Column("incident_id", ForeignKey("incidents.id"), primary_key=True, autoincrement=False),
    *_keys(),
    *(Column(name, UtcDateTime, index=name in INDEXED) for name in MOMENTS),
    *(Column(name, SmallInteger, nullable=False) for name in FLAGS),
    Index("ix_score_cases_dispatched", "first_dispatched_at", sqlite_where=_SENT, postgresql_where=_SENT),
)

#: `month`: year * 12 + month - 1 in the county's zone. `standing`: 0 counts in its month, 1 in it and all later ones
scores = table(
    "scores",
    Column("month", Integer, nullable=False),
    Column("standing", SmallInteger, nullable=False),
    *_keys(),
    *(Column(name, Integer, nullable=False, server_default="0") for name in COUNTS),
    Index("ix_scores_standing_month", "standing", "month"),
)
