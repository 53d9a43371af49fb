"""What was told of a month, kept for ever: whoever asks again gets the same figures, whatever was imported since."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Date, Integer, Text, UniqueConstraint

from gridmap.store.tables.base import UtcDateTime, table

#: one for each closed month and drawing; holds what may leave and nothing finer
told_months = table(
    "told_months",
    Column("month", Date, nullable=False),  # its first day
    Column("drawing", Text, nullable=False),  # "then", or the first day of a later drawing that it was told in besides
    Column("told_at", UtcDateTime, nullable=False),
    Column("last_incident_id", Integer, nullable=False),  # reports with greater ids came later and are not in it
    Column("body", Text, nullable=False),  # JSON: parts and kinds, each count 0 or at least 5
    UniqueConstraint("month", "drawing"),
    CheckConstraint("last_incident_id >= 0", name="id_makes_sense"),
)
