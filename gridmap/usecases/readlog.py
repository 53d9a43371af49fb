"""The log of every reading of a person's data: written once per request, with ids, behind the reader's back."""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from gridmap.errors import EnvironmentFault
from gridmap.store import accounts, write
from gridmap.view import Kind

logger = logging.getLogger(__name__)


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

    While the database is away it keeps what it has and tries again; once `capacity` readings wait, readers wait too:
    personal data is not read faster than it can be written down. `close` writes what is left. (`sweep` removes what
    has expired.)
    """

    def __init__(self, engine: Engine, capacity: int = 10_000, pause_s: float = 1.0) -> None:
        self._engine = engine
        self._pause_s = pause_s
        self._waiting: queue.Queue[Reading | None] = queue.Queue(capacity)
        self._start = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()

    def note(self, reading: Reading) -> None:
        """Take one reading; returns at once unless `capacity` are waiting."""
        with self._start:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="read-log", daemon=True)
                self._thread.start()
        self._waiting.put(reading)

    def flush(self, timeout_s: float = 10.0) -> bool:
        """Wait until all that was noted is written; whether it was in time."""
        until = time.monotonic() + timeout_s
        while self._waiting.unfinished_tasks and time.monotonic() < until:
            time.sleep(0.005)
        return not self._waiting.unfinished_tasks

    def close(self) -> None:
        """Write what is left and end the thread. What cannot be written now is counted in the server's log."""
        self._closing.set()
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join()
            self._thread = None
        self._closing.clear()

    def _run(self) -> None:
        while True:
            batch = [self._waiting.get()]
            while len(batch) < 500 and batch[-1] is not None:
                try:
                    batch.append(self._waiting.get_nowait())
                except queue.Empty:
                    break
            self._save([one for one in batch if one is not None])
            for _ in batch:
                self._waiting.task_done()
            if batch[-1] is None:
                return

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
