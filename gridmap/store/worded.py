"""Statements that are asked hundreds of times a second: worded once, then given to the driver as they are.

For a short statement SQLAlchemy works three times as long as PostGIS needs to answer, mostly to find again what it
compiled before. What is worded here keeps the rest: the connection, its errors, rows by name. Values come back as the
driver gives them, so columns must be whole numbers or text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Dialect, Row, Select


@dataclass(frozen=True, slots=True)
class Worded:
    """A statement in a database's own words, and what its values must become for the driver."""

    text: str
    #: values that the statement holds itself
    own: Mapping[str, Any]
    converters: Mapping[str, Callable[[Any], Any]]
    #: names in the order of the marks; None where marks are named
    order: Sequence[str] | None

    def ask(self, conn: Connection, values: Mapping[str, Any]) -> Sequence[Row[Any]]:
        """All rows, for values by the names of the statement's parameters."""
        return conn.exec_driver_sql(self.text, self.bound(values)).all()

    def bound(self, values: Mapping[str, Any]) -> Any:
        """The values as the driver takes them: by name, or in order where marks are not named."""
        given = {**self.own, **values}
        for name, convert in self.converters.items():
            given[name] = convert(given[name])
        return given if self.order is None else tuple(given[name] for name in self.order)


def word(dialect: Dialect, statement: Select[Any]) -> Worded:
    """The statement as this database understands it. Its parameters are given a value (None) and stand for no list."""
    compiled = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    processors = {name: one.type.dialect_impl(dialect).bind_processor(dialect) for name, one in compiled.binds.items()}
    return Worded(
        str(compiled),
        compiled.params,
        {name: convert for name, convert in processors.items() if convert is not None},
        compiled.positiontup if dialect.positional else None,
    )
