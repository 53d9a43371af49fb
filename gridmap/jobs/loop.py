"""A thread beside the server that does one kind of job again and again until it is told to stop."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from gridmap.errors import EnvironmentFault

logger = logging.getLogger(__name__)

#: given the flag that says stop, does what there is to do and returns
Job = Callable[[threading.Event], object]


class Loop:
    """Runs a job every `pause_s` seconds. What fails is told in the log and tried again, ever more slowly.

    `start` and `close` once each. The thread is a daemon: a conversation that hangs cannot keep the process alive, and
    what it held is free when its lease ends.
    """

    def __init__(self, name: str, job: Job, pause_s: float = 2.0, longest_pause_s: float = 60.0) -> None:
        self._job = job
        self._pause_s = pause_s
        self._longest_pause_s = longest_pause_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self, timeout_s: float = 8.0) -> bool:
        """Ask it to stop; whether it did within the time."""
        self._stop.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        pause = self._pause_s
        while not self._stop.is_set():
            try:
                self._job(self._stop)
                pause = self._pause_s
            except EnvironmentFault as fault:
                logger.warning("%s waits: %s", self._thread.name, fault.message)
                pause = min(pause * 2, self._longest_pause_s)
            except Exception as error:  # the thread must live; the text may be personal, so only its kind is told
                logger.error("%s failed: %s", self._thread.name, type(error).__name__)
                pause = min(pause * 2, self._longest_pause_s)
            self._stop.wait(pause)
