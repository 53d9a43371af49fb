"""Work for somebody who has gone: statements that read for a request are broken off when nobody waits for the answer.

`ASKING` holds the request that a thread works for; `store.read` notes its connection there while it is in use. What is
made for whoever asks next, such as a raster or a layer in memory, is made `for_everybody`, and goes on.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy import Connection

from gridmap.errors import EnvironmentFault


class Asking:
    """One request and the connections that read for it now. Safe to use from any thread."""

    __slots__ = ("_lock", "_reading", "gone")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reading: list[Any] = []
        self.gone = False

    def stop(self) -> bool:
        """Break off what is read for it, and let it begin no more. Whether something is still on its way to its end:
        between two statements a connection does not hear it, and is to be told again."""
        with self._lock:  # held to the end: a connection that is let go meanwhile would read for somebody else
            self.gone = True
            for driver in self._reading:
                (getattr(driver, "interrupt", None) or driver.cancel)()
            return bool(self._reading)

    @contextmanager
    def reading(self, conn: Connection) -> Iterator[None]:
        """While the connection reads for this request. EnvironmentFault `gone` where nobody waits any more."""
        driver = conn.connection.driver_connection
        with self._lock:
            if self.gone:
                raise nobody_waits()
            self._reading.append(driver)
        try:
            yield
        finally:
            with self._lock:
                self._reading.remove(driver)
            if self.gone:
                conn.invalidate()  # the word to stop may still be on its way, and would meet whoever has it next


ASKING: ContextVar[Asking | None] = ContextVar("gridmap_asking", default=None)


def nobody_waits() -> EnvironmentFault:
    """What ends a request whose client has gone. Nobody reads it."""
    return EnvironmentFault("nobody waits for the answer any more", code="gone")


@contextmanager
def for_everybody() -> Iterator[None]:
    """What is made here is kept for others: it goes on when the one who asked first has gone."""
    token = ASKING.set(None)
    try:
        yield
    finally:
        ASKING.reset(token)
