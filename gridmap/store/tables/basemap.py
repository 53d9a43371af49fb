"""Roads, water and places to draw below."""

from __future__ import annotations

from sqlalchemy import Column, SmallInteger, Text

from gridmap.store.tables.base import geom, names, one_of, table

roads = table(
    "roads",
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text),
    Column("name_en", Text),
    Column("class", Text, nullable=False),
    geom("MULTILINESTRING"),
    one_of("class", "main", "minor", "track"),
)

water = table(
    "water",
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text),
    Column("name_en", Text),
    Column("class", Text, nullable=False),
    Column("width", SmallInteger, nullable=False, server_default="1"),  # 1 brook to 5 great river
    geom("GEOMETRY"),
    one_of("class", "river", "lake"),
)

places = table(
    "places",
    Column("code", Text, nullable=False, unique=True),
    *names(),
    Column("class", Text, nullable=False),
    geom("POINT"),
    one_of("class", "county", "town", "village"),
)
