"""An end to every conversation: a receiver that answers drop by drop may not hold a deliverer past its lease."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

#: for one step of a conversation, and for the whole of it, in seconds
STEP_S, LONGEST_S = 10.0, 30.0


@contextlib.contextmanager
def ending(find: Callable[[], socket.socket | None], longest_s: float = LONGEST_S) -> Iterator[None]:
    """Shut the socket that `find` gives once the block has lasted so long; what waits on it then fails with OSError."""

    def end() -> None:
        held = find()
        if held is not None:
            with contextlib.suppress(OSError):
                held.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(longest_s, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
