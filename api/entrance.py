"""Who asks? The sessions of all requests that are waiting at a moment are looked up together, in one query.

Each request's look comes after the request, so a right withdrawn before it is gone; and the busier the server, the
less each look costs. While nobody else asks, nobody waits for company.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from weakref import WeakKeyDictionary

from gridmap.usecases import reading
from gridmap.usecases.context import Context
from gridmap.usecases.reading import Entered, Knock

#: sessions looked up in one query
MOST = 64

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
            loop = asyncio.get_running_loop()
            found = await loop.run_in_executor(self._thread, reading.enter, self._ctx, knocks)
        except Exception as error:
            for _, one in asked:
                if not one.done():
                    one.set_exception(error)
            return
        for (_, one), entered in zip(asked, found, strict=True):
            if not one.done():
                one.set_result(entered)
