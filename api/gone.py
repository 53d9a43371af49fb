"""Who waits for an answer that takes long? When a client has gone, what the database reads for it is broken off."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import auth
from gridmap.store.gone import ASKING, Asking

#: seconds after which a request takes long: most are answered before anybody could have gone
LOOK_AFTER_S = 0.2
#: seconds until what still reads for somebody who has gone is told again
AGAIN_S = 0.25
#: what is answered to nobody, in the metrics alone (nginx counts these so too)
GONE = 499
_BODY = frozenset({b"content-length", b"transfer-encoding"})


def has_body(scope: Scope) -> bool:
    """Whether a request comes with a body."""
    return any(name in _BODY for name, _ in scope["headers"])


class Gone:
    """Middleware. Requests that write are carried out: who has lost the network asks again under the same key."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _only_reads(scope):
            await self.app(scope, receive, send)
            return
        asking, ear = Asking(), _Ear(receive)
        watch = asyncio.get_running_loop().call_later(LOOK_AFTER_S, ear.open, asking)
        token = ASKING.set(asking)

        async def answered(message: Message) -> None:
            if asking.gone and message["type"] == "http.response.start":
                message = {**message, "status": GONE}
            await send(message)

        try:
            await self.app(scope, ear.receive, answered)
        finally:
            ASKING.reset(token)
            watch.cancel()
            ear.close()


def _only_reads(scope: Scope) -> bool:
    """What writes is never broken off; what has a body has messages of its own to listen to."""
    return scope["type"] == "http" and scope["method"] in auth.SAFE_METHODS and not has_body(scope)


class _Ear:
    """What the server says of a client: handed on as asked for at first, and listened to for itself once it is open."""

    __slots__ = ("_came", "_listening", "_receive")

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._listening: asyncio.Task[None] | None = None

    async def receive(self) -> Message:
        """The next message, for the application."""
        return await (self._receive() if self._listening is None else self._came.get())

    def open(self, asking: Asking) -> None:
        self._came: asyncio.Queue[Message] = asyncio.Queue()
        self._listening = asyncio.create_task(self._listen(asking))

    async def _listen(self, asking: Asking) -> None:
        message = None
        while message is None or message["type"] != "http.disconnect":
            message = await self._receive()
            self._came.put_nowait(message)
        loop = asyncio.get_running_loop()
        # not in a route's thread: those may all be taken by what is to be stopped
        while await loop.run_in_executor(None, asking.stop):
            await asyncio.sleep(AGAIN_S)

    def close(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
