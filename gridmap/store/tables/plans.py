"""Redraws: plans and their edits, what was said of them, the drawings in force, and what was handed over."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Date, Float, Integer, SmallInteger, String, Text, UniqueConstraint

from gridmap.plan.status import PlanStatus
from gridmap.store.tables.base import UtcDateTime, one_of, ref, table

plans = table(
    "plans",
    Column("title", Text, nullable=False),
    ref("area_id", "areas", null=False),  # the area whose cells it may redraw
    Column("status", Text, nullable=False, index=True),
    Column("version", Integer, nullable=False),  # raised by every change: what its ETag says
    Column("base_day", Date, nullable=False),  # the first day of the drawing that it began with
    Column("base_version", String(64), nullable=False),  # the digest of that drawing
    Column("applies_on", Date),  # the first day of its own drawing, once published
    ref("author_id", "accounts"),
    ref("approver_id", "accounts", index=False),
    ref("changed_by_id", "accounts", index=False),
    ref("reverses_id", "plans", index=False),  # the published plan that it takes back
    Column("created_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("note", Text),  # why it was returned
    one_of("status", *PlanStatus),
    CheckConstraint("version >= 1", name="version_from_one"),
    CheckConstraint("(status IN ('published', 'applied')) = (applies_on IS NOT NULL)", name="published_has_day"),
    CheckConstraint(
        "status NOT IN ('approved', 'published', 'applied') OR approver_id IS NOT NULL", name="approved_by_somebody"
    ),
    CheckConstraint("approver_id IS NULL OR approver_id <> author_id", name="approved_by_another"),
)

#: the edits of a plan in order, as JSON of `gridmap.plan.deltas`; those undone come after all that are done
plan_edits = table(
    "plan_edits",
    ref("plan_id", "plans", null=False, index=False),
    Column("place", Integer, nullable=False),
    Column("delta", Text, nullable=False),
    Column("inverse", Text, nullable=False),  # the redraw that takes it back
    Column("version", Integer, nullable=False),  # of the plan, when it was done or undone last
    Column("undone", SmallInteger, nullable=False, server_default="0"),
    ref("account_id", "accounts", index=False),
    Column("at", UtcDateTime, nullable=False),
    UniqueConstraint("plan_id", "place"),
    CheckConstraint("undone IN (0, 1)", name="undone_or_not"),
)

#: what was said of a plan; rows are added, never changed
plan_comments = table(
    "plan_comments",
    ref("plan_id", "plans", null=False),
    ref("account_id", "accounts", index=False),
    Column("cell", Text),  # code of the cell that it is about
    Column("lon", Float),
    Column("lat", Float),
    Column("text", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    CheckConstraint("(lon IS NULL) = (lat IS NULL)", name="place_both"),
)

#: which drawing is in force on which days: two never are at once. The first one has no plan
drawings = table(
    "drawings",
    ref("plan_id", "plans", index=False),
    Column("valid_from", Date, nullable=False, unique=True),
    Column("valid_to", Date),
    UniqueConstraint("plan_id"),
    CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="days_in_order"),
)

#: who hands what to whom on the day of a plan; None: nobody served there
handovers = table(
    "handovers",
    ref("plan_id", "plans", null=False, index=False),
    Column("day", Date, nullable=False),
    ref("from_worker_id", "workers"),
    ref("to_worker_id", "workers"),
    Column("items", Text, nullable=False),  # JSON: cells [[from, to]], households and cases: ids
    Column("given_at", UtcDateTime),  # signed by who hands over
    ref("given_by_id", "accounts", index=False),
    Column("taken_at", UtcDateTime),  # signed by who takes
    ref("taken_by_id", "accounts", index=False),
    UniqueConstraint("plan_id", "from_worker_id", "to_worker_id"),
    CheckConstraint("(given_at IS NULL) = (given_by_id IS NULL)", name="given_by_somebody"),
    CheckConstraint("(taken_at IS NULL) = (taken_by_id IS NULL)", name="taken_by_somebody"),
)
