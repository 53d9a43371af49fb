"""Answers that are dear to make and hold nobody's data, kept by their ETag: version, View, parameters and language."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future


class AnswerCache:
    """The last answers, up to `most_bytes`. Of several who ask for a missing one at once, one makes it and all wait."""

    def __init__(self, most_bytes: int = 64_000_000) -> None:
        self._most = most_bytes
        self._held = 0
        self._lock = threading.Lock()
        self._answers: OrderedDict[str, Future[bytes]] = OrderedDict()

    def get(self, key: str, make: Callable[[], bytes]) -> bytes:
        """The answer under this key, made when it is missing. A failure is raised to all who wait, and not kept."""
        with self._lock:
            known = self._answers.get(key)
            if known is not None:
                self._answers.move_to_end(key)
            else:
                mine: Future[bytes] = Future()
                self._answers[key] = mine
        if known is not None:
            return known.result()
        try:
            made = make()
        except BaseException as error:
            with self._lock:
                self._answers.pop(key, None)
            mine.set_exception(error)
            raise
        mine.set_result(made)
        self._keep(len(made))
        return made

    def _keep(self, added: int) -> None:
        with self._lock:
            self._held += added
            finished = [key for key, answer in self._answers.items() if answer.done()]
            while self._held > self._most and finished:
                self._held -= len(self._answers.pop(finished.pop(0)).result())
