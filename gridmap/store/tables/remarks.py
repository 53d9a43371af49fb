"""What residents without an account say of a plan that waits for its approval."""

from __future__ import annotations

from sqlalchemy import Column, Text

from gridmap.store.tables.base import UtcDateTime, ref, table

#: the words are sealed under a subject of their own, as field `text`: they may name somebody, and can be destroyed
plan_remarks = table(
    "plan_remarks",
    ref("plan_id", "plans", null=False),
    ref("subject_id", "subjects", null=False),
    Column("cell", Text),  # code of the cell that they are about
    Column("at", UtcDateTime, nullable=False),
)
