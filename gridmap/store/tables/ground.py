"""Areas, bodies and dated cells."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Date, Float, Table, Text, UniqueConstraint

from gridmap.store.tables.base import geom, metadata, names, one_of, ref, table

meta = Table(
    "meta",
    metadata,
    Column("key", Text, primary_key=True),  # county_name, county_name_en, is_demo, created_at, calendar
    Column("value", Text, nullable=False),
)

areas = table(
    "areas",
    Column("code", Text, nullable=False, unique=True),
    *names(),
    Column("level", Text, nullable=False),
    ref("parent_id", "areas"),
    Column("path", Text, nullable=False, unique=True),  # "/1/5/23/": ids from the county down to this area
    geom("MULTIPOLYGON", null=True),
    one_of("level", "county", "town", "community"),
    CheckConstraint("(level = 'county') = (parent_id IS NULL)", name="only_county_is_root"),
)

bodies = table(
    "bodies",
    Column("code", Text, nullable=False, unique=True),
    *names(),
    Column("kind", Text, nullable=False),
    Column("level", Text, nullable=False),
    ref("area_id", "areas", null=False),
    Column("department", Text),  # what it answers for ("natural-resources"): matched with categories.department
    Column("email", Text),  # the office's mailbox, of nobody in person
    one_of("kind", "department", "centre", "committee"),
    one_of("level", "county", "town", "community"),
)

cells = table(
    "cells",
    Column("code", Text, nullable=False, index=True),
    *names(),
    ref("area_id", "areas", null=False),
    ref("body_id", "bodies"),
    Column("area_m2", Float, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),  # the first day on which it is no longer valid; None: in force
    geom("MULTIPOLYGON"),
    UniqueConstraint("code", "valid_from"),
    CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="days_in_order"),
)
