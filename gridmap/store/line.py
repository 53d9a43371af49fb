"""A line to PostGIS that an event loop watches itself, for what every request asks first.

A thread that waits for an answer costs more than the answer: it is woken, it takes the interpreter's lock from the
loop, it wakes the loop. Here the loop sends a statement, goes on with other requests, and hears from its own selector
when the answer has come. One statement is under way at a time; statements are prepared once, answers are whole numbers
and text (see `worded`). A line is never mended: whatever goes wrong closes it and raises `LineDown`, and who asked goes
the ordinary way, which knows what to tell people.
"""

from __future__ import annotations

import asyncio
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import pq
from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql.base import PGDialect

from gridmap.store.errors import DATABASE_ERRORS
from gridmap.store.worded import Worded

#: the marks of a prepared statement: $1, $2
DIALECT = PGDialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
#: object ids of int8, int2 and int4
_WHOLE = frozenset({20, 21, 23})


class LineDown(Exception):
    """The line is closed; ask in the ordinary way."""


class Line:
    """A connection of its own: opened by `connect` in a thread, then used only in the loop that watches it."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._pg = connection.pgconn
        #: kept: a connection that is lost no longer knows its socket
        self._socket = connection.pgconn.socket
        self._names: dict[str, bytes] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: asyncio.Future[pq.abc.PGresult] | None = None

    @classmethod
    def connect(cls, engine: Engine) -> Line:
        """A line with the settings of the engine's own connections, outside its pool. Raises LineDown."""
        try:
            borrowed = engine.raw_connection()
        except DATABASE_ERRORS as exc:
            raise LineDown from exc
        connection: Any = borrowed.driver_connection
        borrowed.detach()
        connection.autocommit = True
        return cls(connection)

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        loop.add_reader(self._socket, self._came)

    @property
    def is_open(self) -> bool:
        return self._loop is not None

    def close(self) -> None:
        if self._loop is not None:
            self._loop.remove_reader(self._socket)
            self._loop = None
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(LineDown)
        self._connection.close()

    async def ask(self, worded: Worded, values: Mapping[str, Any]) -> list[Any]:
        """All rows of a statement that was worded for `DIALECT`. Raises LineDown."""
        try:
            name = self._names.get(worded.text)
            if name is None:
                name = b"asked_%d" % len(self._names)
                await self._answer(lambda: self._pg.send_prepare(name, worded.text.encode()))
                self._names[worded.text] = name
            sent = [_sent(one) for one in worded.bound(values)]
            return _rows(await self._answer(lambda: self._pg.send_query_prepared(name, sent)))
        except (
            BaseException
        ) as fault:  # also when the one who waits is cancelled: the next one must not get this answer
            self.close()
            if isinstance(fault, psycopg.Error):
                raise LineDown from fault
            raise

    async def _answer(self, send: Callable[[], None]) -> pq.abc.PGresult:
        if self._loop is None or self._waiting is not None:
            raise LineDown
        self._waiting = self._loop.create_future()
        try:
            send()
            result = await self._waiting
        finally:
            self._waiting = None
        if result.status not in {pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK}:
            raise LineDown
        return result

    def _came(self) -> None:
        """The socket has something: an answer, part of one, or the news that the server is gone."""
        try:
            self._pg.consume_input()
            if self._waiting is None or self._waiting.done() or self._pg.is_busy():
                return
            last = None
            while (result := self._pg.get_result()) is not None:
                last = result
        except psycopg.Error:
            self.close()
            return
        if last is not None:
            self._waiting.set_result(last)


def _sent(value: Any) -> bytes | None:
    """A value as text, which is how PostgreSQL reads every type."""
    if value is None:
        return None
    return (value.isoformat() if isinstance(value, date | datetime) else str(value)).encode()


def _rows(result: pq.abc.PGresult) -> list[Any]:
    columns = range(result.nfields)
    names = tuple((result.fname(column) or b"").decode() for column in columns)
    whole = [result.ftype(column) in _WHOLE for column in columns]
    return [
        _shape(names)._make(
            None
            if (value := result.get_value(row, column)) is None
            else int(value)
            if whole[column]
            else value.decode()
            for column in columns
        )
        for row in range(result.ntuples)
    ]


@lru_cache(32)
def _shape(names: Sequence[str]) -> Any:
    return namedtuple("Row", names)
