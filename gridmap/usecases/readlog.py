"""The log of every reading of a person's data: written once per request, with ids, behind the reader's back."""

from __future__ import annotations

import json
import logging
import math
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from gridmap.errors import EnvironmentFault
from gridmap.store import accounts, write
from gridmap.view import Kind

logger = logging.getLogger(__name__)

#: readings in one transaction
_MOST = 1000


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of personal data: by whom, through which route, which rows, and why where a reason is asked for."""

    at: datetime
    account_id: int
    route: str
    kind: Kind
    ids: Sequence[int]
    reason: str | None = None

    def row(self) -> dict[str, Any]:
        return {
            "at": self.at,
            "account_id": self.account_id,
            "route": self.route,
            "kind": str(self.kind),
            "ids": json.dumps(list(self.ids), separators=(",", ":")),
            "reason": self.reason,
        }


class ReadLog:
    """Writes readings from a thread of its own, many in one transaction, so that nobody waits for the log.

    A reading that comes alone is written at once; where many come, all of the last `gather_s` seconds go together.
    While the database is away it keeps what it has and tries again; once `capacity` readings wait, readers wait too:
    personal data is not read faster than it can be written down. `close` writes what is left. (`sweep` removes what
    has expired.)
    """

    def __init__(self, engine: Engine, capacity: int = 10_000, pause_s: float = 1.0, gather_s: float = 0.2) -> None:
        self._engine = engine
        self._capacity = capacity
        self._pause_s = pause_s
        self._gather_s = gather_s
        self._waiting: deque[Reading] = deque()
        self._in_hand = 0
        self._changed = threading.Condition()
        #: somebody waits for the log itself: gather no more
        self._hurry = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def note(self, reading: Reading) -> None:
        """Take one reading; returns at once unless the log is full."""
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="read-log", daemon=True)
                self._thread.start()
            while self.is_full:
                self._changed.wait()
            self._waiting.append(reading)
            if len(self._waiting) == 1:
                self._changed.notify_all()

    @property
    def is_full(self) -> bool:
        """Whether the next reader would have to wait."""
        return len(self._waiting) >= self._capacity

    def flush(self, timeout_s: float = 10.0) -> bool:
        """Wait until all that was noted is written; whether it was in time."""
        self._hurry.set()
        with self._changed:
            done = self._changed.wait_for(lambda: not self._waiting and not self._in_hand, timeout_s)
        self._hurry.clear()
        return done

    def close(self) -> None:
        """Write what is left and end the thread. What cannot be written now is counted in the server's log."""
        self._closing.set()
        self._hurry.set()
        with self._changed:
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._hurry.clear()
        self._closing.clear()

    def _run(self) -> None:
        written_at = -math.inf
        while self._somebody_waits():
            self._hurry.wait(max(0.0, written_at + self._gather_s - time.monotonic()))
            with self._changed:
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), _MOST))]
                self._in_hand = len(batch)
                self._changed.notify_all()
            self._save(batch)
            written_at = time.monotonic()
            with self._changed:
                self._in_hand = 0
                self._changed.notify_all()

    def _somebody_waits(self) -> bool:
        """Sleep until there is a reading to write; False when there is none and the log is closing."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing.is_set())
            return bool(self._waiting)

    def _save(self, readings: Sequence[Reading]) -> None:
        """Write these, however long the database is away; unless the log is closing."""
        while readings and not self._settled(readings):
            if self._closing.is_set():
                logger.error("%d readings were not written to the read log", len(readings))
                return
            self._closing.wait(self._pause_s)

    def _settled(self, readings: Sequence[Reading]) -> bool:
        """Whether nothing is left to try: all are written, or what no database takes is told in the server's log."""
        try:
            with write(self._engine) as conn:
                accounts.add_readings(conn, [one.row() for one in readings])
        except EnvironmentFault as exc:
            logger.warning("the read log waits: %s", exc.message)
            return False
        except Exception as exc:  # the thread must live: a bad row may not hold up all the others
            if len(readings) > 1:
                for one in readings:
                    self._save([one])
            else:
                lost = readings[0]
                logger.error(
                    "a reading by account %d of %d %s rows was refused: %s",
                    lost.account_id,
                    len(lost.ids),
                    lost.kind,
                    type(exc).__name__,
                )
        return True
