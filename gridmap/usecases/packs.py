"""What this process remembers of the packs it made: what each section followed from and its hash, no row of anybody.

So a phone that comes back is answered from two or three small questions to the database while nothing has moved.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime

#: packs that are remembered; a county's workers, and some to spare
MOST = 20_000


@dataclass(frozen=True, slots=True)
class Cases:
    """The open cases that a pack depends on, as they were at a version of the incidents' layer.

    `scope`: whose they were; `shown`: ids of those in the pack; `until`: when the next of their lights changes (None:
    never); `turn`: another number for each state that was met.
    """

    scope: Hashable
    version: int
    ids: frozenset[int]
    shown: tuple[int, ...]
    until: datetime | None
    turn: int


@dataclass(slots=True)
class Remembered:
    """One account's pack. `hashes`: by section, what it followed from and its hash; `homes`: ids of its households."""

    hashes: dict[str, tuple[Hashable, str]] = field(default_factory=dict)
    cases: Cases | None = None
    homes: tuple[int, ...] = ()
    #: what the phones seal to: id and public key
    sealing_key: dict[str, str] | None = None


class Packs:
    """What is remembered, by account; those not asked for longest are forgotten. Safe to share between threads.

    Two requests of one account at once may both make a section; the later one is remembered, and either is right.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._known: OrderedDict[int, Remembered] = OrderedDict()

    def of(self, account_id: int) -> Remembered:
        with self._lock:
            found = self._known.setdefault(account_id, Remembered())
            self._known.move_to_end(account_id)
            while len(self._known) > self._most:
                self._known.popitem(last=False)
            return found

    def forget(self) -> None:
        """Remember nothing: the next packs are made anew."""
        with self._lock:
            self._known.clear()
