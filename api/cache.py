"""What is dear to make, kept in memory up to a number of bytes.

Answers that hold nobody's data stand under their ETag (version, View, parameters and language) and never change.
States, such as rasters, stand under what they are of, and are brought up to date.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from gridmap.store.gone import for_everybody

T = TypeVar("T")


class Cache(Generic[T]):
    """The last things made, up to a sum of sizes. Of several who ask for a missing one, one makes it and all wait."""

    def __init__(self, most: int, size: Callable[[T], int]) -> None:
        self._most = most
        self._size = size
        self._held = 0
        self._lock = threading.Lock()
        self._answers: OrderedDict[str, Future[T]] = OrderedDict()

    def get(self, key: str, make: Callable[[], T]) -> T:
        """What is kept under this key, made when it is missing. A failure is raised to all who wait, and not kept."""
        with self._lock:
            known = self._answers.get(key)
            if known is not None:
                self._answers.move_to_end(key)
            else:
                mine: Future[T] = Future()
                self._answers[key] = mine
        if known is not None:
            return known.result()
        try:
            with for_everybody():
                made = make()
        except BaseException as error:
            with self._lock:
                self._answers.pop(key, None)
            mine.set_exception(error)
            raise
        mine.set_result(made)
        self._keep(self._size(made))
        return made

    def _keep(self, added: int) -> None:
        with self._lock:
            self._held += added
            finished = [key for key, answer in self._answers.items() if answer.done()]
            while self._held > self._most and finished:
                self._held -= self._size(self._answers.pop(finished.pop(0)).result())


class AnswerCache(Cache[bytes]):
    """The last answers, up to `most_bytes`."""

    def __init__(self, most_bytes: int = 64_000_000) -> None:
        super().__init__(most_bytes, len)


class State(Protocol):
    """Something kept that knows its size. It is never changed; a newer one takes its place."""

    @property
    def nbytes(self) -> int: ...


S = TypeVar("S", bound=State)
#: the newest states stay however large they are, or they would be made anew for each tile: cases and their ground, and
#: where breaks are found in the data the months, their ground and the breaks
_STAY = 5


@dataclass(slots=True)
class _Place:
    """Where a state stands, and the turn to bring it up to date."""

    turn: threading.Lock = field(default_factory=threading.Lock)
    state: Any = None
    nbytes: int = 0


class StateCache:
    """The last states asked for, up to `most_bytes`, each brought up to date by one caller at a time."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._lock = threading.Lock()
        self._places: OrderedDict[object, _Place] = OrderedDict()

    def get(self, key: object, renewed: Callable[[S | None], S]) -> S:
        """The state under this key, after `renewed` has seen it (None: there is none) and given it or a newer one.

        A failure is raised, and leaves what was kept.
        """
        with self._lock:
            place = self._places.setdefault(key, _Place())
            self._places.move_to_end(key)
        with place.turn:
            with for_everybody():
                state = renewed(place.state)
            if state is not place.state:
                place.state, place.nbytes = state, state.nbytes
        self._trim()
        return state

    @property
    def nbytes(self) -> int:
        """Bytes that are kept."""
        with self._lock:
            return sum(place.nbytes for place in self._places.values())

    def _trim(self) -> None:
        with self._lock:
            held = sum(place.nbytes for place in self._places.values())
            while held > self._most and len(self._places) > _STAY:
                held -= self._places.popitem(last=False)[1].nbytes
