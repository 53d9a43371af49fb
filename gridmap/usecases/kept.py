"""The values used last, a few of them, shared by the threads of a process."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

_K = TypeVar("_K")
_V = TypeVar("_V")


class Kept(Generic[_K, _V]):
    """What can be made again is held as long as it is among the last used."""

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, threading.Lock()
        self._values: OrderedDict[_K, _V] = OrderedDict()

    def get(self, key: _K) -> _V | None:
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def put(self, key: _K, value: _V) -> _V:
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self._most:
                self._values.popitem(last=False)
        return value

    def made(self, key: _K, make: Callable[[], _V]) -> _V:
        """What is held, else what is made now; two threads may make the same at once."""
        found = self.get(key)
        return self.put(key, make()) if found is None else found

    def all(self) -> list[tuple[_K, _V]]:
        """All that is held, the last used first."""
        with self._lock:
            return list(reversed(self._values.items()))
