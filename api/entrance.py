"""Who asks? The sessions of all requests that are waiting at a moment are looked up together, in one query.

Each request's look comes after the request, so a right withdrawn before it is gone; and the busier the server, the
less each look costs. While nobody else asks, nobody waits for company. On PostGIS a running server looks over a line
that its event loop watches (`store.line`); a thread asks where there is none, or where it has just broken.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from weakref import WeakKeyDictionary

from gridmap.store.line import Line, LineDown
from gridmap.usecases import reading
from gridmap.usecases.context import Context
from gridmap.usecases.reading import Entered, Knock

#: sessions looked up in one query
MOST = 64
#: seconds from one attempt to open a line to the next
LINE_PAUSE_S = 5.0

Waiting = list[tuple[Knock, "asyncio.Future[Entered | None]"]]


class Entrance:
    """Looks sessions up, one query after another, each for all who came while the one before it was under way."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        #: by event loop; a server has one, tests have several
        self._waiting: WeakKeyDictionary[asyncio.AbstractEventLoop, Waiting] = WeakKeyDictionary()
        self._tasks: set[asyncio.Task[None]] = set()
        #: one query is under way at a time, so that one thread serves; the routes' threads are theirs alone
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="entrance")
        self._line: Line | None = None
        self._lines: asyncio.Task[None] | None = None

    def open(self) -> None:
        """The server's loop runs: keep a line open in it until `close`."""
        if self._ctx.engine.dialect.name == "postgresql":
            self._lines = asyncio.create_task(self._keep_line(asyncio.get_running_loop()))

    @property
    def has_line(self) -> bool:
        return self._line is not None and self._line.is_open

    def close(self) -> None:
        if self._lines is not None:
            self._lines.cancel()
        if self._line is not None:
            self._line.close()

    async def _keep_line(self, loop: asyncio.AbstractEventLoop) -> None:
        while True:
            if not self.has_line:
                try:
                    line = await loop.run_in_executor(None, Line.connect, self._ctx.engine)
                except LineDown:
                    pass  # requests tell what is wrong with the database
                else:
                    line.watch(loop)
                    self._line = line
            await asyncio.sleep(LINE_PAUSE_S)

    async def enter(self, token: str, reason: str | None) -> Entered | None:
        """Whose session the token opens and what they may see now; None when it opens none."""
        loop = asyncio.get_running_loop()
        mine: asyncio.Future[Entered | None] = loop.create_future()
        waiting = self._waiting.get(loop)
        if waiting is None:
            waiting = self._waiting[loop] = []
            task = loop.create_task(self._serve(loop, waiting))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        waiting.append(((token, reason), mine))
        return await mine

    async def _serve(self, loop: asyncio.AbstractEventLoop, waiting: Waiting) -> None:
        """Answer until nobody waits."""
        try:
            while waiting:
                asked = waiting[:MOST]
                del waiting[:MOST]
                await self._answer(asked)
        finally:
            del self._waiting[loop]

    async def _answer(self, asked: Waiting) -> None:
        """Look up these; where that fails, each of them is told."""
        try:
            knocks = [knock for knock, _ in asked]
            found = await self._look(knocks)
        except Exception as error:
            for _, one in asked:
                if not one.done():
                    one.set_exception(error)
            return
        for (_, one), entered in zip(asked, found, strict=True):
            if not one.done():
                one.set_result(entered)

    async def _look(self, knocks: list[Knock]) -> list[Entered | None]:
        if self._line is not None and self.has_line:
            try:
                return await reading.enter_by(self._line, self._ctx, knocks)
            except LineDown:
                pass  # the thread asks again, and finds the words for what is wrong
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, reading.enter, self._ctx, knocks)
