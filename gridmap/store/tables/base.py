"""What tables are made of: the moment, the naming of constraints, and columns that recur."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeDecorator

from gridmap.case.terms import ENDED, Status

SRID = 4326


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware datetimes in, aware UTC datetimes out, on both databases; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def row_id() -> Column[int]:
    return Column("id", Integer, primary_key=True, autoincrement=True)


def table(name: str, *items: SchemaItem) -> Table:
    """A table with an `id` that is never given twice, so that an id in a log means one row for ever."""
    return Table(name, metadata, row_id(), *items, sqlite_autoincrement=True)


def ref(name: str, target: str, *, null: bool = True, index: bool = True) -> Column[Any]:
    return Column(name, Integer, ForeignKey(f"{target}.id"), nullable=null, index=index)


def geom(kind: str, *, null: bool = False) -> Column[Any]:
    return Column("geom", Geometry(kind, srid=SRID, spatial_index=True), nullable=null)


def names() -> tuple[Column[Any], Column[Any]]:
    return Column("name", Text, nullable=False), Column("name_en", Text)


def came_as() -> tuple[Column[Any], ...]:
    """What came in, beside the WGS84: its CRS name and its two numbers."""
    return (
        Column("crs_in", Text, nullable=False),
        Column("x_in", Float, nullable=False),
        Column("y_in", Float, nullable=False),
    )


def one_of(name: str, *values: str, null: bool = False) -> CheckConstraint:
    inside = ", ".join(f"'{value}'" for value in values)
    test = f"{name} IN ({inside})"
    return CheckConstraint(f"{name} IS NULL OR {test}" if null else test, name=f"{name}_known")


def partial(name: str, columns: str | tuple[str, ...], where: str) -> Index:
    named = (columns,) if isinstance(columns, str) else columns
    return Index(name, *named, sqlite_where=text(where), postgresql_where=text(where))


#: statuses in which nothing more is due, as SQL writes them in a list
ENDED_SQL = ", ".join(f"'{status}'" for status in Status if status in ENDED)
