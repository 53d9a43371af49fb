"""How large, compact and evenly loaded the county wants its cells."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Float, Integer

from gridmap.store.tables.base import UtcDateTime, ref, table

#: rows are added, never changed: the newest is in force, the others say what a plan was judged by in its time
cell_limits = table(
    "cell_limits",
    Column("households_least", Integer, nullable=False),
    Column("households_most", Integer, nullable=False),
    Column("area_least_m2", Float, nullable=False),
    Column("area_most_m2", Float),  # null: as large as it likes
    Column("compactness_least", Float, nullable=False),
    Column("deviation_most", Float, nullable=False),
    ref("account_id", "accounts", index=False),  # who said so; null: whoever runs the platform
    Column("said_at", UtcDateTime, nullable=False),
    CheckConstraint("households_least BETWEEN 0 AND households_most", name="households_in_order"),
    CheckConstraint(
        "area_least_m2 >= 0 AND (area_most_m2 IS NULL OR area_most_m2 > area_least_m2)", name="area_in_order"
    ),
    CheckConstraint("compactness_least BETWEEN 0 AND 1", name="compactness_is_a_share"),
    CheckConstraint("deviation_most > 0", name="deviation_above_nothing"),
)
