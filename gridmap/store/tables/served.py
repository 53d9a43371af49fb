"""Households, enterprises and the categories of what they report."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Date, Float, SmallInteger, Text

from gridmap.store.tables.base import came_as, geom, names, one_of, ref, table

households = table(
    "households",
    Column("code", Text, nullable=False, unique=True),
    Column("address", Text, nullable=False),
    Column("children", SmallInteger),  # members by age band: under 16
    Column("adults", SmallInteger),  # 16 to 64
    Column("elders", SmallInteger),  # 65 and over
    Column("housing", Text),
    ref("cell_id", "cells"),
    ref("subject_id", "subjects", index=False),
    *came_as(),
    geom("POINT"),
    one_of("housing", "adobe", "rubble", "brick", "frame", "other", null=True),
)

enterprises = table(
    "enterprises",
    Column("code", Text, nullable=False, unique=True),
    *names(),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False, server_default="active"),
    Column("opened_on", Date),
    Column("source", Text),  # attribution of imported data
    ref("cell_id", "cells"),
    *came_as(),
    geom("GEOMETRY"),  # a point, or the polygon of a pit or fence
    one_of("kind", "mine", "quarry", "factory", "other"),
    one_of("status", "active", "suspended", "closed", "planned", "unknown"),
)

categories = table(
    "categories",
    Column("code", Text, nullable=False, unique=True),
    *names(),
    ref("parent_id", "categories"),
    Column("process", Text, nullable=False),
    Column("limit_hours", Float, nullable=False),
    Column("department", Text),  # who answers for it ("natural-resources"); None: the cell's own body
    one_of("process", "dispute", "service", "emergency"),
    CheckConstraint("limit_hours > 0", name="limit_positive"),
)
